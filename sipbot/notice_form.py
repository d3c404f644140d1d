"""``[[notify]]`` of a client's file: who is told of what by mail or chat, and when.

What becomes of it is in `sipbot.notice_times` and `sipbot.notice_text`.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, model_validator

from sipbot.form_parts import FROZEN
from sipbot.toml_file import wrong
from sipbot.toml_places import Path as KeyPath

CHANNELS_MAX = 20
NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)

When = Literal["each", "urgent", "digest", "asked"]
What = Literal["masked", "full"]
About = Literal["memo", "weekly", "monthly", "service"]

Flaw = tuple[KeyPath, str, str]
"""Key, problem, remedy; as `TomlFile.mistake` takes them."""


def _time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise wrong("is not a time of day", 'Write hours and minutes, such as "09:00"')
    return value


class NotifyForm(BaseModel):
    """Who is told of messages outside of the bus."""

    model_config = FROZEN

    name: str = Field(pattern=NAME_PATTERN, examples=["mail"])
    """Name of the channel; an [[escalate]] names it in its own notify."""
    target: str = Field(pattern=NAME_PATTERN, examples=["yamato-mail"])
    """Where it leads: a [[notify.target]] of config.toml, which has address and password."""
    on: tuple[About, ...] = Field(
        default=("memo",),
        min_length=1,
        max_length=4,
        strict=False,
        examples=[["weekly", "monthly", "service"]],
    )
    """Told of messages, of the reports for which [report] has a time, or of a service that falls
    below [targets] and is back."""
    when: When = Field(default="each", examples=["each", "urgent", "digest", "asked"])
    """Told of every message, of urgent ones only, of all at some times of the day together, or of
    none by itself ("asked": only when an [[escalate]] asks)."""
    at: tuple[Annotated[str, AfterValidator(_time)], ...] = Field(
        default=(), max_length=24, strict=False, examples=[["09:00", "17:00"]]
    )
    """Times of day of a digest, in the client's time zone."""
    what: What = "masked"
    """Whether numbers and names are hidden; "full" only where everybody may read them."""
    language: Literal["", "ja", "en", "ko"] = ""
    """Language of the labels; empty: the client's."""
    hours: tuple[str, ...] = Field(
        default=(), max_length=20, strict=False, examples=[["open", "day"]]
    )
    """Only while one of these holds, as in a [[route]]; what comes at other times waits."""

    @model_validator(mode="after")
    def _holds_together(self) -> "NotifyForm":
        if self.when == "digest" and not self.at:
            raise wrong("is missing", 'Add at = ["09:00", "17:00"]', "at")
        if self.at and self.when != "digest":
            raise wrong("has no meaning here", 'Write when = "digest", or remove it', "at")
        if self.hours and self.when == "asked":
            raise wrong("has no meaning here", "Write it in the [[escalate]]", "hours")
        for key in ("when", "at", "hours") if "memo" not in self.on else ():
            if key in self.model_fields_set:
                raise wrong("is about messages", 'Add "memo" to on, or remove it', key)
        if self.what != "full" and ("weekly" in self.on or "monthly" in self.on):
            problem = "would send reports, which name callers, to a channel that must not show them"
            raise wrong(problem, 'Write what = "full", or take the reports out of on', "what")
        return self


def flaws(forms: Sequence[NotifyForm], *, promised: bool) -> Iterator[Flaw]:
    """What is wrong with the list as a whole.

    Args:
        forms: of the file.
        promised: whether the client was promised a service.
    """
    names: set[str] = set()
    for place, form in enumerate(forms):
        if form.name in names:
            key: KeyPath = ("notify", place, "name")
            yield key, "is used twice", "Give each [[notify]] its own name"
        names.add(form.name)
        for at, time in enumerate(form.at):
            if time in form.at[:at]:
                yield ("notify", place, "at", at), "is there twice", "Remove it"
        for at, about in enumerate(form.on):
            if about in form.on[:at]:
                yield ("notify", place, "on", at), "is there twice", "Remove it"
            elif about == "service" and not promised:
                problem = "has nothing to tell: nothing was promised"
                remedy = "Add [targets] with what was, such as answer_rate = 98, or remove it"
                yield ("notify", place, "on", at), problem, remedy
