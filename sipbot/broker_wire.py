"""Messages between the main process and the embedded broker.

The parent asks for signs of life and closes stdin to end the broker; MQTT itself goes over TCP.
"""

import msgspec

from sipbot.lines import Decoder

DEFAULT_CONNECTIONS = 200
"""Clients of the embedded broker at once: fifty operators with a program and a page or two each,
their wall displays, sipbot, and as much again.  Together with those that have not said who they are
it is far below the 1 024 file descriptors that Linux gives a program."""


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """A message of this border; ``type`` on the wire is the class name in lower case."""


class Ping(Base, frozen=True, kw_only=True):
    """Main → broker: ask for a sign of life."""

    n: int


class Ready(Base, frozen=True, kw_only=True):
    """Broker → main: clients can connect."""

    pid: int
    port: int
    """The port that was chosen when 0 was asked for."""


class Pong(Base, frozen=True, kw_only=True):
    """Broker → main: the answer to `Ping`."""

    n: int
    connections: int
    """Clients that are connected."""
    turned_away: int
    """Clients that found no room, since the broker started."""
    made_room: int
    """Connections that had to go before they said who they are, since then."""


requests = Decoder(Ping)
events = Decoder(Ready | Pong)
