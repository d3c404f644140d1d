"""Japan's public holidays from 2026 to 2030, and when imaginary clients are open: the oracle.

Written from the Cabinet Office's list and the law, with plain date arithmetic and neither of the
libraries that sipbot uses.  The law is 国民の祝日に関する法律 (Act 178 of 1948): article 2 names
the days, article 3 (2) moves a holiday on a Sunday to the next day that is none, article 3 (3)
makes a day between two holidays a holiday.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

ANNOUNCED = "announced"
"""By the Cabinet Office: 2026 in February 2025, 2027 on 2026-02-02."""
FIXED = "article 2, fixed day"
MONDAY = "article 2, happy Monday"
EQUINOX = "article 2, as the observatory predicts; becomes law in February of the year before"
SUBSTITUTE = "article 3 (2), the holiday before it is on a Sunday"
BETWEEN = "article 3 (3), between two holidays"

HOLIDAYS = (
    ("2026-01-01", "元日", ANNOUNCED),
    ("2026-01-12", "成人の日", ANNOUNCED),
    ("2026-02-11", "建国記念の日", ANNOUNCED),
    ("2026-02-23", "天皇誕生日", ANNOUNCED),
    ("2026-03-20", "春分の日", ANNOUNCED),
    ("2026-04-29", "昭和の日", ANNOUNCED),
    ("2026-05-03", "憲法記念日", ANNOUNCED),
    ("2026-05-04", "みどりの日", ANNOUNCED),
    ("2026-05-05", "こどもの日", ANNOUNCED),
    ("2026-05-06", "休日", ANNOUNCED),  # the 3rd is a Sunday, the 4th and 5th are holidays
    ("2026-07-20", "海の日", ANNOUNCED),
    ("2026-08-11", "山の日", ANNOUNCED),
    ("2026-09-21", "敬老の日", ANNOUNCED),
    ("2026-09-22", "休日", ANNOUNCED),  # between the 21st and the 23rd
    ("2026-09-23", "秋分の日", ANNOUNCED),
    ("2026-10-12", "スポーツの日", ANNOUNCED),
    ("2026-11-03", "文化の日", ANNOUNCED),
    ("2026-11-23", "勤労感謝の日", ANNOUNCED),
    ("2027-01-01", "元日", ANNOUNCED),
    ("2027-01-11", "成人の日", ANNOUNCED),
    ("2027-02-11", "建国記念の日", ANNOUNCED),
    ("2027-02-23", "天皇誕生日", ANNOUNCED),
    ("2027-03-21", "春分の日", ANNOUNCED),
    ("2027-03-22", "休日", ANNOUNCED),  # the 21st is a Sunday
    ("2027-04-29", "昭和の日", ANNOUNCED),
    ("2027-05-03", "憲法記念日", ANNOUNCED),
    ("2027-05-04", "みどりの日", ANNOUNCED),
    ("2027-05-05", "こどもの日", ANNOUNCED),
    ("2027-07-19", "海の日", ANNOUNCED),
    ("2027-08-11", "山の日", ANNOUNCED),
    ("2027-09-20", "敬老の日", ANNOUNCED),
    ("2027-09-23", "秋分の日", ANNOUNCED),
    ("2027-10-11", "スポーツの日", ANNOUNCED),
    ("2027-11-03", "文化の日", ANNOUNCED),
    ("2027-11-23", "勤労感謝の日", ANNOUNCED),
    ("2028-01-01", "元日", FIXED),
    ("2028-01-10", "成人の日", MONDAY),
    ("2028-02-11", "建国記念の日", FIXED),
    ("2028-02-23", "天皇誕生日", FIXED),
    ("2028-03-20", "春分の日", EQUINOX),
    ("2028-04-29", "昭和の日", FIXED),
    ("2028-05-03", "憲法記念日", FIXED),
    ("2028-05-04", "みどりの日", FIXED),
    ("2028-05-05", "こどもの日", FIXED),
    ("2028-07-17", "海の日", MONDAY),
    ("2028-08-11", "山の日", FIXED),
    ("2028-09-18", "敬老の日", MONDAY),
    ("2028-09-22", "秋分の日", EQUINOX),
    ("2028-10-09", "スポーツの日", MONDAY),
    ("2028-11-03", "文化の日", FIXED),
    ("2028-11-23", "勤労感謝の日", FIXED),
    ("2029-01-01", "元日", FIXED),
    ("2029-01-08", "成人の日", MONDAY),
    ("2029-02-11", "建国記念の日", FIXED),
    ("2029-02-12", "休日", SUBSTITUTE),
    ("2029-02-23", "天皇誕生日", FIXED),
    ("2029-03-20", "春分の日", EQUINOX),
    ("2029-04-29", "昭和の日", FIXED),
    ("2029-04-30", "休日", SUBSTITUTE),
    ("2029-05-03", "憲法記念日", FIXED),
    ("2029-05-04", "みどりの日", FIXED),
    ("2029-05-05", "こどもの日", FIXED),
    ("2029-07-16", "海の日", MONDAY),
    ("2029-08-11", "山の日", FIXED),
    ("2029-09-17", "敬老の日", MONDAY),
    ("2029-09-23", "秋分の日", EQUINOX),
    ("2029-09-24", "休日", SUBSTITUTE),
    ("2029-10-08", "スポーツの日", MONDAY),
    ("2029-11-03", "文化の日", FIXED),
    ("2029-11-23", "勤労感謝の日", FIXED),
    ("2030-01-01", "元日", FIXED),
    ("2030-01-14", "成人の日", MONDAY),
    ("2030-02-11", "建国記念の日", FIXED),
    ("2030-02-23", "天皇誕生日", FIXED),
    ("2030-03-20", "春分の日", EQUINOX),
    ("2030-04-29", "昭和の日", FIXED),
    ("2030-05-03", "憲法記念日", FIXED),
    ("2030-05-04", "みどりの日", FIXED),
    ("2030-05-05", "こどもの日", FIXED),
    ("2030-05-06", "休日", SUBSTITUTE),
    ("2030-07-15", "海の日", MONDAY),
    ("2030-08-11", "山の日", FIXED),
    ("2030-08-12", "休日", SUBSTITUTE),
    ("2030-09-16", "敬老の日", MONDAY),
    ("2030-09-23", "秋分の日", EQUINOX),
    ("2030-10-14", "スポーツの日", MONDAY),
    ("2030-11-03", "文化の日", FIXED),
    ("2030-11-04", "休日", SUBSTITUTE),
    ("2030-11-23", "勤労感謝の日", FIXED),
)
DAYS_OFF = {date.fromisoformat(day): name for day, name, _ in HOLIDAYS}

EQUINOXES = {2026: (20, 23), 2027: (21, 23), 2028: (20, 22), 2029: (20, 23), 2030: (20, 23)}
"""Day in March and day in September, in Japan's time."""

FIRST, LAST = date(2026, 1, 1), date(2030, 12, 31)
ONE_DAY = timedelta(days=1)
DAY_MIN = 1440


def by_law(year: int) -> dict[date, str]:
    """The year's holidays by the articles of the law."""

    def monday(month: int, nth: int) -> date:
        first = date(year, month, 1)
        return first + timedelta(days=(7 - first.weekday()) % 7 + 7 * (nth - 1))

    march, september = EQUINOXES[year]
    named = {
        date(year, 1, 1): "元日",
        monday(1, 2): "成人の日",
        date(year, 2, 11): "建国記念の日",
        date(year, 2, 23): "天皇誕生日",
        date(year, 3, march): "春分の日",
        date(year, 4, 29): "昭和の日",
        date(year, 5, 3): "憲法記念日",
        date(year, 5, 4): "みどりの日",
        date(year, 5, 5): "こどもの日",
        monday(7, 3): "海の日",
        date(year, 8, 11): "山の日",
        monday(9, 3): "敬老の日",
        date(year, 9, september): "秋分の日",
        monday(10, 2): "スポーツの日",
        date(year, 11, 3): "文化の日",
        date(year, 11, 23): "勤労感謝の日",
    }
    found = dict(named)
    for day in named:
        if day.weekday() == 6:
            later = day + ONE_DAY
            while later in named:
                later += ONE_DAY
            found[later] = "休日"
        between = day + ONE_DAY
        if between + ONE_DAY in named and between not in named:
            found[between] = "休日"
    return found


def every_day() -> list[date]:
    return [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


Bands = list[tuple[int, int]]


def h(*hours: float) -> Bands:
    """Bands from hours: ``h(9, 12, 13, 18)``; past 24 they end on the next day."""
    minutes = [round(hour * 60) for hour in hours]
    return list(zip(minutes[::2], minutes[1::2], strict=True))


@dataclass(frozen=True)
class Client:
    """One client: its tables as TOML gives them, and its hours in plain Python."""

    tables: dict[str, Any]
    weekly: Callable[[date], Bands]
    holiday: Bands | None = field(default_factory=list)
    """Hours on holidays; None when holidays do not count."""
    closed: Callable[[date], bool] = lambda _: False
    season: Callable[[date], Bands | None] = lambda _: None
    days: dict[date, Bands] = field(default_factory=dict)
    days_off: Container[date] = field(default_factory=lambda: DAYS_OFF)

    def bands(self, day: date) -> Bands:
        """The hours that begin on this day: day > closure > holiday > season > weekly."""
        if day in self.days:
            return self.days[day]
        if self.closed(day):
            return []
        if self.holiday is not None and day in self.days_off:
            return self.holiday
        seasonal = self.season(day)
        return self.weekly(day) if seasonal is None else seasonal

    def minutes(self) -> bytearray:
        """One byte for every minute of the five years: 1 when open."""
        return painted(self.bands)


def painted(bands_of: Callable[[date], Any]) -> bytearray:
    """Every minute of the five years, from the bands that begin on each day."""
    length = ((LAST - FIRST).days + 1) * DAY_MIN
    minutes = bytearray(length)
    for place, day in enumerate([FIRST - ONE_DAY, *every_day()]):
        midnight = (place - 1) * DAY_MIN
        for start, end in bands_of(day):
            begin, stop = max(midnight + start, 0), min(midnight + end, length)
            if begin < stop:
                minutes[begin:stop] = b"\1" * (stop - begin)
    return minutes


def year_end(day: date) -> bool:
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)


def obon(day: date) -> bool:
    return day.month == 8 and 13 <= day.day <= 16


def _nth(day: date) -> int:
    return (day.day - 1) // 7 + 1


def _property_season(day: date) -> Bands | None:
    if (day.year, day.month) == (2028, 3):
        return h(13, 17) if day.weekday() < 5 else []
    if (2, 15) <= (day.month, day.day) <= (4, 10):
        return h(9, 20)
    if day.month == 12 or (day.month, day.day) <= (1, 15):
        return h(10, 16) if 1 <= day.weekday() <= 4 else []
    return None


CLIENTS = {
    "law office": Client(
        {
            "hours": {"open": "Mo-Fr 09:00-12:00,13:00-18:00; Sa 09:00-12:00"},
            "closure": [{"name": "nenmatsu"}, {"name": "obon"}],
            "day": [{"on": "2026-12-28", "open": "09:00-15:00"}],
        },
        weekly=lambda day: [h(9, 12, 13, 18), h(9, 12), []][max(0, day.weekday() - 4)],
        closed=lambda day: year_end(day) or obon(day),
        days={date(2026, 12, 28): h(9, 15)},
    ),
    "clinic, Thursday and Saturday afternoons closed, first and third Saturdays only": Client(
        {
            "hours": {
                "open": "Mo-We,Fr 09:00-12:30,15:00-18:30; Th 09:00-12:30; Sa[1,3] 09:00-12:30"
            },
            "closure": [
                {"name": "winter", "from": "12-29", "to": "01-03"},
                {"name": "congress", "from": "2028-05-25", "to": "2028-05-27"},
            ],
        },
        weekly=lambda day: {3: h(9, 12.5), 5: h(9, 12.5) if _nth(day) in (1, 3) else [], 6: []}.get(
            day.weekday(), h(9, 12.5, 15, 18.5)
        ),
        closed=lambda day: year_end(day) or date(2028, 5, 25) <= day <= date(2028, 5, 27),
    ),
    "shop open shorter on holidays": Client(
        {
            "hours": {"open": "Mo-Su 10:00-20:00; We off", "holiday_open": "10:00-17:00"},
            "closure": [{"name": "new-year", "from": "01-01", "to": "01-02"}],
            "day": [
                {"on": "2027-01-02", "open": "09:00-13:00"},
                {"on": "2029-09-24", "closed": True},
            ],
        },
        weekly=lambda day: [] if day.weekday() == 2 else h(10, 20),
        holiday=h(10, 17),
        closed=lambda day: day.month == 1 and day.day <= 2,
        days={date(2027, 1, 2): h(9, 13), date(2029, 9, 24): []},
    ),
    "help desk round the clock": Client(
        {"hours": {"open": "24/7", "holidays": ""}}, weekly=lambda _: h(0, 24), holiday=None
    ),
    "bar past midnight": Client(
        {
            "hours": {"open": "Tu-Th,Su 18:00-01:00; Fr,Sa 18:00-04:00"},
            "closure": [{"name": "nenmatsu"}],
            "day": [{"on": "2027-12-31", "open": "21:00-29:00"}],
        },
        weekly=lambda day: {0: [], 4: h(18, 28), 5: h(18, 28)}.get(day.weekday(), h(18, 25)),
        closed=year_end,
        days={date(2027, 12, 31): h(21, 29)},
    ),
    "property manager with seasons": Client(
        {
            "hours": {"open": "Mo-Sa 09:30-18:30", "holiday_open": "10:00-12:00,13:00-16:00"},
            "season": [
                {"name": "moving", "from": "02-15", "to": "04-10", "open": "Mo-Su 09:00-20:00"},
                {"name": "calm", "from": "12-01", "to": "01-15", "open": "Tu-Fr 10:00-16:00"},
                {
                    "name": "rebuilding",
                    "from": "2028-03-01",
                    "to": "2028-03-31",
                    "open": "Mo-Fr 13:00-17:00",
                },
            ],
            "closure": [{"name": "obon"}],
        },
        weekly=lambda day: h(9.5, 18.5) if day.weekday() < 6 else [],
        holiday=h(10, 12, 13, 16),
        closed=obon,
        season=_property_season,
    ),
}
