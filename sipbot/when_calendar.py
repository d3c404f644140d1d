"""Which day and which minute is meant: the rules that all languages share.  Pure.

A day as said need not exist (the 30th of February), so it is three numbers and no date.  The rules,
each decided once and stated in `said_when`, hold for the moment of the call, not for the moment at
which somebody reads the memo.
"""

from calendar import monthrange
from datetime import MAXYEAR, date, timedelta
from typing import NamedTuple

PAST_DAYS = 90
"""A date without a year that was up to so many days ago is meant as past ("the invoice of October
3rd", said in November); else it is the next to come.  A quarter: what is older, people name with
its year.  A judgement, not a measurement."""

HALVES = ("am", "pm", "noon", "evening", "night")
"""Parts of a day that tell which three o'clock is meant."""


class Day(NamedTuple):
    """A day as said."""

    year: int
    month: int
    day: int

    @property
    def exists(self) -> bool:
        """Whether the calendar has it."""
        if not (1 <= self.month <= 12 and 1 <= self.year <= MAXYEAR):
            return False
        return 1 <= self.day <= monthrange(self.year, self.month)[1]

    @property
    def iso(self) -> str:
        """As ISO 8601 writes it, even where it does not exist."""
        return f"{self.year:04}-{self.month:02}-{self.day:02}"

    def later(self, days: int) -> "Day":
        """The day so many days later; itself where it does not exist."""
        if not self.exists or not days:
            return self
        return days_from(date(self.year, self.month, self.day), days)


BEYOND = Day(MAXYEAR + 1, 1, 1)
"""Stands for every day that is farther away than calendars go: it does not exist."""


def day_of(when: date) -> Day:
    """Return a date of the calendar as a day."""
    return Day(when.year, when.month, when.day)


def days_from(today: date, days: int) -> Day:
    """Return the day so many days after today; `BEYOND` where calendars end."""
    try:
        return day_of(today + timedelta(days))
    except OverflowError:
        return BEYOND


def weekday(today: date, number: int, weeks: int | None) -> Day:
    """Return a day of the week.

    Args:
        today: the day of the call.
        number: 0 is Monday.
        weeks: how many weeks, Monday to Sunday, after the present one; None is the next such day
            after today, a week ahead when today is such a day.
    """
    if weeks is None:
        return days_from(today, (number - today.weekday() - 1) % 7 + 1)
    return days_from(today, number - today.weekday() + 7 * weeks)


def last_weekday(today: date, number: int) -> Day:
    """Return the last such day of the week before today."""
    return days_from(today, -((today.weekday() - number - 1) % 7 + 1))


def in_year(today: date, month: int, day: int, year: int | None) -> Day:
    """Return the day of a month; without a year it is the one that is meant (`PAST_DAYS`)."""
    if year is not None:
        return Day(year, month, day)
    said = Day(today.year, month, day)
    if not said.exists:
        # February 29th has no distance of its own; the last day of the month stands for it.
        passed = (month, day) < (today.month, today.day)
        return Day(today.year + passed, month, day)
    ahead = (date(*said) - today).days
    if ahead < -PAST_DAYS:
        return Day(today.year + 1, month, day)
    # In January, "December 28th" is of last year.
    if Day(today.year - 1, month, day).exists:
        before = (today - date(today.year - 1, month, day)).days
        if 0 < before <= PAST_DAYS:
            return Day(today.year - 1, month, day)
    return said


def in_month(today: date, day: int, months: int | None) -> Day:
    """Return a day named by its number.

    Args:
        today: the day of the call.
        day: of the month.
        months: how many months after the present one; None is the next such day, today included.
    """
    if months is None:
        months = 0 if day >= today.day else 1
    years, month = divmod(today.month - 1 + months, 12)
    return Day(today.year + years, month + 1, day)


def end_of_month(today: date, months: int) -> Day:
    """Return the last day of a month, counted from the present one."""
    first = in_month(today, 1, months)
    return Day(first.year, first.month, monthrange(first.year, first.month)[1])


def minutes(hour: int, minute: int, half: str | None) -> int | None:
    """Return minutes from the midnight at which the named day begins, or None: no such time.

    An hour to which nobody says the half of the day is kept as said: 3 is 03:00.  From 1440 on it
    is of the next day: 夜の12時 is the midnight at which the day ends.
    """
    if not (0 <= hour <= 24 and 0 <= minute <= 59) or (hour == 24 and minute):
        return None
    if half == "am":
        if hour > 12:
            return None
        hour %= 12
    elif (half in ("pm", "evening") and hour < 12) or (half == "noon" and 1 <= hour <= 5):
        hour += 12
    elif half == "night":
        hour += 12 if 5 <= hour < 12 else 0
        hour += {12: 12, 0: 24, 1: 24, 2: 24, 3: 24, 4: 24}.get(hour, 0)
    return hour * 60 + minute
