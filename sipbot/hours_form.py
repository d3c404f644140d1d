"""The tables of a client's file for its hours: [hours], [[closure]], [[season]], [[day]].

Every mistake that one table shows by itself is found here, with the place that pydantic gives it;
what needs several tables at once is found by `hours.compile_hours`.
"""

import difflib
import re
import zoneinfo
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from sipbot.form_parts import FROZEN, Prompt
from sipbot.osm_hours import day_bands, week_hours
from sipbot.public_holidays import is_country
from sipbot.toml_file import wrong

USUAL_CLOSURES = {"nenmatsu": ("12-29", "01-03"), "obon": ("08-13", "08-16")}
"""Closures that have dates by default: 年末年始 as public offices keep it (行政機関の休日に関する
法律, article 1: 12-29 to 01-03), and お盆 as most of Japan does (13 to 16 August)."""

REGION = "region"
"""The holidays of the region in which the site is."""

RESERVED_NAMES = frozenset({"open", "closed", "holiday", "closure", "day", "season", "weekly"})
"""Words that a route's `hours` uses for kinds of days."""

_NAME_PATTERN = r"^[a-z][a-z0-9-]{0,31}$"
_EVERY_YEAR = re.compile(r"(\d\d)-(\d\d)", re.ASCII)
_LEAP_YEAR = 2024

MonthDay = tuple[int, int]
"""Month and day of every year."""


@lru_cache(4096)
def moment(text: str) -> date | MonthDay:
    """Return what ``MM-DD`` or ``YYYY-MM-DD`` means.

    Raises:
        ValueError: it is neither, or there is no such day.
    """
    yearly = _EVERY_YEAR.fullmatch(text)
    if not yearly:
        return date.fromisoformat(text)
    day = date(_LEAP_YEAR, int(yearly[1]), int(yearly[2]))
    return day.month, day.day


def text_of_date(value: object) -> object:
    """TOML has dates of its own; both spellings are taken."""
    if isinstance(value, datetime):
        raise wrong("holds a time of day", "Write the date alone, such as 2026-12-28")
    return value.isoformat() if isinstance(value, date) else value


def _is_moment(value: str) -> str:
    try:
        moment(value)
    except ValueError:
        remedy = 'Write "MM-DD" for every year, or "YYYY-MM-DD" for once'
        raise wrong("is not a day of the calendar", remedy) from None
    return value


def is_date(value: str) -> str:
    """Return the text when it is a day that comes once.

    Raises:
        PydanticCustomError: it is none.
    """
    try:
        date.fromisoformat(value)
    except ValueError:
        remedy = "Write the year, month and day, such as 2026-12-28"
        raise wrong("is not a day of the calendar", remedy) from None
    return value


@lru_cache(64)
def _is_zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = difflib.get_close_matches(value, zoneinfo.available_timezones(), n=1, cutoff=0.5)
        remedy = f"Did you mean {known[0]}?" if known else 'Write it as in "Asia/Tokyo"'
        raise wrong("is not a time zone", remedy) from None
    return value


def _is_country(value: str) -> str:
    if value not in ("", REGION) and not is_country(value):
        remedy = 'Write an ISO 3166 code, such as "JP" or "US-CA", or "" for no holidays'
        raise wrong("is not a country whose holidays are known", remedy)
    return value


def _is_free(value: str) -> str:
    if value in RESERVED_NAMES:
        raise wrong("means a kind of day already", "Choose another name")
    return value


def week_text(value: str) -> str:
    """Return the text when it is weekly hours in OpenStreetMap's notation.

    Raises:
        PydanticCustomError: as `sipbot.osm_hours.week_hours`.
    """
    week_hours(value)
    return value


def _bands(value: str) -> str:
    day_bands(value)
    return value


def _some_bands(value: str) -> str:
    if not day_bands(value):
        raise wrong("is empty", "Write the hours, or closed = true")
    return value


_WeekText = Annotated[str, AfterValidator(week_text)]
_Name = Annotated[str, Field(pattern=_NAME_PATTERN), AfterValidator(_is_free)]
_Moment = Annotated[str, BeforeValidator(text_of_date), AfterValidator(_is_moment)]
_Date = Annotated[str, BeforeValidator(text_of_date), AfterValidator(is_date)]


class HoursForm(BaseModel):
    """When the client is open."""

    model_config = FROZEN

    tz: Annotated[str, AfterValidator(_is_zone)] = Field(default="", examples=["Asia/Tokyo"])
    """Time zone of all hours in this file; in the regions JP and KR it goes without saying."""
    open: _WeekText = Field(examples=["Mo-Fr 09:00-12:00,13:00-18:00; Sa 09:00-12:00"])
    """The weekly hours in OpenStreetMap's notation; "24/7" for always, "off" for never."""
    holidays: Annotated[str, AfterValidator(_is_country)] = Field(
        default=REGION, examples=["JP", "US-CA", ""]
    )
    """Country whose public holidays count; "" for none; "region" for the region's own."""
    holiday_open: Annotated[str, AfterValidator(_bands)] = Field(
        default="", examples=["10:00-15:00"]
    )
    """Hours on public holidays; "" for closed."""


def _check_span(first: str, last: str) -> None:
    """Both ends must be of one kind, and a span that comes once must not end before it begins."""
    begin, end = moment(first), moment(last)
    if isinstance(begin, date) != isinstance(end, date):
        raise wrong("has a year at one end only", "Write both with the year, or both without", "to")
    if isinstance(begin, date) and isinstance(end, date) and end < begin:
        raise wrong(f"is before from = {first}", "Swap the two, or mend the year", "to")


class ClosureForm(BaseModel):
    """Days on which the client is closed, and why."""

    model_config = FROZEN

    name: _Name = Field(examples=["nenmatsu"])
    """What the days are called; nenmatsu and obon have dates by default."""
    from_: _Moment = Field(default="", alias="from", examples=["12-29"])
    """First day: "MM-DD" for every year, "YYYY-MM-DD" for once."""
    to: _Moment = Field(default="", examples=["01-03"])
    """Last day, closed too; may lie in the next year; by default one day only."""
    greeting: Prompt = ""
    """What callers hear on these days; by default the greeting for holidays."""

    @model_validator(mode="before")
    @classmethod
    def _usual_dates(cls, values: Any) -> Any:  # noqa: ANN401 - pydantic gives what the file holds
        if not isinstance(values, dict) or "from" in values or "from_" in values:
            return values
        usual = USUAL_CLOSURES.get(str(values.get("name")))
        if usual and "to" not in values:
            return {**values, "from": usual[0], "to": usual[1]}
        return values

    @model_validator(mode="after")
    def _holds_together(self) -> "ClosureForm":
        if not self.from_:
            raise wrong("is missing", 'Add from = "12-29" and to = "01-03" with its days', "from")
        _check_span(self.from_, self.last)
        return self

    @property
    def last(self) -> str:
        """The last day."""
        return self.to or self.from_


class SeasonForm(BaseModel):
    """Other weekly hours for a time of the year."""

    model_config = FROZEN

    name: _Name = Field(examples=["summer"])
    """What the time of the year is called."""
    from_: _Moment = Field(alias="from", examples=["07-01"])
    """First day: "MM-DD" for every year, "YYYY-MM-DD" for once."""
    to: _Moment = Field(examples=["08-31"])
    """Last day, counted in; may lie in the next year."""
    open: _WeekText = Field(examples=["Mo-Fr 10:00-16:00"])
    """The weekly hours in this time, instead of those of [hours]."""

    @model_validator(mode="after")
    def _holds_together(self) -> "SeasonForm":
        _check_span(self.from_, self.to)
        return self


class DayForm(BaseModel):
    """One single day that is unlike its kind."""

    model_config = FROZEN

    on: _Date = Field(examples=["2026-12-28"])
    """The day."""
    open: Annotated[str, AfterValidator(_some_bands)] = Field(default="", examples=["09:00-15:00"])
    """Its hours."""
    closed: bool = False
    """Closed all day."""
    greeting: Prompt = ""
    """What callers hear on this day."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> "DayForm":
        if self.closed and self.open:
            raise wrong("is said beside open", "Remove one of the two", "closed")
        if not self.closed and not self.open:
            raise wrong("is missing", 'Add open = "09:00-15:00", or closed = true', "open")
        return self
