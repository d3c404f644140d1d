"""How clients are served right now, and who works for them: what the console's figures show.  Pure.

Data path: ledger -> ledger_board -> [board] -> reckoning -> console/boards -> pages_figures

A board is of one client; boards are added up for whoever may see several.  What was not measured
is None, never 0.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from sipbot.kpi import Figures, Subject, Value
from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.quota import Month, month_of

Period = Literal["today", "days7", "days30", "month"]

PERIODS: tuple[Period, ...] = get_args(Period)
"""All end now and begin at a midnight of the client's zone."""

_DAYS = {"today": 1, "days7": 7, "days30": 30}


class BoardAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Which board is wanted."""

    subject: Subject
    span: Span
    before: Span
    """With what it is compared."""
    now: datetime


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What one operator did for one client's calls of the period."""

    operator: str
    claimed: int = 0
    """Messages that this operator claimed first."""
    claim_s: float = 0.0
    """From the calls' ends until then, added up."""
    called_back: int = 0
    """Messages whose first call back was this operator's."""
    back_s: float = 0.0
    """From the calls' ends until then, added up."""
    closed: int = 0
    """Messages that this operator closed last, and nobody opened since."""

    @property
    def claim_time_s(self) -> float | None:
        """Mean time to claim; None when nothing was claimed."""
        return self.claim_s / self.claimed if self.claimed else None

    @property
    def back_time_s(self) -> float | None:
        """Mean time to call back; None when nobody was called back."""
        return self.back_s / self.called_back if self.called_back else None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """One client in a period."""

    client: str
    figures: Figures
    before: Figures
    heat: tuple[tuple[int, ...], ...]
    """Calls by day (Monday first) and hour of the client's clock."""
    ends: dict[str, int]
    """Every end of a call, and ``going``."""
    work: tuple[Work, ...]


def span_of(period: Period, tz: ZoneInfo, now: datetime) -> Span:
    """Return a period as it is so far."""
    if period == "month":
        return Span(since=month_of(now, tz).begins(tz), until=now)
    return Span(since=_midnight(tz, now, _DAYS[period] - 1), until=now)


def before_of(period: Period, tz: ZoneInfo, now: datetime) -> Span:
    """Return with what a period is compared: as much of the one before as of this one is over.

    Half a day is compared with half of yesterday, not with all of it.
    """
    if period != "month":
        days, local = _DAYS[period], now.astimezone(tz)
        then = (local.replace(tzinfo=None) - timedelta(days=days)).replace(tzinfo=tz, fold=0)
        return Span(since=_midnight(tz, now, 2 * days - 1), until=then.astimezone(UTC))
    begins = month_of(now, tz).begins(tz)
    earlier: Month = month_of(begins - timedelta(days=1), tz)
    since = earlier.begins(tz)
    return Span(since=since, until=min(begins, since + (now - begins)))


def _midnight(tz: ZoneInfo, now: datetime, days_ago: int) -> datetime:
    day = now.astimezone(tz).date() - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)


def work_of(one: Iterable[Work]) -> tuple[Work, ...]:
    """Return what each operator did in all of these together, by name."""
    found: dict[str, Work] = {}
    for each in one:
        was = found.get(each.operator, Work(operator=each.operator))
        found[each.operator] = Work(
            operator=each.operator,
            claimed=was.claimed + each.claimed,
            claim_s=was.claim_s + each.claim_s,
            called_back=was.called_back + each.called_back,
            back_s=was.back_s + each.back_s,
            closed=was.closed + each.closed,
        )
    return tuple(found[name] for name in sorted(found))


def together(key: str, several: Sequence[Figures]) -> Value:
    """Return a figure of several clients together: calls are added, means and shares weighted by n.

    So it is what would be reckoned of all their calls as one client's.  Targets differ from client
    to client: the sum has none.
    """
    values = [one[key] for one in several]
    measured = [(one.value, one.n) for one in values if one.value is not None]
    n = sum(one.n for one in values)
    if BY_KEY[key].unit == "calls":
        value = sum(value for value, _ in measured) if measured else None
        return Value(key=key, value=value, n=n)
    weight = sum(n for _, n in measured)
    share = sum(value * n for value, n in measured) / weight if weight else None
    return Value(key=key, value=share, n=n)
