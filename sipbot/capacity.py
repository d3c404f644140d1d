"""How many lines the agency needs, by its own calls.  Pure.

Data path: ledger -> ledger_lines -> [capacity] -> cli_capacity

The busiest hour decides: its traffic is what came, refused callers included, and Erlang's formula
says how many lines that needs.  An hour has few calls, so its traffic is known roughly only; the
lines for the least and the most that it may have been are told beside the figure.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from sipbot.erlang import blocking, likely, lines_for
from sipbot.records import EndState

BLOCKINGS = (0.01, 0.001)
"""One caller in a hundred, in a thousand, of the busiest hour finds all lines busy."""

QUARTER_S = 900
HOUR_QUARTERS = 4
"""Hours begin at a quarter, as ITU-T E.500 measures them: zones differ by whole quarters."""


class LineUse(msgspec.Struct, frozen=True, kw_only=True):
    """One call, as far as it has to do with lines."""

    client: str | None
    """None when nobody claimed the number, or no line was free to find out."""
    received_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    """None while the call lasts."""
    state: EndState | None


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Lines for one grade of service."""

    blocking: float
    """Share of the busiest hour's callers who may find all lines busy."""
    lines: int
    least: int
    """Lines if the busiest hour was an unusually busy one."""
    most: int
    """Lines if the next such hour brings as many more as chance allows."""


class Hour(msgspec.Struct, frozen=True, kw_only=True):
    """The busiest hour."""

    begins_at: datetime
    calls: int
    """Calls that had a line and began in it."""
    refused: int
    """Callers who found all lines busy."""
    carried_erlang: float
    """Lines that were busy, on average."""
    offered_erlang: float
    """The same, had the refused ones been served as long as the others."""
    least_erlang: float
    most_erlang: float
    """What chance makes of so few calls, with 95 % certainty."""


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one client's callers, or all callers, ask of the lines."""

    client: str | None
    """None for all together."""
    calls: int
    refused: int
    held_s: float
    """Mean time for which a call holds a line, from INVITE to its end."""
    peak: int
    """Most lines in use at the same moment."""
    peak_at: datetime | None
    hour: Hour
    needs: tuple[Need, ...]
    refused_share: float
    """Of the busiest hour's callers, with the lines that there are."""


class _Quarter:
    """A quarter of an hour."""

    def __init__(self) -> None:
        self.line_s = 0.0
        self.calls = 0
        self.refused = 0


_Span = tuple[float, float]
"""Unix times between which a line is held."""


def loads(uses: Sequence[LineUse], lines: int, now: datetime) -> list[Load]:
    """Return what all callers together ask of the lines, then each client's, the busiest first.

    Args:
        uses: calls of the time to be looked at; without any there is nothing to return.
        lines: how many there are now.
        now: UTC-aware; calls that last hold their line until then.
    """
    of_client = defaultdict[str, list[LineUse]](list)
    for use in uses:
        if use.client is not None:
            of_client[use.client].append(use)
    clients = [_load(name, its, lines, now) for name, its in of_client.items()]
    found = [load for load in clients if load is not None]
    found.sort(key=lambda load: (-load.hour.offered_erlang, load.client or ""))
    everybody = _load(None, uses, lines, now)
    return [] if everybody is None else [everybody, *found]


def expected(calls_per_hour: int, held_s: float, lines: int, now: datetime) -> Load:
    """Return what callers will ask of the lines who are only expected: a client to be taken over.

    Args:
        calls_per_hour: in the busiest hour.
        held_s: how long each holds a line.
        lines: how many there are.
        now: UTC-aware; stands for an hour that has not come.
    """
    hour = _rated(now, calls_per_hour, 0, calls_per_hour * held_s, held_s)
    return Load(
        client=None,
        calls=calls_per_hour,
        refused=0,
        held_s=held_s,
        peak=0,
        peak_at=None,
        hour=hour,
        needs=_needs(hour),
        refused_share=blocking(hour.offered_erlang, lines),
    )


def _load(client: str | None, uses: Sequence[LineUse], lines: int, now: datetime) -> Load | None:
    served = [list(_spans(use, now)) for use in uses if _had_line(use)]
    refused = [use.received_at for use in uses if use.state is EndState.REFUSED_CAPACITY]
    spans = [span for each in served for span in each]
    if not served and not refused:
        return None
    held_s = sum(end - begin for begin, end in spans) / len(served) if served else 0.0
    hour = _busiest(_quarters(served, refused), held_s)
    peak, peak_at = _peak(spans)
    return Load(
        client=client,
        calls=len(served),
        refused=len(refused),
        held_s=held_s,
        peak=peak,
        peak_at=peak_at,
        hour=hour,
        needs=_needs(hour),
        refused_share=blocking(hour.offered_erlang, lines),
    )


def _had_line(use: LineUse) -> bool:
    """Whether the call held a line; one that was refused is over within milliseconds."""
    return use.state is None or not use.state.startswith("refused_")


def _spans(use: LineUse, now: datetime) -> Iterator[_Span]:
    begin = use.received_at.timestamp()
    # A clock that was set back makes no call shorter than nothing.
    end = max(begin, (use.ended_at or now).timestamp())
    yield begin, end
    # The line to the person whom a caller was connected with is one of ours, too.  When it was
    # taken is not known: some seconds after the answer.
    if use.state is EndState.TRANSFERRED and use.answered_at is not None:
        yield min(use.answered_at.timestamp(), end), end


def _quarters(
    served: Iterable[Sequence[_Span]], refused: Iterable[datetime]
) -> dict[int, _Quarter]:
    """Return the quarters in which anything was, by their number since 1970."""
    quarters = defaultdict[int, _Quarter](_Quarter)
    for spans in served:
        quarters[int(spans[0][0] // QUARTER_S)].calls += 1
        for begin, end in spans:
            for number in range(int(begin // QUARTER_S), int(end // QUARTER_S) + 1):
                since, until = number * QUARTER_S, (number + 1) * QUARTER_S
                quarters[number].line_s += min(end, until) - max(begin, since)
    for at in refused:
        quarters[int(at.timestamp() // QUARTER_S)].refused += 1
    return quarters


def _busiest(quarters: Mapping[int, _Quarter], held_s: float) -> Hour:
    """Return the hour with the most traffic; of several that overlap or are equal, the last.

    Args:
        quarters: at least one.
        held_s: what a refused caller would have taken.
    """
    starts = {number - back for number in quarters for back in range(HOUR_QUARTERS)}
    hours = (_hour(quarters, start, held_s) for start in sorted(starts, reverse=True))
    return max(hours, key=lambda hour: (hour.offered_erlang, hour.calls + hour.refused))


def _hour(quarters: Mapping[int, _Quarter], start: int, held_s: float) -> Hour:
    inside = [quarters[n] for n in range(start, start + HOUR_QUARTERS) if n in quarters]
    return _rated(
        datetime.fromtimestamp(start * QUARTER_S, UTC),
        sum(quarter.calls for quarter in inside),
        sum(quarter.refused for quarter in inside),
        sum(quarter.line_s for quarter in inside),
        held_s,
    )


def _rated(begins_at: datetime, calls: int, refused: int, line_s: float, held_s: float) -> Hour:
    hour_s = HOUR_QUARTERS * QUARTER_S
    carried = line_s / hour_s
    offered = carried + refused * held_s / hour_s
    count = max(1, calls + refused)  # who came before the hour and stayed is traffic as well
    least, most = likely(count)
    return Hour(
        begins_at=begins_at,
        calls=calls,
        refused=refused,
        carried_erlang=carried,
        offered_erlang=offered,
        least_erlang=offered * least / count,
        most_erlang=offered * most / count,
    )


def _needs(hour: Hour) -> tuple[Need, ...]:
    return tuple(
        Need(
            blocking=share,
            lines=lines_for(hour.offered_erlang, share),
            least=lines_for(hour.least_erlang, share),
            most=lines_for(hour.most_erlang, share),
        )
        for share in BLOCKINGS
    )


def _peak(spans: Iterable[_Span]) -> tuple[int, datetime | None]:
    """Return the most lines in use at once, and when first; a line is free when its call ends."""
    # An end sorts before a beginning at the same moment.
    moments = sorted(moment for begin, end in spans for moment in ((begin, 1), (end, -1)))
    used = most = 0
    at = None
    for when, change in moments:
        used += change
        if used > most:
            most, at = used, datetime.fromtimestamp(when, UTC)
    return most, at
