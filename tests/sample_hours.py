"""When the sample clients of ``dialplans/`` are open, in plain Python: the oracle of their files.

Written from what the files mean to people, not read from them; holidays from `tests.japan` and
`tests.abroad`.  Whoever changes the hours of a sample changes them here too.
"""

from datetime import date

from tests import abroad
from tests.japan import Client, h, obon, year_end
from tests.wall_clocks import LONDON, NEW_YORK, SEOUL, TOKYO


def _clinic(day: date) -> list[tuple[int, int]]:
    if day.weekday() == 6:
        return []
    return h(9, 12.5) if day.weekday() in (3, 5) else h(9, 12.5, 15, 18.5)


CLIENTS = {
    "wakaba-law": Client(
        {},
        weekly=lambda day: h(9.5, 12, 13, 17.5) if day.weekday() < 5 else [],
        closed=lambda day: year_end(day) or (day.month == 8 and 11 <= day.day <= 15),
        days={date(2027, 4, 30): [], date(2027, 12, 28): h(9.5, 15)},
    ),
    "hidamari": Client(
        {},
        weekly=_clinic,
        closed=lambda day: (
            year_end(day) or obon(day) or date(2027, 5, 20) <= day <= date(2027, 5, 22)
        ),
        days={date(2027, 5, 3): h(9, 17)},
    ),
    "harbor-books": Client(
        {},
        weekly=lambda day: h(11, 18) if day.weekday() == 6 else h(10, 20),
        holiday=h(11, 17),
        closed=lambda day: (day.month, day.day) in ((12, 25), (1, 1)),
        season=lambda day: h(9, 21) if day.month == 12 and day.day <= 23 else None,
        days={date(2026, 11, 26): [], date(2027, 11, 25): []},
        days_off=abroad.UNITED_STATES,
    ),
    "northgate": Client(
        {},
        weekly=lambda day: {5: h(22, 26), 6: []}.get(day.weekday(), h(8, 18.5)),
        holiday=h(10, 16),
        closed=lambda day: (
            (day.month, day.day) in ((12, 25), (12, 26), (1, 1))
            or (day.month == 12 and day.day >= 29)
        ),
        days_off=abroad.ENGLAND,
    ),
    "hanbit": Client(
        {},
        weekly=lambda day: [h(9, 18), h(9, 13), []][max(0, day.weekday() - 4)],
        closed=lambda day: (day.month, day.day) == (12, 31),
        days={date(2027, 4, 17): h(9, 17)},
        days_off=abroad.KOREA,
    ),
}

CLOCKS = {
    "wakaba-law": TOKYO,
    "hidamari": TOKYO,
    "harbor-books": NEW_YORK,
    "northgate": LONDON,
    "hanbit": SEOUL,
}
