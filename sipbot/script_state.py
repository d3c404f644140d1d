"""Where a call is in its script, and the small moves that all steps are made of.  Pure.

Data path: sip -> dialplan -> [script_state] -> script_steps -> script -> calls -> spool
"""

from enum import StrEnum

import msgspec

from sipbot.script_events import (
    Action,
    BeginSpan,
    EndSpan,
    HangUp,
    Listen,
    OpenRecording,
    Play,
    StopListening,
    StopPlaying,
    StopWaiting,
    Wait,
)
from sipbot.steps import Answer, Course, Limits, Prompt, Step


class Phase(StrEnum):
    """What is going on in the call."""

    OFFERED = "offered"
    RINGING = "ringing"
    ANSWERING = "answering"
    GREETING = "greeting"
    SAYING = "saying"
    """A step's prompts."""
    BEEPING = "beeping"
    RECORDING = "recording"
    ASKING = "asking"
    """The caller answers a question by speaking."""
    CHOOSING = "choosing"
    KEYING = "keying"
    """The caller keys a number."""
    CONFIRMING = "confirming"
    """The number was read back; is it right?"""
    REVIEWING = "reviewing"
    """Leave the message, or record it again?"""
    RATING = "rating"
    TRANSFERRING = "transferring"
    CONNECTED = "connected"
    """Somebody else talks with the caller."""
    CLOSING = "closing"
    """The recorder was told to stop; its file is being made safe."""
    THANKING = "thanking"
    PARTING = "parting"
    """A last word to a caller who is not thanked for a message."""
    APOLOGISING = "apologising"
    """The caller is told that no message was taken, so that nobody waits for a call back."""
    LEAVING = "leaving"
    """We have asked for the end of the call."""
    JUDGING = "judging"
    """The call is over and recorded; did the caller say anything?"""
    ENDED = "ended"
    GOING_ON = "going on"
    """Between two steps; no event finds a call here."""


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One call's place in its script, and what the caller has answered so far."""

    course: Course
    caller_known: bool = False
    """The caller's number came with the call."""
    phase: Phase = Phase.OFFERED
    visited: tuple[str, ...] = ()
    """Steps in the order they were entered; the last one is the present one."""
    saying: tuple[Prompt, ...] = ()
    """Prompts that are not over; the first is being played."""
    then: Phase = Phase.GOING_ON
    """What comes after the prompts, or after the recording was closed."""
    failures: int = 0
    """Tries that the caller has had at the present step, or recordings made in it."""
    keyed: str = ""
    """Digits so far in the present step."""
    timer: int = 0
    """Number of the last wait."""
    waiting: bool = False
    listening: bool = False
    span: int = 0
    """Number of the last span."""
    span_open: bool = False
    taken_back: tuple[int, ...] = ()
    """Spans that the next take of the message replaces, once a voice is heard in it."""
    heard: bool = False
    """The caller's voice was heard since the last `Listen`."""
    understood: str = ""
    """What a live ear has written down of the whole recording so far; empty: nothing, or there is
    no such ear."""
    turn_text: str = ""
    """What it has written down of the last turn to speak, where the turn was ended by silence."""
    spoke: bool | None = None
    """Whether there is a message; None until somebody knows: silence is a verdict, not a default.
    Where `Course.min_s` says so, a voice that was only just heard is no message yet."""
    judging: bool = False
    """`Judge` was asked for and not answered yet."""
    recording: bool = False
    """The recorder is open."""
    recorded: bool = False
    """A recording was begun."""
    number_left: bool = False
    """The caller keyed a number to be called back at."""
    left: bool = False
    """The script came to its end and asked for the end of the call."""
    broken: bool = False
    """The call's audio failed; nothing can have been said."""
    asked: tuple[str, ...] = ()
    """Items that the caller was asked for, in order."""
    answers: tuple[Answer, ...] = ()
    """In the order they were given; the last one to an item counts."""
    urgent: bool = False
    """The caller pressed the urgent key; see also `Course.urgent`."""

    @property
    def step(self) -> Step | None:
        """The present step; None before the first, or where the course lacks it."""
        return self.course.steps.get(self.visited[-1]) if self.visited else None

    def refusing(self) -> "Script":
        """Return this script as one that takes no message."""
        course = msgspec.structs.replace(self.course, refuse=True)
        return msgspec.structs.replace(self, course=course)


Turn = tuple[Script, tuple[Action, ...]]

changed = msgspec.structs.replace


def before(actions: tuple[Action, ...], turn: Turn) -> Turn:
    """Return the same script with something to be done first."""
    script, rest = turn
    return script, (*actions, *rest)


def wait(script: Script, for_s: float) -> Turn:
    """Begin to wait; an earlier wait is over."""
    n = script.timer + 1
    return changed(script, timer=n, waiting=True), (Wait(n=n, for_s=for_s),)


def record(script: Script) -> Turn:
    """Have the recording open from here on."""
    if script.recorded:
        return script, ()
    return changed(script, recording=True, recorded=True), (OpenRecording(),)


def listen(
    script: Script,
    item: str,
    limits: Limits,
    *,
    words: bool = False,
    phrases: tuple[str, ...] = (),
) -> Turn:
    """Hear what the caller says from now on, for at most `Limits.max_s`.

    Args:
        script: where the call is.
        item: what is answered; empty for the message, or for a choice.
        limits: when the answer is over.
        words: the words are needed when the turn is over, such as for a choice.
        phrases: the words that the caller may choose by.
    """
    recording, opening = record(script)
    n = recording.span + 1
    begun = changed(recording, listening=True, heard=False, span=n, span_open=True)
    hearing = Listen(limits=limits, words=words, phrases=phrases)
    told = (*opening, BeginSpan(n=n, item=item), hearing)
    return before(told, wait(begun, limits.max_s))


def quiet(script: Script) -> Turn:
    """End whatever goes on in a step: prompts, waits, listening."""
    actions: tuple[Action, ...] = ()
    if script.saying:
        actions += (StopPlaying(),)
    if script.listening:
        actions += (StopListening(),)
    if script.span_open:
        actions += (EndSpan(n=script.span),)
    if script.waiting:
        actions += (StopWaiting(),)
    calm = changed(
        script, saying=(), listening=False, span_open=False, waiting=False, timer=script.timer + 1
    )
    return calm, actions


def say(script: Script, prompts: tuple[Prompt, ...], *, phase: Phase, then: Phase) -> Turn:
    """Say prompts, of which there must be at least one."""
    saying = changed(script, phase=phase, saying=prompts, then=then)
    return saying, (Play(prompt=prompts[0]),)


def leave(script: Script) -> Turn:
    """Ask for the end of the call: the script is at its end."""
    calm, actions = quiet(script)
    return changed(calm, phase=Phase.LEAVING, left=True), (*actions, HangUp())
