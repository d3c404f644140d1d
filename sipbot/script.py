"""The call as a pure state machine: events in, actions out; no clock, no I/O, no pjsua2.

Data path: sip -> dialplan -> [script] -> calls -> spool -> speech -> memo -> outbox -> mqtt

The same machine runs live calls and property tests.  `advance` never raises for an event that comes
at an odd time: callers press keys, hang up and fall silent whenever they like, so an event that
means nothing in the present phase changes nothing.

::

    OFFERED ─ RINGING ─ ANSWERING ─ GREETING ─ BEEPING ─ RECORDING ─ CLOSING ─ THANKING ─ LEAVING
       └────────┴──────────┴──────────┴─────────┴─ hung up ─┴─────────┴──────────┴─► JUDGING ─ ENDED
"""

from enum import StrEnum
from typing import Literal

import msgspec

from sipbot.records import EndedBy, EndState

PromptName = Literal["greeting", "beep", "thanks", "sorry"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the dialplan says about the course of a call."""

    after_s: float = 0.0
    """How long the caller hears ringing before we answer; 0 answers at once."""
    greeting: bool = True
    beep: bool = True
    max_s: float = 180.0
    """Longest message; FreeSWITCH's default of 300 s fills a disk faster than a person reads."""
    finish_key: str = "#"
    """The key that ends the message; empty for none."""
    refuse: bool = False
    """No message can be taken now (disk nearly full): say so and hang up."""


class Phase(StrEnum):
    """Where in the call we are."""

    OFFERED = "offered"
    RINGING = "ringing"
    ANSWERING = "answering"
    GREETING = "greeting"
    BEEPING = "beeping"
    RECORDING = "recording"
    CLOSING = "closing"
    """The recorder was told to stop; its file is being made safe."""
    THANKING = "thanking"
    APOLOGISING = "apologising"
    """The caller is told that no message was taken, so that nobody waits for a call back."""
    LEAVING = "leaving"
    """We have asked for the end of the call."""
    JUDGING = "judging"
    """The call is over and recorded; did the caller say anything?"""
    ENDED = "ended"


# -- events ------------------------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the call."""


class Offered(Event, frozen=True):
    """The INVITE was matched to a client."""


class RingingOver(Event, frozen=True):
    """`Rules.after_s` have passed since `Offered`."""


class Answered(Event, frozen=True):
    """The caller's ACK arrived; audio flows."""


class PromptEnded(Event, frozen=True):
    """The prompt that was being played has ended."""

    prompt: PromptName


class KeyPressed(Event, frozen=True):
    """A key of the caller's telephone."""

    key: str


class SpeechStarted(Event, frozen=True):
    """The caller has said something."""


class SpeechEnded(Event, frozen=True):
    """The caller has spoken and then been silent for the client's limit."""


class Silent(Event, frozen=True):
    """The caller has said nothing for the client's limit."""


class TimeUp(Event, frozen=True):
    """`Rules.max_s` have passed since the recording began."""


class RecordingSafe(Event, frozen=True):
    """The recording is closed and on disk."""


class RecordingUnsafe(Event, frozen=True):
    """The recording is closed, but not all of it is on disk."""


class HungUp(Event, frozen=True):
    """The dialog is over, whoever ended it; a recording that was open has been made safe."""

    by: EndedBy


class MediaFailed(Event, frozen=True):
    """The call is up but has no audio."""


class Judged(Event, frozen=True):
    """Whether the recording holds speech."""

    spoke: bool


# -- actions -----------------------------------------------------------------------------------


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done about the call."""


class Ring(Action, frozen=True):
    """Send 180 Ringing and report `RingingOver` after `for_s`."""

    for_s: float


class Answer(Action, frozen=True):
    """Send 200 OK."""


class Play(Action, frozen=True):
    """Play a prompt of the client's."""

    prompt: PromptName


class StopPlaying(Action, frozen=True):
    """Stop the prompt in the middle."""


class Record(Action, frozen=True):
    """Record, listen, and report `TimeUp` after `max_s`."""

    max_s: float


class StopRecording(Action, frozen=True):
    """Close the recording."""


class HangUp(Action, frozen=True):
    """Send BYE, or the final response `code` before the call is answered."""

    code: int = 480


class Judge(Action, frozen=True):
    """Find out whether the recording holds speech, and report `Judged`."""


class End(Action, frozen=True):
    """Write the end state; nothing follows."""

    state: EndState


# -- the machine -------------------------------------------------------------------------------


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """One call's place in its script."""

    rules: Rules
    phase: Phase = Phase.OFFERED
    spoke: bool | None = None
    """None until somebody has heard; silence is a verdict, not a default."""
    asked: bool = False
    """`Judge` was asked for and not answered yet."""
    recorded: bool = False
    """A recording was begun."""
    broken: bool = False
    """The call's audio failed; nothing can have been said."""

    def refusing(self) -> "Script":
        """Return this script as one that takes no message."""
        return msgspec.structs.replace(self, rules=msgspec.structs.replace(self.rules, refuse=True))

    def to(self, phase: Phase, *actions: Action) -> "Step":
        """Return this script in another phase, and what is to be done on the way."""
        return msgspec.structs.replace(self, phase=phase), actions


Step = tuple[Script, tuple[Action, ...]]

_BEFORE_ANSWER = frozenset({Phase.OFFERED, Phase.RINGING})


def advance(script: Script, event: Event) -> Step:
    """Return the script after `event` and what is to be done now."""
    if script.phase is Phase.ENDED:
        return script, ()
    match event:
        case HungUp(by=by):
            return _hung_up(script, by)
        case Judged(spoke=spoke):
            return _judged(script, spoke=spoke)
        case SpeechStarted():
            return msgspec.structs.replace(script, spoke=True), ()
        case RecordingUnsafe():
            # What is missing may have been the message; nobody can hear any more that it was not.
            return _went_on(msgspec.structs.replace(script, spoke=True), event)
        case MediaFailed():
            broken = msgspec.structs.replace(script, broken=True)
            return broken.to(Phase.LEAVING, HangUp(code=488))
        case KeyPressed(key=key):
            return _key_pressed(script, key)
        case SpeechEnded() | Silent() | TimeUp() if script.phase is Phase.RECORDING:
            return script.to(Phase.CLOSING, StopRecording())
        case _:
            return _went_on(script, event)


def _went_on(script: Script, event: Event) -> Step:
    """The course of an undisturbed call."""
    rules = script.rules
    match script.phase, event:
        case Phase.OFFERED, Offered() if rules.after_s > 0:
            return script.to(Phase.RINGING, Ring(for_s=rules.after_s))
        case (Phase.OFFERED, Offered()) | (Phase.RINGING, RingingOver()):
            return script.to(Phase.ANSWERING, Answer())
        case Phase.ANSWERING, Answered() if rules.refuse:
            return _apologise(script)
        case Phase.CLOSING, RecordingUnsafe():
            return _apologise(script)
        case Phase.ANSWERING, Answered() if rules.greeting:
            return script.to(Phase.GREETING, Play(prompt="greeting"))
        case (Phase.ANSWERING, Answered()) | (Phase.GREETING, PromptEnded(prompt="greeting")):
            return _to_the_beep(script)
        case Phase.BEEPING, PromptEnded(prompt="beep"):
            return _record(script)
        case Phase.CLOSING, RecordingSafe() if script.spoke is None:
            return msgspec.structs.replace(script, asked=True), (Judge(),)
        case Phase.CLOSING, RecordingSafe():
            return _recorded(script)
        case (Phase.THANKING, PromptEnded(prompt="thanks")) | (
            Phase.APOLOGISING,
            PromptEnded(prompt="sorry"),
        ):
            return script.to(Phase.LEAVING, HangUp())
        case _:
            return script, ()


def _key_pressed(script: Script, key: str) -> Step:
    if not key or key != script.rules.finish_key:
        return script, ()
    match script.phase:
        case Phase.GREETING:  # a caller who knows the greeting goes straight to the beep
            after, actions = _to_the_beep(script)
            return after, (StopPlaying(), *actions)
        case Phase.RECORDING:
            return script.to(Phase.CLOSING, StopRecording())
        case _:
            return script, ()


def _apologise(script: Script) -> Step:
    return script.to(Phase.APOLOGISING, Play(prompt="sorry"))


def _to_the_beep(script: Script) -> Step:
    if script.rules.beep:
        return script.to(Phase.BEEPING, Play(prompt="beep"))
    return _record(script)


def _record(script: Script) -> Step:
    recording = msgspec.structs.replace(script, recorded=True)
    return recording.to(Phase.RECORDING, Record(max_s=script.rules.max_s))


def _hung_up(script: Script, by: EndedBy) -> Step:
    if script.phase is Phase.JUDGING:
        return script, ()
    if script.broken:
        return script.to(Phase.ENDED, End(state=EndState.FAILED_MEDIA))
    if script.recorded and script.spoke:
        return script.to(Phase.ENDED, End(state=EndState.MEMO))
    if script.recorded and script.spoke is None:
        return script.to(Phase.JUDGING, *(() if script.asked else (Judge(),)))
    if script.recorded:
        return script.to(Phase.ENDED, End(state=EndState.NO_MESSAGE))
    if script.spoke:  # and nothing of it reached the disk
        return script.to(Phase.ENDED, End(state=EndState.FAILED_INTERNAL))
    if script.rules.refuse and script.phase not in _BEFORE_ANSWER:
        return script.to(Phase.ENDED, End(state=EndState.REFUSED_CAPACITY))
    if by is EndedBy.CALLER:
        ringing = script.phase in _BEFORE_ANSWER
        state = EndState.ABANDONED_RINGING if ringing else EndState.ABANDONED_GREETING
        return script.to(Phase.ENDED, End(state=state))
    return script.to(Phase.ENDED, End(state=EndState.FAILED_INTERNAL))


def _judged(script: Script, *, spoke: bool) -> Step:
    if script.spoke is not None and script.phase not in {Phase.CLOSING, Phase.JUDGING}:
        return script, ()  # a second verdict, such as the time limit's after the detector's
    # Speech that was heard while it was spoken is not taken back by a later verdict.
    judged = msgspec.structs.replace(script, spoke=spoke or bool(script.spoke), asked=False)
    if script.phase is Phase.CLOSING:
        return _recorded(judged)
    if script.phase is not Phase.JUDGING:
        return judged, ()
    state = EndState.MEMO if judged.spoke else EndState.NO_MESSAGE
    return judged.to(Phase.ENDED, End(state=state))


def _recorded(script: Script) -> Step:
    """Thank for a message; where nothing was said there is none to thank for."""
    if script.spoke:
        return script.to(Phase.THANKING, Play(prompt="thanks"))
    return script.to(Phase.LEAVING, HangUp())
