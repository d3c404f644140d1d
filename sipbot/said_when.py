"""Dates and times in what callers said.  Pure.

What is decided here, because speech leaves it open; `at` is the moment of the call:

* A time without a half of the day is kept as said: 三時 and "three thirty" are ``03:00`` and
  ``03:30``.  Nobody said "afternoon", and a machine that guesses makes wrong appointments.  The
  other end of a stretch of time tells: in "from three to four p.m." both are in the afternoon;
  also in 午後三時の打ち合わせを四時に変更.  An end that would lie before its beginning is in the
  afternoon: "from nine to five".
* 昼, 夕方, 夜, "in the evening", 저녁 and so on tell the half.  夜の12時 is the end of the day, so
  of the next date; 午後12時 and "12 p.m." are noon, 午前12時 and "12 a.m." midnight.
* A day of the week alone, with 次, 今度, "this", "coming" or 오는 is the next such day after
  today.  来週の月曜, "next Monday" and 다음 주 월요일 are of the week (Monday to Sunday) after the
  present one; "last Friday" is the last one before today.
* A date without a year is past when that was at most `when_calendar.PAST_DAYS` ago, else to come.
  The 23rd alone is the next 23rd, today included.
* A day and a part of it without a time (明後日の午前中, "next Monday morning") is a DATE: ISO 8601
  has no mornings.  The part stands in ``shown`` and in the span.
* A date that no calendar has, a 25 o'clock, or a day of the week that is not that of the date
  beside it ("Wednesday the 26th") is found and not valid.

``shown`` keeps the caller's own words with digits in them (明日の午後3時): which day that was is
`calendar_form` for whoever shows a value apart from its text.

Own grammars, and no library.  ja-timex 0.2.8 was measured (30 of 34 expected values): it misses
夕方6時, its datetime of 午後3時 is 03:00, it pins a beta of pendulum, and takes telephone numbers
for dates.  dateparser and its like read dates that people typed: no kanji numerals, no native
Korean numerals, no "half past nine", and they guess when in doubt.  What is said on a telephone is
a closed set of phrases in which each must be right or not found, with its exact place in the text;
this is smaller than the code that would watch a library.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Protocol

from sipbot import when_en, when_ja, when_ko
from sipbot.numerals_ja import narrow
from sipbot.said import Kind, Said
from sipbot.when_parts import Glue, Part, values

_WEEKDAYS = {
    "ja": "月火水木金土日",
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "ko": "월화수목금토일",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_GRAMMARS: dict[str, tuple[Callable[[str, datetime], Iterator[Part]], Glue]] = {
    "ja": (when_ja.parts, when_ja.GLUE),
    "en": (when_en.parts, when_en.GLUE),
    "ko": (when_ko.parts, when_ko.GLUE),
}


def find_when(text: str, language: str, at: datetime) -> tuple[Said, ...]:
    """Find the dates and times that are said in a text.

    Telephone numbers may look like dates: who looks for both takes the numbers first.

    Args:
        text: as an ear wrote it, with or without spaces and punctuation.
        language: ja, en or ko; nothing is found in others.
        at: the moment of the call in the client's time zone.

    Returns:
        Values of kinds DATE, TIME and WHEN in their order, never overlapping.
    """
    grammar = _GRAMMARS.get(language)
    if grammar is None:
        return ()
    parts, glue = grammar
    line = narrow(text)
    if language != "ja":
        return values(line, parts(line, at), glue)
    kept = [index for index, letter in enumerate(line) if not letter.isspace()]
    line = "".join(line[index] for index in kept)
    return tuple(
        replace(one, start=kept[one.start], end=kept[one.end - 1] + 1)
        for one in values(line, parts(line, at), glue)
    )


class Told(Protocol):
    """A value that was said; `said.Said` and `memo_found.Found` are such."""

    @property
    def kind(self) -> Kind:
        """What it is."""

    @property
    def value(self) -> str:
        """ISO 8601."""

    @property
    def shown(self) -> str:
        """As it was said."""

    @property
    def valid(self) -> bool:
        """Whether a calendar has it."""


def calendar_form(said: Told, language: str) -> str:
    """Return a date or time as a calendar writes it: 11月23日(月) 15:00, Mon, Nov 23, 15:00.

    What cannot be a date is returned as it was said.

    Args:
        said: of kind DATE, TIME or WHEN.
        language: ja, en or ko.
    """
    if said.kind is Kind.TIME or not said.valid:
        return said.value if said.valid else said.shown
    day = date.fromisoformat(said.value[:10])
    time = f" {said.value[11:]}" if said.kind is Kind.WHEN else ""
    name = _WEEKDAYS[language][day.weekday()]
    if language == "en":
        return f"{name}, {_MONTHS[day.month - 1]} {day.day}{',' if time else ''}{time}"
    if language == "ko":
        return f"{day.month}월 {day.day}일({name}){time}"
    return f"{day.month}月{day.day}日({name}){time}"
