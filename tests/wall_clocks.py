"""Wall clocks of the samples' time zones, 2026 to 2030, by the laws that move them: an oracle.

Europe: Directive 2000/84/EC, which British law keeps (Summer Time Order 2002): summer time from
01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.  United States: 15
U.S.C. 260a: from 02:00 on the second Sunday of March to 02:00 on the first Sunday of November.
Japan and Korea have none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from tests.japan import FIRST, LAST

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class WallClock:
    """How far a zone is ahead of UTC, and when that changes."""

    ahead_min: int
    """In winter."""
    summer: Literal["", "Europe", "America"] = ""

    def changes(self) -> Iterator[tuple[datetime, int]]:
        """When the clocks are moved, in UTC, and how far ahead of it they are from then on."""
        for year in range(FIRST.year, LAST.year + 1):
            if self.summer == "Europe":
                yield _sunday(year, 3, 25) + timedelta(hours=1), self.ahead_min + 60
                yield _sunday(year, 10, 25) + timedelta(hours=1), self.ahead_min
            if self.summer == "America":
                two = timedelta(hours=2) - self.ahead_min * MINUTE
                yield _sunday(year, 3, 8) + two, self.ahead_min + 60
                yield _sunday(year, 11, 1) + two - timedelta(hours=1), self.ahead_min

    @property
    def first(self) -> datetime:
        """The first minute of the five years on this clock."""
        return datetime(FIRST.year, 1, 1, tzinfo=UTC) - self.ahead_min * MINUTE

    def in_utc(self, local: bytearray) -> bytearray:
        """The minutes of a wall clock as they pass: skipped ones left out, repeated ones twice.

        Args:
            local: one byte for every minute that the clock can show from `FIRST` to `LAST`.
        """
        passed, begin = bytearray(), 0
        ahead = self.ahead_min
        for moment, later in self.changes():
            shown = round((moment - self.first) / MINUTE) + ahead - self.ahead_min
            passed += local[begin:shown]
            begin, ahead = shown + later - ahead, later
        return passed + local[begin:]


def _sunday(year: int, month: int, earliest: int) -> datetime:
    """Midnight UTC of the first Sunday from this day of the month."""
    day = date(year, month, earliest)
    day += timedelta(days=6 - day.weekday())
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


TOKYO = WallClock(9 * 60)
SEOUL = WallClock(9 * 60)
LONDON = WallClock(0, "Europe")
NEW_YORK = WallClock(-5 * 60, "America")
