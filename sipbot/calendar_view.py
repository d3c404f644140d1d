"""A month or a year of a client's hours as they will apply, day by day.  Pure.

`calendar_terminal` and `calendar_page` draw what is put together here; both show the same.
"""

from calendar import Calendar, monthrange
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from sipbot.calendar_on_call import Gap, OnCall, gaps, on_call_of
from sipbot.escalation import Escalation
from sipbot.hours import Because, DayPlan, Hours
from sipbot.public_holidays import years_known

State = Literal["open", "closed"]
Kind = Literal["open", "season", "holiday", "closure", "day", "closed"]
"""How a day is coloured: by its reason, ``open`` or ``closed`` for the usual weekly hours."""

KIND_WORDS: dict[Kind, str] = {
    "open": "open",
    "season": "season",
    "day": "single day",
    "holiday": "public holiday",
    "closure": "closure",
    "closed": "closed",
}
"""In the order of a legend."""

PRECEDENCE_WORDS = "day > closure > holiday > season > weekly hours"
"""What counts for a day, the first that applies; printed below every calendar."""

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class DayView(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a calendar."""

    date: date
    bands: tuple[str, ...]
    """``09:00-12:00``; past midnight ``22:00-26:00``."""
    because: Because
    name: str
    """Of the closure, season, holiday; of a single day its date."""
    provisional: bool
    """A holiday of a year that has not been announced."""
    minutes: int
    """Open, by the wall clock, counted on the day on which the hours begin."""
    on_call: tuple[OnCall, ...] = ()
    """Empty where the client has no rota."""

    @property
    def state(self) -> State:
        """Whether anybody is there on this day."""
        return "open" if self.bands else "closed"

    @property
    def kind(self) -> Kind:
        """How the day is coloured."""
        if self.because == "weekly" or (self.because == "season" and not self.bands):
            return self.state
        return self.because

    @property
    def exceptional(self) -> bool:
        """Not as weekly hours and seasons have it."""
        return self.because in ("day", "closure", "holiday")

    @property
    def gap(self) -> bool:
        """Whether nobody is on call at some time of the day."""
        return any(one.gap for one in self.on_call)


class MonthView(msgspec.Struct, frozen=True, kw_only=True):
    """One month, in weeks."""

    year: int
    month: int
    weeks: tuple[tuple[DayView | None, ...], ...]
    """Seven days each; None for days of the months around."""

    @property
    def title(self) -> str:
        """``August 2026``."""
        return f"{MONTHS[self.month - 1]} {self.year}"

    @property
    def days(self) -> tuple[DayView, ...]:
        """The days of the month."""
        return tuple(day for week in self.weeks for day in week if day)


class CalendarView(msgspec.Struct, frozen=True, kw_only=True):
    """A calendar of one client: one month or twelve."""

    name: str
    """Of the client, as people say it."""
    tz: str
    months: tuple[MonthView, ...]
    weekdays: tuple[int, ...]
    """The columns, 0 is Monday."""
    rota: tuple[tuple[str, str], ...] = ()
    """Everybody on call: name, and when."""

    @property
    def title(self) -> str:
        """``August 2026`` or ``2026``."""
        return self.months[0].title if len(self.months) == 1 else str(self.months[0].year)

    @property
    def days(self) -> tuple[DayView, ...]:
        """All days."""
        return tuple(day for month in self.months for day in month.days)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of days that occur, for a legend."""
        found = {day.kind for day in self.days}
        return tuple(kind for kind in KIND_WORDS if kind in found)

    @property
    def provisional(self) -> bool:
        """Whether a holiday shown may still change."""
        return any(day.provisional for day in self.days)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """When nobody is on call."""
        return gaps((day.date, day.on_call) for day in self.days)


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Days in a row that are exceptional for one reason."""

    first: DayView
    last: DayView

    @property
    def dates(self) -> str:
        """``2026-12-29`` or ``2026-12-29 to 12-31``."""
        if self.first.date == self.last.date:
            return self.first.date.isoformat()
        return f"{self.first.date} to {self.last.date:%m-%d}"


class Called(NamedTuple):
    """Who is called about memos that nobody claims."""

    escalation: Escalation = Escalation()
    rota: tuple[tuple[str, str], ...] = ()
    """As `CalendarView.rota`."""


_NOBODY = Called()


def month_view(
    hours: Hours, year: int, month: int, *, name: str, sunday: bool, called: Called = _NOBODY
) -> CalendarView:
    """One month as it will apply.

    Args:
        hours: of the client.
        year: of the calendar.
        month: 1 to 12.
        name: of the client.
        sunday: whether weeks begin on Sunday, as on Japan's and Korea's calendars.
        called: who is called about memos that nobody claims.

    Raises:
        ValueError: no holidays are known for the year, so that the calendar would be wrong.
    """
    return _view(hours, year, (month,), name=name, sunday=sunday, called=called)


def year_view(
    hours: Hours, year: int, *, name: str, sunday: bool, called: Called = _NOBODY
) -> CalendarView:
    """A year as it will apply; as `month_view`."""
    return _view(hours, year, tuple(range(1, 13)), name=name, sunday=sunday, called=called)


def stretches(view: CalendarView) -> tuple[Stretch, ...]:
    """The exceptional days in order, those in a row with one reason and one set of hours as one."""
    found: list[Stretch] = []
    for day in view.days:
        last = found[-1].last if found else None
        if not day.exceptional:
            continue
        if (
            last
            and (day.date - last.date).days == 1
            and (last.because, last.name, last.bands) == (day.because, day.name, day.bands)
        ):
            found[-1] = Stretch(first=found[-1].first, last=day)
        else:
            found.append(Stretch(first=day, last=day))
    return tuple(found)


def summary(view: CalendarView) -> str:
    """``247 days open, 118 closed, 1 976 hours``."""
    is_open = sum(day.state == "open" for day in view.days)
    hours = sum(day.minutes for day in view.days) / 60
    shown = f"{hours:,.1f}".removesuffix(".0").replace(",", " ")
    return f"{is_open} days open, {len(view.days) - is_open} closed, {shown} hours"


def _view(
    hours: Hours, year: int, months: tuple[int, ...], *, name: str, sunday: bool, called: Called
) -> CalendarView:
    if hours.country and year not in years_known(hours.country):
        known = years_known(hours.country)
        raise ValueError(
            f"holidays of {hours.country} are known from {known[0]} to {known[-1]}, not for {year}"
        )
    grid = Calendar(firstweekday=6 if sunday else 0)
    return CalendarView(
        name=name,
        tz=hours.tz.key,
        months=tuple(_month(hours, grid, year, month, called.escalation) for month in months),
        weekdays=tuple(grid.iterweekdays()),
        rota=called.rota,
    )


def _month(
    hours: Hours, grid: Calendar, year: int, month: int, escalation: Escalation
) -> MonthView:
    dates = [date(year, month, number + 1) for number in range(monthrange(year, month)[1])]
    days = {day.day: _day(hours.bands(day), on_call_of(escalation, hours, day)) for day in dates}
    weeks = tuple(
        tuple(days.get(number) for number in week) for week in grid.monthdayscalendar(year, month)
    )
    return MonthView(year=year, month=month, weeks=weeks)


def _day(plan: DayPlan, on_call: tuple[OnCall, ...]) -> DayView:
    return DayView(
        date=plan.date,
        bands=tuple(str(band) for band in plan.bands),
        because=plan.because,
        name=plan.name,
        provisional=plan.provisional,
        minutes=sum(band.end - band.start for band in plan.bands),
        on_call=on_call,
    )
