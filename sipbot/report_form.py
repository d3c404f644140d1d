"""What a client is handed, and when, as its file says it: the table ``[report]``.  Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from sipbot.form_parts import FROZEN, CategoryName
from sipbot.notice_form import Flaw, NotifyForm
from sipbot.osm_hours import WEEKDAYS
from sipbot.toml_file import wrong

ReportKind = Literal["weekly", "monthly"]
ReportFileForm = Literal["html", "pdf", "csv", "json"]

KINDS: tuple[ReportKind, ...] = ("weekly", "monthly")

_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_WEEKLY = re.compile(rf"({'|'.join(WEEKDAYS)}) {_TIME}", re.ASCII)
_MONTHLY = re.compile(rf"([1-9]|[12]\d|3[01]) {_TIME}", re.ASCII)


def _weekly(value: str) -> str:
    if value and not _WEEKLY.fullmatch(value):
        remedy = f'Write a day and a time, such as "Mo 08:00"; days are {", ".join(WEEKDAYS)}'
        raise wrong("is not a time of the week", remedy)
    return value


def _monthly(value: str) -> str:
    if value and not _MONTHLY.fullmatch(value):
        remedy = 'Write a day from 1 to 31 and a time, such as "1 08:00"'
        raise wrong("is not a time of the month", remedy)
    return value


class ReportForm(BaseModel):
    """What the client is handed."""

    model_config = FROZEN

    language: Literal["", "ja", "en"] = ""
    """Of the reader; empty: the client's."""
    complaints: tuple[CategoryName, ...] = Field(
        default=(), max_length=50, strict=False, examples=[["complaint"]]
    )
    """Categories of memos that are complaints; each is in the weekly pack with its result."""
    weekly: Annotated[str, AfterValidator(_weekly)] = Field(default="", examples=["Mo 08:00"])
    """When the pack of the last whole week is sent, in the client's time zone; empty: never."""
    monthly: Annotated[str, AfterValidator(_monthly)] = Field(default="", examples=["1 08:00"])
    """When the statement of the last whole month is sent, likewise: day and time; a month that is
    shorter has it on its last day."""
    files: tuple[ReportFileForm, ...] = Field(
        default=("html",), min_length=1, max_length=4, strict=False, examples=[["html", "csv"]]
    )
    """As which files they are sent."""

    def at(self, kind: ReportKind) -> str:
        """When a kind of report is sent; empty: never."""
        return self.weekly if kind == "weekly" else self.monthly


def flaws(form: ReportForm | None, channels: Sequence[NotifyForm]) -> Iterator[Flaw]:
    """What of the times at which reports are sent does not go with the channels."""
    for kind in KINDS:
        if form is not None and form.at(kind) and not any(kind in one.on for one in channels):
            remedy = f'Add on = ["{kind}"] and what = "full" to a [[notify]]'
            yield ("report", kind), "is sent to nobody", remedy
        if form is not None and form.at(kind):
            continue
        example = "Mo 08:00" if kind == "weekly" else "1 08:00"
        for place, one in enumerate(channels):
            if kind in one.on:
                problem = "is a report that has no time"
                remedy = f'Add {kind} = "{example}" below [report]'
                yield ("notify", place, "on", one.on.index(kind)), problem, remedy
    for at, file in enumerate(form.files if form is not None else ()):
        if form is not None and file in form.files[:at]:
            yield ("report", "files", at), "is there twice", "Remove it"
