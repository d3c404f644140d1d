"""Messages between the main process and the embedded broker.

The parent asks for signs of life and closes stdin to end the broker; MQTT itself goes over TCP.
"""

import msgspec

from sipbot.lines import Decoder


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


requests = Decoder(Ping)
events = Decoder(Ready | Pong)
