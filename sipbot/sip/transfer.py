"""A caller who is being connected with a person, and the two of them once they are.

The agent calls the person itself, as one of its four calls; the caller hears ringing meanwhile.
When the person answers, the bridge connects both, and no word of it is recorded.  Whoever hangs up
first ends both calls.  When nobody answers, the caller is still there, and the script goes on.

Runs on the agent's one thread.  A `Transfer` lets go of its lines as soon as they are of no use: a
pjsua2 call that is freed late hangs up whatever call has its place by then.
"""

import time
from collections.abc import Callable

from sipbot.errors import PromptError, TransferError
from sipbot.sip import wire
from sipbot.sip.outgoing import Outgoing
from sipbot.sip.pjsua import Stack
from sipbot.sip.pjsua_call import Line
from sipbot.sip.stack import StackSettings
from sipbot.sip.target import dial

IDLE_S = 60.0
"""No packet from either side for so long: both telephones have lost power or network, and no BYE
will ever come."""

ONE_SIDE_IDLE_S = 600.0
"""No packet from one side for so long.  A telephone that holds the line may send nothing, and
nobody waits ten minutes on hold; one that has lost its network never comes back."""

CONNECTED_MAX_S = 7200.0
"""Longest talk with a person.  A handset that was not put down sends packets for ever, takes two of
an agent's four lines and costs money on the trunk; two hours are beyond any call of an agency."""

LOOK_EVERY_S = 5.0
"""Between two looks at the packets of a connected pair."""


class Patience:
    """How long two who are connected may stay so, judged by the packets that come.  Pure.

    Args:
        now: when they were connected, in seconds of a clock that only rises.
    """

    def __init__(self, now: float) -> None:
        self._ends_at = now + CONNECTED_MAX_S
        self._received = (0, 0)
        self._heard_at = (now, now)

    def over(self, now: float, received: tuple[int, int]) -> bool:
        """Return whether they are to be parted, given the packets received from either so far."""
        sides = zip(received, self._received, self._heard_at, strict=True)
        first, second = (now if count != before else at for count, before, at in sides)
        self._received, self._heard_at = received, (first, second)
        return (
            now >= self._ends_at
            or now - min(first, second) >= ONE_SIDE_IDLE_S
            or now - max(first, second) >= IDLE_S
        )


class Transfer:
    """One caller's way to a person; hears what happens to the person's call (`Listener`).

    Args:
        stack: places the call.
        settings: the agent's address and accounts.
        caller: who waits.
        wanted: whom to call.
        tell: takes what the parent is to know.
    """

    def __init__(
        self,
        stack: Stack,
        settings: StackSettings,
        caller: Line,
        wanted: wire.Transfer,
        tell: Callable[[wire.Event], None],
    ) -> None:
        self.connected = False
        """Whether the person has answered; stays so."""
        self._stack, self._settings = stack, settings
        self._wanted, self._tell = wanted, tell
        self._caller: Line | None = caller
        self._leg: Outgoing | None = None
        self._look_at = 0.0
        self._patience = Patience(0.0)

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self._caller is None

    def begin(self) -> None:
        """Call the person, as soon as the host's name is known."""
        try:
            dialled = dial(self._wanted, self._settings)
        except TransferError as error:
            self._fail(error.code, error.reason)
        else:
            wanted = self._wanted
            self._leg = Outgoing(self._stack, wanted.call, dialled, wanted.ring_s, self)
            self.ring_again()
            self.tick(time.monotonic())

    def ring_again(self) -> None:
        """Play the ringing tone, one period of it, to a caller who waits."""
        if self._wanted.ringback and self._caller is not None and not self.connected:
            try:
                self._caller.play(self._wanted.ringback)
            except PromptError as error:  # they wait in silence
                self._tell(wire.Fault(call=self._wanted.call, problem=str(error)))

    def leave(self) -> None:
        """Let both calls go: the person's is ended, the caller's is somebody else's to lead."""
        caller, self._caller = self._caller, None
        leg, self._leg = self._leg, None
        if caller is not None and not self.connected:
            caller.stop_playing()
        if leg is not None:
            leg.leave()

    def tick(self, now: float) -> None:
        """Look at the clock."""
        if self.over:
            return
        if self.connected:
            self._look_at_packets(now)
        elif self._leg is not None:
            failure = self._leg.tick(now)
            if failure is not None:
                self._fail(failure.code, failure.reason)

    def _fail(self, code: int, reason: str) -> None:
        self.leave()
        self._tell(wire.TransferFailed(call=self._wanted.call, code=code, reason=reason))

    def _look_at_packets(self, now: float) -> None:
        """End both when they are gone, or talk for too long."""
        other = None if self._leg is None else self._leg.line
        if now < self._look_at or self._caller is None or other is None:
            return
        self._look_at = now + LOOK_EVERY_S
        received = (packets_of(self._caller), packets_of(other))
        if self._patience.over(now, received):
            self._caller.end(200)

    def _is_theirs(self, line: Line) -> bool:
        return self._leg is not None and line is self._leg.line

    # -- what becomes of the person's call (Listener): inside Stack.poll -------------------------

    def progressed(self, line: Line, code: int, reason: str) -> None:
        """It rings there; sound before the answer is not passed on."""
        if self._leg is not None:
            self._leg.rings()

    def answered(self, line: Line) -> None:
        """Connect both; what they say to each other is not for us to record."""
        if self._caller is None or not self._is_theirs(line):
            line.end(487)  # too late: the caller is being served otherwise
            return
        self.connected = True
        self._caller.stop_playing()
        self._caller.stop_recording()
        self._caller.connect(line)
        self._patience = Patience(time.monotonic())
        self._tell(wire.Transferred(call=self._wanted.call))

    def media_failed(self, line: Line, problem: str) -> None:
        """The person answered and could not be heard."""
        if self._is_theirs(line):
            self._fail(488, problem)

    def ended(self, line: Line, code: int, reason: str) -> None:
        """The person refused, or has hung up."""
        if not self._is_theirs(line):
            return
        self._leg = None
        if not self.connected:
            self._fail(code, reason)
        elif self._caller is not None:
            self._caller.end(200)

    def refused_takeover(self, line: Line, method: str, raw: str, source: str) -> None:
        """The person's telephone wanted to send the call elsewhere."""
        self._tell(wire.Refer(call=self._wanted.call, method=method))

    def prompt_ended(self, line: Line, wav: str) -> None:
        """Nothing is played to the person."""

    def key(self, line: Line, key: str, method: str) -> None:
        """The person's keys mean nothing to us."""

    def recording_closed(self, line: Line, path: str, audio_bytes: int) -> None:
        """The person is not recorded."""


class Transfers:
    """The transfers of an agent's callers, by call; one of them each."""

    def __init__(self) -> None:
        self._by_call: dict[str, Transfer] = {}

    def begin(self, call: str, transfer: Transfer) -> None:
        """Call a person, and nobody else any more."""
        self.cancel(call)
        self._by_call[call] = transfer
        transfer.begin()

    def waiting(self, call: str) -> Transfer | None:
        """Return the transfer that this caller is in; one that has failed counts no more."""
        transfer = self._by_call.get(call)
        return None if transfer is None or transfer.over else transfer

    def all(self) -> tuple[tuple[str, Transfer], ...]:
        """Return every call with its transfer."""
        return tuple(self._by_call.items())

    def connected(self) -> list[str]:
        """Return the callers who speak with a person."""
        return [call for call, one in self._by_call.items() if one.connected]

    def stays(self, call: str) -> bool:
        """Tell whether a caller speaks with a person; one who only waits for one waits no longer.

        For a parent that goes on with its script: it has waited long enough, or has slept through
        the person's answer.
        """
        if call in self.connected():
            return True
        self.cancel(call)
        return False

    def cancel(self, call: str) -> Transfer | None:
        """Let the person's call go, and return the transfer, if there was one."""
        transfer = self._by_call.pop(call, None)
        if transfer is not None:
            transfer.leave()
        return transfer


def packets_of(line: Line) -> int:
    """Return how many packets have come from there."""
    return line.packets().get("received", 0)
