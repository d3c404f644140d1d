"""Public holidays of England, the United States and Korea, 2026 to 2030, by their rules: an oracle.

Plain date arithmetic from the published rules, with neither of the libraries that sipbot uses.

England and Wales: the Banking and Financial Dealings Act 1971, schedule 1, and the royal
proclamations that gov.uk lists: a holiday on a Saturday or Sunday moves to the next weekday that is
none.

United States: 5 U.S.C. 6103 (a) names the federal holidays; by (b) one on a Saturday is observed on
the Friday before, and by Executive Order 11582 one on a Sunday on the Monday after.

Korea: 공휴일에 관한 법률 (the Public Holidays Act), to which 2026 added 제헌절 and 노동절, and
관공서의 공휴일에 관한 규정, articles 2 and 3: a holiday on a Saturday or Sunday, or on another
holiday, is made up for on the next day that is none; 설날 and 추석 not for Saturdays, 신정 and
현충일 never.  Election days are holidays: 공직선거법, article 34.
"""

from collections.abc import Iterable
from datetime import date, timedelta

DAY = timedelta(days=1)
MONDAY, WEDNESDAY, THURSDAY, SATURDAY, SUNDAY = 0, 2, 3, 5, 6
YEARS = range(2026, 2031)

SEOLLAL = ("2026-02-17", "2027-02-07", "2028-01-27", "2029-02-13", "2030-02-03")
BUDDHA = ("2026-05-24", "2027-05-13", "2028-05-02", "2029-05-20", "2030-05-09")
CHUSEOK = ("2026-09-25", "2027-09-15", "2028-10-03", "2029-09-22", "2030-09-12")
"""The first of the first month, the eighth of the fourth and the fifteenth of the eighth, as the
Korea Astronomy and Space Science Institute's lunar calendar has them."""


def _on_or_after(day: date, weekday: int) -> date:
    return day + DAY * ((weekday - day.weekday()) % 7)


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    return _on_or_after(date(year, month, 1), weekday) + DAY * 7 * (nth - 1)


def _last_monday(year: int, month: int) -> date:
    end = date(year, month + 1, 1) - DAY
    return end - DAY * end.weekday()


def _easter(year: int) -> date:
    """Sunday after the full moon: the Gregorian computus as Meeus, Jones and Butcher write it."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    h = (19 * a + b - d - (b - f + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    weekday = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * weekday) // 451
    month, day = divmod(h + weekday - 7 * m + 114, 31)
    return date(year, month, day + 1)


def england(year: int) -> set[date]:
    """The bank holidays of England and Wales."""
    easter = _easter(year)
    found = {easter - 2 * DAY, easter + DAY}
    found |= {_nth(year, 5, MONDAY, 1), _last_monday(year, 5), _last_monday(year, 8)}
    for named in (date(year, 1, 1), date(year, 12, 25), date(year, 12, 26)):
        day = named
        while day.weekday() >= SATURDAY or day in found:
            day += DAY
        found.add(day)
    return found


def united_states(year: int) -> set[date]:
    """The federal holidays, and the days on which they are observed."""
    named = [
        _nth(year, 1, MONDAY, 3),
        _nth(year, 2, MONDAY, 3),
        _last_monday(year, 5),
        _nth(year, 9, MONDAY, 1),
        _nth(year, 10, MONDAY, 2),
        _nth(year, 11, THURSDAY, 4),
        *(date(year, *day) for day in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))),
        date(year + 1, 1, 1),
    ]
    moved = {SATURDAY: -DAY, SUNDAY: DAY}
    observed = [day + moved[day.weekday()] for day in named if day.weekday() in moved]
    return {day for day in (*named, *observed) if day.year == year}


def _made_up_for(taken: set[date], day: date) -> date:
    while day in taken or day.weekday() >= SATURDAY:
        day += DAY
    return day


def _elections(year: int) -> Iterable[date]:
    """The first Wednesday from so many days before a term of office ends."""
    ends = {
        2026: [(date(2026, 6, 30), 30)],
        2028: [(date(2028, 5, 29), 50)],
        2030: [(date(2030, 6, 30), 30), (date(2030, 6, 3), 70)],
    }
    for end, days_before in ends.get(year, []):
        day = _on_or_after(end - days_before * DAY, WEDNESDAY)
        # article 34 (2): a week later when the day before or after it is a holiday
        memorial = date(year, 6, 6)
        yield day + 7 * DAY if abs(day - memorial) <= DAY else day


def korea(year: int) -> set[date]:
    """The public holidays of Korea."""
    of_year = {
        name: next(date.fromisoformat(day) for day in days if day.startswith(str(year)))
        for name, days in (("seollal", SEOLLAL), ("buddha", BUDDHA), ("chuseok", CHUSEOK))
    }
    feasts = [
        {of_year[name] - DAY, of_year[name], of_year[name] + DAY} for name in ("seollal", "chuseok")
    ]
    single = {
        of_year["buddha"],
        *(date(year, *day) for day in ((3, 1), (5, 1), (5, 5), (7, 17), (8, 15), (10, 3), (10, 9))),
        date(year, 12, 25),
    }
    found = {date(year, 1, 1), date(year, 6, 6), *_elections(year), *single, *feasts[0], *feasts[1]}
    extra: set[date] = set()
    for feast in feasts:
        if any(day.weekday() == SUNDAY or day in single for day in feast):
            extra.add(_made_up_for(found | extra, max(feast)))
    for day in single - feasts[0] - feasts[1]:
        if day.weekday() >= SATURDAY:
            extra.add(_made_up_for(found | extra, day))
    return found | extra


ENGLAND = frozenset[date]().union(*map(england, YEARS))
UNITED_STATES = frozenset[date]().union(*map(united_states, YEARS))
KOREA = frozenset[date]().union(*map(korea, YEARS))
