"""The embedded broker, seen from its parent."""

import sys
from pathlib import Path
from typing import NamedTuple

from sipbot import broker_wire
from sipbot.child import Child
from sipbot.troubles import Troubles

CALM_PONGS = 30
"""Signs of life in a row, one every two seconds, in which nobody was turned away, before it is told
that there is room: a program that connects again and again leaves pauses in between."""


class Door(NamedTuple):
    """Where the broker learns who comes in (`sipbot.bus_door`)."""

    accounts: Path
    """accounts.toml, whether it is there or not."""
    site: str
    key: Path
    """File with sipbot's own password."""
    connections: int
    """Most clients at once."""


class FullHouse:
    """Tells when the broker turns connections away, why, and when that is over.

    Args:
        most: clients at once.
        troubles: are told.
    """

    def __init__(self, most: int, troubles: Troubles) -> None:
        self._most = most
        self._troubles = troubles
        self._away = (0, 0)
        """Who were turned away so far: clients, and connections that said nothing."""
        self._calm: int | None = None
        """Signs of life since the last one that was turned away; None when all is well."""
        self._told_full = False

    # Event loop, with each message of the broker's.
    def hear(self, message: broker_wire.Ready | broker_wire.Pong) -> None:
        """Take what the broker says of itself."""
        if isinstance(message, broker_wire.Ready):
            self._away = (0, 0)
            return
        (clients, silent), self._away = self._away, (message.turned_away, message.made_room)
        is_full = message.turned_away > clients
        if is_full or message.made_room > silent:
            # Who has a name and finds no place weighs more: those words stay once they are told.
            if self._calm is None or (is_full and not self._told_full):
                self._told_full = is_full
                self._troubles.broker_full(self._most if is_full else 0)
            self._calm = 0
        elif self._calm is not None:
            self._calm += 1
            if self._calm == CALM_PONGS:
                self._troubles.broker_full(None)
                self._calm, self._told_full = None, False


def embedded_broker(host: str, port: int, door: Door, troubles: Troubles) -> Child:
    """Return the child program that is the broker, to be run.

    Args:
        host: a loopback address.
        port: where it is to listen.
        door: who comes in.
        troubles: are told when it keeps dying, or is full.
    """
    guard = ["--accounts", str(door.accounts), "--site", door.site, "--key", str(door.key)]
    guard += ["--connections", str(door.connections)]
    return Child(
        [sys.executable, "-m", "sipbot.broker", "--host", host, "--port", str(port), *guard],
        name="embedded broker",
        decoder=broker_wire.events,
        is_ready=lambda message: isinstance(message, broker_wire.Ready),
        ping=lambda n: broker_wire.Ping(n=n),
        on_message=FullHouse(door.connections, troubles).hear,
        on_crash_loop=troubles.looping("embedded-broker"),
    )
