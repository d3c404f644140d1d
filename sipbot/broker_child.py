"""The embedded broker, seen from its parent."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sipbot import broker_wire
from sipbot.child import Child


class Door(NamedTuple):
    """Where the broker learns who comes in (`sipbot.bus_door`)."""

    accounts: Path
    """accounts.toml, whether it is there or not."""
    site: str
    key: Path
    """File with sipbot's own password."""


def embedded_broker(
    host: str, port: int, door: Door, on_crash_loop: Callable[[int], None]
) -> Child:
    """Return the child program that is the broker, to be run.

    Args:
        host: a loopback address.
        port: where it is to listen.
        door: who comes in.
        on_crash_loop: see `sipbot.child.Child`.
    """
    guard = ["--accounts", str(door.accounts), "--site", door.site, "--key", str(door.key)]
    return Child(
        [sys.executable, "-m", "sipbot.broker", "--host", host, "--port", str(port), *guard],
        name="embedded broker",
        decoder=broker_wire.events,
        is_ready=lambda message: isinstance(message, broker_wire.Ready),
        ping=lambda n: broker_wire.Ping(n=n),
        on_crash_loop=on_crash_loop,
    )
