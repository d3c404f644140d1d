"""The embedded broker: a child that keeps MQTT's promises and never outlives its parent."""

import asyncio
import sys

import pytest

from sipbot.broker import MAX_CONNECTIONS, loopback
from sipbot.broker_wire import Ping, Pong, Ready, events
from sipbot.errors import UsageError
from sipbot.lines import encode
from tests.brokers import PATIENCE_S, ROOT, publish, running, subscribed
from tests.plain_client import plain_client

pytestmark = pytest.mark.broker


async def start(*options: str) -> asyncio.subprocess.Process:
    # -W error: a warning of amqtt's would end the child.
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-W", "error", "-m", "sipbot.broker", *options],
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_broker_says_ready_answers_pings_and_ends_with_its_parent() -> None:
    """The protocol of a child, from the first line to EOF."""
    child = await start("--port", "0")
    assert child.stdin is not None
    assert child.stdout is not None
    ready = events.decode(await child.stdout.readline())
    child.stdin.write(encode(Ping(n=4)))
    pong = events.decode(await child.stdout.readline())
    _, reader_side = await asyncio.open_connection("127.0.0.1", ready.port)
    reader_side.close()

    _, complaints = await child.communicate(b"")

    assert isinstance(ready, Ready)
    assert (child.pid, Pong(n=4)) == (ready.pid, pong)
    assert 0 == child.returncode
    assert b"Warning" not in complaints
    assert b"Traceback" not in complaints


async def test_broker_on_taken_port_says_what_to_do() -> None:
    """Two first runs at once: the second one explains itself."""
    async with running("embedded") as first:
        child = await start("--port", str(first.port))
        _, complaints = await child.communicate(b"")

    assert 1 == child.returncode
    assert f"mqtt.port = {first.port}".encode() in complaints


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "localhost", "::"])
def test_broker_without_passwords_stays_on_loopback(host: str) -> None:
    """It lets everybody in, so nobody from outside may come."""
    with pytest.raises(UsageError, match=r"127\.0\.0\.1"):
        loopback(host)


async def test_broker_wrong_address_is_a_usage_error_without_traceback() -> None:
    """Exit code 2, one sentence."""
    child = await start("--host", "0.0.0.0")
    _, complaints = await child.communicate(b"")

    assert (2, 1) == (child.returncode, complaints.count(b"\n"))


async def test_broker_closes_connections_above_its_bound() -> None:
    """A looping client cannot take every file descriptor."""
    async with running("embedded") as broker:
        streams = [
            await asyncio.open_connection("127.0.0.1", broker.port)
            for _ in range(MAX_CONNECTIONS + 1)
        ]
        async with asyncio.timeout(PATIENCE_S):
            last = await streams[-1][0].read()
        for _, writer in streams:
            writer.close()

    assert b"" == last


@pytest.mark.peer
async def test_broker_sends_retained_messages_to_their_subscribers_only() -> None:
    """amqtt 0.12.1 sends them to everybody who connects while anyone is subscribed."""
    async with running("embedded") as broker:
        await publish(broker.port, "a/b", "kept", "-r")
        async with subscribed(broker.port, "a/+") as first:
            kept = await first.next()
            async with subscribed(broker.port, "other") as second:
                await publish(broker.port, "other", "mine", "-r")
                heard = await second.next()

    assert ("kept", True) == (kept.payload, kept.retained)
    assert "mine" == heard.payload


@pytest.mark.peer
async def test_broker_keeps_messages_for_a_persistent_session_that_is_away() -> None:
    """An operator without a user name is not forgotten over lunch."""
    async with running("embedded") as broker:
        keeper = ["mosquitto_sub", "-p", str(broker.port), "-i", "keeper", "-c", "-q", "1"]
        subscribe = await asyncio.create_subprocess_exec(*keeper, "-t", "q/+", "-E")
        assert await subscribe.wait() == 0
        for number in ("1", "2", "3"):
            await publish(broker.port, f"q/{number}", number)
        read = await asyncio.create_subprocess_exec(
            *keeper, "-t", "q/+", "-C", "3", "-W", "30", stdout=asyncio.subprocess.PIPE
        )
        out, _ = await read.communicate()

    assert [b"1", b"2", b"3"] == out.split()


async def test_broker_forgets_a_subscription_that_ends_and_no_other_one() -> None:
    """It drops a filter with its last subscriber, and knows it again with the next."""
    heard = asyncio.Queue[str]()
    async with (
        running("embedded") as broker,
        asyncio.timeout(PATIENCE_S),
        plain_client(broker.port, lambda *_: heard.put_nowait("first")) as first,
        plain_client(broker.port, lambda *_: heard.put_nowait("second")) as second,
    ):
        for client in (first, second):
            await client.subscribe("x")
        await first.unsubscribe("x")
        await publish(broker.port, "x", "1")
        told = [await heard.get()]
        await second.unsubscribe("x")
        await first.subscribe("x")
        await publish(broker.port, "x", "2")
        told.append(await heard.get())

    assert ["second", "first"] == told
    assert heard.empty()
