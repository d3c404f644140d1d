"""What a client's script is made of: one structure a step, as the state machine walks them.  Pure.

Data path: sip -> dialplan -> [steps] -> script -> calls -> spool -> speech -> memo

The words are VoiceXML's (VoiceXML 2.0): *no input* is silence, *no match* is a key or a word that
means nothing here, and both are asked again a few times before the caller goes on elsewhere.  A
caller is never left without a way to leave a message: where a step has no better idea, it goes on
to ``record``.

The recording is opened by the first step that listens and stays open until the end of the script:
one file a call, whatever was asked, so that a crash at any step loses nothing.  Answers are spans
of that one recording.
"""

from typing import Literal

import msgspec

RECORD = "record"
"""Name of the step that every script has: the file's own, or one made of ``[record]``."""

END = "end"
"""Not a step: close the recording, make it safe, thank the caller, hang up."""

Key = Literal["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#"]


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be said to the caller."""

    name: str
    """As written in the dialplan: ``builtin:ja/greeting``, ``yamato-greeting.wav``."""
    wav: str
    """Absolute path of what the line plays."""
    text: str = ""
    """What is said, where it is known; for people, such as the readers of ``simulate``."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long one answer is waited for; seconds."""

    max_s: float = 30.0
    end_silence_s: float = 2.0
    no_speech_s: float = 6.0


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """What all steps have."""

    name: str
    prompts: tuple[Prompt, ...] = ()
    """Said one after the other when the step begins; a key that the step knows cuts them short."""


class Say(_Step, frozen=True):
    """Say something and go on."""

    then: str


class Menu(_Step, frozen=True):
    """Let the caller choose by key, and by word where `words` is not empty."""

    keys: dict[str, str]
    """Key → step."""
    words: dict[str, str] = {}
    """Word or phrase → step; found anywhere in what the caller says (`menu_words`). Opens the
    recording."""
    timeout_s: float = 5.0
    tries: int = 3
    no_input: tuple[Prompt, ...] = ()
    no_match: tuple[Prompt, ...] = ()
    otherwise: str = RECORD
    """Where callers go who have had their tries."""


class Ask(_Step, frozen=True):
    """Ask a question that is answered by speaking. Opens the recording."""

    item: str
    """``name``, ``company``, ``wish``, ``callback_window``, or the client's own word."""
    beep: bool = False
    limits: Limits = Limits()
    tries: int = 2
    no_input: tuple[Prompt, ...] = ()
    then: str = RECORD


class Digits(_Step, frozen=True):
    """Let the caller key a number, read it back and have it confirmed. Opens the recording."""

    item: str = "number"
    ask_when: Literal["missing", "always"] = "missing"
    """``missing``: only callers without caller ID are asked (`Script.caller_known`)."""
    least: int = 10
    most: int = 15
    """ITU-T E.164: at most 15 digits."""
    finish_key: str = "#"
    timeout_s: float = 6.0
    """Without a key, before the first and between two."""
    tries: int = 3
    no_input: tuple[Prompt, ...] = ()
    no_match: tuple[Prompt, ...] = ()
    """Too few or too many digits."""
    read_back: bool = True
    before: tuple[Prompt, ...] = ()
    """Said before the digits are read back."""
    digit: dict[str, Prompt] = {}
    """Digit → its prompt."""
    confirm: tuple[Prompt, ...] = ()
    """``1 if this is right, 2 to correct it``."""
    then: str = RECORD


class Record(_Step, frozen=True):
    """Take the message. Opens the recording."""

    beep: bool = True
    limits: Limits = Limits(max_s=180.0, end_silence_s=4.0, no_speech_s=10.0)
    finish_key: str = "#"
    review: tuple[Prompt, ...] = ()
    """``1 to leave it so, 2 to record it again``; empty: not offered."""
    review_timeout_s: float = 5.0
    """Nobody presses anything: the message stays."""
    tries: int = 3
    """Recordings a caller may make when `review` is offered."""
    urgent_key: str = ""
    """While recording or reviewing, marks the message as urgent; empty for none."""
    then: str = END


class Transfer(_Step, frozen=True):
    """Connect the caller with a person."""

    to: str
    """SIP URI or telephone number."""
    ring_s: float = 20.0
    otherwise: str = RECORD
    """Nobody answers, or the line is busy."""


class Survey(_Step, frozen=True):
    """Ask for one key and go on, whatever is pressed; nobody is asked twice for a favour."""

    kind: Literal["csat", "nps"]
    """``csat`` takes 1 to 5, ``nps`` 0 to 9 (9 stands for 9 and 10: a telephone has ten keys)."""
    timeout_s: float = 5.0
    then: str = END


class FollowUp(_Step, frozen=True):
    """Ask for the most valuable thing that the caller has not said, or go on (`sipbot.follow_up`).

    Each question is a step of its own, made by the compiler beside this one.
    """

    ways: dict[str, str]
    """Item → the step that asks for it."""
    when_deaf: Literal["skip", "ask"] = "skip"
    """What to do where no ear has written down what the caller said."""
    then: str = END
    """Nothing is missing, or nobody knows."""


class HangUp(_Step, frozen=True):
    """Say good-bye and end the call; what was recorded until now is kept."""


Step = Say | Menu | Ask | Digits | Record | Transfer | Survey | FollowUp | HangUp


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the machine needs to lead one call, chosen when the INVITE comes."""

    after_s: float = 0.0
    """How long the caller hears ringing before we answer; 0 answers at once."""
    notice: Prompt | None = None
    """That the call is recorded; said before anything else."""
    greeting: Prompt | None = None
    start: str = RECORD
    """The first step after the greeting."""
    steps: dict[str, Step]
    beep: Prompt
    thanks: Prompt
    sorry: Prompt
    """Said when no message can be taken."""
    refuse: bool = False
    """No message can be taken now (disk nearly full): say so and hang up."""
    language: str = ""
    """BCP 47 tag of the words that callers say; empty: not known."""
    region: str = ""
    """ISO 3166-1 alpha-2, whose national numbers callers say."""
    urgent: bool = False
    """The route says so: the memo is urgent whatever the caller presses."""
    category: str | None = None
    """What the route says the call is about."""
    min_s: float = 0.0
    """A voice that is shorter, in seconds, and says no word is no message; 0 takes every voice for
    one."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller answered to one step; the last answer to an item counts."""

    item: str
    source: Literal["keys", "speech"]
    value: str | None = None
    """The keys; None for speech, whose words come from the recognisers by the span below."""
    span: int | None = None
    """Number of the span within the call (`script_events.BeginSpan`); None for keys."""
    from_s: float | None = None
    to_s: float | None = None
    """Seconds from the start of the recording; None for keys."""
    confirmed: bool = False
    """The caller said that the read-back was right."""
