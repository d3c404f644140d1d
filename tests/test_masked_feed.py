"""The masked topics: with the outbox's guarantees, and for readers who may see nothing else."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from sipbot.ledger import MQTT, Ledger
from sipbot.masked_feed import EVERYBODY, MaskedFeed
from sipbot.memo import SECOND_EAR, Memo, Recognition, Status, with_transcript
from sipbot.mqtt import Broker, Feed
from sipbot.outbox import Outbox
from sipbot.recordings import Recordings
from sipbot.records import EndedBy, EndState
from sipbot.text_thread import NAME, TextThread
from sipbot.topics import Topics
from sipbot.understanding import ClientFacts, understand
from tests.brokers import PATIENCE_S, running, subscribed
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer
from tests.test_masking import a_recording

JAPAN = ClientFacts(region="JP")
SAID = "佐藤 と 申し ます 番号 は 090-1234-5678 です"


class Facts:
    """Knows the region; is asked where texts are thought about, and nowhere else."""

    def facts(self, client: str, /) -> ClientFacts:
        assert threading.current_thread().name.startswith(NAME)
        assert client
        return JAPAN


class OneRecording(Recordings):
    """The same for every call."""

    def folder(self, call: str) -> Path:
        return self.spool


class Bus:
    """Writes down what is published, in order."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.session = 1
        self.topics = Topics("main")
        self.said: list[tuple[str, bytes]] = []

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        self.said.append((self.topics.memo(client, memo), payload))

    async def publish_feed(self, client: str, payload: bytes) -> None:
        self.said.append((self.topics.feed(client), payload))

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:
        self.said.append((self.topics.answer(client, req), payload))

    async def publish(self, topic: str, data: bytes, *, qos: int = 1, retain: bool = False) -> None:
        assert retain == ("/memo/" in topic)
        self.said.append((topic, data))

    async def works(self) -> bool:
        return True

    @property
    def masked(self) -> list[tuple[str, bytes]]:
        return [(topic, data) for topic, data in self.said if "/masked/" in topic]


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


async def a_read_memo(ledger: Ledger, client: str = "yamato") -> Memo:
    pending = Recognition(ears_pending=(SECOND_EAR,))
    memo = a_memo_of(an_offer(), client).model_copy(update={"recognition": pending})
    await ledger.add_call(an_offer(memo.call.id), client, "request-uri", client)
    assert await ledger.end_call(memo.call.id, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    heard = a_transcript(SAID, SECOND_EAR)
    new = await ledger.revise_memo(
        memo.id, lambda old: with_transcript(old, heard, AT, understand(heard, JAPAN, at=AT))
    )
    assert new is not None
    return new


Trouble = Callable[[str, str | None, str], None]


def unexpected(alert: str, problem: str | None, remedy: str) -> None:
    """No alert is due."""
    raise AssertionError((alert, problem, remedy))


def twice(bus: Bus, folder: Path, *clients: str, trouble: Trouble = unexpected) -> MaskedFeed:
    recordings = OneRecording(a_recording(folder, 12.5).parent)
    return MaskedFeed(bus, clients, recordings, Facts(), trouble, TextThread())


async def test_memo_and_event_go_to_the_masked_topics_in_the_same_order(
    ledger: Ledger, tmp_path: Path
) -> None:
    bus, memo = Bus(), await a_read_memo(ledger)
    await Outbox(ledger, {MQTT: twice(bus, tmp_path, "yamato")}).run_once()

    base = "sipbot/1/main/client/yamato"
    order = [topic.removeprefix(base) for topic, _ in bus.said]
    one = [f"/memo/{memo.id}", f"/masked/memo/{memo.id}", "/feed", "/masked/feed"]
    assert one * 2 == order
    assert not any(b"1234" in data or "佐藤".encode() in data for _, data in bus.masked)


async def test_masked_audio_is_named_only_when_the_text_is_final(
    ledger: Ledger, tmp_path: Path
) -> None:
    bus = Bus()
    await a_read_memo(ledger)
    await Outbox(ledger, {MQTT: twice(bus, tmp_path, EVERYBODY)}).run_once()

    first, second = (data for topic, data in bus.masked if "/memo/" in topic)

    assert (True, False) == (b'"url":null' in first, b'"url":null' in second)
    assert (tmp_path / "audio-masked.wav").exists()


async def test_lost_recording_keeps_no_masked_memo_back(ledger: Ledger, tmp_path: Path) -> None:
    bus, memo, alerts = Bus(), await a_read_memo(ledger), list[tuple[str, bool]]()
    feed = twice(
        bus, tmp_path, "yamato", trouble=lambda *told: alerts.append((told[0], bool(told[1])))
    )
    (tmp_path / "audio.wav").unlink()
    outbox = Outbox(ledger, {MQTT: feed}, now=lambda: AT + timedelta(1))
    with structlog.testing.capture_logs() as logs:
        await outbox.run_once()

    assert memo.id in bus.masked[-2][0]
    assert b'"url":null' in bus.masked[-2][1]
    assert "no masked audio" in [line["event"] for line in logs]
    assert [("masked-audio-failed", True)] == alerts

    a_recording(tmp_path, 12.5)
    bus.session = 2
    await outbox.run_once()

    assert b'"url":"file:' in bus.masked[-1][1]
    assert [("masked-audio-failed", True), ("masked-audio-failed", False)] == alerts


async def test_masked_memo_is_cleared_when_done_and_said_again_after_a_reconnect(
    ledger: Ledger, tmp_path: Path
) -> None:
    bus, memo = Bus(), await a_read_memo(ledger)
    outbox = Outbox(ledger, {MQTT: twice(bus, tmp_path, "yamato")}, now=lambda: AT + timedelta(1))
    await outbox.run_once()
    bus.said.clear()
    bus.session = 2
    await outbox.run_once()
    assert [f"sipbot/1/main/client/yamato/masked/memo/{memo.id}"] == [t for t, _ in bus.masked]

    await ledger.revise_memo(
        memo.id, lambda old: old.model_copy(update={"rev": 3, "status": Status.DONE})
    )
    await outbox.run_once()

    assert (f"sipbot/1/main/client/yamato/masked/memo/{memo.id}", b"") == bus.masked[-2]


async def test_clients_that_are_not_named_are_not_masked(ledger: Ledger, tmp_path: Path) -> None:
    bus = Bus()
    await a_read_memo(ledger, "sakura")
    await Outbox(ledger, {MQTT: twice(bus, tmp_path, "yamato")}).run_once()
    assert [] == bus.masked


class Gone(Facts):
    """Knows of no client."""

    def facts(self, client: str, /) -> ClientFacts:
        return replace(super().facts(client), known=False)


async def test_memo_of_a_client_that_is_gone_is_not_shown_masked(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Whom it names, only the client's dialplan could tell."""
    bus, memo = Bus(), await a_read_memo(ledger)
    recordings = OneRecording(a_recording(tmp_path, 12.5).parent)
    feed = MaskedFeed(bus, [EVERYBODY], recordings, Gone(), unexpected, TextThread())

    await Outbox(ledger, {MQTT: feed}).run_once()

    assert [(memo.id, b"")] * 2 == [
        (topic.rpartition("/")[2], data) for topic, data in bus.masked if "/memo/" in topic
    ]


async def test_client_that_is_taken_out_leaves_no_masked_memo_on_the_broker(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Its readers were to see no more; other clients cost nothing more."""
    memo, _ = await a_read_memo(ledger), await a_read_memo(ledger, "sakura")
    before, after = twice(Bus(), tmp_path, "yamato"), twice(bus := Bus(), tmp_path)
    for feed in (before, after):
        feed.remember = ledger.masked.remember
        await Outbox(ledger, {MQTT: feed}).run_once()

    assert {(bus.topics.masked_memo("yamato", memo.id), b"")} == set(bus.masked)


class Broken(Facts):
    """Fails over one client with an error that nobody foresaw, and that quotes the caller."""

    def __init__(self, client: str) -> None:
        self.client = client

    def facts(self, client: str, /) -> ClientFacts:
        if client == self.client:
            raise OverflowError(SAID)
        return super().facts(client)


async def test_memo_that_cannot_be_masked_is_not_shown_and_holds_nobody_back(
    ledger: Ledger, tmp_path: Path
) -> None:
    bus, alerts, facts = Bus(), list[tuple[str, bool]](), Broken("yamato")
    bad, good = await a_read_memo(ledger, "yamato"), await a_read_memo(ledger, "sakura")
    recordings = OneRecording(a_recording(tmp_path, 12.5).parent)
    feed = MaskedFeed(
        bus,
        [EVERYBODY],
        recordings,
        facts,
        lambda *told: alerts.append((told[0], bool(told[1]))),
        TextThread(),
    )
    outbox = Outbox(ledger, {MQTT: feed}, now=lambda: AT + timedelta(1))
    with structlog.testing.capture_logs() as logs:
        await outbox.run_once()

    shown = {(topic.rpartition("/")[2], bool(data)) for topic, data in bus.masked}
    assert {(bad.id, False), (good.id, True), ("feed", True)} == shown
    assert None is await ledger.next_due(MQTT)
    assert [("masking-failed", True)] == alerts
    assert ["OverflowError"] * 2 == [line["error"] for line in logs if "error" in line]
    assert SAID not in str(logs)

    facts.client, bus.session = "", 2
    await outbox.run_once()

    assert [("masking-failed", True), ("masking-failed", False)] == alerts


@pytest.mark.broker
async def test_reader_of_masked_topics_sees_the_memo_and_no_number(
    ledger: Ledger, tmp_path: Path
) -> None:
    """A broker with the ACL of docs/mqtt.md: the reader asks for everything and gets the masked."""
    acl, conf = tmp_path / "acl", tmp_path / "mosquitto.conf"
    acl.write_text(
        "user sipbot\ntopic readwrite sipbot/1/main/#\n"
        "user wallboard\ntopic read sipbot/1/main/client/yamato/masked/#\n"
    )
    conf.write_text(f"allow_anonymous true\nacl_file {acl}\nuser root\n")
    memo = await a_read_memo(ledger)
    async with running("mosquitto", "-c", str(conf)) as broker:
        address = Broker(host="127.0.0.1", port=broker.port, username="sipbot")
        feed = Feed(address, site="main", boot="b1")
        recordings = OneRecording(a_recording(tmp_path, 12.5).parent)
        both = MaskedFeed(feed, ["yamato"], recordings, Facts(), unexpected, TextThread())
        session = asyncio.create_task(feed.run())
        async with subscribed(broker.port, "sipbot/#", user="wallboard") as reader:
            async with asyncio.timeout(PATIENCE_S):
                await feed.connected.wait()
            await Outbox(ledger, {MQTT: both}).run_once()
            seen = [await reader.next() for _ in range(4)]
        feed.stop()
        await session

    assert {f"masked/memo/{memo.id}", "masked/feed"} == {
        one.topic.removeprefix("sipbot/1/main/client/yamato/") for one in seen
    }
    said = "".join(one.payload for one in seen)
    assert [] == [secret for secret in ("1234", "5678", "+81", "佐藤") if secret in said]
    assert "番号は●●●です" in said
