"""A call to a person on call: what it is about, and the key by which they take it.

Runs on the agent's one thread and asks nobody: a parent that dies leaves the call as it is.  A
voice mail that answers presses no key, so nothing is taken by it.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from sipbot.errors import PromptError, TransferError
from sipbot.sip import wire
from sipbot.sip.on_call_wire import CallOnCall, OnCallEnd, OnCallEnded
from sipbot.sip.outgoing import Outgoing
from sipbot.sip.pjsua import Stack
from sipbot.sip.pjsua_call import Line
from sipbot.sip.stack import StackSettings
from sipbot.sip.target import dial_on_call

KEPT_FREE = 1
"""Lines of an agent that such a call leaves free: a caller must not find it busy for it."""

LATE_MAX_S = 300.0
"""How much longer than it is a prompt may take: they end by themselves, this is for one that does
not."""

_BUSY = {486, 600, 603}
"""RFC 3261 sections 21.4.24, 21.6.1 and 21.6.2."""
_AWAY = {480, 487}
"""RFC 3261 sections 21.4.18 and 21.4.25."""
_TIMEOUT = 408
"""RFC 3261 section 21.4.9: nobody answered where it rang before, else the network did not."""
_SERVERS = range(500, 600)
"""RFC 3261 section 21.5: whoever should have passed the call on could not."""


class OnCall:
    """One call; hears what happens to it (`Listener`).

    Args:
        stack: places the call.
        settings: the agent's address and accounts.
        wanted: whom to call, and what to say.
        tell: takes what the parent is to know.
        promised: returns how many lines other calls out of this agent will still take.
    """

    def __init__(
        self,
        stack: Stack,
        settings: StackSettings,
        wanted: CallOnCall,
        tell: Callable[[wire.Event], None],
        promised: Callable[[], int],
    ) -> None:
        self.over = False
        """Whether nothing more comes of it."""
        self._stack, self._settings = stack, settings
        self._wanted, self._tell, self._promised = wanted, tell, promised
        self._leg: Outgoing | None = None
        self._line: Line | None = None
        """Once answered."""
        self._ahead: list[str] = []
        """Prompts that are still to be played."""
        self._until = 0.0
        """When it ends without a key, by the monotonic clock."""
        self._taken = False

    def begin(self) -> None:
        """Call."""
        try:
            dialled = dial_on_call(self._wanted, self._settings)
        except TransferError as error:
            self._finish("failed", error.reason)
            return
        ring_s = self._wanted.ring_s
        self._leg = Outgoing(
            self._stack,
            self._wanted.call,
            dialled,
            ring_s,
            self,
            keep=lambda: KEPT_FREE + self._promised(),
        )
        self.tick(time.monotonic())

    def to_take(self) -> int:
        """Return how many lines it will still take."""
        return int(not self.over and (self._leg is None or self._leg.line is None))

    def fail(self, problem: str) -> None:
        """End it: something of ours went wrong."""
        self._finish("failed", problem)

    def leave(self) -> None:
        """End it: somebody else has the memo.  A key that was pressed is told all the same."""
        self._finish("too_late", "the memo is not open any more")

    def tick(self, now: float) -> None:
        """Look at the clock."""
        if self.over or self._leg is None:
            return
        if self._line is None:
            failure = self._leg.tick(now)
            if failure is not None:
                end: OnCallEnd = "no_line" if failure.no_line else self._end_of(failure.code)
                self._finish(end, failure.reason)
        elif now >= self._until:
            self._finish("declined", "the key was not pressed")

    def _play_next(self) -> None:
        """Play what is ahead; a prompt that cannot be played is left out."""
        while self._line is not None and self._ahead:
            wav = self._ahead.pop(0)
            try:
                self._line.play(wav)
            except PromptError as error:
                self._tell(wire.Fault(call=self._wanted.call, problem=str(error)))
            else:
                playing = self._line.playing
                assert playing is not None
                self._until = time.monotonic() + playing.duration_s + LATE_MAX_S
                return
        self._until = time.monotonic() + (0.0 if self._taken else self._wanted.wait_s)

    def _finish(self, end: OnCallEnd, reason: str) -> None:
        """Let the call go, and tell how it went, once."""
        if self.over:
            return
        self.over, self._line = True, None
        told: OnCallEnd = "taken" if self._taken else end
        self._tell(
            OnCallEnded(call=self._wanted.call, end=told, reason=reason, at=datetime.now(UTC))
        )
        if self._leg is not None:
            self._leg.leave()

    # -- what becomes of the call (Listener): inside Stack.poll ----------------------------------

    def progressed(self, line: Line, code: int, reason: str) -> None:
        """It rings there."""
        if self._leg is not None:
            self._leg.rings()

    def answered(self, line: Line) -> None:
        """Say what it is about."""
        if self.over:
            return
        self._line = line
        self._ahead = list(self._wanted.prompts)
        self._play_next()

    def prompt_ended(self, line: Line, wav: str) -> None:
        """Play what is next."""
        if not self.over:
            self._play_next()

    def key(self, line: Line, key: str, method: str) -> None:
        """The key takes it; the others mean nothing."""
        if self.over or self._taken or key != self._wanted.key or self._line is None:
            return
        self._taken = True
        self._line.stop_playing()
        self._ahead = [self._wanted.taken] if self._wanted.taken else []
        self._play_next()

    def media_failed(self, line: Line, problem: str) -> None:
        """Answered, and could not be heard."""
        self._finish("failed", problem)

    def ended(self, line: Line, code: int, reason: str) -> None:
        """Refused, or hung up."""
        if self._line is not None:
            self._finish("declined", "hung up without pressing the key")
        else:
            self._finish(self._end_of(code), reason)

    def refused_takeover(self, line: Line, method: str, raw: str, source: str) -> None:
        """The telephone wanted to send the call elsewhere."""
        self._tell(wire.Refer(call=self._wanted.call, method=method))

    def recording_closed(self, line: Line, path: str, audio_bytes: int) -> None:
        """Nobody is recorded."""

    def _end_of(self, code: int) -> OnCallEnd:
        """What a final response means of which nobody's answer came before."""
        rang = self._leg is not None and self._leg.rang_at is not None
        return end_of(code, rang=rang)


def end_of(code: int, *, rang: bool) -> OnCallEnd:
    """Return what a final response to such a call means.

    Args:
        code: RFC 3261 section 21.
        rang: whether a telephone had rung.
    """
    if code in _BUSY:
        return "busy"
    if code in _AWAY or (code == _TIMEOUT and rang):
        return "no_answer"
    return "unreachable" if code == _TIMEOUT or code in _SERVERS else "failed"
