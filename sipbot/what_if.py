"""A month's calls once more, with another number of lines or another plan.  Pure.

Data path: ledger -> [what_if] -> kpi, report.statement

Lines belong to the whole site, so everybody's calls are replayed, and one client's are looked at.
Every call wants a line from its INVITE to its end, as the switchboard gives them.  What nobody can
know is assumed, and said: a caller who found all lines busy and would find one now is taken to hold
it as long as the site's middle call, to be answered as soon as the client's middle call, and to
leave a message.
"""

import heapq
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
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


def facts_if(facts: Facts, replayed: Replayed, calls_per_month: int | None) -> Facts:
    """Return the facts of a whole month as they would have been.

    Args:
        facts: of one client's month, as the ledger has them.
        replayed: whose call goes otherwise.
        calls_per_month: the quota; None: there is none.
    """
    wait = _middle(
        one.answered_at - one.received_at for one in facts.calls if one.answered_at is not None
    )
    calls = [_call_if(one, replayed, wait) for one in facts.calls]
    terms = msgspec.structs.replace(facts.terms, calls_per_month=calls_per_month)
    used = sum(_counts(one, terms) for one in calls)
    quota = [QuotaFact(limit=calls_per_month, before=0, within=used)]
    later = [
        msgspec.structs.replace(one, category=None) if one.call in replayed.refused else one
        for one in facts.later
    ]
    return msgspec.structs.replace(facts, calls=calls, later=later, quota=quota, terms=terms)


def taken_if(taken: Sequence[Taken], replayed: Replayed) -> list[Taken]:
    """Return a client's calls for a statement as they would have been."""
    found = []
    for one in taken:
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
