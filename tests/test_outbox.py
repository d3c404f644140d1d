"""The outbox: order per client, nothing lost, everything said again to a broker that forgot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipbot.backoff import backoff_s
from sipbot.errors import FeedError
from sipbot.ledger import Ledger
from sipbot.memo import Memo, Status, with_transcript
from sipbot.mqtt import Feed
from sipbot.outbox import Outbox
from sipbot.records import EndedBy, EndState
from tests.brokers import PATIENCE_S, RunningBroker, running, subscribed
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


class Notebook:
    """A publisher that writes down what it is given and refuses chosen clients."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.session = 1
        self.memos: list[tuple[str, str]] = []
        self.events: list[str] = []
        self.refused: set[str] = set()

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        if client in self.refused:
            raise FeedError("no PUBACK")
        self.memos.append((client, memo))

    async def publish_feed(self, client: str, payload: bytes) -> None:
        self.events.append(client)


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


async def end_with_memo(ledger: Ledger, client: str = "yamato") -> Memo:
    offer = an_offer()
    memo = a_memo_of(offer, client)
    await ledger.add_call(offer, client, "request-uri", client)
    assert await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


async def test_outbox_delivers_memo_and_event_once(ledger: Ledger) -> None:
    """What was acknowledged is not sent again in the same session."""
    notebook = Notebook()
    outbox = Outbox(ledger, notebook, now=Clock())
    memo = await end_with_memo(ledger)
    await outbox.run_once()

    await outbox.run_once()

    assert ([("yamato", memo.id)], ["yamato"]) == (notebook.memos, notebook.events)


async def test_outbox_defers_a_refused_delivery_and_that_client_only(ledger: Ledger) -> None:
    """One client's trouble is not the others'."""
    notebook = Notebook()
    notebook.refused = {"yamato"}
    outbox = Outbox(ledger, notebook, now=Clock(), die=lambda: 0.0)
    for client in ("yamato", "sakura", "yamato"):
        await end_with_memo(ledger, client)

    await outbox.run_once()

    assert ["sakura"] == notebook.events
    assert AT + timedelta(seconds=0.5) == await ledger.next_due()


async def test_outbox_delivers_deferred_in_order_when_due(ledger: Ledger) -> None:
    """A later memo of a client never overtakes an earlier one."""
    notebook, clock = Notebook(), Clock()
    notebook.refused = {"yamato"}
    outbox = Outbox(ledger, notebook, now=clock, die=lambda: 0.0)
    memos = [await end_with_memo(ledger) for _ in range(3)]
    await outbox.run_once()
    notebook.refused = set()
    clock.at += timedelta(seconds=0.5)

    await outbox.run_once()

    assert [("yamato", memo.id) for memo in memos] == notebook.memos


async def test_outbox_in_new_session_says_open_memos_again_and_waits_for_nothing(
    ledger: Ledger,
) -> None:
    """A broker that came back may have forgotten everything, and back-offs are void."""
    notebook, clock = Notebook(), Clock()
    outbox = Outbox(ledger, notebook, now=clock, die=lambda: 0.0)
    known = await end_with_memo(ledger)
    await outbox.run_once()
    notebook.refused = {"yamato"}
    waiting = await end_with_memo(ledger)
    await outbox.run_once()
    notebook.refused = set()
    notebook.memos.clear()
    notebook.session = 2

    await outbox.run_once()

    assert [("yamato", known.id), ("yamato", waiting.id)] == notebook.memos


async def test_outbox_does_not_say_closed_memos_again(ledger: Ledger) -> None:
    """A closed memo is off the open list for good."""
    notebook = Notebook()
    outbox = Outbox(ledger, notebook, now=Clock())
    memo = await end_with_memo(ledger)
    await ledger.revise_memo(
        memo.id, lambda old: old.model_copy(update={"rev": 2, "status": Status.DONE})
    )
    await ledger.make_due(AT)
    for delivery in await ledger.due_deliveries(AT + timedelta(days=9999), 10):
        await ledger.delivered(delivery.id, AT)

    await outbox.run_once()

    assert [] == notebook.memos


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_between_half_and_whole_of_its_step(failures: int, die: float) -> None:
    """It grows to its cap, never hammers and never overflows."""
    wait_s = backoff_s(failures, base_s=1.0, cap_s=60.0, die=die)

    step_s = min(60.0, 2.0 ** min(failures - 1, 10))
    assert step_s / 2 <= wait_s <= step_s


@pytest.fixture(params=["mosquitto", "embedded"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[RunningBroker]:
    async with running(request.param) as started:
        yield started


@asynccontextmanager
async def delivering(ledger: Ledger, broker: RunningBroker) -> AsyncIterator[Feed]:
    feed = Feed(broker.address, site="main", boot="b1", die=lambda: 0.0)
    outbox = Outbox(ledger, feed)
    feed.on_session = outbox.nudge
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.run())
        loop = group.create_task(outbox.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await feed.connected.wait()
            yield feed
        finally:
            loop.cancel()
            feed.stop()


@pytest.mark.broker
@pytest.mark.peer
async def test_late_subscriber_holds_open_memos_at_once(
    ledger: Ledger, broker: RunningBroker
) -> None:
    """The memo is retained, whole, at its newest revision."""
    async with (
        delivering(ledger, broker) as feed,
        subscribed(broker.port, feed.topics.state, feed.topics.feed("yamato")) as early,
    ):
        await early.until("ready")
        memo = await end_with_memo(ledger)
        await ledger.revise_memo(memo.id, lambda old: with_transcript(old, a_transcript("a"), AT))
        events = [(await early.next()).json for _ in range(2)]
        async with subscribed(broker.port, "sipbot/1/main/client/yamato/memo/+") as late:
            held = await late.next()

    assert [("new", 1, 1), ("update", 2, 2)] == [(e["type"], e["rev"], e["seq"]) for e in events]
    assert ["stage", "text", "language", "words", "recognition"] == events[1]["changed"]
    assert (True, 2, "a") == (held.retained, held.json["rev"], held.json["text"])


@pytest.mark.broker
@pytest.mark.peer
async def test_closed_memo_leaves_the_open_list(ledger: Ledger, broker: RunningBroker) -> None:
    """An empty retained payload clears the topic; the feed says end."""
    async with (
        delivering(ledger, broker) as feed,
        subscribed(broker.port, "sipbot/1/main/state", "sipbot/1/main/client/#") as subscriber,
    ):
        await subscriber.until("ready")
        memo = await end_with_memo(ledger)
        await ledger.revise_memo(
            memo.id, lambda old: old.model_copy(update={"rev": 2, "status": Status.DONE})
        )
        heard = await subscriber.until('"end"')

    cleared = [m for m in heard if m.topic == feed.topics.memo("yamato", memo.id)][-1]
    assert "" == cleared.payload


@pytest.mark.broker
@pytest.mark.peer
async def test_killed_broker_holds_all_open_memos_again_and_misses_none(
    ledger: Ledger, broker: RunningBroker
) -> None:
    """Memos of before, and memos taken while the broker was away, in order."""
    async with delivering(ledger, broker) as feed:
        async with subscribed(broker.port, "sipbot/1/main/client/#") as subscriber:
            memos = [await end_with_memo(ledger) for _ in range(5)]
            await subscriber.until('"seq":5')
        await broker.kill()
        memos += [await end_with_memo(ledger) for _ in range(5)]
        await broker.start()
        async with subscribed(
            broker.port, feed.topics.state, "sipbot/1/main/client/+/memo/+"
        ) as subscriber:
            held = await subscriber.until(memos[-1].id)
            shown = {m.json["id"] for m in held if "/memo/" in m.topic}
            while len(shown) < len(memos):
                shown.add((await subscriber.next()).json["id"])

    assert {memo.id for memo in memos} == shown


@pytest.mark.broker
@pytest.mark.peer
async def test_feed_of_each_client_arrives_in_order(ledger: Ledger, broker: RunningBroker) -> None:
    """Numbers without gaps, however the clients' calls are mixed."""
    async with (
        delivering(ledger, broker) as feed,
        subscribed(broker.port, feed.topics.state, "sipbot/1/main/client/+/feed") as subscriber,
    ):
        await subscriber.until("ready")
        for index in range(24):
            await end_with_memo(ledger, f"client-{index % 3}")
        events = [await subscriber.next() for _ in range(24)]

    for client in ("client-0", "client-1", "client-2"):
        seqs = [m.json["seq"] for m in events if client in m.topic]
        assert list(range(1, 9)) == seqs
