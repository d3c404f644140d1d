"""One call that an agent places: its name looked up, its INVITE, its ringing, until it is answered.

Runs on the agent's one thread.  Whoever has an `Outgoing` lets go of it as soon as it is of no use:
a pjsua2 call that is freed late hangs up whatever call has its place by then.
"""

import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

from sipbot.errors import CallError
from sipbot.sip.lookup import Lookup
from sipbot.sip.pjsua import Stack
from sipbot.sip.pjsua_call import Line, Listener
from sipbot.sip.target import Dialled

_numbers = itertools.count(1)


class Failure(NamedTuple):
    """Why a call that was placed is not answered."""

    code: int
    """The final response (RFC 3261 section 21) that says it."""
    reason: str
    no_line: bool = False
    """Whether it was not even placed, for want of a line."""


class Outgoing:
    """One call to somebody.

    Args:
        stack: places the call.
        call: whose sake it is placed for; names it, with a number.
        dialled: whom to call.
        ring_s: how long until it is answered, the look-up of the name included.
        listener: hears what becomes of the call.
        keep: returns how many lines of this agent must stay free beside it, as of now.
    """

    def __init__(
        self,
        stack: Stack,
        call: str,
        dialled: Dialled,
        ring_s: float,
        listener: Listener,
        *,
        keep: Callable[[], int] = lambda: 0,
    ) -> None:
        self.line: Line | None = None
        self.rang_at: float | None = None
        """When it rang there first, of the monotonic clock; None: not that we know."""
        self._stack, self._listener, self._keep = stack, listener, keep
        self._call, self._dialled = call, dialled
        self._ring_s, self._until = ring_s, time.monotonic() + ring_s
        self._lookup: Lookup | None = Lookup(dialled.host)

    def rings(self) -> None:
        """It rings there."""
        if self.rang_at is None:
            self.rang_at = time.monotonic()

    def tick(self, now: float) -> Failure | None:
        """Look at the clock; return why nobody will answer, None while somebody may."""
        if now >= self._until:
            code, who = (480, "nobody answered") if self.rang_at else (408, "no answer came")
            return Failure(code, f"{who} within {self._ring_s:g} s")
        known = self._lookup.known() if self._lookup is not None else None
        if known is None:
            return None
        self._lookup = None
        if not known:
            return Failure(503, f"the name {self._dialled.host} is not known")
        if self._stack.free <= self._keep():
            return Failure(486, "all lines of this agent are busy", no_line=True)
        return self._place()

    def leave(self) -> None:
        """Let the call go: CANCEL while it rings, BYE after that."""
        line, self.line = self.line, None
        self._lookup = None
        if line is not None:
            line.end(487)

    def _place(self) -> Failure | None:
        dialled = self._dialled
        try:
            self.line = self._stack.place(
                f"{self._call}/{next(_numbers)}",
                dialled.uri,
                dialled.headers,
                account=dialled.account,
                from_=dialled.from_,
                listener=self._listener,
            )
        except CallError as error:
            return Failure(503, str(error))
        return None
