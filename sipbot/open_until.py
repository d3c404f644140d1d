"""Until when a client is open or closed, seen from one moment.  Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sipbot.hours import Hours

AHEAD_DAYS = 35
"""How far is looked: a longer closure has its end in the calendar."""

_DAY = timedelta(days=1)


def next_change(hours: Hours, now: datetime) -> datetime | None:
    """Return when the client opens or closes next, UTC; None: not within `AHEAD_DAYS`.

    Args:
        hours: of the client.
        now: aware.
    """
    is_open = hours.at(now).open
    first = now.astimezone(hours.tz).date() - _DAY  # its hours may end after midnight
    for ahead in range(AHEAD_DAYS + 1):
        for at in sorted(_edges(hours, first + ahead * _DAY)):
            if at > now and hours.at(at).open is not is_open:
                return at
    return None


def _edges(hours: Hours, day: date) -> Iterator[datetime]:
    """Return the moments at which the hours of a day begin and end, by the clocks of its zone."""
    midnight = datetime.combine(day, time())
    for band in hours.bands(day).bands:
        for minute in (band.start, band.end):
            yield (midnight + timedelta(minutes=minute)).replace(tzinfo=hours.tz).astimezone(UTC)
