"""The embedded broker: a child that keeps MQTT's promises and never outlives its parent."""

import asyncio
import sys

import pytest

from sipbot import broker
from sipbot.broker import MAX_SILENT, EmbeddedBroker, loopback
from sipbot.broker_core import IN_FLIGHT
from sipbot.broker_wire import Ping, Pong, Ready, events
from sipbot.bus_door import BusDoor
from sipbot.errors import UsageError
from sipbot.lines import encode
from sipbot.topics import Topics
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
    assert (child.pid, Pong(n=4, connections=0, turned_away=0, made_room=0)) == (ready.pid, pong)
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


async def came_in(
    port: int, client: str, keep_alive_s: int = 0
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """Connect under this name; return the connection, and the CONNACK's code."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b"\x00\x04MQTT\x04\x02" + keep_alive_s.to_bytes(2)
    body += len(client).to_bytes(2) + client.encode()
    writer.write(bytes([0x10, len(body)]) + body)
    async with asyncio.timeout(PATIENCE_S):
        return reader, writer, (await reader.readexactly(4))[3:]


async def test_broker_that_is_full_says_so_and_lets_sipbot_and_returning_clients_in() -> None:
    """A looping client takes neither every file descriptor nor sipbot's place."""
    child = await start("--port", "0", "--connections", "2")
    assert child.stdin is not None
    assert child.stdout is not None
    port = events.decode(await child.stdout.readline()).port
    names = ("one", "two", "three", "sipbot-main", "one")
    came = [await came_in(port, name) for name in names]
    child.stdin.write(encode(Ping(n=1)))
    pong = events.decode(await child.stdout.readline())
    async with asyncio.timeout(PATIENCE_S):
        rest = await came[2][0].read()
    for _, writer, _ in came:
        writer.close()
    await child.communicate(b"")

    assert [b"\x00", b"\x00", b"\x03", b"\x00", b"\x00"] == [code for *_, code in came]
    assert (b"", 1, 0) == (rest, pong.turned_away, pong.made_room)


async def test_broker_lets_silent_connections_make_room_for_the_next() -> None:
    """Whoever connects and says nothing shuts nobody out."""
    async with running("embedded", "--connections", "1") as running_broker:
        port = running_broker.port
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MAX_SILENT)]
        _, talker, code = await came_in(port, "one")
        async with asyncio.timeout(PATIENCE_S):
            first = await silent[0][0].read()
        for _, writer in silent:
            writer.close()
        talker.close()

    assert (b"\x00", b"") == (code, first)


async def test_broker_waits_for_a_connect_no_longer_than_its_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """amqtt waits for ever."""
    monkeypatch.setattr(broker, "CONNECT_S", 0.0)
    house = EmbeddedBroker("127.0.0.1", 0, BusDoor(None, Topics("main"), ""), "main", 1)
    closed = asyncio.Event()

    async def let_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await house._connected(reader, writer)
        closed.set()

    server = await asyncio.start_server(let_in, "127.0.0.1")
    async with server, asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        said = await reader.read()
        await closed.wait()
        writer.close()

    assert b"" == said


async def test_broker_closes_whoever_is_silent_for_longer_than_its_keep_alive() -> None:
    """amqtt keeps a dead connection, and with it the last will, for ever."""
    child = await start("--port", "0")
    assert child.stdin is not None
    assert child.stdout is not None
    port = events.decode(await child.stdout.readline()).port
    reader, writer, _ = await came_in(port, "gone", keep_alive_s=1)
    other, patient, _ = await came_in(port, "patient", keep_alive_s=0)
    async with asyncio.timeout(PATIENCE_S):
        while not reader.at_eof():
            child.stdin.write(encode(Ping(n=1)))
            pong = events.decode(await child.stdout.readline())
            if pong.connections == 1:
                await reader.read()
    still_there = not other.at_eof()
    writer.close()
    patient.close()
    await child.communicate(b"")

    assert still_there


async def test_broker_closes_whoever_announces_more_than_any_memo_has() -> None:
    """amqtt would keep room for 256 MB."""
    async with running("embedded") as running_broker, asyncio.timeout(PATIENCE_S):
        reader, writer, _ = await came_in(running_broker.port, "boaster")
        writer.write(b"\x30\xff\xff\xff\x7f" + b"\x00\x01a")
        rest = await reader.read()
        writer.close()

    assert b"" == rest


async def test_broker_sends_a_long_list_of_what_is_retained() -> None:
    """Not all at once: amqtt drops what is not acknowledged within five seconds."""
    heard: dict[str, bytes] = {}
    complete = asyncio.Event()

    def hear(topic: str, payload: bytes) -> None:
        heard[topic] = payload
        if len(heard) == 2 * IN_FLIGHT + 1:
            complete.set()

    async with (
        running("embedded") as running_broker,
        asyncio.timeout(PATIENCE_S),
        plain_client(running_broker.port, lambda *_: None) as first,
        plain_client(running_broker.port, hear) as second,
    ):
        for n in range(2 * IN_FLIGHT + 2):
            await first.publish(f"a/{n}", b"kept", retain=True)
        await first.publish("a/0", b"", retain=True)
        await second.subscribe("a/+")
        await complete.wait()

    assert {f"a/{n}": b"kept" for n in range(1, 2 * IN_FLIGHT + 2)} == heard


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
