"""A client's dialplan as calls use it: checked, every name looked up.  Pure.

`sipbot.dialplan` makes it of the file; `sipbot.routes` chooses from it for one call.  A call keeps
the plan of the moment in which it came, whatever happens to the file meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sipbot.categories import Category
from sipbot.client_card import ClientCard
from sipbot.dialplan_form import Answer, DialplanForm, Expect, Quota, Record
from sipbot.errors import Mistake
from sipbot.escalation import Escalation
from sipbot.hours import Hours
from sipbot.notice_form import NotifyForm
from sipbot.steps import Prompt, Step
from sipbot.vocabulary import Term


@dataclass(frozen=True, kw_only=True)
class Callers:
    """Who may call, as canonical numbers and patterns."""

    block: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    """When not empty, nobody else may call."""
    known: tuple[str, ...] = ()
    anonymous: Literal["take", "refuse"] = "take"


@dataclass(frozen=True, kw_only=True)
class Route:
    """What happens to the calls that fit: every condition that is not empty must hold."""

    name: str
    hours: tuple[str, ...] = ()
    """``open``, ``closed``, ``holiday``, ``closure``, ``day``, names of closures and seasons."""
    caller: tuple[str, ...] = ()
    """``known``, ``anonymous``, canonical numbers and patterns."""
    number: tuple[str, ...] = ()
    """Canonical numbers and patterns that were dialled."""
    step: str = ""
    """Where the call begins; empty: as the client's calls do."""
    refuse: bool = False
    greeting: Prompt | None = None
    urgent: bool = False
    category: str | None = None


@dataclass(frozen=True, kw_only=True)
class Said:
    """What every call of the client may hear besides its steps."""

    greeting: Prompt
    thanks: Prompt
    beep: Prompt
    sorry: Prompt
    """When no message can be taken, in the client's language."""
    notice: Prompt | None = None
    after_hours: Prompt | None = None
    holiday: Prompt | None = None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A ``[[test]]`` of the file: one call, and what must come of it."""

    at: datetime
    """Aware, in the client's time zone unless the file says another offset."""
    caller: str | None
    """Canonical number; None when withheld."""
    number: str
    """Canonical number that is dialled."""
    keys: str
    says: tuple[str, ...]
    expect: Expect


@dataclass(frozen=True, kw_only=True)
class Dialplan:
    """A client's file, checked and ready: numbers canonical, prompts found, steps linked."""

    form: DialplanForm
    """The file as written, the defaults of all clients filled in."""
    client: str
    say_name: str
    numbers: tuple[str, ...]
    """Canonical numbers and patterns (`sipbot.patterns`)."""
    language: Literal["ja", "en", "ko"]
    answer: Answer
    record: Record
    hours: Hours
    callers: Callers
    routes: tuple[Route, ...]
    """In the order of the file; the first that fits counts."""
    steps: dict[str, Step]
    longest_s: float
    """The longest recording of one call: every answer and every take (`sipbot.longest`)."""
    said: Said
    hours_prompts: dict[str, Prompt]
    """Greetings of closures and days by the names that `Situation.greeting` has."""
    quota: Quota | None
    terms: tuple[Term, ...]
    """What texts are corrected by; none while the golden set says that they make it worse."""
    categories: tuple[Category, ...]
    """What messages are about, by the words in them; the first that fits counts."""
    escalation: Escalation
    """Who is told of memos that nobody claims."""
    channels: tuple[NotifyForm, ...]
    """Who is told of messages by mail or chat."""
    card: ClientCard | None
    """What operators must know who call back; nothing of a call depends on it."""
    trials: tuple[Trial, ...]
    path: Path
    """The file; absolute."""
    sha256: str
    """Of the file's bytes, in hex: which form of the file a call was answered by."""
    warnings: tuple[Mistake, ...] = ()
    """What is not wrong but hardly meant: a step that no call reaches, say."""

    @property
    def greeting(self) -> Path:
        """Absolute; a WAV that a telephone line can play."""
        return Path(self.said.greeting.wav)

    @property
    def thanks(self) -> Path:
        """Absolute; likewise."""
        return Path(self.said.thanks.wav)

    @property
    def beep(self) -> Path:
        """Absolute; likewise."""
        return Path(self.said.beep.wav)

    @property
    def sorry(self) -> Path:
        """Absolute; likewise."""
        return Path(self.said.sorry.wav)
