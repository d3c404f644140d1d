"""What a caller answered, as a memo says it: numbers, spoken answers, what was taken back.  Pure.

Keys are known when the call ends; the words of spoken answers come with each ear's text, found by
their place in the recording.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sipbot.menu_words import UNSPACED
from sipbot.records import Word

NUMBER = "number"
"""The item whose digits are a number to call back at; `steps.Digits` has it by default."""

SURVEYS = ("csat", "nps")
"""Items of surveys: favours that are asked, which nobody misses in a message."""


class Part(BaseModel):
    """Unknown fields are ignored, as every reader of the contract must do."""

    model_config = ConfigDict(
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,  # errors are logged, and it is what callers said
    )


class Evidence(Part):
    """One reason to believe a call-back number."""

    source: Literal["keys", "speech", "caller_id"]
    number: str
    shown: str | None = Field(default=None, description="As people write it; null: like `number`.")
    valid: bool = Field(
        default=True,
        description="False: heard or keyed, but no telephone number can be so, or the caller said "
        "not to call it; listen to it.",
    )
    doubted: bool = Field(
        default=False,
        description="True: a negation or the like stands near it in the text, so this number is "
        "not confirmed; it may still be the right one.",
    )
    engine: str | None = Field(default=None, description="The ear that heard it; null: no ear.")
    audio_from_s: float | None = None
    audio_to_s: float | None = None


class Callback(Part):
    """Which number to call back."""

    number: str | None = None
    shown: str | None = Field(default=None, description="As people write it; null: like `number`.")
    confirmed: bool = Field(
        default=False,
        description="True only when the caller confirmed the keyed number, or when two kinds of "
        "evidence give the same number, and nothing that was said or keyed is another number.",
    )
    evidence: tuple[Evidence, ...] = ()


class MemoWord(Part):
    """One word and where to hear it; seconds from the start of the recording."""

    text: str
    start_s: float
    end_s: float
    confidence: float = Field(description="0 to 1; engines are not comparable with each other.")
    text_from: int | None = Field(
        default=None, description="Where it stands in `text`, in characters; null: not there."
    )
    text_to: int | None = None


class Asked(Part):
    """One thing the caller was asked for."""

    item: str
    source: Literal["keys", "speech"] | None = Field(
        default=None, description="How the caller answered; null: not at all."
    )
    audio_from_s: float | None = Field(
        default=None, description="Where to hear the answer; null for keys."
    )
    audio_to_s: float | None = None
    confirmed: bool = Field(
        default=False, description="The caller said that the read-back was right."
    )


class Span(Part):
    """A part of the recording; seconds from its start."""

    audio_from_s: float
    audio_to_s: float


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a caller left besides a voice."""

    asked: tuple[Asked, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)
    """Item → keys; the words of spoken answers come with the text."""
    number: str | None = None
    """The number that was keyed to be called back at, canonical."""
    confirmed: bool = False
    """The caller said that it was read back right."""
    discarded: tuple[Span, ...] = ()
    urgent: bool = False
    category: str | None = None


def missing(asked: tuple[Asked, ...], answers: dict[str, str]) -> tuple[str, ...]:
    """Return the items without answer; a spoken one has none until an ear has heard words in it."""
    return tuple(one.item for one in asked if not answers.get(one.item) and one.item not in SURVEYS)


def read_back(asked: tuple[Asked, ...]) -> bool:
    """Tell whether the caller said that the read-back of the keyed number was right."""
    return any(one.item == NUMBER and one.source == "keys" and one.confirmed for one in asked)


def within(word: Word, span: Span) -> bool:
    """Tell whether a word is in a span: the one that holds its middle."""
    return span.audio_from_s <= (word.start_s + word.end_s) / 2 < span.audio_to_s


def joined(words: Sequence[str], language: str) -> str:
    """Return words as one text of their language."""
    return ("" if language.split("-", 1)[0] in UNSPACED else " ").join(words)
