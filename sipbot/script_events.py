"""What can happen to a call, and what a script can want done about it: the script's two alphabets.

Data path: sip -> dialplan -> [script_events] -> script -> calls -> spool -> speech -> memo

Pure data.  Whoever leads a call (`calls.LiveCall`, or `rehearsal` with a caller made of paper)
turns what happens into events and does the actions in the order they come.
"""

import msgspec

from sipbot.records import EndedBy, EndState
from sipbot.steps import Limits, Prompt

# -- events ------------------------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to the call."""


class Offered(Event, frozen=True):
    """The INVITE was matched to a client."""


class RingingOver(Event, frozen=True):
    """`Course.after_s` have passed since `Offered`."""


class Answered(Event, frozen=True):
    """The caller's ACK arrived; audio flows."""


class PromptEnded(Event, frozen=True):
    """The prompt that was being played has ended."""

    prompt: str
    """Its `Prompt.name`."""


class KeyPressed(Event, frozen=True):
    """A key of the caller's telephone."""

    key: str


class SpeechStarted(Event, frozen=True):
    """The caller has said something since `Listen`."""


class SpeechEnded(Event, frozen=True):
    """The caller has spoken and then been silent for `Limits.end_silence_s`."""

    text: str = ""
    """What was understood since `Listen`, where it asked for words and a live ear has them."""
    choice: str | None = None
    """Which of `Listen.phrases` was said, when an ear that listens for nothing else is sure."""


class Understood(Event, frozen=True):
    """A live ear has written down what the caller said so far."""

    text: str
    """Of the whole recording; each replaces the one before."""


class Silent(Event, frozen=True):
    """The caller has said nothing for `Limits.no_speech_s`."""


class TimeUp(Event, frozen=True):
    """The time of a `Wait` has passed."""

    n: int
    """The `Wait`'s number; the time of an earlier one means nothing any more."""


class RecordingSafe(Event, frozen=True):
    """The recording is closed and on disk."""


class RecordingUnsafe(Event, frozen=True):
    """The recording is closed, but not all of it is on disk."""


class Transferred(Event, frozen=True):
    """The person has answered and both hear each other."""


class TransferFailed(Event, frozen=True):
    """Nobody answered, the line is busy, or the call cannot be transferred."""


class HungUp(Event, frozen=True):
    """The dialog is over, whoever ended it; a recording that was open has been made safe."""

    by: EndedBy


class MediaFailed(Event, frozen=True):
    """The call is up but has no audio."""


class Judged(Event, frozen=True):
    """Whether the recording holds speech, and more of it than `Course.min_s` or a word."""

    spoke: bool
    late: bool = False
    """Nobody has listened to it in time, so that it counts as speech."""


# -- actions -----------------------------------------------------------------------------------


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be done about the call."""


class Ring(Action, frozen=True):
    """Send 180 Ringing and report `RingingOver` after `for_s`."""

    for_s: float


class Answer(Action, frozen=True):
    """Send 200 OK."""


class Enter(Action, frozen=True):
    """Nothing to be done: the caller has come to this step."""

    step: str


class Play(Action, frozen=True):
    """Play a prompt and report `PromptEnded`."""

    prompt: Prompt


class StopPlaying(Action, frozen=True):
    """Stop the prompt in the middle."""


class OpenRecording(Action, frozen=True):
    """Record from now on; once a call."""


class CloseRecording(Action, frozen=True):
    """Close the recording and report `RecordingSafe` or `RecordingUnsafe`."""


class Listen(Action, frozen=True):
    """From now on report `SpeechStarted`, `SpeechEnded` and `Silent` by these limits."""

    limits: Limits
    words: bool = False
    """`SpeechEnded` should carry what was said: the caller chooses by words, or the script asks for
    what is missing in them."""
    phrases: tuple[str, ...] = ()
    """The words that the caller may choose by."""


class StopListening(Action, frozen=True):
    """Report nothing about the caller's voice until the next `Listen`."""


class Wait(Action, frozen=True):
    """Report `TimeUp` with `n` after `for_s`; an earlier wait is over."""

    n: int
    for_s: float


class StopWaiting(Action, frozen=True):
    """The last `Wait` is over."""


class BeginSpan(Action, frozen=True):
    """What the caller says from now on, by the recording's clock, is an answer."""

    n: int
    """From 1, counted by call; `steps.Answer.span` names it."""
    item: str
    """What is answered; empty for the message."""


class EndSpan(Action, frozen=True):
    """Until here."""

    n: int


class Discard(Action, frozen=True):
    """The caller took span `n` back and has said something else: its words are no part of the
    message."""

    n: int


class Transfer(Action, frozen=True):
    """Call somebody and connect both; report `Transferred` or `TransferFailed`."""

    to: str
    ring_s: float


class HangUp(Action, frozen=True):
    """Send BYE, or the final response `code` before the call is answered."""

    code: int = 480


class Judge(Action, frozen=True):
    """Find out whether the recording holds speech, and report `Judged`."""


class End(Action, frozen=True):
    """Write the end state; nothing follows."""

    state: EndState
