"""The tables ``[step.NAME]`` of a client's file: one model a kind of step, told apart by ``do``.

The words for limits and retries are VoiceXML's (VoiceXML 2.0): no input, no match, tries.
What each kind does to a call is told in `sipbot.steps`, which these tables become.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema, model_validator

from sipbot.form_parts import FROZEN, FinishKey, Line, Prompts, StepName
from sipbot.toml_file import wrong

_KEYS = tuple("0123456789*#")

REVIEW_KEYS = ("1", "2")
"""What a caller presses who may keep the message or record it again."""

TAKEN_BY_REVIEW = (
    "keeps or repeats the message when review is true",
    "Choose another key, or none",
)
"""Problem and remedy of an urgent key that is one of them."""

_ITEM = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", examples=["name"])


def _a_key(value: str) -> str:
    if value not in _KEYS:
        raise wrong("is not a key of a telephone", "Write one of 0 to 9, * and # (in quotes)")
    return value


MenuKey = Annotated[
    str, AfterValidator(_a_key), WithJsonSchema({"type": "string", "pattern": "^[0-9*#]$"})
]
Word = Annotated[Line, Field(max_length=64)]
Tries = Annotated[int, Field(ge=1, le=10)]
Wait = Annotated[float, Field(ge=1, le=60)]


class _Step(BaseModel):
    model_config = FROZEN


class SayStep(_Step):
    """Say something and go on."""

    do: Literal["say"]
    """What happens in this step."""
    prompt: Prompts
    """What is said: one prompt or a list."""
    then: StepName
    """The step that comes after."""


class MenuStep(_Step):
    """Let the caller choose by key or by word."""

    do: Literal["menu"]
    """What happens in this step."""
    prompt: Prompts
    """What is said: one prompt or a list."""
    keys: dict[MenuKey, StepName] = {}
    """Which key leads to which step, such as { 1 = "appointment", 2 = "record" }."""
    words: dict[Word, StepName] = Field(default={}, max_length=100)
    """Which word or phrase leads to which step; found anywhere in what the caller says."""
    timeout_s: Wait = 5.0
    """How long to wait for a key, in seconds."""
    tries: Tries = 3
    """How often the menu is said before the caller goes on to `otherwise`."""
    no_input: Prompts | None = None
    """Said to a caller who does nothing; without it, builtin:<language>/no_input."""
    no_match: Prompts | None = None
    """Said when the key or word means nothing here; without it, builtin:<language>/no_match."""
    otherwise: StepName = "record"
    """Where callers go who have had their tries."""

    @model_validator(mode="after")
    def _offers_a_choice(self) -> "MenuStep":
        if not self.keys and not self.words:
            raise wrong("is missing: the menu offers no choice", "Add keys = { 1 = … }", "keys")
        return self


class AskStep(_Step):
    """Ask a question that is answered by speaking."""

    do: Literal["ask"]
    """What happens in this step."""
    item: Annotated[str, _ITEM]
    """What is asked for: name, company, wish, callback_window or a word of your own."""
    prompt: Prompts | None = None
    """The question; without it, builtin:<language>/<item> where there is one."""
    beep: bool = False
    """Play a tone when it is the caller's turn."""
    max_s: float = Field(default=30.0, ge=2, le=600)
    """Longest answer in seconds."""
    end_silence_s: float = Field(default=2.0, ge=0.5, le=30)
    """Silence after speech that ends the answer, in seconds."""
    no_speech_s: float = Field(default=6.0, ge=2, le=60)
    """Silence without any speech that ends the waiting, in seconds."""
    tries: Tries = 2
    """How often the question is asked of a caller who says nothing."""
    no_input: Prompts | None = None
    """Said to a caller who says nothing; without it, builtin:<language>/no_input."""
    then: StepName = "record"
    """The step that comes after."""

    @model_validator(mode="after")
    def _fits_into_the_answer(self) -> "AskStep":
        shorter_than_the_longest(self)
        return self


class DigitsStep(_Step):
    """Let the caller key a number, read it back and have it confirmed."""

    do: Literal["digits"]
    """What happens in this step."""
    item: Annotated[str, _ITEM] = "number"
    """What is asked for; `number` is where to call back."""
    prompt: Prompts | None = None
    """What is said; without it, builtin:<language>/callback."""
    ask_when: Literal["missing", "always"] = "missing"
    """`missing`: only callers whose number is not shown are asked; `always`: everybody."""
    least: int = Field(default=10, ge=1, le=32)
    """Fewest digits."""
    most: int = Field(default=15, ge=1, le=32)
    """Most digits; a telephone number has at most 15 (ITU-T E.164)."""
    finish_key: FinishKey = "#"
    """Key by which the caller ends the number; empty for none."""
    timeout_s: Wait = 6.0
    """How long to wait for the first and for each further key, in seconds."""
    tries: Tries = 3
    """How often the number is asked for before the caller goes on without it."""
    no_input: Prompts | None = None
    """Said to a caller who presses nothing; without it, builtin:<language>/no_input."""
    no_match: Prompts | None = None
    """Said after too few or too many digits; without it, builtin:<language>/no_match."""
    read_back: bool = True
    """Read the number back and have it confirmed by 1 (right) or 2 (once more)."""
    then: StepName = "record"
    """The step that comes after."""

    @model_validator(mode="after")
    def _can_be_keyed(self) -> "DigitsStep":
        if self.least > self.most:
            problem = f"is larger than most = {self.most}"
            raise wrong(problem, "Lower it, or raise most", "least")
        if self.finish_key and self.finish_key in "0123456789":
            remedy = 'Write "#", "*" or "" for none'
            raise wrong("is a digit of the number itself", remedy, "finish_key")
        return self


class RecordStep(_Step):
    """Take the message; what is not written is as in [record]."""

    do: Literal["record"]
    """What happens in this step."""
    prompt: Prompts | None = None
    """What is said before the tone."""
    beep: bool | None = None
    """Play a tone when it is the caller's turn."""
    max_s: float | None = Field(default=None, ge=5, le=1800)
    """Longest message in seconds."""
    end_silence_s: float | None = Field(default=None, ge=1, le=30)
    """Silence after speech that ends the message, in seconds."""
    no_speech_s: float | None = Field(default=None, ge=2, le=60)
    """Silence without any speech that ends the message, in seconds."""
    finish_key: FinishKey | None = None
    """Key by which the caller ends the message; empty for none."""
    review: bool | None = None
    """Let the caller keep the message by 1 or record it again by 2."""
    urgent_key: FinishKey | None = None
    """Key that marks the message as urgent; empty for none."""
    tries: Tries = 3
    """Recordings a caller may make when `review` is true."""
    then: StepName = "end"
    """The step that comes after."""


class TransferStep(_Step):
    """Connect the caller with a person."""

    do: Literal["transfer"]
    """What happens in this step."""
    to: str = Field(max_length=128, examples=["+81312345678"])
    """Telephone number or SIP URI of the person, such as sip:100@10.0.0.5."""
    prompt: Prompts | None = None
    """What is said before; without it, builtin:<language>/transfer."""
    ring_s: float = Field(default=20.0, ge=5, le=120)
    """How long it rings there before the caller goes on to `otherwise`, in seconds."""
    otherwise: StepName = "record"
    """Where the caller goes when nobody answers or the line is busy."""


class SurveyStep(_Step):
    """Ask for one key and go on, whatever is pressed."""

    do: Literal["survey"]
    """What happens in this step."""
    kind: Literal["csat", "nps"]
    """`csat`: 1 to 5; `nps`: 0 to 9."""
    prompt: Prompts | None = None
    """The question; without it, builtin:<language>/<kind>."""
    timeout_s: Wait = 5.0
    """How long to wait for the key, in seconds."""
    then: StepName = "end"
    """The step that comes after."""


FollowUpItem = Literal["number", "name", "wish", "company", "callback_window"]


class FollowUpStep(_Step):
    """Ask one question: for the most valuable of these items that the caller has not said."""

    do: Literal["follow_up"]
    """What happens in this step."""
    items: tuple[FollowUpItem, ...] = Field(
        default=("number", "name"), min_length=1, max_length=5, strict=False
    )
    """What should be known: number, name, wish, company, callback_window; in this order of value,
    however they are written here."""
    prompt: Prompts | None = None
    """Said before the question, such as that there is one."""
    ask: dict[FollowUpItem, Prompts] = {}
    """Your own questions, such as { name = "sato-name.wav" }; without one,
    builtin:<language>/<item>, and callback for the number."""
    when_deaf: Literal["skip", "ask"] = "skip"
    """What to do where no ear writes along, so that nobody knows what was said: `skip` asks
    nothing, `ask` asks for what no earlier step has asked for."""
    beep: bool = False
    """Play a tone when it is the caller's turn; not for the number, which is keyed."""
    max_s: float = Field(default=20.0, ge=2, le=600)
    """Longest spoken answer in seconds."""
    end_silence_s: float = Field(default=2.0, ge=0.5, le=30)
    """Silence after speech that ends the answer, in seconds."""
    no_speech_s: float = Field(default=5.0, ge=2, le=60)
    """Silence without any speech that ends the waiting, in seconds."""
    least: int = Field(default=10, ge=1, le=32)
    """Fewest digits of the number."""
    most: int = Field(default=15, ge=1, le=32)
    """Most digits; a telephone number has at most 15 (ITU-T E.164)."""
    read_back: bool = True
    """Read the number back and have it confirmed by 1 (right) or 2 (once more)."""
    tries: Tries = 1
    """How often the question is asked."""
    then: StepName = "end"
    """The step that comes after."""

    @model_validator(mode="after")
    def _asks_for_its_items(self) -> "FollowUpStep":
        shorter_than_the_longest(self)
        if self.least > self.most:
            problem = f"is larger than most = {self.most}"
            raise wrong(problem, "Lower it, or raise most", "least")
        for item in self.ask:
            if item not in self.items:
                remedy = f"Add {item} to items, or remove its question"
                raise wrong(f"has a question for {item}, which is none of items", remedy, "ask")
        return self


class HangUpStep(_Step):
    """Say good-bye and end the call; what was recorded until now is kept."""

    do: Literal["hang_up"]
    """What happens in this step."""
    prompt: Prompts | None = None
    """What is said before."""


StepForm = Annotated[
    SayStep
    | MenuStep
    | AskStep
    | DigitsStep
    | RecordStep
    | TransferStep
    | SurveyStep
    | FollowUpStep
    | HangUpStep,
    Field(discriminator="do"),
]


def shorter_than_the_longest(limits: BaseModel) -> None:
    """Check that the silences of a table fit into its ``max_s``.

    Raises:
        PydanticCustomError: naming the silence that does not.
    """
    longest = getattr(limits, "max_s")  # noqa: B009 -- several models have it
    for key in ("end_silence_s", "no_speech_s"):
        if getattr(limits, key) >= longest:
            problem = f"is not shorter than max_s = {longest:g}"
            raise wrong(problem, "Lower it, or raise max_s", key)
