"""A call without a telephone: the script led by a caller of whom everything is known.  Pure.

Data path: sip -> dialplan -> routes -> [rehearsal] (in place of calls)

``sipbot dialplan simulate`` and the ``[[test]]`` tables of clients' files run on it.  It is the
same machine that leads live calls; a test places the same calls by telephone and compares.
"""

from collections import deque
from collections.abc import Sequence
from typing import Literal

import msgspec

from sipbot import script_events as events
from sipbot import steps
from sipbot.records import EndedBy, EndState
from sipbot.script import advance
from sipbot.script_state import Phase, Script

TIMES_OUT = "-"
"""In `keys`: do not press anything, let this wait pass."""

What = Literal[
    "rings",
    "answers",
    "enters",
    "says",
    "waits",
    "pressed",
    "said",
    "waited",
    "discards",
    "transfers",
    "hangs_up",
    "caller_hangs_up",
    "ends",
]

_BY_KEYS = frozenset(
    {Phase.CHOOSING, Phase.KEYING, Phase.CONFIRMING, Phase.REVIEWING, Phase.RATING}
)

_OF_NO_CONCERN = frozenset(
    {
        events.OpenRecording,
        events.BeginSpan,
        events.EndSpan,
        events.Listen,
        events.StopListening,
        events.StopWaiting,
    }
)
"""What a caller of whom everything is known needs no recorder and no ear for."""


class StepTaken(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; third person singular is us, past tense the caller."""

    what: What
    text: str = ""
    """Step, prompt, what is waited for, key, words or end state, whatever fits."""


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a call."""

    steps: tuple[StepTaken, ...]
    visited: tuple[str, ...]
    """Names of the steps in the order they were entered."""
    answers: dict[str, str]
    """Item → keys or words; the last answer counts."""
    asked: tuple[str, ...]
    said: tuple[str, ...]
    """Everything that was said and not taken back, in order."""
    urgent: bool
    """The caller or the route says so; what was said is not looked at."""
    state: EndState


def rehearse(
    course: steps.Course,
    caller_known: bool,
    keys: str = "",
    says: Sequence[str] = (),
    *,
    hang_up_after: int | None = None,
    person_answers: bool = False,
) -> Rehearsal:
    """Lead a call to its end.

    Args:
        course: what was decided about the call.
        caller_known: whether the caller's number came with the call.
        keys: pressed one after the other, each when the caller is next listened to; ``-`` lets one
            wait pass.  When they are used up, nothing is pressed any more.
        says: spoken one after the other, at questions, at the message, and at menus with words when
            the keys are used up; empty for silence.
        hang_up_after: the caller hangs up instead of doing more than this many things (keys, spoken
            answers, silences); None stays to the end.
        person_answers: whether a transfer finds somebody.
    """
    return _Stage(course, caller_known, keys, says, hang_up_after, person_answers).run()


class _Stage:
    """The script, the paper caller, and what has happened so far."""

    def __init__(
        self,
        course: steps.Course,
        caller_known: bool,
        keys: str,
        says: Sequence[str],
        hang_up_after: int | None,
        person_answers: bool,
    ) -> None:
        self._script = Script(course=course, caller_known=caller_known)
        self._keys, self._says = deque(keys), deque(says)
        self._patience = hang_up_after
        self._person_answers = person_answers
        self._coming: deque[events.Event] = deque([events.Offered()])
        self._told: list[StepTaken] = []
        self._words: dict[int, str] = {}
        self._taken_back: set[int] = set()
        self._had_say_in = 0
        """Number of the span in which the caller has said what is to be said there."""
        self._state = EndState.FAILED_INTERNAL

    def run(self) -> Rehearsal:
        while self._script.phase is not Phase.ENDED:
            event = self._coming.popleft() if self._coming else self._caller_does()
            self._script, actions = advance(self._script, event)
            for action in actions:
                if type(action) not in _OF_NO_CONCERN:
                    self._do(action)
        script = self._script
        answers = {
            one.item: one.value if one.value is not None else self._words.get(one.span or 0, "")
            for one in script.answers
        }
        return Rehearsal(
            steps=tuple(self._told),
            visited=script.visited,
            answers=answers,
            asked=script.asked,
            said=tuple(self._words[n] for n in self._words if n not in self._taken_back),
            urgent=script.urgent or script.course.urgent,
            state=self._state,
        )

    def _tell(self, what: What, text: str = "") -> None:
        self._told.append(StepTaken(what=what, text=text))

    # -- our side -------------------------------------------------------------------------------

    def _do(self, action: events.Action) -> None:
        match action:
            case events.Ring(for_s=for_s):
                self._tell("rings", f"{for_s:g} s")
                self._coming.append(events.RingingOver())
            case events.Answer():
                self._tell("answers")
                self._coming.append(events.Answered())
            case events.Enter(step=step):
                self._tell("enters", step)
            case events.Play(prompt=prompt):
                self._tell("says", prompt.text or prompt.name)
                self._coming.append(events.PromptEnded(prompt=prompt.name))
            case events.StopPlaying():
                self._coming.clear()
            case events.Discard(n=n):
                self._tell("discards")
                self._taken_back.add(n)
            case events.CloseRecording():
                self._coming.append(events.RecordingSafe())
            case events.Judge():
                self._coming.append(events.Judged(spoke=bool(self._words)))
            case _:
                self._do_at_the_end(action)

    def _do_at_the_end(self, action: events.Action) -> None:
        match action:
            case events.Transfer(to=to):
                self._tell("transfers", to)
                found = events.Transferred() if self._person_answers else events.TransferFailed()
                self._coming.append(found)
            case events.Wait():
                self._tell("waits", self._script.phase.value)
            case events.HangUp():
                self._tell("hangs_up")
                self._coming = deque([events.HungUp(by=EndedBy.SIPBOT)])
            case events.End(state=state):
                self._state = state
                self._tell("ends", state.value)

    # -- the caller's side ----------------------------------------------------------------------

    def _caller_does(self) -> events.Event:
        """What the caller does when it is the caller's turn."""
        phase = self._script.phase
        if phase is Phase.CONNECTED or self._patience == 0:
            self._tell("caller_hangs_up")
            return events.HungUp(by=EndedBy.CALLER)
        if self._patience is not None:
            self._patience -= 1
        if phase is Phase.CHOOSING and self._script.listening and not self._keys:
            return self._speak_or_not()
        if phase in _BY_KEYS:
            return self._press_or_not()
        if phase is Phase.RECORDING and (self._had_say_in == self._script.span or not self._says):
            return self._press_or_end()
        return self._speak_or_not()

    def _press_or_not(self) -> events.Event:
        key = self._keys.popleft() if self._keys else TIMES_OUT
        if key == TIMES_OUT:
            self._tell("waited")
            return events.TimeUp(n=self._script.timer)
        self._tell("pressed", key)
        return events.KeyPressed(key=key)

    def _press_or_end(self) -> events.Event:
        """A message ends by a key, or by the silence after it."""
        key = self._keys.popleft() if self._keys else TIMES_OUT
        if key != TIMES_OUT:
            self._tell("pressed", key)
            return events.KeyPressed(key=key)
        self._tell("waited")
        spoken = self._script.span in self._words
        return events.SpeechEnded() if spoken else events.Silent()

    def _speak_or_not(self) -> events.Event:
        span, recording = self._script.span, self._script.phase is Phase.RECORDING
        self._had_say_in = span
        text = self._says.popleft() if self._says else ""
        if not text and recording:
            return self._press_or_end()
        if not text:
            self._tell("waited")
            return events.Silent()
        self._tell("said", text)
        self._words[span] = text
        self._coming.append(events.Understood(text=" ".join(self._words.values())))
        if not recording:
            self._coming.append(events.SpeechEnded(text=text))
        return events.SpeechStarted()
