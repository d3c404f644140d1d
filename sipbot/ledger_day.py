"""The calls of a day as the web console reads them, as functions of a connection.

Data path: ledger -> [ledger_day] -> ledger_lists -> console/store

Every INVITE of the day is in the figures once: by its end state, or as one that still lasts.  The
figures are one statement, so that a call that ends meanwhile is not counted twice or left out.
"""

from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from sipbot.ledger_schema import calls, memos
from sipbot.records import EndState

GOING: Literal["going"] = "going"
"""Instead of an end state: the call still lasts."""

Clients = tuple[str, ...] | Literal["*"]
"""Whose calls and memos: ids of clients, or all; `sipbot.accounts.Account` says so for an
account."""

End = EndState | Literal["going"]


class DayCall(msgspec.Struct, frozen=True, kw_only=True):
    """One INVITE in a list."""

    call: str
    at: datetime
    client: str | None
    """None when nobody claims the number that was called."""
    number: str | None
    """The number that was called."""
    caller: str | None
    """The number that called; None when withheld or unknown."""
    answered_at: datetime | None
    ended_at: datetime | None
    state: EndState | None
    """None while the call lasts."""
    memo: str | None

    @property
    def lasted_s(self) -> float | None:
        """How long somebody was heard, in seconds; None when nobody was, or still is."""
        if self.answered_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.answered_at).total_seconds()


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of time, UTC-aware; its end does not belong to it."""

    since: datetime
    until: datetime


def counts(connection: sa.Connection, clients: Clients, span: Span) -> dict[End, int]:
    """Return how many calls came, by what became of them; every end is named.

    Args:
        connection: the ledger.
        clients: whose; calls that nobody claims are in "*" alone.
        span: when they came.
    """
    within = _within(clients, span)
    number = sa.func.count().label("number")
    # The states by name, not "any", for the index begins with the state.
    ended = (
        sa.select(calls.c.state, number)
        .where(calls.c.state.in_([state.value for state in EndState]), within)
        .group_by(calls.c.state)
    )
    going = sa.select(sa.literal(GOING), number).where(calls.c.state.is_(None), within)
    found = {row[0]: row[1] for row in connection.execute(sa.union_all(ended, going))}
    return {end: found.get(str(end), 0) for end in (GOING, *EndState)}


def latest(
    connection: sa.Connection,
    clients: Clients,
    span: Span,
    *,
    end: End | None,
    before: str,
    limit: int,
) -> list[DayCall]:
    """Return calls, the latest first.

    Args:
        connection: the ledger.
        clients: whose; calls that nobody claims are in "*" alone.
        span: when they came.
        end: only those that ended so; None for all.
        before: the call before which to go on; empty for the latest.
        limit: how many at most.
    """
    query = (
        sa.select(
            calls.c.call,
            calls.c.received_at,
            calls.c.client,
            calls.c.number,
            calls.c.caller,
            calls.c.answered_at,
            calls.c.ended_at,
            calls.c.state,
            memos.c.id.label("memo"),
        )
        .outerjoin(memos, memos.c.call == calls.c.call)
        .where(_within(clients, span), _ended(end))
        .order_by(calls.c.received_at.desc(), calls.c.call.desc())
        .limit(limit)
    )
    if before:
        last = calls.alias()
        # Of these clients too: whether others have a call of this name is nobody's business.
        its_time = (
            sa.select(last.c.received_at)
            .where(last.c.call == before, _of(last.c.client, clients))
            .scalar_subquery()
        )
        place = sa.tuple_(calls.c.received_at, calls.c.call)
        query = query.where(place < sa.tuple_(its_time, sa.literal(before)))
    rows: sa.Result[Any] = connection.execute(query)
    return [_day_call(row) for row in rows]


def _within(clients: Clients, span: Span) -> sa.ColumnElement[bool]:
    return sa.and_(
        calls.c.received_at >= span.since,
        calls.c.received_at < span.until,
        _of(calls.c.client, clients),
    )


def _ended(end: End | None) -> sa.ColumnElement[bool]:
    if end == GOING:
        return calls.c.state.is_(None)
    if end is not None:
        return calls.c.state == str(end)
    named = calls.c.state.in_([state.value for state in EndState])
    return sa.or_(named, calls.c.state.is_(None))


def _of(client: sa.ColumnElement[Any], clients: Clients) -> sa.ColumnElement[bool]:
    return sa.true() if clients == "*" else client.in_(clients)


def _day_call(row: sa.Row[Any]) -> DayCall:
    return DayCall(
        call=row.call,
        at=row.received_at,
        client=row.client,
        number=row.number,
        caller=row.caller,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        state=None if row.state is None else EndState(row.state),
        memo=row.memo,
    )
