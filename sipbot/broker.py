"""The embedded MQTT broker, a child program.

Data path: who connects -> [broker] -> broker_core (amqtt) -> who has subscribed

For first runs and tests: it binds to loopback only, lets every local program in unless there is an
accounts.toml (`sipbot.bus_door`), and keeps what it retains in memory.  sipbot publishes all open
memos again whenever it comes back.  For operators on other machines use Mosquitto or another broker
of your own (``docs/mqtt.md``).

``python -m sipbot.broker --host 127.0.0.1 --port 0`` says `Ready` on stdout, answers `Ping`, and
ends with code 0 when stdin closes, so it never outlives its parent.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import math
import os
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import (
    BAD_USERNAME_PASSWORD,
    IDENTIFIER_REJECTED,
    NOT_AUTHORIZED,
    SERVER_UNAVAILABLE,
    UNACCEPTABLE_PROTOCOL_VERSION,
    ConnackPacket,
)
from amqtt.mqtt.connect import ConnectPacket
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from sipbot.accounts_file import AccountsFile
from sipbot.broker_core import BrokerCore, PatientReader
from sipbot.broker_wire import DEFAULT_CONNECTIONS, Pong, Ready, requests
from sipbot.bus_door import BusDoor
from sipbot.errors import UsageError, WireError
from sipbot.lines import LIMIT_BYTES, encode
from sipbot.memo_history import SYSTEM
from sipbot.topics import Topics

MAX_SILENT = 64
"""Connections that have not said who they are.  A client says so in its first packet; the one that
has been silent longest makes room for the next, so that whoever only connects shuts nobody out."""

CONNECT_S = 10.0
"""How long a new connection may take to say who it is."""

PING_MAX_S = 4.0
"""Silence that counts between two pings of the parent, which asks every two seconds: a broker that
was stopped for a while has heard nobody, but everybody may have spoken."""

SILENCE = 1.5
"""Of its keep-alive, after which a client counts as gone (MQTT 3.1.1, section 3.1.2.10)."""

SESSION_EXPIRY_S = 28_800
"""How long messages are queued for a persistent session that is away: a working day."""

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


class _Guest(msgspec.Struct, kw_only=True):
    """One connection that was let in."""

    client: str
    """Client id."""
    user: str | None
    came_by: str | None
    """What let the user in, by `BusDoor.pass_of`."""
    reader: PatientReader
    keep_alive_s: int
    """0: may be silent for ever."""
    reads: int = -1
    """Those up to the last look; -1 before the first one."""
    silent_s: float = 0.0


class EmbeddedBroker:
    """amqtt behind a listening socket of our own.

    The socket is ours because amqtt cannot report the port that port 0 became, and makes
    connections above its bound wait without answer instead of turning them away.

    Args:
        host: a loopback address.
        port: 0 = any free port.
        door: who comes in.
        site: whose main program is let in even when the house is full.
        connections: most clients at once.
    """

    def __init__(self, host: str, port: int, door: BusDoor, site: str, connections: int) -> None:
        self._host = host
        self._port = port
        self._door = door
        self._own_clients = (f"sipbot-{site}", f"{SYSTEM}/sipbot-{site}")
        """Client ids: without accounts, and with them, when nobody else can have it."""
        self._connections = connections
        self._turned_away = self._made_room = 0
        self._looked_at_s = -math.inf
        self._silent: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}
        """Have not said who they are; the first has been there longest."""
        self._inside: dict[asyncio.StreamWriter, _Guest] = {}
        self._broker = BrokerCore(
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
                n = requests.decode(line).n
                self._put_out()
                inside, away, gone = len(self._inside), self._turned_away, self._made_room
                _say(Pong(n=n, connections=inside, turned_away=away, made_room=gone))
        finally:
            server.close()
            await self._broker.shutdown()

    # Event loop; one call per TCP connection, asyncio runs it as a task of its own.
    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._silent[writer] = writer
        if len(self._silent) > MAX_SILENT:
            longest = next(iter(self._silent))
            del self._silent[longest]
            longest.transport.abort()
            self._made_room += 1
        try:
            stream = await self._let_in(reader, writer)
            if stream is not None:
                await self._broker.external_connected(
                    stream, StreamWriterAdapter(writer), _LISTENER
                )
        finally:
            self._silent.pop(writer, None)
            self._inside.pop(writer, None)
            writer.close()

    async def _let_in(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> PatientReader | None:
        """Return what amqtt is to read; None when whoever knocked does not come in.

        amqtt looks at the password only after it has thrown out whoever had the same client id and
        taken over that session, so it must not see a CONNECT that is not allowed; it publishes a
        last will without asking whether its owner may; and it waits for a CONNECT for ever.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                packet = await ConnectPacket.from_stream(StreamReaderAdapter(reader))
        except (TimeoutError, *_GARBAGE) as error:
            logging.getLogger(__name__).info("no CONNECT: %s", type(error).__name__)
            return None
        no = self._why_not(packet)
        if no is None and self._is_full_for(packet):
            self._turned_away += 1
            no = int(SERVER_UNAVAILABLE)
        if no is not None:
            with contextlib.suppress(ConnectionError):
                await ConnackPacket.build(0, no).to_stream(StreamWriterAdapter(writer))
            return None
        if self._silent.pop(writer, None) is None:  # it just had to make room
            return None
        return self._replayed(packet, reader, writer)

    def _replayed(
        self,
        packet: Any,  # noqa: ANN401 - amqtt's, without types
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> PatientReader:
        """Take somebody in; return the CONNECT once more, and what follows it."""
        user = packet.username if self._door.guarded else None
        if user is not None:
            # Nobody can have the session of another user: names of clients are each user's own.
            packet.payload.client_id = f"{user}/{packet.payload.client_id}"
        keep_alive_s = packet.keep_alive
        # amqtt would start a timer for each packet and do nothing when it ends.
        packet.keep_alive = 0
        stream = PatientReader(bytes(packet.to_bytes()), reader)
        self._inside[writer] = _Guest(
            client=packet.payload.client_id,
            user=user,
            came_by=self._door.pass_of(user),
            reader=stream,
            keep_alive_s=keep_alive_s,
        )
        return stream

    def _is_full_for(self, packet: Any) -> bool:  # noqa: ANN401 - amqtt's, without types
        """Tell whether there is no place for somebody; sipbot has its own."""
        user, client = packet.username, packet.payload.client_id
        if self._door.guarded:
            client = f"{user}/{client}"
        # Whoever comes back before its old connection is known to be dead takes its own place.
        free = {client, *self._own_clients}
        others = sum(guest.client not in free for guest in self._inside.values())
        return client not in self._own_clients and others >= self._connections

    def _why_not(self, packet: Any) -> int | None:  # noqa: ANN401 - amqtt's, without types
        """Return the CONNACK code (MQTT 3.1.1, section 3.2.2.3) of a refusal; None to let in."""
        if packet.proto_name != "MQTT" or packet.proto_level != MQTT_311:
            return int(UNACCEPTABLE_PROTOCOL_VERSION)
        if packet.payload.client_id_is_random and not packet.clean_session_flag:
            return int(IDENTIFIER_REJECTED)
        if not self._door.guarded:
            return None
        user, password = packet.username, packet.password
        if not (packet.username_flag and packet.password_flag):
            return int(NOT_AUTHORIZED)
        if not self._door.admits(user, password):
            return int(BAD_USERNAME_PASSWORD)
        if packet.will_flag and not self._door.may_write(user, packet.will_topic or ""):
            return int(NOT_AUTHORIZED)
        return None

    # Event loop, at each ping of the parent: every two seconds.
    def _put_out(self) -> None:
        """Close the connections of whoever would not come in any more, or is gone."""
        now_s = asyncio.get_running_loop().time()
        passed_s = min(now_s - self._looked_at_s, PING_MAX_S)
        self._looked_at_s = now_s
        for writer, guest in list(self._inside.items()):
            heard = guest.reads != guest.reader.reads
            guest.reads, guest.silent_s = guest.reader.reads, guest.silent_s + passed_s
            guest.silent_s = 0.0 if heard else guest.silent_s
            gone = 0 < guest.keep_alive_s * SILENCE < guest.silent_s
            if gone or self._door.pass_of(guest.user) != guest.came_by:
                writer.transport.abort()


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


async def _run(options: argparse.Namespace, door: BusDoor) -> None:
    parent = asyncio.StreamReader(limit=LIMIT_BYTES)
    stdin, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(parent), sys.stdin
    )
    try:
        broker = EmbeddedBroker(options.host, options.port, door, options.site, options.connections)
        await broker.serve_until_orphaned(parent)
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
    parser.add_argument(
        "--connections", type=int, default=DEFAULT_CONNECTIONS, help="most clients at once"
    )
    options = parser.parse_args()
    # Ctrl-C in a terminal reaches the whole process group; the parent decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    try:
        door = _door(options.accounts, options.site, options.key)
        loopback(options.host)
        asyncio.run(_run(options, door))
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
