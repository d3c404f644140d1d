"""A week of the calendar by ISO 8601: Monday to Sunday, in a client's own time zone.  Pure."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

_WEEK = re.compile(r"([0-9]{4})-W([0-9]{2})")


class Week(msgspec.Struct, frozen=True, order=True):
    """A week; when it begins depends on the time zone."""

    year: int
    """Of ISO 8601: the year of the week's Thursday."""
    number: int
    """1 to 53."""

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"

    @classmethod
    def parse(cls, text: str) -> "Week | None":
        """Return the week of ``2026-W46``; None when the text is no week."""
        found = _WEEK.fullmatch(text)
        if found is None or not 1 < int(found[1]) < 9999:
            return None
        week = cls(int(found[1]), int(found[2]))
        try:
            date.fromisocalendar(week.year, week.number, 1)
        except ValueError:
            return None
        return week

    @classmethod
    def of(cls, at: datetime, tz: ZoneInfo) -> "Week":
        """Return the week that a moment belongs to in this zone."""
        year, number, _ = at.astimezone(tz).isocalendar()
        return cls(year, number)

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    def before(self, weeks: int = 1) -> "Week":
        """Return the week so many weeks before."""
        year, number, _ = (self.monday - timedelta(weeks=weeks)).isocalendar()
        return Week(year, number)

    def begins(self, tz: ZoneInfo) -> datetime:
        """Return the first moment of its Monday where clocks show this zone, UTC."""
        day = self.monday
        return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)

    def ends(self, tz: ZoneInfo) -> datetime:
        """Return the first moment that does not belong to it, UTC."""
        return self.before(-1).begins(tz)
