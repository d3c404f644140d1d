"""A client's TOML file as written: its keys, their limits, and what each of them means.

Later forms add tables (hours, menus, transfers); a key keeps its meaning, or `schema` rises.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from sipbot.toml_file import wrong
from sipbot.toml_shape import Shape

_CLIENT_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
_PROMPT_PATTERN = r"^([a-z0-9_-]{1,64}\.wav|builtin:(ja|en|ko)/(greeting|thanks))$"
_FROZEN = ConfigDict(
    extra="forbid",
    frozen=True,
    strict=True,
    allow_inf_nan=False,
    populate_by_name=True,
    hide_input_in_errors=True,
    use_attribute_docstrings=True,
)


def _printable(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise wrong("is empty or holds control characters", "Write the name on one line")
    return value


Prompt = Annotated[
    str,
    Field(pattern=_PROMPT_PATTERN, examples=["builtin:ja/greeting", "yamato-greeting.wav"]),
]


class Answer(BaseModel):
    """How the call is answered."""

    model_config = _FROZEN

    after_s: float = Field(default=0.0, ge=0, le=60)
    """How long the caller hears ringing before sipbot answers, in seconds; 0 answers at once."""
    greeting: Prompt
    """What the caller hears first: a file in dialplans/prompts/, or builtin:<language>/greeting."""
    thanks: Annotated[
        str, Field(pattern=_PROMPT_PATTERN, examples=["builtin:ja/thanks", "yamato-thanks.wav"])
    ]
    """What the caller hears after the message: a file, or builtin:<language>/thanks."""


class Record(BaseModel):
    """When the message ends; the words are those of VoiceXML's record (VoiceXML 2.0, 2.3.6)."""

    model_config = _FROZEN

    beep: bool = True
    """Play a tone when it is the caller's turn."""
    max_s: float = Field(default=180.0, ge=5, le=1800)
    """Longest message in seconds."""
    end_silence_s: float = Field(default=4.0, ge=1, le=30)
    """Silence after speech that ends the message, in seconds."""
    no_speech_s: float = Field(default=10.0, ge=2, le=60)
    """Silence without any speech that ends the message, in seconds."""
    finish_key: Literal["#", "*", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ""] = "#"
    """Key by which the caller ends the message; empty for none."""

    @model_validator(mode="after")
    def _fits_into_the_message(self) -> "Record":
        for key in ("end_silence_s", "no_speech_s"):
            if getattr(self, key) >= self.max_s:
                problem = f"is not shorter than max_s = {self.max_s:g}"
                raise wrong(problem, "Lower it, or raise max_s", key)
        return self


class DialplanForm(BaseModel):
    """A client's file as written."""

    model_config = _FROZEN

    version: Literal[1] = Field(alias="schema", examples=[1])
    """Version of this form of file."""
    client: str = Field(pattern=_CLIENT_PATTERN, examples=["yamato"])
    """Id of the client: the file's name without .toml; part of every MQTT topic."""
    say_name: Annotated[str, AfterValidator(_printable)] = Field(
        max_length=64, examples=["やまと工業"]
    )
    """Name of the client as people say it; what the operators see."""
    numbers: tuple[str, ...] = Field(
        min_length=1, max_length=1000, strict=False, examples=[["+81312345678", "yamato"]]
    )
    """What callers dialled: telephone numbers, extensions, names; no other file has them."""
    language: Literal["ja", "en", "ko"]
    """Language that callers speak."""
    answer: Answer
    """How the call is answered."""
    record: Record = Record()
    """When the message ends."""


SHAPE = Shape(DialplanForm)


def schema() -> dict[str, Any]:
    """The JSON Schema of a dialplan file, every key with its description."""
    return SHAPE.schema
