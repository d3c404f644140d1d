"""What a client's board is made of, as functions of a connection.  Reads only.

Data path: ledger -> [ledger_board] -> board -> reckoning -> console

Of a memo's history only who did what, and when, is read, never what the caller said.
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from sipbot import call_back, kpi, ledger_kpi, ledger_usage
from sipbot.board import Board, BoardAsk, Work, work_of
from sipbot.call_counts import by_end, by_hour
from sipbot.ledger_day import Span
from sipbot.ledger_schema import calls, memos
from sipbot.memo_history import SYSTEM

_CLAIMS = frozenset({"claimed", call_back.BEGUN})
"""As for the figure `claim_time`."""


class _Entry(msgspec.Struct, frozen=True):
    at: datetime
    what: str
    by: str


class _Body(msgspec.Struct, frozen=True):
    history: tuple[_Entry, ...] = ()


def board(connection: sa.Connection, ask: BoardAsk) -> Board:
    """Return a client's board."""
    facts = ledger_kpi.facts_of(connection, ask.subject, ask.span)
    figures = kpi.figures(facts, ask.now)
    # What was promised before anything was recorded is what was recorded first, as far as we know.
    subject = msgspec.structs.replace(ask.subject, terms=facts.terms)
    earlier = kpi.figures(ledger_kpi.facts_of(connection, subject, ask.before), ask.now)
    tz = ZoneInfo(ask.subject.tz)
    return Board(
        client=ask.subject.client,
        figures=figures,
        before=earlier,
        heat=by_hour((call.received_at for call in facts.calls), tz),
        ends=by_end(call.state for call in facts.calls),
        work=work_of(_work(connection, ask.subject.client, ask.span)),
    )


def _work(connection: sa.Connection, client: str, span: Span) -> Iterator[Work]:
    """Return what operators did with each memo of a stretch of time."""
    query = (
        sa.select(memos.c.id, calls.c.ended_at)
        .join(memos, memos.c.call == calls.c.call)
        .where(
            calls.c.client == client,
            calls.c.received_at >= span.since,
            calls.c.received_at < span.until,
            calls.c.ended_at.is_not(None),
            ledger_usage.taken_here(),
        )
    )
    rows = connection.execute(query).all()
    for first in range(0, len(rows), ledger_kpi.MEMOS_AT_ONCE):
        part = {row.id: row.ended_at for row in rows[first : first + ledger_kpi.MEMOS_AT_ONCE]}
        found = sa.select(memos.c.id, memos.c.body).where(memos.c.id.in_(part))
        for row in connection.execute(found).all():
            yield from work_on(row.body, part[row.id])


def work_on(body: str, ended_at: datetime) -> Iterator[Work]:
    """Return what operators did with one memo; nothing of one that cannot be read.

    Args:
        body: of the memo.
        ended_at: when its call ended.
    """
    try:
        history = msgspec.json.decode(body, type=_Body).history
    except msgspec.DecodeError:
        return
    fact = ledger_kpi.memo_fact(None, body)
    claim = next((one for one in history if one.what in _CLAIMS), None)
    if claim is not None and claim.by != SYSTEM:
        waited_s = (claim.at - ended_at).total_seconds()
        yield Work(operator=claim.by, claimed=1, claim_s=waited_s)
    at = fact.called_back_at
    back = next((one for one in history if one.at == at and one.by != SYSTEM), None)
    if at is not None:
        # What sipbot wrote of a call that it placed is the work of who asked for it.
        asked = [one for one in history if one.what == call_back.BEGUN and one.at <= at]
        who = back or (asked[-1] if asked else None)
        if who is not None and who.by != SYSTEM:
            waited_s = (at - ended_at).total_seconds()
            yield Work(operator=who.by, called_back=1, back_s=waited_s)
    done = [one for one in history if one.what == "done"]
    if fact.done_at is not None and done[-1].by != SYSTEM:
        yield Work(operator=done[-1].by, closed=1)
