"""What a memo says that was found in its words: values, answers nobody asked for, mended words.

Every one of them says where in the text it is and where to hear it, so that whoever doubts it can
listen to those seconds.  A part whose place in the recording is not known has null there.
"""

from typing import Any, Self

from pydantic import AwareDatetime, Field

from sipbot.memo_answers import Part
from sipbot.said import Kind, Said

Place = tuple[float, float] | None
"""From and to, in seconds from the start of the recording; None when it is not known."""


class Heard(Part):
    """Something that can be listened to."""

    audio_from_s: float | None = Field(
        default=None, description="Seconds from the start of the recording; null: not known."
    )
    audio_to_s: float | None = None


def heard(place: Place) -> dict[str, Any]:
    """Return a place in the recording as the fields of `Heard`."""
    return (
        {}
        if place is None
        else {"audio_from_s": round(place[0], 3), "audio_to_s": round(place[1], 3)}
    )


class Found(Heard):
    """A value that was said: a number, a time, an amount, an address."""

    kind: Kind
    value: str = Field(
        description="For programs: E.164, ISO 8601 (local time of the client), `12000 JPY`, digits."
    )
    shown: str = Field(description="As people of this language write it.")
    valid: bool = Field(
        default=True, description="False: said, but it cannot be what it claims to be."
    )
    corrected: bool = Field(
        default=False, description="The caller corrected it on the way; this is the corrected one."
    )
    source: str = Field(description="The engine in whose text it was found.")
    text_from: int = Field(description="In characters of `text`.")
    text_to: int

    @classmethod
    def of(cls, said: Said, source: str, place: Place) -> Self:
        """Return a value as the memo says it."""
        return cls(
            kind=said.kind,
            value=said.value,
            shown=said.shown,
            valid=said.valid,
            corrected=said.corrected,
            source=source,
            text_from=said.start,
            text_to=said.end,
            **heard(place),
        )


class Gleaned(Heard):
    """What was understood without a question."""

    item: str = Field(description="`name`, `company`, `wish`, `callback_window`.")
    text: str
    reading: str | None = Field(default=None, description="In katakana, of Japanese names.")
    rule: str = Field(description="The rule that found it.")


class Corrected(Heard):
    """One word that was mended after the ear; what was heard is kept, so it can be undone."""

    heard: str
    written: str
    text_from: int = Field(description="In characters of `text`.")
    text_to: int


class Reasons(Part):
    """Why the memo is where it is."""

    category: str | None = None
    urgency: str | None = None


class Previous(Part):
    """An earlier memo of the same number for the same client."""

    memo: str = Field(description="Its id.")
    at: AwareDatetime = Field(description="When that call came.")
    status: str = Field(description="When this memo was made.")
    category: str | None = None
    result: str | None = Field(
        default=None, description="What came of it, by whoever closed it; null: nothing was noted."
    )
