"""What reports read of the ledger: calls of a client, and what became of their memos.  Reads only.

Data path: ledger -> [ledger_report] -> ledger_reader -> report

The index of calls by client and time leads to them.  What callers said is never read.
"""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from sipbot.ledger_day import Span
from sipbot.ledger_schema import calls, memos
from sipbot.ledger_usage import taken_here
from sipbot.memo_history import HistoryEntry, Outcome
from sipbot.records import EndState
from sipbot.report.statement import Taken


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What people did with a memo."""

    memo: str
    stage: str
    status: str
    urgent: bool
    result: Outcome | None
    """Of the latest call back."""
    history: tuple[HistoryEntry, ...]
    broken: bool = False
    """Whether nobody can read the memo: the rest is then that of a memo nobody has touched."""


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a memo that reports speak of; never what the caller said."""

    stage: str
    status: str
    urgency: str = "normal"
    result: str | None = None
    history: tuple[msgspec.Raw, ...] = ()


def taken(connection: sa.Connection, client: str, span: Span) -> list[Taken]:
    """Return a client's calls that came within a stretch of time, the first that came first."""
    query = (
        sa.select(
            calls.c.call,
            calls.c.received_at,
            calls.c.caller,
            calls.c.number,
            calls.c.answered_at,
            calls.c.ended_at,
            calls.c.state,
            memos.c.id.label("memo"),
            memos.c.category,
            memos.c.status,
        )
        .outerjoin(memos, memos.c.call == calls.c.call)
        .where(
            calls.c.client == client,
            calls.c.received_at >= span.since,
            calls.c.received_at < span.until,
            taken_here(),
        )
        .order_by(calls.c.received_at, calls.c.call)
    )
    return [
        Taken(
            call=row.call,
            at=row.received_at,
            caller=row.caller,
            number=row.number,
            answered_at=row.answered_at,
            ended_at=row.ended_at,
            state=None if row.state is None else EndState(row.state),
            memo=row.memo,
            category=row.category,
            status=row.status,
        )
        for row in connection.execute(query)
    ]


def handled(connection: sa.Connection, identifiers: Sequence[str]) -> dict[str, Handled]:
    """Return what was done with these memos; of one that cannot be read, its state alone."""
    query = sa.select(memos.c.id, memos.c.status, memos.c.body).where(memos.c.id.in_(identifiers))
    return {row.id: _handled(row.id, row.status, row.body) for row in connection.execute(query)}


def _handled(memo: str, status: str, text: str) -> Handled:
    try:
        body = msgspec.json.decode(text, type=_Body)
        return Handled(
            memo=memo,
            stage=body.stage,
            status=body.status,
            urgent=body.urgency == "urgent",
            result=None if body.result is None else Outcome(body.result),
            history=tuple(HistoryEntry.model_validate_json(bytes(one)) for one in body.history),
        )
    # One memo must not keep a client from its report.  An unknown outcome and pydantic's errors are
    # both ValueError.
    except (msgspec.DecodeError, ValueError):
        return Handled(
            memo=memo,
            stage="",
            status=status,
            urgent=False,
            result=None,
            history=(),
            broken=True,
        )
