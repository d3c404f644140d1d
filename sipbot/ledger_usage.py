"""How many of a month's calls count against a client's quota, as functions of a connection.

Counting reads one client's part of one index, so it costs what that client's month holds, however
large the ledger is (`quota_watch` has the figures).
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot.ledger_schema import calls, handovers, memos, meta
from sipbot.quota import Ask

_ALERT = "quota:"


def calls_that_count(connection: sa.Connection, asks: Sequence[Ask]) -> list[int]:
    """Return how many calls count for each question, in their order; `quota.counts` is the rule."""
    return [connection.execute(counting(ask)).scalar_one() for ask in asks]


def counting(ask: Ask) -> sa.Select[Any]:
    """Return the query of one question."""
    query = (
        sa.select(sa.func.count())
        .select_from(calls)
        .where(
            calls.c.client == ask.client,
            calls.c.received_at >= ask.since,
            calls.c.received_at < ask.until,
            calls.c.state.in_([state.value for state in ask.counts]),
            taken_here(),
        )
    )
    if not ask.exclude:
        return query
    memo = sa.select(memos.c.call).where(
        memos.c.call == calls.c.call, memos.c.category.in_(ask.exclude)
    )
    return query.where(~memo.exists())


def taken_here() -> sa.ColumnElement[bool]:
    """Return what holds for calls that this site took, not one a client came from with a bundle.

    A bundle's calls stay another site's after a roll-back that had to keep some.
    """
    each = sa.func.json_each(handovers.c.contents, "$.calls").table_valued("value")
    return calls.c.call.not_in(sa.select(each.c.value).select_from(handovers.join(each, sa.true())))


def alerted(connection: sa.Connection, about: str = _ALERT) -> frozenset[str]:
    """Return the clients of whose quota, or the like, somebody was alerted."""
    query = sa.select(meta.c.name).where(meta.c.name.startswith(about, autoescape=True))
    return frozenset(name.removeprefix(about) for name in connection.execute(query).scalars())


def keep_alert(
    connection: sa.Connection, client: str, *, raised: bool, about: str = _ALERT
) -> None:
    """Store whether an alert about a client's quota, or the like, is up."""
    name = f"{about}{client}"
    if raised:
        connection.execute(insert(meta).values(name=name, value=1).on_conflict_do_nothing())
    else:
        connection.execute(sa.delete(meta).where(meta.c.name == name))
