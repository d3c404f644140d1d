"""Who is on call, and when nobody is.  Pure.

Data path: hours, [rota] -> escalation -> escalation_watch

Hours past midnight belong to the day on which they begin, as in `sipbot.hours`: who is on call on
Friday 18:00-09:00 is so on Saturday at eight, also when Saturday is a holiday that their hours
leave out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from sipbot.escalation_form import Holidays
from sipbot.hours import Hours, Situation
from sipbot.osm_hours import DAY_MIN, Band, WeekHours

LOOKED_AHEAD = timedelta(days=366)
"""How far `first_gap` looks: every kind of day comes within a year."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One person's time on call."""

    name: str
    number: str
    """Canonical number, or SIP URI."""
    week: WeekHours
    holidays: Holidays = "also"
    first: date | None = None
    """None: always, as `last`."""
    last: date | None = None
    """Counted in."""
    last_resort: bool = False

    def begins_on(self, day: date, hours: Hours) -> tuple[Band, ...]:
        """Return the bands that begin on this day, in minutes from its midnight."""
        if (self.first and day < self.first) or (self.last and day > self.last):
            return ()
        if self.holidays != "also":
            free = hours.bands(day).because in ("holiday", "closure")
            if free != (self.holidays == "only"):
                return ()
        return self.week.bands(day)


Rota = tuple[Shift, ...]
"""In the order of the file."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A time at which nobody is on call; by the wall clock of the client's zone."""

    begins: datetime
    minutes: int
    """Of the whole time that was looked at."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who is on call for a stretch of one day."""

    start: int
    """Minutes from midnight, by the wall clock."""
    end: int
    names: tuple[str, ...]
    """On call, in the order in which they are called; each once."""
    last_resort: tuple[str, ...]
    """Called after them."""
    wanted: bool
    """Whether anybody would be called."""


def on_call(rota: Rota, hours: Hours, when: datetime) -> tuple[Shift, ...]:
    """Return whom to call now, in this order: those on call, then the last resorts; each once.

    Args:
        rota: the client's.
        hours: the client's, for time zone and holidays.
        when: aware.
    """
    local = when.astimezone(hours.tz)
    minute = local.hour * 60 + local.minute
    found = [one for one in rota if not one.last_resort and _on(one, hours, local.date(), minute)]
    found += [one for one in rota if one.last_resort]
    seen: dict[str, Shift] = {}
    for one in found:
        seen.setdefault(one.name, one)
    return tuple(seen.values())


def first_gap(
    rota: Rota,
    hours: Hours,
    since: date,
    wanted: Callable[[Situation], bool] = lambda _: True,
) -> Gap | None:
    """Return when nobody will be on call first, within a year.

    Args:
        rota: the client's; one with a last resort has no gap.
        hours: the client's.
        since: the first day that is looked at.
        wanted: whether somebody is needed; when the calls of the rota depend on the hours.

    Returns:
        None when somebody always is.
    """
    if any(one.last_resort for one in rota):
        return None
    begins: datetime | None = None
    minutes = 0
    day, until = since, since + LOOKED_AHEAD
    while day < until:
        edges = _edges(rota, hours, day)
        for start, end in pairwise(edges):
            at = datetime(day.year, day.month, day.day, tzinfo=hours.tz) + start * _MINUTE
            if any(_on(one, hours, day, start) for one in rota):
                continue
            if wanted(hours.at(at)):
                begins = begins or at
                minutes += end - start
        day += _DAY
    return None if begins is None else Gap(begins=begins, minutes=minutes)


def watches(
    rota: Rota, hours: Hours, day: date, wanted: Callable[[Situation], bool] = lambda _: True
) -> tuple[Watch, ...]:
    """Return who is on call through a day, from midnight to midnight.

    Args:
        rota: the client's.
        hours: the client's.
        day: by the clocks of the client.
        wanted: whether somebody is needed; when the calls of the rota depend on the hours.
    """
    found: list[Watch] = []
    last_resort = tuple(dict.fromkeys(one.name for one in rota if one.last_resort))
    midnight = datetime(day.year, day.month, day.day, tzinfo=hours.tz)
    for start, end in pairwise(_edges(rota, hours, day)):
        on = [one.name for one in rota if not one.last_resort and _on(one, hours, day, start)]
        names = tuple(dict.fromkeys(on))
        one = Watch(
            start=start,
            end=end,
            names=names,
            last_resort=tuple(name for name in last_resort if name not in names),
            wanted=wanted(hours.at(midnight + start * _MINUTE)),
        )
        if found and replace(found[-1], start=start, end=end) == one:
            found[-1] = replace(found[-1], end=end)
        else:
            found.append(one)
    return tuple(found)


def _on(shift: Shift, hours: Hours, day: date, minute: int) -> bool:
    today = shift.begins_on(day, hours)
    before = shift.begins_on(day - _DAY, hours)
    return _within(today, minute) or _within(before, minute + DAY_MIN)


def _within(bands: Sequence[Band], minute: int) -> bool:
    return any(start <= minute < end for start, end in bands)


def _edges(rota: Rota, hours: Hours, day: date) -> list[int]:
    """Minutes of the day at which something may change, its ends among them."""
    found = {0, DAY_MIN}
    for back, that in ((0, day), (DAY_MIN, day - _DAY)):
        bands = [*hours.bands(that).bands]
        for one in rota:
            bands += one.begins_on(that, hours)
        for band in bands:
            found |= {edge - back for edge in band if 0 < edge - back < DAY_MIN}
    return sorted(found)
