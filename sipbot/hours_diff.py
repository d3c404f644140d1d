"""What a change of hours takes from callers and what it gives them, over the next twelve months.

Pure.  Both forms of the hours are laid on one wall clock, minute by minute of each calendar day
(hours past midnight count on the day after), and what differs is added up: by weekday for the
weekly hours, by name for days that are special in either form.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

import msgspec

from sipbot.hours import DayPlan, Hours
from sipbot.osm_hours import DAY_MIN, Band

WEEKDAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

HOLIDAYS = "public holidays"
"""All of them are counted together: they have the same hours."""

_DAY = timedelta(days=1)
_LISTED = 6
"""Changes named in one sentence; the rest are counted."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Hours that are lost or gained in the same way on several days."""

    band: Band
    """Between the midnights of a calendar day."""
    weekdays: tuple[int, ...] = ()
    """0 is Monday; empty for special days."""
    name: str = ""
    """Of the special day, closure, holiday or season; empty for the usual weekly hours."""
    days: int
    first: date
    last: date

    @property
    def minutes(self) -> int:
        """All days together, by the wall clock."""
        return (self.band.end - self.band.start) * self.days

    def __str__(self) -> str:
        """``Sat 09:00-12:00 (9 days)``, ``obon 09:00-12:00 (2027-08-13 to 2027-08-16, 2 days)``."""
        count = "1 day" if self.days == 1 else f"{self.days} days"
        if not self.name:
            return f"{_weekdays(self.weekdays)} {self.band} ({count})"
        dates = f"{self.first}" if self.days == 1 else f"{self.first} to {self.last}, {count}"
        return (
            f"{self.name} {self.band}"
            if dates == self.name
            else f"{self.name} {self.band} ({dates})"
        )


class HoursDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What changes for callers; the largest change first."""

    start: date
    end: date
    """The first day that is no longer looked at."""
    lost: tuple[Change, ...]
    gained: tuple[Change, ...]

    @property
    def lost_min(self) -> int:
        """Minutes in which somebody was there and no longer will be."""
        return sum(change.minutes for change in self.lost)

    @property
    def gained_min(self) -> int:
        """Minutes in which somebody will be there and was not before."""
        return sum(change.minutes for change in self.gained)

    def sentences(self) -> list[str]:
        """One sentence for what is lost and one for what is gained; one when nothing changes."""
        said = [
            _sentence("lose", self.lost_min, self.lost),
            _sentence("gain", self.gained_min, self.gained),
        ]
        return [one for one in said if one] or ["The hours stay as they are."]


def diff(old: Hours, new: Hours, start: date) -> HoursDiff:
    """Compare two forms of a client's hours from a day on, for twelve months.

    Args:
        old: what is in force.
        new: what is to come; its time zone is the wall clock of the answer.
        start: the first day that is looked at.
    """
    end = _year_later(start)
    lost: list[tuple[date, str, Band]] = []
    gained: list[tuple[date, str, Band]] = []
    before, after = _by_day(old, new, start, end), _by_day(new, new, start, end)
    for day in _days(start, end):
        was, is_ = before.get(day, []), after.get(day, [])
        if was != is_:
            name = _special(old.bands(day), new.bands(day))
            lost.extend((day, name, band) for band in _without(was, is_))
            gained.extend((day, name, band) for band in _without(is_, was))
    return HoursDiff(start=start, end=end, lost=_grouped(lost), gained=_grouped(gained))


def _year_later(start: date) -> date:
    leap_day = (start.month, start.day) == (2, 29)
    return date(start.year + 1, 3, 1) if leap_day else start.replace(year=start.year + 1)


def _days(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=place) for place in range((end - start).days))


def _by_day(hours: Hours, clock: Hours, start: date, end: date) -> dict[date, list[Band]]:
    """The open minutes of each calendar day on the wall clock of `clock`."""
    found: defaultdict[date, list[Band]] = defaultdict(list)
    # A band may reach two days further: one past midnight, one by the other zone's date.
    for day in _days(start - 2 * _DAY, end + _DAY):
        midnight = datetime.combine(day, time())
        for start_min, end_min in hours.bands(day).bands:
            first = _moved(midnight + timedelta(minutes=start_min), hours, clock)
            last = _moved(midnight + timedelta(minutes=end_min), hours, clock)
            for on, band in _cut(first, last):
                found[on].append(band)
    return {day: _merged(bands) for day, bands in found.items()}


def _moved(wall: datetime, hours: Hours, clock: Hours) -> datetime:
    if hours.tz.key == clock.tz.key:
        return wall
    return wall.replace(tzinfo=hours.tz).astimezone(clock.tz).replace(tzinfo=None)


def _cut(first: datetime, last: datetime) -> Iterator[tuple[date, Band]]:
    """Cut a stretch of time at each midnight."""
    day = first.date()
    while (midnight := datetime.combine(day, time())) < last:
        start = max(0, int((first - midnight).total_seconds()) // 60)
        end = min(DAY_MIN, int((last - midnight).total_seconds()) // 60)
        yield day, Band(start, end)
        day += _DAY


def _merged(bands: list[Band]) -> list[Band]:
    merged: list[Band] = []
    for band in sorted(bands):
        if merged and band.start <= merged[-1].end:
            merged[-1] = Band(merged[-1].start, max(merged[-1].end, band.end))
        else:
            merged.append(band)
    return merged


def _without(bands: list[Band], others: list[Band]) -> list[Band]:
    """The parts of the bands that none of the others covers."""
    left = bands
    for other in others:
        left = [
            part
            for band in left
            for part in (
                Band(band.start, min(band.end, other.start)),
                Band(max(band.start, other.end), band.end),
            )
            if part.start < part.end
        ]
    return left


def _special(old: DayPlan, new: DayPlan) -> str:
    """The name under which a day's change is counted; empty for weekly hours in both forms."""
    plan = new if new.name else old
    return HOLIDAYS if plan.because == "holiday" else plan.name


def _grouped(found: Iterable[tuple[date, str, Band]]) -> tuple[Change, ...]:
    """Equal bands of special days by name; those of weekly hours by the weekdays they share."""
    dates: defaultdict[tuple[str, Band, int], list[date]] = defaultdict(list)
    for day, name, band in found:
        dates[name, band, -1 if name else day.weekday()].append(day)
    weekdays: defaultdict[tuple[str, Band], list[int]] = defaultdict(list)
    for name, band, weekday in dates:
        weekdays[name, band].append(weekday)
    changes = []
    for (name, band), shared in weekdays.items():
        days = sorted(day for weekday in shared for day in dates[name, band, weekday])
        changes.append(
            Change(
                band=band,
                weekdays=() if name else tuple(sorted(shared)),
                name=name,
                days=len(days),
                first=days[0],
                last=days[-1],
            )
        )
    return tuple(sorted(changes, key=lambda change: (-change.minutes, change.first, change.band)))


def _weekdays(weekdays: tuple[int, ...]) -> str:
    """``Mon-Fri``, ``Mon, Wed, Fri``."""
    first, last = weekdays[0], weekdays[-1]
    if len(weekdays) > 2 and last - first == len(weekdays) - 1:
        return f"{WEEKDAY_NAMES[first]}-{WEEKDAY_NAMES[last]}"
    return ", ".join(WEEKDAY_NAMES[weekday] for weekday in weekdays)


def _sentence(verb: str, minutes: int, changes: tuple[Change, ...]) -> str:
    if not changes:
        return ""
    hours = f"{minutes / 60:.1f}".removesuffix(".0")
    listed = "; ".join(str(change) for change in changes[:_LISTED])
    more = f"; and {len(changes) - _LISTED} more" if len(changes) > _LISTED else ""
    return f"You {verb} {hours} h a year: {listed}{more}."
