"""The session with the broker: what others see when it comes, goes, dies and comes again."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sipbot.ask import find
from sipbot.errors import FeedError
from sipbot.link import Broker
from sipbot.mqtt import Feed
from sipbot.topics import AlertPayload, LivePayload
from sipbot.watch import watch
from tests.brokers import PATIENCE_S, ROOT, RunningBroker, publish, running, subscribed
from tests.free_ports import free_ports

pytestmark = [pytest.mark.broker, pytest.mark.peer]

STATE = "sipbot/1/main/state"
AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(params=["mosquitto", "embedded"])
async def broker(request: pytest.FixtureRequest) -> AsyncIterator[RunningBroker]:
    async with running(request.param) as started:
        yield started


@asynccontextmanager
async def running_feed(feed: Feed) -> AsyncIterator[Feed]:
    """Run a feed and stop it in the clean way."""
    async with asyncio.TaskGroup() as group:
        group.create_task(feed.run())
        try:
            yield feed
        finally:
            feed.stop()


@asynccontextmanager
async def connected_feed(address: Broker) -> AsyncIterator[Feed]:
    async with running_feed(Feed(address, site="main", boot="b1", die=lambda: 0.0)) as feed:
        await connection(feed)
        yield feed


async def connection(feed: Feed) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await feed.connected.wait()


async def test_feed_tells_late_subscriber_that_it_is_starting(broker: RunningBroker) -> None:
    """State and info are retained; nobody is told "ready" before somebody has looked."""
    async with (
        connected_feed(broker.address) as feed,
        subscribed(broker.port, STATE, feed.topics.info) as subscriber,
    ):
        messages = {m.topic: m for m in (await subscriber.next(), await subscriber.next())}

        assert ("degraded", ["starting"], "b1") == (
            messages[STATE].json["state"],
            messages[STATE].json["reasons"],
            messages[STATE].json["boot"],
        )
        assert ({}, True) == (
            messages[feed.topics.info].json["clients"],
            messages[feed.topics.info].retained,
        )


_PUBLISHER = """
import asyncio, sys
from sipbot.mqtt import Broker, Feed

async def main() -> None:
    feed = Feed(Broker(host="127.0.0.1", port=int(sys.argv[1])), site="main", boot="b9")
    await feed.run()

asyncio.run(main())
"""


async def test_killed_feed_is_said_lost_with_its_own_boot(broker: RunningBroker) -> None:
    """The broker speaks for the dead: last will, retained, same boot id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PUBLISHER, str(broker.port), cwd=ROOT
    )
    async with subscribed(broker.port, STATE) as subscriber:
        await subscriber.until("starting")
        os.kill(process.pid, signal.SIGKILL)
        will = await subscriber.next()
        await process.wait()
    async with subscribed(broker.port, STATE) as late:
        retained = await late.next()

    assert ("lost", "b9") == (will.json["state"], will.json["boot"])
    assert ("lost", True) == (retained.json["state"], retained.retained)


async def test_stopped_feed_says_stopping_and_leaves_no_last_will(broker: RunningBroker) -> None:
    """A planned stop is not an accident."""
    async with connected_feed(broker.address):
        pass

    async with subscribed(broker.port, STATE) as late:
        assert "stopping" == (await late.next()).json["state"]


async def test_cancelled_feed_says_stopping(broker: RunningBroker) -> None:
    """Also when the whole program is going down."""
    feed = Feed(broker.address, site="main", boot="b1")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(feed.run())
        await connection(feed)
        task.cancel()

    async with subscribed(broker.port, STATE) as late:
        assert "stopping" == (await late.next()).json["state"]


async def test_feed_reconnects_to_restarted_broker_and_is_ready_again(
    broker: RunningBroker,
) -> None:
    """A broker that lost everything learns it again."""
    sessions: asyncio.Queue[int] = asyncio.Queue()
    feed = Feed(broker.address, site="main", boot="b1", die=lambda: 0.0)
    feed.on_session = lambda: sessions.put_nowait(feed.session)
    async with running_feed(feed), asyncio.timeout(PATIENCE_S):
        await feed.set_state("ready")
        assert 1 == await sessions.get()
        await broker.kill()
        await broker.start()
        assert 2 == await sessions.get()
        async with subscribed(broker.port, STATE) as late:
            assert "ready" == (await late.next()).json["state"]


async def test_late_last_will_is_answered_with_the_truth(broker: RunningBroker) -> None:
    """A will that comes after the reconnect must not be the last word."""
    lost = '{"schema":1,"state":"lost","boot":"b0","ts":"2026-11-20T03:04:05Z"}'
    async with connected_feed(broker.address) as feed, subscribed(broker.port, STATE) as subscriber:
        await feed.set_state("ready")
        await subscriber.until("ready")
        await publish(broker.port, STATE, lost, "-r")

        words = [(await subscriber.next()).json["state"] for _ in range(2)]

        assert ["lost", "ready"] == words


async def test_junk_on_state_topic_does_not_end_the_session(broker: RunningBroker) -> None:
    """Strangers may write what they like; the session stays."""
    async with connected_feed(broker.address) as feed:
        await publish(broker.port, STATE, "{not json")
        await feed.set_state("degraded", ["disk"])

        async with subscribed(broker.port, STATE) as late:
            said = (await late.next()).json

        assert ("degraded", ["disk"], 1) == (said["state"], said["reasons"], feed.session)


async def test_publish_without_broker_is_an_error_at_once() -> None:
    """Nothing is kept in memory: the ledger keeps it."""
    feed = Feed(Broker(host="127.0.0.1", port=free_ports()), site="main", boot="b1")

    with pytest.raises(FeedError, match="not connected"):
        await feed.publish_memo("yamato", "m1", b"{}")


async def test_live_without_broker_is_dropped() -> None:
    """What is only of interest now is not kept for later."""
    feed = Feed(Broker(host="127.0.0.1", port=free_ports()), site="main", boot="b1")

    await feed.live("yamato", "c1", LivePayload(type="ringing", ts=AT))

    assert not feed.connected.is_set()


async def test_publish_under_way_fails_when_the_broker_dies() -> None:
    """Nobody waits for a PUBACK that can no longer come."""
    async with running("mosquitto") as broker, connected_feed(broker.address) as feed:
        assert broker.process is not None
        broker.process.send_signal(signal.SIGSTOP)
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(_outcome(feed))
            await asyncio.sleep(0)
            await broker.kill()

        assert "no PUBACK" in publishing.result()


async def test_loss_that_comes_while_a_publish_runs_out_of_time_ends_nothing() -> None:
    """Both say the same: no PUBACK."""
    feed = Feed(Broker(host="127.0.0.1", port=free_ports()), site="main", boot="b1")
    deadline = asyncio.timeout(0)
    feed._deadlines.add(deadline)

    async def publish() -> None:
        async with deadline:
            try:
                await asyncio.Event().wait()
            finally:
                feed._lose()

    with pytest.raises(TimeoutError):
        await publish()


async def test_connection_lost_together_with_the_last_puback_is_no_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feed = Feed(Broker(host="127.0.0.1", port=free_ports()), site="main", boot="b1")

    async def acknowledged(*_: object, **__: object) -> None:
        feed._lose()

    monkeypatch.setattr(feed, "publish", acknowledged)

    with pytest.raises(FeedError, match="last PUBACK"):
        await feed._greet()

    assert (False, 0) == (feed.connected.is_set(), feed.session)


async def test_publish_cancelled_together_with_its_puback_is_cancelled(
    broker: RunningBroker,
) -> None:
    """A cancellation swallowed by asyncio.wait_for (Python 3.11) would keep sipbot from ending."""
    async with connected_feed(broker.address) as feed, asyncio.TaskGroup() as group:
        publishing = group.create_task(feed.publish_memo("yamato", "m1", b"{}"))
        assert feed._link is not None
        paho = feed._link._paho
        acknowledge = paho.on_publish
        assert acknowledge is not None

        # Event loop, inside aiomqtt's reader callback.
        def acknowledge_and_cancel(*facts: Any) -> None:
            acknowledge(*facts)
            publishing.cancel()

        paho.on_publish = acknowledge_and_cancel
        await asyncio.wait([publishing])
        paho.on_publish = acknowledge

    assert publishing.cancelled()


async def _outcome(feed: Feed) -> str:
    try:
        await feed.publish_memo("yamato", "m1", b"{}")
    except FeedError as error:
        return str(error)
    return "acknowledged"


async def test_alert_raised_before_connecting_is_said_and_can_be_cleared(
    broker: RunningBroker,
) -> None:
    """An alert stays until it is cleared, whoever subscribes when."""
    feed = Feed(broker.address, site="main", boot="b1")
    await feed.alert("disk", AlertPayload(ts=AT, problem="the disk is full"))
    async with (
        running_feed(feed),
        subscribed(broker.port, feed.topics.alert("disk")) as subscriber,
    ):
        raised = await subscriber.next()
        await feed.alert("disk", None)
        # who subscribes while it is published may see it twice: as retained, and as it comes
        while (cleared := await subscriber.next()).payload == raised.payload:
            pass

    assert ("the disk is full", "") == (raised.json["problem"], cleared.payload)


async def test_watch_sees_open_memos_first_and_then_what_happens(broker: RunningBroker) -> None:
    """Whoever comes late holds the open list at once."""
    async with connected_feed(broker.address) as feed:
        await feed.publish_memo("yamato", "m1", b'{"rev":1}')
        await feed.publish_memo("sakura", "m2", b'{"rev":1}')
        seen = watch(broker.address, "main", "yamato")
        memo = await anext(seen)
        await feed.publish_feed("yamato", b'{"type":"new"}')
        event = await anext(seen)
        await seen.aclose()

    assert ("memo", "m1", True) == (memo.place.kind, memo.place.id, memo.retained)
    assert ("feed", b'{"type":"new"}', False) == (
        event.place.kind,
        event.payload,
        event.retained,
    )


async def test_watch_without_broker_says_what_to_check() -> None:
    """The error names the settings."""
    with pytest.raises(FeedError, match=r"mqtt\.host"):
        await anext(watch(Broker(host="127.0.0.1", port=free_ports()), "main"))


def test_feed_with_missing_authority_file_names_it() -> None:
    """A wrong certificate path is a mistake to mend now, not to retry."""
    wrong = Broker(host="127.0.0.1", port=8883, tls=True, ca_file="nowhere.pem")

    async def build() -> None:
        Feed(wrong, site="main", boot="b1")

    with pytest.raises(FeedError, match=r"mqtt\.ca_file = nowhere\.pem"):
        asyncio.run(build())


def test_broker_does_not_show_its_password() -> None:
    """Settings end up in logs."""
    assert "secret" not in repr(Broker(host="h", port=1, username="u", password="secret"))


_DEAF = {
    "anonymousGroup": "anybody",
    "clients": [],
    "groups": [
        {"groupname": "anybody", "clients": [], "roles": [{"rolename": "deaf", "priority": 1}]}
    ],
    "roles": [
        {
            "rolename": "deaf",
            "acls": [
                {"acltype": kind, "topic": topic, "priority": len(topic), "allow": topic == "#"}
                for kind, topic in (
                    ("publishClientSend", "#"),
                    ("publishClientReceive", "#"),
                    ("subscribePattern", "#"),
                    ("subscribeLiteral", "sipbot/1/main/client/+/cmd/+"),
                    ("subscribeLiteral", "sipbot/1/main/client/+/memo/+"),
                )
            ],
        }
    ],
}


@pytest.fixture
def deafening(tmp_path: Path) -> Path:
    """Settings of a Mosquitto that lets nobody read commands and the open list of all clients."""
    plugin = next(Path("/usr/lib").glob("*/mosquitto_dynamic_security.so"))
    acl, file = tmp_path / "acl.json", tmp_path / "mosquitto.conf"
    acl.write_text(json.dumps(_DEAF), encoding="utf-8")
    # As root it would become a user who cannot read this folder; others keep theirs.
    words = ["user root", "allow_anonymous true", f"plugin {plugin}"]
    words.append(f"plugin_opt_config_file {acl}")
    file.write_text("\n".join(words) + "\n", encoding="utf-8")
    return file


@pytest.fixture
async def refusing(deafening: Path) -> AsyncIterator[RunningBroker]:
    async with running("mosquitto", "-c", str(deafening)) as started:
        yield started


async def test_broker_that_refuses_the_commands_is_told_of_and_published_on(
    refusing: RunningBroker,
) -> None:
    told: list[str | None] = []
    feed = Feed(refusing.address, site="main", boot="b1", on_command=lambda _: None)
    feed.on_deaf = told.append
    async with running_feed(feed):
        await connection(feed)
        async with subscribed(refusing.port, STATE) as late:
            assert "starting" in (await late.next()).payload

    (words,) = told
    assert "not let us read sipbot/1/main/client/+/cmd/+" in str(words)


async def test_operator_whom_the_broker_refuses_the_open_list_is_told_so(
    refusing: RunningBroker,
) -> None:
    with pytest.raises(FeedError, match=r"not let us read sipbot/1/main/client/\+/memo"):
        await find(refusing.address, "main", "ffffffff", None)
