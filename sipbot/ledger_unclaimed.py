"""Messages that nobody has claimed, as functions of a connection.  Reads only.

Data path: ledger -> [ledger_unclaimed] -> ledger_kpi -> service_watch

The mean time to claim is of messages that were claimed; these are the others.
"""

from datetime import datetime

import msgspec
import sqlalchemy as sa

from sipbot import call_back, ledger_usage
from sipbot.ledger_day import Span
from sipbot.ledger_schema import calls, memos
from sipbot.memo import Status

_CLAIMS = frozenset({"claimed", call_back.BEGUN})
"""As for the figure `claim_time`."""


class _Entry(msgspec.Struct, frozen=True):
    what: str


class _Body(msgspec.Struct, frozen=True):
    history: tuple[_Entry, ...] = ()


def unclaimed(connection: sa.Connection, client: str, span: Span) -> list[datetime]:
    """Return when the calls of a stretch of time ended whose messages nobody has claimed.

    One that was claimed once and let go is not among them: its first claim is in the mean.  Only
    open messages are looked at: few, however many calls there were.
    """
    query = (
        sa.select(memos.c.body, calls.c.ended_at)
        .join(calls, calls.c.call == memos.c.call)
        .where(
            memos.c.status == Status.OPEN.value,
            memos.c.client == client,
            calls.c.received_at >= span.since,
            calls.c.received_at < span.until,
            calls.c.ended_at.is_not(None),
            ledger_usage.taken_here(),
        )
    )
    rows = connection.execute(query).all()
    return [row.ended_at for row in rows if not _was_claimed(row.body)]


def _was_claimed(body: str) -> bool:
    try:
        history = msgspec.json.decode(body, type=_Body).history
    except msgspec.DecodeError:
        return False  # nobody can read it, so nobody has claimed it
    return any(one.what in _CLAIMS for one in history)
