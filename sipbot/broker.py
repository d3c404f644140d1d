"""The embedded MQTT broker, a child program; only importer of amqtt.

For first runs and tests: it binds to loopback only, lets every local program in unless there is an
accounts.toml (`sipbot.bus_door`), and keeps what it retains in memory.  sipbot publishes all open
memos again whenever it comes back.  For operators on other machines use Mosquitto or another broker
of your own (``docs/mqtt.md``).

``python -m sipbot.broker --host 127.0.0.1 --port 0`` says `Ready` on stdout, answers `Ping`, and
ends with code 0 when stdin closes, so it never outlives its parent.
"""

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import (
    BAD_USERNAME_PASSWORD,
    IDENTIFIER_REJECTED,
    NOT_AUTHORIZED,
    UNACCEPTABLE_PROTOCOL_VERSION,
    ConnackPacket,
)
from amqtt.mqtt.connect import ConnectPacket
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from sipbot.accounts_file import AccountsFile
from sipbot.broker_wire import Pong, Ready, requests
from sipbot.bus_door import BusDoor
from sipbot.errors import UsageError, WireError
from sipbot.lines import LIMIT_BYTES, encode
from sipbot.topics import Topics

MAX_CONNECTIONS = 50
"""An agency's operators on one machine are a handful; the bound keeps a looping client from taking
all file descriptors (1 024 by default on Linux)."""

SESSION_EXPIRY_S = 28_800
"""How long messages are queued for a persistent session that is away: a working day."""

CONNECT_S = 10.0
"""How long a new connection may take to say who it is."""

MQTT_311 = 4
"""Protocol level (MQTT 3.1.1, section 3.1.2.2)."""

_LISTENER = "default"

_GARBAGE = (AMQTTError, MQTTError, NoDataError, ValueError, OSError, EOFError, struct.error)
"""What reading a CONNECT raises that is none."""


class LoopbackAuth(BaseAuthPlugin):  # type: ignore[misc]  # amqtt is imported without types
    """Lets every local program in.

    Unlike amqtt's own AnonymousAuthPlugin it does not mark the session anonymous, for amqtt queues
    nothing for an anonymous subscriber that is away (measured: 0 of 500 messages).
    """

    @dataclass
    class Config:
        """No options."""

    async def authenticate(self, *, session: Session) -> bool | None:  # noqa: ARG002 - amqtt's
        """Say yes: only this machine can connect, and the door has asked for the password."""
        return True


class _Broker(Broker):  # type: ignore[misc]  # amqtt is imported without types
    """amqtt 0.12.1 with the door's rights, and without two of its mistakes.

    At every CONNECT it sends the retained messages of every filter that anybody has subscribed to
    (broker.py, "Publish retained messages to a pre-existing session's subscriptions").  A filter
    that nobody subscribes to any more it keeps after an UNSUBSCRIBE, and compares every message
    with it: of 30,000 requests, each with a subscription of its own for the answer, 17 a second
    were answered on average, and 6 a second at the end (measured).
    """

    def __init__(self, config: BrokerConfig, door: BusDoor) -> None:
        super().__init__(config)
        self._door = door

    # Event loop; amqtt asks here before each SUBSCRIBE, PUBLISH and message to be sent.
    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        user = session.username
        if action == Action.SUBSCRIBE:
            return self._door.may_subscribe(user, topic)
        if action == Action.PUBLISH:
            return self._door.may_write(user, topic)
        return self._door.may_read(user, topic)

    async def _handle_unsubscription(
        self,
        client_session: Session,
        handler: Any,  # noqa: ANN401 - amqtt's, without types
        unsubscribe_waiter: asyncio.Future[Any],
    ) -> None:
        await super()._handle_unsubscription(client_session, handler, unsubscribe_waiter)
        for topic in unsubscribe_waiter.result().topics:
            if not self._subscriptions.get(topic, True):
                del self._subscriptions[topic]

    async def _publish_session_retained_messages(self, session: Session) -> None:
        # Queued while the session was away, by the rights that its user had then.
        waiting = session.retained_messages
        for _ in range(waiting.qsize()):
            message = waiting.get_nowait()
            if self._door.may_read(session.username, message.topic):
                waiting.put_nowait(message)
        await super()._publish_session_retained_messages(session)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribers = self.subscriptions.get(subscription[0], ())
        theirs = any(subscriber is session for subscriber, _qos in subscribers)
        # amqtt does not ask about what is retained, and rights may be less than at the SUBSCRIBE.
        if theirs and self._door.may_subscribe(session.username, subscription[0]):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class EmbeddedBroker:
    """amqtt behind a listening socket of our own.

    The socket is ours because amqtt cannot report the port that port 0 became, and makes
    connections above its bound wait without answer instead of closing them.

    Args:
        host: a loopback address.
        port: 0 = any free port.
        door: who comes in.
    """

    def __init__(self, host: str, port: int, door: BusDoor) -> None:
        self._host = host
        self._port = port
        self._door = door
        self._connections = 0
        self._inside: dict[asyncio.StreamWriter, tuple[str | None, str | None]] = {}
        self._broker = _Broker(
            BrokerConfig(
                listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
                session_expiry_interval=SESSION_EXPIRY_S,
                # amqtt's default plugins log every packet and publish $SYS topics.
                plugins={f"{LoopbackAuth.__module__}.{LoopbackAuth.__qualname__}": {}},
            ),
            door,
        )

    async def serve_until_orphaned(self, parent: asyncio.StreamReader) -> None:
        """Serve until the parent closes its end."""
        await self._broker.start()
        server = await asyncio.start_server(self._connected, self._host, self._port)
        try:
            port = server.sockets[0].getsockname()[1]
            _say(Ready(pid=os.getpid(), port=port))
            async for line in parent:
                _say(Pong(n=requests.decode(line).n))
                self._put_out()
        finally:
            server.close()
            await self._broker.shutdown()

    # Event loop; one call per TCP connection, asyncio runs it as a task of its own.
    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connections >= MAX_CONNECTIONS:
            writer.close()
            return
        self._connections += 1
        try:
            stream = await self._let_in(reader, writer)
            if stream is not None:
                await self._broker.external_connected(
                    stream, StreamWriterAdapter(writer), _LISTENER
                )
        finally:
            self._connections -= 1
            self._inside.pop(writer, None)
            writer.close()

    async def _let_in(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> StreamReaderAdapter | None:
        """Return what amqtt is to read; None when whoever knocked does not come in.

        amqtt looks at the password only after it has thrown out whoever had the same client id and
        taken over that session, so it must not see a CONNECT that is not allowed; and it publishes
        a last will without asking whether its owner may.
        """
        if not self._door.guarded:
            self._inside[writer] = (None, self._door.pass_of(None))
            return StreamReaderAdapter(reader)
        try:
            async with asyncio.timeout(CONNECT_S):
                packet = await ConnectPacket.from_stream(StreamReaderAdapter(reader))
        except (TimeoutError, *_GARBAGE) as error:
            logging.getLogger(__name__).info("no CONNECT: %s", type(error).__name__)
            return None
        no = self._why_not(packet)
        if no is not None:
            await ConnackPacket.build(0, no).to_stream(StreamWriterAdapter(writer))
            return None
        self._inside[writer] = (packet.username, self._door.pass_of(packet.username))
        # Nobody can have the session of another user: names of clients are each user's own.
        packet.payload.client_id = f"{packet.username}/{packet.payload.client_id}"
        return _Replayed(bytes(packet.to_bytes()), reader)

    def _why_not(self, packet: Any) -> int | None:  # noqa: ANN401 - amqtt's, without types
        """Return the CONNACK code (MQTT 3.1.1, section 3.2.2.3) of a refusal; None to let in."""
        if packet.proto_name != "MQTT" or packet.proto_level != MQTT_311:
            return int(UNACCEPTABLE_PROTOCOL_VERSION)
        user, password = packet.username, packet.password
        if not (packet.username_flag and packet.password_flag):
            return int(NOT_AUTHORIZED)
        if not self._door.admits(user, password):
            return int(BAD_USERNAME_PASSWORD)
        if packet.payload.client_id_is_random and not packet.clean_session_flag:
            return int(IDENTIFIER_REJECTED)
        if packet.will_flag and not self._door.may_write(user, packet.will_topic or ""):
            return int(NOT_AUTHORIZED)
        return None

    # Event loop, at each ping of the parent: every two seconds.
    def _put_out(self) -> None:
        """Close the connections of whoever would not come in any more."""
        for writer, (user, came_by) in list(self._inside.items()):
            if self._door.pass_of(user) != came_by:
                writer.transport.abort()


class _Replayed(StreamReaderAdapter):  # type: ignore[misc]  # amqtt is imported without types
    """A connection whose first bytes have been read already.

    Args:
        first: them.
        reader: what follows.
    """

    def __init__(self, first: bytes, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._first = first

    async def read(self, n: int = -1) -> bytes:
        """Return the next bytes; the first ones end where a packet does."""
        if not self._first:
            return bytes(await super().read(n))
        found, self._first = self._first[:n], self._first[n:]
        return found


def _say(message: msgspec.Struct) -> None:
    # Blocks for as long as the parent does not read; it reads always, and the lines are short.
    sys.stdout.buffer.write(encode(message))
    sys.stdout.buffer.flush()


def loopback(host: str) -> str:
    """Return the address unchanged.

    Raises:
        UsageError: it is not a loopback address.
    """
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError as error:
        raise UsageError(f"--host {host}: not an IP address: use 127.0.0.1") from error
    raise UsageError(
        f"--host {host}: the embedded broker speaks no TLS and stays on loopback: "
        "use 127.0.0.1, or set mqtt.host to a broker of your own"
    )


async def _run(host: str, port: int, door: BusDoor) -> None:
    parent = asyncio.StreamReader(limit=LIMIT_BYTES)
    stdin, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(parent), sys.stdin
    )
    try:
        await EmbeddedBroker(host, port, door).serve_until_orphaned(parent)
    finally:
        stdin.close()


def _door(accounts: Path | None, site: str, key: Path | None) -> BusDoor:
    own = key.read_text(encoding="ascii").strip() if key is not None else ""
    return BusDoor(AccountsFile(accounts) if accounts else None, Topics(site), own)


def main() -> int:
    """Run the broker; return the exit code."""
    parser = argparse.ArgumentParser(prog="sipbot.broker", description="Embedded MQTT broker.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=1883, help="0 = any free port")
    parser.add_argument("--accounts", type=Path, help="accounts.toml, whether it is there or not")
    parser.add_argument("--site", default="main", help="whose topics")
    parser.add_argument("--key", type=Path, help="file with sipbot's own password")
    options = parser.parse_args()
    # Ctrl-C in a terminal reaches the whole process group; the parent decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    try:
        door = _door(options.accounts, options.site, options.key)
        asyncio.run(_run(loopback(options.host), options.port, door))
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return UsageError.exit_code
    except OSError as error:
        sys.stderr.write(
            f"mqtt.port = {options.port}: {error}: choose another port, "
            "or end the program that has it\n"
        )
        return 1
    except WireError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
