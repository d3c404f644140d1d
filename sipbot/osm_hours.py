"""Opening hours in OpenStreetMap's notation, as one text in a client's file writes them.  Pure.

Data path: sip -> [osm_hours] -> hours -> dialplan -> script -> calls -> spool -> speech -> memo

The library `opening-hours-py` reads the notation and brings it into its canonical spelling; here
the canonical text becomes bands for each day of the week.  Two things are deliberately not left to
the library, because it answers otherwise than an admin expects (measured with 2.1.4):

* ``Fr 22:00-02:00; Sa 10:00-12:00``: the library drops Friday's hours after midnight because
  Saturday has a rule of its own.  Here a band belongs to the day it starts on, to its end.
* ``Mo-Fr 09:00-12:00 , 13:00-18:00`` (a blank before the comma) is open on Sunday afternoon.  Here
  a rule that is added after a comma must name its days.

Only what repeats by the week is taken: days, first or last such day of a month (``Sa[1,3]``), and
clock times.  Times of the year, dates and holidays have tables of their own, so that a calendar can
say why a day is as it is.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from typing import NamedTuple

import msgspec
from opening_hours import OpeningHours, ParserError  # type: ignore[attr-defined]  # not in stubs

from sipbot.osm_hints import hint
from sipbot.toml_file import wrong

DAY_MIN = 24 * 60
WEEKDAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
"""As the notation writes them; the index is that of `date.weekday`."""

_PLACES = (
    *({nth, nth - 5} for nth in range(1, 5)),  # of four such weekdays in a month
    *({nth, nth - 6} for nth in range(1, 6)),  # of five
)
"""What the n-th weekday of a month is called: counted from the start, and from the end."""
_KINDS = len(_PLACES)
_ONE_DAY = (1 << _KINDS) - 1
_EVERY_DAY = (1 << 7 * _KINDS) - 1

LONGEST_CHARS = 255
"""OpenStreetMap's own limit for a value."""
_CACHED = 16384
"""Texts kept, so that ten thousand clients with hours of their own are read once each."""

_DAY = r"(?:Mo|Tu|We|Th|Fr|Sa|Su)(?:\[-?\d(?:,-?\d)*\])?"
_RULE = re.compile(
    rf"(?:(?P<days>{_DAY}(?:-{_DAY})?(?:,{_DAY}(?:-{_DAY})?)*)|24/7)?(?: ?(?P<closed>closed))?"
    r"(?: ?(?P<times>\d\d:\d\d-\d\d:\d\d(?:,\d\d:\d\d-\d\d:\d\d)*))?"
)
_DAYS = re.compile(r"(Mo|Tu|We|Th|Fr|Sa|Su)(?:\[([-\d,]+)\])?(?:-(Mo|Tu|We|Th|Fr|Sa|Su))?")
_TIMES = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_SAYS_WHEN = re.compile(r":|24/7|\b(?:off|closed)\b", re.IGNORECASE)
_BLANK_BEFORE_COMMA = re.compile(r"\s,")
_COLUMN = re.compile(r"--> 1:(\d+)")

_PAST_MIDNIGHT = re.compile(r"(?:2[5-9]|[34]\d):")
"""What is guessed from ``9-25`` is more likely a slip than one o'clock at night."""

_NOT_TAKEN = (
    (r"\b(?:PH|SH)\b", "holds PH or SH", "Holidays have keys of their own: holidays, holiday_open"),
    (r'"', "holds a comment", "Put the comment behind a # at the end of the line"),
    (r"\|\|", "holds a fall-back rule (||)", "Write the hours of each day, with ; between rules"),
    (r"\bunknown\b", "holds the word unknown", "Write the hours, or off"),
    (r"sunrise|sunset|dawn|dusk", "follows the sun", "Write clock times, such as 08:00-18:00"),
    (r"\d\+", "has an open end (+)", "Write when it ends, such as 18:00-23:00"),
    (r":\d\d/", "repeats within a band (/)", "Write from when to when, such as 09:00-18:00"),
    (r"\] [+-]", "moves a day by others", "Write the day itself; single days go into [[day]]"),
    (
        r"Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|week|easter|\b\d{4}\b",
        "holds a time of the year",
        "Put times of the year into [[season]] and single dates into [[day]]",
    ),
    (r":\d\d closed", "closes a part of the day", "Write the bands: 09:00-12:00,13:00-18:00"),
)


class Band(NamedTuple):
    """From when to when, in minutes from the midnight at which the day begins, by the wall clock.

    `end` is the first minute that is closed again; above 1440 the band runs into the next day.
    """

    start: int
    end: int

    def __str__(self) -> str:
        """``09:00-18:00``; past midnight ``22:00-26:00``, as Japanese shops write it too."""
        return f"{clock(self.start)}-{clock(self.end)}"


class _Rule(NamedTuple):
    days: int
    """One bit for each kind of day that it means; see `_kind`."""
    bands: tuple[Band, ...]
    adds: bool
    """Adds to the rules before it (after a comma) instead of replacing them (after a semicolon)."""
    written: str


class WeekHours(msgspec.Struct, frozen=True):
    """What one text says about every day there is, holidays and seasons aside."""

    written: str
    rules: tuple[_Rule, ...]
    week: tuple[tuple[Band, ...], ...]
    """The bands of each weekday; empty when they depend on which of a month it is."""

    def bands(self, day: date) -> tuple[Band, ...]:
        """The bands that start on this day, in order, never touching each other."""
        if self.week:
            return self.week[day.weekday()]
        return _applied(self.rules, _kind(day))


def clock(minute: int) -> str:
    """Minutes from midnight as ``HH:MM``; 1560 is ``26:00``."""
    return f"{minute // 60:02}:{minute % 60:02}"


@lru_cache(_CACHED)
def week_hours(text: str) -> WeekHours:
    """Read hours such as ``Mo-Fr 09:00-12:00,13:00-18:00; Sa[1,3] 09:00-12:00``.

    Raises:
        PydanticCustomError: the text is not in the notation, or says what no client can mean; in
            the form of `toml_file.wrong`, with a correction where one can be guessed.
    """
    try:
        return _week_hours(text)
    except _NotReadError as cause:
        better = hint(text)
        if _readable(better) and not _PAST_MIDNIGHT.search(better):
            raise wrong(str(cause), f'Did you mean "{better}"?') from None
        remedy = 'Write for example "Mo-Fr 09:00-12:00,13:00-18:00; Sa 09:00-12:00"'
        raise wrong(str(cause), remedy) from None


@lru_cache(_CACHED)
def day_bands(text: str) -> tuple[Band, ...]:
    """Read the hours of one kind of day, such as ``10:00-15:00``; empty text means closed.

    Raises:
        PydanticCustomError: as `week_hours`, or the text names weekdays.
    """
    if not text:
        return ()
    rules = week_hours(text).rules
    if len(rules) != 1 or rules[0].days != _EVERY_DAY:
        raise wrong("names days of the week", 'Write times alone, such as "10:00-15:00"')
    return rules[0].bands


class _NotReadError(Exception):
    """Raised when a text is not in the notation; a better spelling may be guessed."""


def _readable(text: str) -> bool:
    try:
        _week_hours(text)
    except (_NotReadError, ValueError):
        return False
    return True


def _week_hours(text: str) -> WeekHours:
    if len(text) > LONGEST_CHARS:
        raise wrong(f"is longer than {LONGEST_CHARS} characters", "Write one rule for equal days")
    canonical = _canonical(text)
    if _BLANK_BEFORE_COMMA.search(text):
        raise wrong("has a blank before a comma", "Write 09:00-12:00,13:00-18:00 without blanks")
    for pattern, problem, remedy in _NOT_TAKEN:
        if re.search(pattern, canonical):
            raise wrong(problem, remedy)
    if not all(_SAYS_WHEN.search(part) for part in text.split(";")):
        raise wrong("names days without hours", "Write the hours, or 00:00-24:00 for whole days")
    rules = tuple(
        _rule(part, adds=place > 0)
        for group in canonical.split("; ")
        for place, part in enumerate(group.split(", "))
    )
    _check_each_counts(rules)
    by_month = "[" in canonical
    week = () if by_month else tuple(_applied(rules, day * _KINDS) for day in range(7))
    return WeekHours(text, rules, week)


def _canonical(text: str) -> str:
    """The library's own spelling of the text."""
    try:
        return str(OpeningHours(text))
    except ParserError as cause:
        found = _COLUMN.search(str(cause))
        at = int(found[1]) if found else 1
        rest = text[at - 1 : at + 11]
        if not text.strip():
            raise _NotReadError("is empty") from None
        where = f'at its character {at}, "{rest}"' if rest.strip() else "at its end"
        raise _NotReadError(f"cannot be read as opening hours {where}") from None


def _rule(part: str, *, adds: bool) -> _Rule:
    found = _RULE.fullmatch(part)
    if not found:
        raise _NotReadError(f'holds "{part}", which is more than days and times')
    if adds and not found["days"]:
        remedy = "Write all times of a day without blanks: 09:00-12:00,13:00-18:00"
        raise wrong("adds times without saying on which days", remedy)
    if adds and found["closed"]:
        raise wrong("closes days after a comma", "Write a semicolon before the days that are off")
    days = _EVERY_DAY
    if found["days"]:
        days = reduce(or_, (_days(*one) for one in _DAYS.findall(found["days"])))
    whole = (Band(0, DAY_MIN),)
    bands = () if found["closed"] else _bands(found["times"]) if found["times"] else whole
    return _Rule(days, bands, adds, part)


def _days(first: str, nth: str, last: str) -> int:
    """The bits of ``Mo``, ``Mo-Fr`` or ``Sa[1,-1]``."""
    start = WEEKDAYS.index(first)
    span = (WEEKDAYS.index(last) - start) % 7 if last else 0
    kinds = _ONE_DAY
    if nth:
        wanted = {int(number) for number in nth.split(",")}
        kinds = sum(1 << place for place, names in enumerate(_PLACES) if wanted & names)
    return reduce(or_, (kinds << (start + step) % 7 * _KINDS for step in range(span + 1)))


def _bands(times: str) -> tuple[Band, ...]:
    bands: list[Band] = []
    for hours in _TIMES.findall(times):
        from_h, from_m, to_h, to_m = map(int, hours)
        start, end = from_h * 60 + from_m, to_h * 60 + to_m
        shown = f"{clock(start)}-{clock(end)}"
        if start == end:
            raise wrong(f"holds {shown}, which has no length", "Write 00:00-24:00 for a whole day")
        band = Band(start, end if end > start else end + DAY_MIN)
        if band.end - band.start > DAY_MIN:
            raise wrong(f"holds {shown}, which is longer than a day", "Write 24/7, or an end")
        bands.append(band)
    bands.sort()
    for one, other in pairwise(bands):
        if other.start < one.end:
            raise wrong(f"holds {one} and {other}, which overlap", "Write them as one, or mend one")
    return _joined(bands)


def _joined(bands: Sequence[Band]) -> tuple[Band, ...]:
    """The bands in order, those that overlap or touch made one."""
    joined: list[Band] = []
    for band in sorted(bands):
        if joined and band.start <= joined[-1].end:
            joined[-1] = Band(joined[-1].start, max(band.end, joined[-1].end))
        else:
            joined.append(band)
    return tuple(joined)


def _kind(day: date) -> int:
    """Which bit a day has: its weekday, and which of how many such days of its month it is."""
    before = (day.day - 1) // 7
    after = (monthrange(day.year, day.month)[1] - day.day) // 7
    return day.weekday() * _KINDS + before + (4 if before + after == 4 else 0)


def _applied(rules: Sequence[_Rule], kind: int) -> tuple[Band, ...]:
    bands: tuple[Band, ...] = ()
    for rule in rules:
        if rule.days >> kind & 1:
            bands = _joined((*bands, *rule.bands)) if rule.adds else rule.bands
    return bands


def _check_each_counts(rules: Sequence[_Rule]) -> None:
    """A later rule replaces an earlier one on its days; what is wholly replaced was not meant."""
    for place, rule in enumerate(rules):
        for later in rules[place + 1 :]:
            if not later.adds and not rule.days & ~later.days:
                problem = f'holds "{rule.written}", which "{later.written}" replaces'
                remedy = "Put special days last, and all times of a day into one rule"
                raise wrong(problem, remedy)
