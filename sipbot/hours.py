"""When a client is open, and why: one answer for any moment, built once per file.  Pure.

Data path: sip -> dialplan -> [hours] -> routes -> script -> calls -> spool -> speech -> memo

What counts for a day, the first that applies (`PRECEDENCE`)::

    day       [[day]]      this single day
    closure   [[closure]]  closed for a reason with a name; one with years before one of every year
    holiday   [hours]      a public holiday: holiday_open, else closed
    season    [[season]]   other weekly hours for a time of the year; one with years likewise first
    weekly    [hours]      open

Hours past midnight belong to the day on which they begin and run to their end: a bar that is open
on Friday 22:00-26:00 closes on Saturday at two, also when Saturday is a holiday or closed, and a
holiday without hours has none after its own midnight either.  That is what ``26:00`` says on a
door; who wants otherwise writes a [[day]] with ``22:00-24:00``.

All hours are wall-clock times of the client's zone.  An hour that the clocks skip is not there; an
hour that they repeat is open twice, or closed twice.
"""

import zoneinfo
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, TypeVar

import msgspec

from sipbot.errors import HoursError, HoursProblem
from sipbot.hours_form import (
    REGION,
    ClosureForm,
    DayForm,
    HoursForm,
    MonthDay,
    SeasonForm,
    moment,
)
from sipbot.osm_hours import DAY_MIN, Band, WeekHours, day_bands, week_hours
from sipbot.public_holidays import is_country, is_provisional, public_holidays

Because = Literal["day", "closure", "holiday", "season", "weekly"]
PRECEDENCE: tuple[Because, ...] = ("day", "closure", "holiday", "season", "weekly")

ZONES = {"JP": "Asia/Tokyo", "KR": "Asia/Seoul"}
"""Regions that have one zone and no summer time; elsewhere the file must say."""

_YESTERDAY = timedelta(days=1)


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is at one moment."""

    open: bool
    because: Because
    """What decided: see `PRECEDENCE`."""
    name: str = ""
    """Of the closure, season or holiday; a [[day]] is named by its date; empty for weekly hours."""
    greeting: str | None = None
    """The prompt that the closure or day asks for, as written."""


class DayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What one day is: the hours that begin on it, and why."""

    date: date
    bands: tuple[Band, ...]
    """In order, never touching; empty when closed. The last may end after midnight."""
    because: Because
    name: str = ""
    greeting: str | None = None
    provisional: bool = False
    """A public holiday of a year that has not been announced."""


class Span(msgspec.Struct, frozen=True):
    """Days of every year, or days that come once."""

    first: int
    """``MMDD`` of every year, or the ordinal of a date."""
    last: int
    """Likewise; counted in. Before `first` when days of every year cross the new year."""
    once: bool

    def covers(self, day: date) -> bool:
        """Tell whether the day lies in the span, both ends counted in."""
        return self.holds(_number(day if self.once else (day.month, day.day)))

    def holds(self, at: int) -> bool:
        """Tell whether a number in the manner of `first` lies in the span."""
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last


class Closure(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which the client is closed, and why."""

    name: str
    span: Span
    greeting: str | None = None


class Season(msgspec.Struct, frozen=True, kw_only=True):
    """Other weekly hours for a time of the year."""

    name: str
    span: Span
    week: WeekHours


_Named = TypeVar("_Named", Closure, Season)


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that decides whether a client is open."""

    tz: zoneinfo.ZoneInfo
    week: WeekHours
    country: str = ""
    """Whose public holidays count; empty for none."""
    holiday_bands: tuple[Band, ...] = ()
    days: dict[date, DayPlan] = {}
    closures: tuple[Closure, ...] = ()
    """In the order in which they count."""
    seasons: tuple[Season, ...] = ()
    """Likewise."""

    def bands(self, day: date) -> DayPlan:
        """What the day is; for calendars."""
        exceptional = self.days.get(day)
        if exceptional:
            return exceptional
        for closure in self.closures:
            if closure.span.covers(day):
                return DayPlan(
                    date=day,
                    bands=(),
                    because="closure",
                    name=closure.name,
                    greeting=closure.greeting,
                )
        if self.country and day in (named := public_holidays(self.country, day.year)):
            return DayPlan(
                date=day,
                bands=self.holiday_bands,
                because="holiday",
                name=named[day],
                provisional=is_provisional(self.country, day.year),
            )
        for season in self.seasons:
            if season.span.covers(day):
                bands = season.week.bands(day)
                return DayPlan(date=day, bands=bands, because="season", name=season.name)
        return DayPlan(date=day, bands=self.week.bands(day), because="weekly")

    def at(self, when: datetime) -> Situation:
        """Say whether the client is open at this moment, and why.

        Raises:
            ValueError: the moment is without a time zone.
        """
        if when.utcoffset() is None:
            raise ValueError("a moment without a time zone has no opening hours")
        local = when.astimezone(self.tz)
        minute = local.hour * 60 + local.minute
        today = self.bands(local.date())
        if _within(today.bands, minute):
            return _situation(today, is_open=True)
        before = self.bands(local.date() - _YESTERDAY)
        if _within(before.bands, minute + DAY_MIN):
            return _situation(before, is_open=True)
        return _situation(today, is_open=False)


def compile_hours(
    form: HoursForm | None,
    closures: Sequence[ClosureForm] = (),
    days: Sequence[DayForm] = (),
    seasons: Sequence[SeasonForm] = (),
    *,
    region: str,
) -> Hours:
    """Make the hours of one client from the tables of its file.

    Args:
        form: ``[hours]``; None: always open, and no holiday counts, but what follows does.
        closures: ``[[closure]]``, in the order in which they count.
        days: ``[[day]]``.
        seasons: ``[[season]]``.
        region: ISO 3166-1 alpha-2 of the site; gives time zone and holidays by default.

    Raises:
        HoursError: two entries contradict each other, or the region gives no time zone.
    """
    zone = (form.tz if form else "") or ZONES.get(region, "")
    problems = [
        *_lacks_zone(zone, form, needed=bool(form or closures or days or seasons)),
        *_contradictions(closures, days, seasons),
    ]
    if problems:
        raise HoursError(problems)
    return Hours(
        tz=zoneinfo.ZoneInfo(zone or "UTC"),
        week=week_hours(form.open if form else "24/7"),
        country=_country(form, region),
        holiday_bands=day_bands(form.holiday_open) if form else (),
        days={plan.date: plan for plan in map(_exceptional, days)},
        closures=_once_first(map(_closure, closures)),
        seasons=_once_first(map(_season, seasons)),
    )


def _within(bands: tuple[Band, ...], minute: int) -> bool:
    return any(start <= minute < end for start, end in bands)


def _situation(plan: DayPlan, *, is_open: bool) -> Situation:
    return Situation(open=is_open, because=plan.because, name=plan.name, greeting=plan.greeting)


def _country(form: HoursForm | None, region: str) -> str:
    if form is None:
        return ""
    if form.holidays != REGION:
        return form.holidays
    return region if is_country(region) else ""


def _number(day: date | MonthDay) -> int:
    return day.toordinal() if isinstance(day, date) else day[0] * 100 + day[1]


def _span(first: str, last: str) -> Span:
    begin = moment(first)
    return Span(_number(begin), _number(moment(last)), isinstance(begin, date))


def _closure(form: ClosureForm) -> Closure:
    return Closure(
        name=form.name, span=_span(form.from_, form.last), greeting=form.greeting or None
    )


def _season(form: SeasonForm) -> Season:
    return Season(name=form.name, span=_span(form.from_, form.to), week=week_hours(form.open))


def _exceptional(form: DayForm) -> DayPlan:
    return DayPlan(
        date=date.fromisoformat(form.on),
        bands=day_bands(form.open),
        because="day",
        name=form.on,
        greeting=form.greeting or None,
    )


def _once_first(spans: Iterable[_Named]) -> tuple[_Named, ...]:
    return tuple(sorted(spans, key=lambda one: not one.span.once))


def _lacks_zone(zone: str, form: HoursForm | None, *, needed: bool) -> Iterator[HoursProblem]:
    if needed and not zone:
        key = ("hours", "tz") if form else ("hours",)
        remedy = 'Add tz = "America/New_York" or another zone of the IANA list below [hours]'
        yield HoursProblem(key=key, problem="is missing, and the region has several", remedy=remedy)


def _contradictions(
    closures: Sequence[ClosureForm], days: Sequence[DayForm], seasons: Sequence[SeasonForm]
) -> Iterator[HoursProblem]:
    names: set[str] = set()
    named = [
        *(("closure", place, form.name) for place, form in enumerate(closures)),
        *(("season", place, form.name) for place, form in enumerate(seasons)),
    ]
    for table, place, name in named:
        if name in names:
            remedy = "Give each closure and season a name of its own"
            key = (table, place, "name")
            yield HoursProblem(key=key, problem="is used twice", remedy=remedy)
        names.add(name)
    dates: set[str] = set()
    for place, day in enumerate(days):
        if day.on in dates:
            remedy = "Keep one entry for each day"
            yield HoursProblem(key=("day", place, "on"), problem="is written twice", remedy=remedy)
        dates.add(day.on)
    yield from _overlaps(seasons)


def _overlaps(seasons: Sequence[SeasonForm]) -> Iterator[HoursProblem]:
    """Two seasons of one kind that share a day: nobody could tell whose hours count."""
    spans = [_span(form.from_, form.to) for form in seasons]
    for place, span in enumerate(spans):
        for earlier, other in zip(seasons[:place], spans, strict=False):
            if span.once == other.once and _share_a_day(span, other):
                problem = f"overlaps the season {earlier.name} ({earlier.from_} to {earlier.to})"
                remedy = "Let one end on the day before the other begins"
                yield HoursProblem(key=("season", place, "from"), problem=problem, remedy=remedy)
                break


def _share_a_day(one: Span, other: Span) -> bool:
    return other.holds(one.first) or one.holds(other.first)
