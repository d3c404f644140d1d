"""The embedded MQTT broker, a child program; only importer of amqtt.

For first runs and tests: it binds to loopback only, lets every local program in, and keeps what it
retains in memory.  sipbot publishes all open memos again whenever it comes back.  For operators on
other machines use Mosquitto or another broker of your own (``docs/mqtt.md``).

``python -m sipbot.broker --host 127.0.0.1 --port 0`` says `Ready` on stdout, answers `Ping`, and
ends with code 0 when stdin closes, so it never outlives its parent.
"""

import argparse
import asyncio
import ipaddress
import logging
import os
import signal
import sys
from dataclasses import dataclass

import msgspec
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from sipbot.broker_wire import Pong, Ready, requests
from sipbot.errors import UsageError, WireError
from sipbot.lines import LIMIT_BYTES, encode

MAX_CONNECTIONS = 50
"""An agency's operators on one machine are a handful; the bound keeps a looping client from taking
all file descriptors (1 024 by default on Linux)."""

SESSION_EXPIRY_S = 28_800
"""How long messages are queued for a persistent session that is away: a working day."""

_LISTENER = "default"


class LoopbackAuth(BaseAuthPlugin):  # type: ignore[misc]  # amqtt is imported without types
    """Lets every local program in.

    Unlike amqtt's own AnonymousAuthPlugin it does not mark the session anonymous, for amqtt queues
    nothing for an anonymous subscriber that is away (measured: 0 of 500 messages).
    """

    @dataclass
    class Config:
        """No options."""

    async def authenticate(self, *, session: Session) -> bool | None:  # noqa: ARG002 - amqtt's
        """Say yes: only this machine can connect."""
        return True


class _Broker(Broker):  # type: ignore[misc]  # amqtt is imported without types
    """amqtt 0.12.1 without one of its mistakes.

    At every CONNECT it sends the retained messages of every filter that anybody has subscribed to
    (broker.py, "Publish retained messages to a pre-existing session's subscriptions").
    """

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        subscribers = self.subscriptions.get(subscription[0], ())
        if any(subscriber is session for subscriber, _qos in subscribers):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class EmbeddedBroker:
    """amqtt behind a listening socket of our own.

    The socket is ours because amqtt cannot report the port that port 0 became, and makes
    connections above its bound wait without answer instead of closing them.

    Args:
        host: a loopback address.
        port: 0 = any free port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._connections = 0
        self._broker = _Broker(
            BrokerConfig(
                listeners={_LISTENER: ListenerConfig(type=ListenerType.EXTERNAL)},
                session_expiry_interval=SESSION_EXPIRY_S,
                # amqtt's default plugins log every packet and publish $SYS topics.
                plugins={f"{LoopbackAuth.__module__}.{LoopbackAuth.__qualname__}": {}},
            )
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
            await self._broker.external_connected(
                StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER
            )
        finally:
            self._connections -= 1
            writer.close()


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
        f"--host {host}: the embedded broker knows no passwords and stays on loopback: "
        "use 127.0.0.1, or set mqtt.host to a broker of your own"
    )


async def _run(host: str, port: int) -> None:
    parent = asyncio.StreamReader(limit=LIMIT_BYTES)
    stdin, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(parent), sys.stdin
    )
    try:
        await EmbeddedBroker(host, port).serve_until_orphaned(parent)
    finally:
        stdin.close()


def main() -> int:
    """Run the broker; return the exit code."""
    parser = argparse.ArgumentParser(prog="sipbot.broker", description="Embedded MQTT broker.")
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=1883, help="0 = any free port")
    options = parser.parse_args()
    # Ctrl-C in a terminal reaches the whole process group; the parent decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    try:
        asyncio.run(_run(loopback(options.host), options.port))
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
