"""What a caller answered, as a memo says it: numbers, spoken answers, what was taken back.  Pure.

Keys are known when the call ends; the words of spoken answers come with each ear's text, found by
their place in the recording.
"""

from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from sipbot.menu_words import UNSPACED
from sipbot.records import Transcript, Word


class Part(BaseModel):
    """Unknown fields are ignored, as every reader of the contract must do."""

    model_config = ConfigDict(
        frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True
    )


class Evidence(Part):
    """One reason to believe a call-back number."""

    source: Literal["keys", "speech", "caller_id"]
    number: str
    shown: str | None = Field(default=None, description="As people write it; null: like `number`.")
    valid: bool = Field(
        default=True,
        description="False: heard or keyed, but no telephone number can be so; listen to it.",
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


def callback(number: str | None, left: Left) -> Callback:
    """Return whom to call back: a keyed number comes before `number`, which the network names."""
    evidence: tuple[Evidence, ...] = ()
    if left.number is not None:
        evidence += (Evidence(source="keys", number=left.number),)
    if number is not None:
        evidence += (Evidence(source="caller_id", number=number),)
    same = left.number is not None and left.number == number
    return Callback(
        number=left.number or number, confirmed=left.confirmed or same, evidence=evidence
    )


def missing(asked: tuple[Asked, ...], answers: dict[str, str]) -> tuple[str, ...]:
    """Return the items without answer; a spoken one has none until an ear has heard words in it."""
    return tuple(one.item for one in asked if not answers.get(one.item))


def spoken(asked: tuple[Asked, ...], transcript: Transcript) -> dict[str, str]:
    """Return the words of each spoken answer; items whose answer has none are left out."""
    answers = {}
    for one in asked:
        if one.audio_from_s is None or one.audio_to_s is None:
            continue
        span = Span(audio_from_s=one.audio_from_s, audio_to_s=one.audio_to_s)
        words = [word.text for word in transcript.words if within(word, span)]
        if words:
            answers[one.item] = _joined(words, transcript.language)
    return answers


def within(word: Word, span: Span) -> bool:
    """Tell whether a word is in a span: the one that holds its middle."""
    return span.audio_from_s <= (word.start_s + word.end_s) / 2 < span.audio_to_s


def text_of(transcript: Transcript, words: tuple[MemoWord, ...]) -> str:
    """Return the whole text as the ear wrote it, unless something in it was taken back."""
    if len(words) == len(transcript.words):
        return transcript.text
    return _joined([word.text for word in words], transcript.language)


def _joined(words: list[str], language: str) -> str:
    return ("" if language.split("-", 1)[0] in UNSPACED else " ").join(words)
