"""Messages between the main process and the edge, the child program that keeps a Kamailio."""

import msgspec

from sipbot.lines import Decoder


class Base(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """A message of this border; ``type`` on the wire is the class name in lower case."""


class Ping(Base, frozen=True, kw_only=True):
    """Main → edge: ask whether Kamailio answers."""

    n: int


class Serving(Base, frozen=True, kw_only=True):
    """Main → edge: these agents take calls now; calls that go on stay where they are."""

    dispatcher_list: str
    """As `sipbot.edge_config.dispatcher_list` makes it: for the next Kamailio."""
    states: dict[str, str]
    """As `sipbot.edge_config.dispatcher_states` makes them: for the one that runs."""


class Ready(Base, frozen=True, kw_only=True):
    """Edge → main: Kamailio has answered an OPTIONS."""

    pid: int
    """Of Kamailio."""


class Pong(Base, frozen=True, kw_only=True):
    """Edge → main: Kamailio has answered an OPTIONS again."""

    n: int


class Refused(Base, frozen=True, kw_only=True):
    """Edge → main: an INVITE was refused and reached no agent, or none that had a line."""

    why: str
    """source, rate, capacity, body or media."""
    code: int
    """The final response."""
    source: str
    """``address:port`` of the sender."""
    raw: str
    """The INVITE."""


class Untold(Base, frozen=True, kw_only=True):
    """Edge → main: so many more INVITEs were refused in the last minute than `Refused` has told."""

    why: str
    """source: the address is outside ``sip.allow``; rate: it calls too often."""
    source: str
    """The address; empty for all that are not counted one by one."""
    invites: int


class Registered(Base, frozen=True, kw_only=True):
    """Edge → main: a registration came about, or is no more."""

    account: str
    there: bool


requests = Decoder(Ping | Serving)
events = Decoder(Ready | Pong | Refused | Untold | Registered)
