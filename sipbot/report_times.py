"""When a client's reports are due, and of which week or month each of them is.  Pure.

Times are wall-clock times of the client's zone: one that the clocks skip comes as much later as
they skip, one that they repeat comes once, the first time.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sipbot.osm_hours import WEEKDAYS
from sipbot.quota import Month, month_of
from sipbot.report.weeks import Week
from sipbot.report_form import ReportKind

_WEEKS_AROUND = 2
"""Weeks looked at before and after the present one: a zone may be a day apart from UTC."""


def latest(kind: ReportKind, at: str, tz: ZoneInfo, now: datetime) -> datetime:
    """Return the last moment, up to now, at which a report is due.

    Args:
        kind: of report.
        at: as the client's file says it: ``Mo 08:00`` or ``1 08:00``.
        tz: the client's.
        now: aware.
    """
    return max(one for one in _around(kind, at, tz, now) if one <= now)


def following(kind: ReportKind, at: str, tz: ZoneInfo, now: datetime) -> datetime:
    """Return the first moment after now at which a report is due; arguments as for `latest`."""
    return min(one for one in _around(kind, at, tz, now) if one > now)


def period_of(kind: ReportKind, moment: datetime, tz: ZoneInfo) -> str:
    """Return the last week or month that was over at a moment: ``2026-W46`` or ``2026-10``."""
    if kind == "weekly":
        return str(Week.of(moment, tz).before())
    return str(_month_before(month_of(moment, tz)))


def days_of(kind: ReportKind, period: str) -> tuple[date, date]:
    """Return the first and last day of a period that `period_of` has returned.

    Raises:
        ValueError: it is none.
    """
    if kind == "weekly":
        week = Week.parse(period)
        if week is not None:
            return week.monday, week.sunday
    month = Month.parse(period)
    if month is None:
        raise ValueError(period)
    last = monthrange(month.year, month.number)[1]
    return date(month.year, month.number, 1), date(month.year, month.number, last)


def _month_before(month: Month) -> Month:
    return Month(month.year, month.number - 1) if month.number > 1 else Month(month.year - 1, 12)


def _around(kind: ReportKind, at: str, tz: ZoneInfo, now: datetime) -> Iterator[datetime]:
    word, clock = at.split(" ")
    today, when = now.astimezone(tz).date(), time.fromisoformat(clock)
    days = _weekdays(word, today) if kind == "weekly" else _days_of_months(int(word), today)
    for day in days:
        yield datetime.combine(day, when, tz).astimezone(UTC)


def _weekdays(word: str, today: date) -> Iterator[date]:
    nearest = today + timedelta(days=WEEKDAYS.index(word) - today.weekday())
    for weeks in range(-_WEEKS_AROUND, _WEEKS_AROUND + 1):
        yield nearest + timedelta(weeks=weeks)


def _days_of_months(day: int, today: date) -> Iterator[date]:
    month = Month(today.year, today.month)
    for one in (_month_before(month), month, month.following):
        yield date(one.year, one.number, min(day, monthrange(one.year, one.number)[1]))
