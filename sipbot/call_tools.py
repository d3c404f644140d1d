"""What every call needs of the rest of the program."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from sipbot.ledger import Ledger
from sipbot.reading import Reading
from sipbot.sip import wire
from sipbot.spool import Spool
from sipbot.topics import LivePayload


class Agent(Protocol):
    """The agent that has the call."""

    def send(self, command: wire.Command) -> None:
        """Send a command; raises ChildGoneError when the agent is not there."""


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What every call needs."""

    ledger: Ledger
    spool: Spool
    reading: Reading
    tell: Callable[[str, str, LivePayload], None]
    """Tell the live feed: client, call, payload.  Never blocks, may drop."""
    trouble: Callable[[str, str | None, str], None]
    """Tell what a person should look at: id, problem (None when it is over), remedy."""
    audio_url: Callable[[str], str]
    """Call id → where an operator can listen."""
