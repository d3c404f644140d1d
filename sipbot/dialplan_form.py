"""A client's TOML file as written: its keys, their limits, and what each of them means.

Hours and calendars are in `sipbot.hours_form`, the kinds of steps in `sipbot.dialplan_steps`.
Later forms add tables; a key keeps its meaning, or `schema` rises.
"""

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from sipbot.card_form import CONTACTS_MAX, FAQ_MAX, CardForm, ContactForm, FaqForm
from sipbot.category_form import CATEGORIES_MAX, CategoryForm
from sipbot.dialplan_steps import (
    REVIEW_KEYS,
    TAKEN_BY_REVIEW,
    StepForm,
    shorter_than_the_longest,
)
from sipbot.escalation_form import SHIFTS_MAX, STEPS_MAX, EscalateForm, RotaForm
from sipbot.form_parts import (
    CLIENT_PATTERN,
    FROZEN,
    CategoryName,
    FinishKey,
    Line,
    NewStepName,
    Numbers,
    Prompt,
    StepName,
)
from sipbot.hours_form import ClosureForm, DayForm, HoursForm, SeasonForm
from sipbot.keep_form import KeepForm
from sipbot.notice_form import CHANNELS_MAX, NotifyForm
from sipbot.price_form import PriceForm
from sipbot.quality_form import QualityForm
from sipbot.records import EndState
from sipbot.report_form import ReportForm
from sipbot.targets_form import TargetsForm
from sipbot.term_form import TERMS_MAX, TermForm
from sipbot.toml_file import wrong
from sipbot.toml_shape import Shape

FROM_DEFAULTS = ("language", "answer")
"""Required keys of the file that ``_defaults.toml`` may give instead."""

State = Annotated[EndState, Field(strict=False)]
"""TOML has no enumerations: the word is taken for the state."""

MIN_S_MAX = 1.5
"""Two seconds of speech are a message, whatever else is true of them (docs/torture.md, "accepted");
the detector has never found a voice shorter than it was (49 prompts in three languages, measured),
and half a second is left for noise over its ends."""

_KEYS_PRESSED = re.compile(r"[0-9*#-]*")


class Answer(BaseModel):
    """How the call is answered."""

    model_config = FROZEN

    after_s: float = Field(default=0.0, ge=0, le=60)
    """How long the caller hears ringing before sipbot answers, in seconds; 0 answers at once."""
    notice: Prompt | None = None
    """Said before anything else, such as that the call is recorded: builtin:<language>/notice."""
    greeting: Prompt
    """What the caller hears first: a file in dialplans/prompts/, or builtin:<language>/greeting."""
    after_hours: Prompt | None = None
    """The greeting while the client is closed; without it, `greeting`."""
    holiday: Prompt | None = None
    """The greeting on holidays and in closures; without it, `after_hours`."""
    thanks: Annotated[Prompt, Field(examples=["builtin:ja/thanks", "yamato-thanks.wav"])]
    """What the caller hears after the message: a file, or builtin:<language>/thanks."""
    start: StepName = "record"
    """The first step after the greeting."""


class Record(BaseModel):
    """When the message ends; the words are those of VoiceXML's record (VoiceXML 2.0, 2.3.6)."""

    model_config = FROZEN

    beep: bool = True
    """Play a tone when it is the caller's turn."""
    min_s: float = Field(default=0.0, ge=0, le=MIN_S_MAX)
    """A caller's voice that is shorter, in seconds, and says no word is no message; 0 takes every
    voice for one."""
    max_s: float = Field(default=180.0, ge=5, le=1800)
    """Longest message in seconds."""
    end_silence_s: float = Field(default=4.0, ge=1, le=30)
    """Silence after speech that ends the message, in seconds."""
    no_speech_s: float = Field(default=10.0, ge=2, le=60)
    """Silence without any speech that ends the message, in seconds."""
    finish_key: FinishKey = "#"
    """Key by which the caller ends the message; empty for none."""
    review: bool = False
    """Let the caller keep the message by 1 or record it again by 2."""
    urgent_key: FinishKey = ""
    """Key that marks the message as urgent; empty for none."""

    @model_validator(mode="after")
    def _fits_into_the_message(self) -> "Record":
        shorter_than_the_longest(self)
        if self.urgent_key and self.urgent_key == self.finish_key:
            raise wrong("ends the message already", "Choose another key", "urgent_key")
        if self.review and self.urgent_key in REVIEW_KEYS:
            raise wrong(*TAKEN_BY_REVIEW, "urgent_key")
        return self


class CallersForm(BaseModel):
    """Who may call."""

    model_config = FROZEN

    block: Numbers = Field(default=(), examples=[["+81312340000", "0120XXXXXX"]])
    """Callers who are refused: numbers and patterns (X = 0-9, Z = 1-9, N = 2-9)."""
    allow: Numbers = Field(default=(), examples=[["+81312340000"]])
    """When not empty, only these may call; `block` comes first."""
    known: Numbers = Field(default=(), examples=[["+81312345678"]])
    """Callers whom a route can name by "known"."""
    anonymous: Literal["take", "refuse"] = "take"
    """What happens to callers who do not show their number."""


class RouteForm(BaseModel):
    """Where some calls go; the first route that fits counts, all its conditions must hold."""

    model_config = FROZEN

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["night"])]
    """Name of the route."""
    hours: tuple[str, ...] = Field(
        default=(), max_length=20, strict=False, examples=[["closed", "holiday"]]
    )
    """One of these holds: open, closed, holiday, closure, day, names of closures and seasons."""
    caller: Numbers = Field(default=(), examples=[["known", "anonymous", "090XXXXXXXX"]])
    """The caller is one of these: known, anonymous, numbers and patterns."""
    number: Numbers = Field(default=(), examples=[["03123456XX"]])
    """One of these of the client's numbers was dialled."""
    step: StepName | None = None
    """The first step; without it, `start` of [answer]."""
    refuse: bool = False
    """Refuse these calls."""
    greeting: Prompt | None = None
    """The greeting of these calls."""
    urgent: bool = False
    """The memo is urgent."""
    category: CategoryName | None = None
    """What these calls are about, for the memo."""

    @model_validator(mode="after")
    def _does_one_thing(self) -> "RouteForm":
        others = self.step or self.greeting or self.urgent or self.category
        if self.refuse and others:
            problem = "refuses calls that the same route sends on"
            raise wrong(problem, "Remove it, or the route's step, greeting and marks", "refuse")
        if not self.refuse and not others:
            raise wrong("does nothing", "Add step, greeting, urgent, category or refuse = true")
        return self


class Speech(BaseModel):
    """Which ears read the client's messages."""

    model_config = FROZEN

    second: Literal["always", "never"] = "always"
    """Whether the second ear reads them too; ``never`` counts where the live ear has the language,
    so that a message is read in any case."""


class Quota(BaseModel):
    """How many calls the client has paid for; a call over the quota is taken all the same."""

    model_config = FROZEN

    calls_per_month: int = Field(ge=1, le=1_000_000, examples=[300])
    """Calls that count in a month of the client's time zone."""
    warn_at: float = Field(default=0.8, ge=0.1, le=1)
    """Share of the calls at which a warning is given."""
    counts: tuple[State, ...] = Field(
        default=(EndState.MEMO, EndState.NO_MESSAGE, EndState.TRANSFERRED),
        min_length=1,
        strict=False,
        examples=[["memo", "no_message", "transferred"]],
    )
    """Which ends of a call count."""
    exclude: tuple[CategoryName, ...] = Field(
        default=(), max_length=50, strict=False, examples=[["wrong_number", "sales"]]
    )
    """Categories of memos that do not count."""


class Expect(BaseModel):
    """What must come of a test call; what is not written is not looked at."""

    model_config = FROZEN

    state: str | None = Field(default=None, max_length=64, examples=["closed"])
    """open, closed, holiday, closure, day, or the name of a closure or season."""
    route: str | None = Field(default=None, max_length=64, examples=["night"])
    """Name of the route that fits; empty for none."""
    greeting: str | None = Field(default=None, max_length=80, examples=["holiday"])
    """Which greeting is said: after_hours, holiday, a closure's name, or a prompt's name."""
    steps: tuple[StepName, ...] | None = Field(
        default=None, max_length=60, strict=False, examples=[["main", "appointment"]]
    )
    """The steps that the call takes, in order."""
    outcome: State | None = Field(default=None, examples=["memo"])
    """How the call ends."""
    urgent: bool | None = None
    """Whether the memo is urgent."""
    category: str | None = Field(default=None, max_length=32, examples=["repair"])
    """What the memo is about, by route or words; empty for nothing."""


class TestForm(BaseModel):
    """A call that the file proves itself by."""

    model_config = FROZEN
    __test__ = False  # pytest would take the class for a test

    at: datetime = Field(examples=["2026-09-22T10:00:00"])
    """When the call comes: the client's local time, or with an offset."""
    from_: str = Field(default="", alias="from", max_length=64, examples=["09012345678"])
    """The caller's number; empty or "anonymous": not shown."""
    number: str = Field(default="", max_length=64, examples=["0312345678"])
    """The number that is dialled; without it, the client's first."""
    keys: str = Field(default="", max_length=100, examples=["1#"])
    """Keys, each pressed when the caller is next listened to; - lets one wait pass."""
    says: tuple[Annotated[str, Field(max_length=500)], ...] = Field(
        default=(), max_length=60, strict=False, examples=[["山田です", "予約をお願いします"]]
    )
    """Spoken answers in order; an empty one is silence."""
    expect: Expect
    """What must come of it."""

    @model_validator(mode="after")
    def _has_keys(self) -> "TestForm":
        if not _KEYS_PRESSED.fullmatch(self.keys):
            raise wrong("holds more than keys", "Write 0 to 9, *, # and -", "keys")
        return self


class DialplanForm(BaseModel):
    """A client's file as written."""

    model_config = FROZEN

    version: Literal[1] = Field(alias="schema", examples=[1])
    """Version of this form of file."""
    client: str = Field(pattern=CLIENT_PATTERN, examples=["yamato"])
    """Id of the client: the file's name without .toml; part of every MQTT topic."""
    say_name: Annotated[Line, Field(examples=["やまと工業"])]
    """Name of the client as people say it; what the operators see."""
    numbers: tuple[str, ...] = Field(
        min_length=1, max_length=1000, strict=False, examples=[["+81312345678", "yamato"]]
    )
    """What callers dialled: telephone numbers, patterns (X = 0-9, Z = 1-9, N = 2-9), extensions,
    names; no other file has them."""
    language: Literal["ja", "en", "ko"]
    """Language that callers speak."""
    review_by: date | None = Field(default=None, examples=["2027-03-31"])
    """When somebody should look at this file again; `sipbot dialplan check` warns after it."""
    answer: Answer
    """How the call is answered."""
    hours: HoursForm | None = None
    """When the client is open; without it, always."""
    closure: tuple[ClosureForm, ...] = Field(default=(), max_length=100, strict=False)
    """Times of closing with a name, such as the year's end."""
    season: tuple[SeasonForm, ...] = Field(default=(), max_length=100, strict=False)
    """Other weekly hours for a time of the year."""
    day: tuple[DayForm, ...] = Field(default=(), max_length=1000, strict=False)
    """Single exceptional days."""
    callers: CallersForm = CallersForm()
    """Who may call."""
    route: tuple[RouteForm, ...] = Field(default=(), max_length=200, strict=False)
    """Where some calls go; the first that fits counts."""
    step: dict[NewStepName, StepForm] = Field(default={}, max_length=200)
    """The steps of the calls by name; `record` exists always."""
    record: Record = Record()
    """When the message ends."""
    speech: Speech = Speech()
    """Which ears read the client's messages."""
    quota: Quota | None = None
    """How many calls the client has paid for."""
    price: PriceForm | None = None
    """What the calls cost, for the monthly statement."""
    report: ReportForm | None = None
    """What the client is handed."""
    quality: QualityForm | None = None
    """How the handling of its memos is judged."""
    targets: TargetsForm | None = None
    """What service the client was promised."""
    keep: KeepForm = KeepForm()
    """How long what callers left is kept; without it, for ever."""
    term: tuple[TermForm, ...] = Field(default=(), max_length=TERMS_MAX, strict=False)
    """Words of the client that ears do not know, such as names."""
    category: tuple[CategoryForm, ...] = Field(default=(), max_length=CATEGORIES_MAX, strict=False)
    """What messages are about, by the words in them; the first that fits counts."""
    escalate: tuple[EscalateForm, ...] = Field(default=(), max_length=STEPS_MAX, strict=False)
    """Who is told of a memo that nobody claims, and when."""
    rota: tuple[RotaForm, ...] = Field(default=(), max_length=SHIFTS_MAX, strict=False)
    """Who is on call, and when."""
    notify: tuple[NotifyForm, ...] = Field(default=(), max_length=CHANNELS_MAX, strict=False)
    """Who is told of messages by mail or chat."""
    card: CardForm | None = None
    """What operators must know who call back."""
    contact: tuple[ContactForm, ...] = Field(default=(), max_length=CONTACTS_MAX, strict=False)
    """Who can be asked at the client's."""
    faq: tuple[FaqForm, ...] = Field(default=(), max_length=FAQ_MAX, strict=False)
    """What callers ask often, and what they are told."""
    test: tuple[TestForm, ...] = Field(default=(), max_length=500, strict=False)
    """Calls that the file proves itself by."""


SHAPE = Shape(DialplanForm)


def schema() -> dict[str, Any]:
    """The JSON Schema of a dialplan file, every key with its description."""
    return SHAPE.schema
