"""The embedded broker, seen from its parent."""

import sys
from collections.abc import Callable

from sipbot import broker_wire
from sipbot.child import Child


def embedded_broker(host: str, port: int, on_crash_loop: Callable[[int], None]) -> Child:
    """Return the child program that is the broker, to be run.

    Args:
        host: a loopback address.
        port: where it is to listen.
        on_crash_loop: see `sipbot.child.Child`.
    """
    return Child(
        [sys.executable, "-m", "sipbot.broker", "--host", host, "--port", str(port)],
        name="embedded broker",
        decoder=broker_wire.events,
        is_ready=lambda message: isinstance(message, broker_wire.Ready),
        ping=lambda n: broker_wire.Ping(n=n),
        on_crash_loop=on_crash_loop,
    )
