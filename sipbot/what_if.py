"""A month's calls once more, with other lines, other hours or another plan.  Pure.

Data path: ledger -> [what_if] -> kpi, report.statement

Lines belong to the whole site, so everybody's calls are replayed, and one client's are looked at.
Every call wants a line from its INVITE to its end, as the switchboard gives them.  What nobody can
know is assumed, and said: a caller who found all lines busy and would find one now is taken to hold
it as long as the site's middle call, to be answered as soon as the client's middle call, and to
leave a message.

Other opening hours change what callers hear, and so what they do.  A call that would come while the
client is open, and came while it was closed, is taken to go as the client's call that came while it
was open at the nearest hour of the day, the nearest in time of those; and the other way round.  The
same call is chosen however often it is asked.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from statistics import median

import msgspec

from sipbot.kpi import CallFact, Facts, QuotaFact, Terms
from sipbot.records import EndState
from sipbot.report.statement import Taken

NO_LINE_WANTED = frozenset(
    {EndState.REFUSED_BLOCKED, EndState.REFUSED_UNMAPPED, EndState.REFUSED_SOURCE}
)
"""Ends of calls that are refused whether a line is free or not."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A call of any client, as far as it wants a line."""

    call: str
    received_at: datetime
    ended_at: datetime | None
    state: EndState | None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """Whose call would have gone otherwise."""

    refused: frozenset[str] = frozenset()
    """Calls that were taken and would have found all lines busy."""
    let_in: frozenset[str] = frozenset()
    """Calls that found all lines busy and would have been taken."""


class Rehoured(msgspec.Struct, frozen=True, kw_only=True):
    """Whose call would have met other hours."""

    goes_as: Mapping[str, str] = {}
    """Call → the call that it is taken to go as."""
    opened: int = 0
    """Calls that would have come while the client was open."""
    closed: int = 0
    """Calls that would have come while it was closed."""
    unknown: int = 0
    """Calls that go as they went, because no call of the month shows how else they would go."""


NOTHING_CHANGED = Rehoured()


def rehoured(
    calls: Sequence[CallFact],
    was_open: Callable[[datetime], bool],
    would_be_open: Callable[[datetime], bool],
    tz: tzinfo,
) -> Rehoured:
    """Return whose call goes as which other with other opening hours.

    Args:
        calls: a client's, of one period.
        was_open: whether it was open at a moment.
        would_be_open: likewise with the other hours.
        tz: the client's, for the hour of the day.
    """
    # Who is refused, for want of a line or by the client's file, hears nothing of the hours.
    heard = [one for one in calls if one.state is not None and one.state not in _NOT_HEARD]
    shown: dict[bool, dict[int, list[CallFact]]] = {True: {}, False: {}}
    for one in heard:
        by_hour = shown[was_open(one.received_at)]
        by_hour.setdefault(one.received_at.astimezone(tz).hour, []).append(one)
    goes_as, opened, closed, unknown = dict[str, str](), 0, 0, 0
    for one in heard:
        before, after = was_open(one.received_at), would_be_open(one.received_at)
        if before == after:
            continue
        opened, closed = opened + after, closed + before
        if not shown[after]:
            unknown += 1
            continue
        goes_as[one.call] = _nearest(one, shown[after], tz).call
    return Rehoured(goes_as=goes_as, opened=opened, closed=closed, unknown=unknown)


def replay(everybody: Sequence[Held], lines: int) -> Replayed:
    """Return whose call goes otherwise with so many lines.

    Args:
        everybody: calls of all clients.
        lines: of the site.
    """
    wanted = [one for one in everybody if one.state not in NO_LINE_WANTED]
    usual = _middle(
        one.ended_at - one.received_at
        for one in wanted
        if one.ended_at is not None and one.state is not EndState.REFUSED_CAPACITY
    )
    busy: list[datetime] = []
    refused, let_in = set(), set()
    for one in sorted(wanted, key=lambda one: (one.received_at, one.call)):
        while busy and busy[0] <= one.received_at:
            heapq.heappop(busy)
        was_refused = one.state is EndState.REFUSED_CAPACITY
        if len(busy) >= lines:
            if not was_refused:
                refused.add(one.call)
            continue
        if was_refused:
            let_in.add(one.call)
        ends = one.received_at + usual if was_refused else one.ended_at
        heapq.heappush(busy, ends or datetime.max.replace(tzinfo=one.received_at.tzinfo))
    return Replayed(refused=frozenset(refused), let_in=frozenset(let_in))


def facts_if(
    facts: Facts,
    replayed: Replayed,
    calls_per_month: int | None,
    moved: Rehoured = NOTHING_CHANGED,
) -> Facts:
    """Return the facts of a whole month as they would have been.

    Args:
        facts: of one client's month, as the ledger has them.
        replayed: whose call finds a line or none otherwise.
        calls_per_month: the quota; None: there is none.
        moved: whose call meets other hours.
    """
    wait = _middle(
        one.answered_at - one.received_at for one in facts.calls if one.answered_at is not None
    )
    by_id = {one.call: one for one in facts.calls}
    calls = [
        _call_if(_going_as(one, by_id.get(moved.goes_as.get(one.call, ""))), replayed, wait)
        for one in facts.calls
    ]
    terms = msgspec.structs.replace(facts.terms, calls_per_month=calls_per_month)
    used = sum(_counts(one, terms) for one in calls)
    quota = [QuotaFact(limit=calls_per_month, before=0, within=used)]
    about = {one.call: one.memo.category if one.memo else None for one in calls}
    later = [
        msgspec.structs.replace(one, category=about.get(one.call, one.category))
        for one in facts.later
    ]
    return msgspec.structs.replace(facts, calls=calls, later=later, quota=quota, terms=terms)


def taken_if(
    taken: Sequence[Taken], replayed: Replayed, moved: Rehoured = NOTHING_CHANGED
) -> list[Taken]:
    """Return a client's calls for a statement as they would have been."""
    by_id = {one.call: one for one in taken}
    found = []
    for real in taken:
        other = by_id.get(moved.goes_as.get(real.call, ""), real)
        one = msgspec.structs.replace(
            real, state=other.state, memo=other.memo, category=other.category
        )
        if one.call in replayed.refused:
            found.append(
                msgspec.structs.replace(
                    one,
                    state=EndState.REFUSED_CAPACITY,
                    answered_at=None,
                    memo=None,
                    category=None,
                )
            )
        elif one.call in replayed.let_in:
            found.append(msgspec.structs.replace(one, state=EndState.MEMO))
        else:
            found.append(one)
    return found


def _middle(lengths: Iterable[timedelta]) -> timedelta:
    """Return the median; nothing where there is none."""
    seconds = [one.total_seconds() for one in lengths]
    return timedelta(seconds=median(seconds)) if seconds else timedelta()


_NOT_HEARD = NO_LINE_WANTED | {EndState.REFUSED_CAPACITY}
_HOURS = 24


def _nearest(one: CallFact, by_hour: Mapping[int, Sequence[CallFact]], tz: tzinfo) -> CallFact:
    """Return the call at the nearest hour of the day, and of those the nearest in time."""
    hour = one.received_at.astimezone(tz).hour
    apart = min(min((hour - other) % _HOURS, (other - hour) % _HOURS) for other in by_hour)
    beside = {(hour + apart) % _HOURS, (hour - apart) % _HOURS}
    fitting = [other for at in sorted(beside) for other in by_hour.get(at, ())]
    return min(fitting, key=lambda other: (abs(one.received_at - other.received_at), other.call))


def _going_as(call: CallFact, other: CallFact | None) -> CallFact:
    """Return a call as one that came at another time has gone, all of it that much later."""
    if other is None:
        return call
    by = call.received_at - other.received_at
    memo = other.memo and msgspec.structs.replace(
        other.memo,
        claimed_at=_later(other.memo.claimed_at, by),
        called_back_at=_later(other.memo.called_back_at, by),
        done_at=_later(other.memo.done_at, by),
    )
    return msgspec.structs.replace(
        call,
        state=other.state,
        answered_at=_later(other.answered_at, by),
        ended_at=_later(other.ended_at, by),
        memo=memo,
    )


def _later(at: datetime | None, by: timedelta) -> datetime | None:
    return None if at is None else at + by


def _call_if(call: CallFact, replayed: Replayed, wait: timedelta) -> CallFact:
    if call.call in replayed.refused:
        return msgspec.structs.replace(
            call,
            state=EndState.REFUSED_CAPACITY,
            answered_at=None,
            ended_at=call.received_at,
            memo=None,
        )
    if call.call in replayed.let_in:
        return msgspec.structs.replace(
            call, state=EndState.MEMO, answered_at=call.received_at + wait
        )
    return call


def _counts(call: CallFact, terms: Terms) -> bool:
    category = call.memo.category if call.memo is not None else None
    return call.state in terms.counts and category not in terms.exclude
