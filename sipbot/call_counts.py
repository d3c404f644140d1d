"""How many calls came in which hour, and how each ended.  Pure.

Data path: ledger -> [call_counts] -> report/weekly, ledger_board
"""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sipbot.ledger_day import GOING
from sipbot.records import EndState


def by_hour(times: Iterable[datetime], tz: ZoneInfo) -> tuple[tuple[int, ...], ...]:
    """Return how many came by day (Monday first) and hour of this zone's clock."""
    counts = [[0] * 24 for _ in range(7)]
    for one in times:
        local = one.astimezone(tz)
        counts[local.weekday()][local.hour] += 1
    return tuple(map(tuple, counts))


def by_end(states: Iterable[EndState | None]) -> dict[str, int]:
    """Return how many ended in each way; every end is named, also ``going`` (None)."""
    found = {GOING: 0, **{state.value: 0 for state in EndState}}
    for state in states:
        found[GOING if state is None else state.value] += 1
    return {str(end): number for end, number in found.items()}
