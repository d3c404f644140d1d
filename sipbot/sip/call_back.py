"""An operator and the one to be called back: two calls that the agent places, and their bridge.

First the operator's telephone; when it is answered the other, the operator hearing it ring; when
that is answered too, the bridge connects both, and no word of it is recorded.  Whoever hangs up
first ends both calls.

Runs on the agent's one thread and asks nobody: a parent that dies leaves it as it is.  Two of the
agent's four lines are taken only where one more stays free for a caller.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from sipbot.errors import PromptError, TransferError
from sipbot.sip import wire
from sipbot.sip.on_call import OnCall
from sipbot.sip.on_call_wire import CallOnCall
from sipbot.sip.outgoing import Failure, Outgoing
from sipbot.sip.pjsua import Stack
from sipbot.sip.pjsua_call import Line
from sipbot.sip.stack import StackSettings
from sipbot.sip.target import Dialled, dial_back, dial_operator
from sipbot.sip.transfer import LOOK_EVERY_S, Patience, packets_of

KEPT_FREE = 1
"""Lines of an agent that calls back leave free: a caller must not find it busy for an operator."""


class CallBack:
    """One call back; hears what happens to both of its calls (`Listener`).

    Args:
        stack: places the calls.
        settings: the agent's address and accounts.
        wanted: whom to call.
        tell: takes what the parent is to know.
        promised: returns how many lines other calls out of this agent will still take.
    """

    def __init__(
        self,
        stack: Stack,
        settings: StackSettings,
        wanted: wire.CallBack,
        tell: Callable[[wire.Event], None],
        promised: Callable[[], int],
    ) -> None:
        self.over = False
        """Whether nothing more comes of it."""
        self._stack, self._settings = stack, settings
        self._wanted, self._tell, self._promised = wanted, tell, promised
        self._phone: Outgoing | None = None
        self._other: Outgoing | None = None
        self._operator: Line | None = None
        """The operator, once they have answered."""
        self._connected: tuple[float, datetime] | None = None
        """When both were, by the monotonic clock and by the wall's."""
        self._hears_other = False
        self._silent = False
        self._look_at = 0.0
        self._patience = Patience(0.0)

    def begin(self) -> None:
        """Call the operator."""
        # the other's line as well, though it is taken later, and those that others wait for
        self._phone = self._call(
            dial_operator, self._wanted.phone_ring_s, lambda: KEPT_FREE + 1 + self._promised()
        )
        self.tick(time.monotonic())

    def to_take(self) -> int:
        """Return how many lines it will still take: two in all."""
        if self.over:
            return 0
        return sum(leg is None or leg.line is None for leg in (self._phone, self._other))

    def fail(self, problem: str) -> None:
        """End both: something of ours went wrong."""
        self._finish("sipbot", 500, problem)

    def tick(self, now: float) -> None:
        """Look at the clock."""
        if self.over:
            return
        if self._connected is not None:
            self._look_at_packets(now)
            return
        failure = None
        if self._other is not None:
            failure = self._other.tick(now)
            self._let_operator_hear(self._other)
        elif self._phone is not None and self._operator is None:
            failure = self._phone.tick(now)
        if failure is not None:
            self._give_up(failure)

    def _call(
        self,
        dial: Callable[[wire.CallBack, StackSettings], Dialled],
        ring_s: float,
        keep: Callable[[], int],
    ) -> Outgoing | None:
        try:
            dialled = dial(self._wanted, self._settings)
        except TransferError as error:
            self._give_up(Failure(error.code, error.reason))
            return None
        return Outgoing(self._stack, self._wanted.call, dialled, ring_s, self, keep=keep)

    def _give_up(self, failure: Failure) -> None:
        where: wire.CallBackWhere | None = "line" if failure.no_line else None
        self._finish("sipbot", failure.code, failure.reason, where)

    def _let_operator_hear(self, other: Outgoing) -> None:
        """What comes from there before the answer (RFC 3960 section 3.2), or a ringing tone."""
        operator, line = self._operator, other.line
        if operator is None or line is None or self._hears_other:
            return
        if line.media is not None and other.rang_at is not None:
            self._hears_other = True
            operator.stop_playing()
            operator.connect(line)
        elif other.rang_at is not None and operator.playing is None:
            self._play(operator, self._wanted.ringback)

    def _play(self, operator: Line, wav: str) -> None:
        if not wav or self._silent:
            return
        try:
            operator.play(wav)
        except PromptError as error:  # they wait in silence
            self._silent = True
            self._tell(wire.Fault(call=self._wanted.call, problem=str(error)))

    def _look_at_packets(self, now: float) -> None:
        """End both when they are gone, or talk for too long."""
        other = None if self._other is None else self._other.line
        if now < self._look_at or self._operator is None or other is None:
            return
        self._look_at = now + LOOK_EVERY_S
        if self._patience.over(now, (packets_of(self._operator), packets_of(other))):
            self._finish("sipbot", 200, "no packets came any more, or for too long")

    def _where(self) -> wire.CallBackWhere:
        if self._connected is not None:
            return "talk"
        return "phone" if self._operator is None else "number"

    def _finish(
        self,
        by: wire.CallBackBy,
        code: int,
        reason: str,
        where: wire.CallBackWhere | None = None,
    ) -> None:
        """End what is left of both calls, and tell how it went, once."""
        if self.over:
            return
        self.over, now = True, time.monotonic()
        rang_at = None if self._other is None else self._other.rang_at
        since = self._connected
        self._tell(
            wire.CallBackEnded(
                call=self._wanted.call,
                where=where or self._where(),
                by=by,
                code=200 if since else code,
                reason=reason,
                at=datetime.now(UTC),
                rang_s=None
                if rang_at is None
                else round((since[0] if since else now) - rang_at, 1),
                connected_at=since[1] if since else None,
                talk_s=round(now - since[0], 1) if since else None,
            )
        )
        self._operator = None
        for leg in (self._other, self._phone):
            if leg is not None:
                leg.leave()

    # -- what becomes of both calls (Listener): inside Stack.poll --------------------------------

    def progressed(self, line: Line, code: int, reason: str) -> None:
        """It rings there."""
        for leg in (self._phone, self._other):
            if leg is not None and leg.line is line:
                leg.rings()

    def answered(self, line: Line) -> None:
        """Call the other, or connect both."""
        if self.over:
            return
        if self._phone is not None and line is self._phone.line:
            self._operator = line
            self._play(line, self._wanted.prompt)
            self._other = self._call(dial_back, self._wanted.ring_s, lambda: KEPT_FREE)
        elif self._operator is not None:
            now = time.monotonic()
            self._connected = now, datetime.now(UTC)
            self._patience = Patience(now)
            self._operator.stop_playing()
            self._operator.connect(line)
            self._tell(wire.CallBackStep(call=self._wanted.call, at=self._connected[1]))

    def media_failed(self, line: Line, problem: str) -> None:
        """One of them answered and could not be heard."""
        self._finish("sipbot", 488, problem)

    def ended(self, line: Line, code: int, reason: str) -> None:
        """One of them refused, or has hung up."""
        if self._phone is not None and line is self._phone.line:
            self._finish("operator", code, reason)
        elif self._other is not None and line is self._other.line:
            self._finish("called", code, reason)

    def refused_takeover(self, line: Line, method: str, raw: str, source: str) -> None:
        """One of the telephones wanted to send the call elsewhere."""
        self._tell(wire.Refer(call=self._wanted.call, method=method))

    def prompt_ended(self, line: Line, wav: str) -> None:
        """What comes next is looked at in `tick`."""

    def key(self, line: Line, key: str, method: str) -> None:
        """Their keys mean nothing to us."""

    def recording_closed(self, line: Line, path: str, audio_bytes: int) -> None:
        """Nobody is recorded."""


class CallsBack:
    """The calls back of an agent and those to people on call, by their ids."""

    def __init__(
        self, stack: Stack, settings: StackSettings, tell: Callable[[wire.Event], None]
    ) -> None:
        self._stack, self._settings, self._tell = stack, settings, tell
        self._by_call: dict[str, CallBack | OnCall] = {}

    def begin(self, wanted: wire.CallBack | CallOnCall) -> None:
        """Begin one, unless it has been begun."""
        if wanted.call not in self._by_call:
            one: CallBack | OnCall
            # Runs in `Stack.poll`, when a line is to be taken.
            promised = partial(self._promised, wanted.call)
            if isinstance(wanted, wire.CallBack):
                one = CallBack(self._stack, self._settings, wanted, self._tell, promised)
            else:
                one = OnCall(self._stack, self._settings, wanted, self._tell, promised)
            self._by_call[wanted.call] = one
            with self._stack.guard(wanted.call):
                one.begin()

    def _promised(self, call: str) -> int:
        return sum(one.to_take() for other, one in self._by_call.items() if other != call)

    def fail(self, call: str, problem: str) -> None:
        """End one, if there is one of this id."""
        if call in self._by_call:
            self._by_call[call].fail(problem)

    def leave(self, call: str) -> bool:
        """End a call to somebody on call; False when there is none of this id."""
        one = self._by_call.get(call)
        if not isinstance(one, OnCall):
            return False
        with self._stack.guard(call):
            one.leave()
        return True

    def all(self) -> tuple[tuple[str, CallBack | OnCall], ...]:
        """Return those that go on."""
        for call in [call for call, one in self._by_call.items() if one.over]:
            del self._by_call[call]
        return tuple(self._by_call.items())

    def going(self) -> tuple[str, ...]:
        """Return the ids of those that go on."""
        return tuple(call for call, _ in self.all())
