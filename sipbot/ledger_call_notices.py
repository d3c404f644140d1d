"""The ledger's part for notices of recording: one row a call, and how many callers heard them.

Data path: notice_log -> [ledger_call_notices] -> ledger_queries, ledger_privacy
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot import ledger_schema as schema
from sipbot.ledger_privacy_schema import call_notices
from sipbot.ledger_thread import Run
from sipbot.recording_notice import RecordingNotice, verdict

_AT_ONCE = 500
"""Calls in one question; SQLite allows 32,766 values."""

FIELDS = RecordingNotice.__struct_fields__


class CallNotices:
    """The ledger's part; `Ledger.call_notices` is one.

    Args:
        run: how work gets into the ledger's thread.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def keep(self, call: str, notice: RecordingNotice) -> None:
        """Store the notice of a call that has a row; the first one counts.

        Raises:
            LedgerError: SQLite refuses; nothing is then stored.
        """
        await self._run(lambda c: store(c, {call: notice}))


def store(connection: sa.Connection, notices: dict[str, RecordingNotice]) -> None:
    """Store the notices of calls that have rows."""
    rows = [{"call": call, **msgspec.structs.asdict(one)} for call, one in notices.items()]
    if rows:
        connection.execute(insert(call_notices).on_conflict_do_nothing(), rows)


def forget(connection: sa.Connection, calls: Sequence[str]) -> None:
    """Delete the notices of calls that leave the ledger."""
    for place in range(0, len(calls), _AT_ONCE):
        some = calls[place : place + _AT_ONCE]
        connection.execute(sa.delete(call_notices).where(call_notices.c.call.in_(some)))


def notice_of(row: sa.Row[Any]) -> RecordingNotice | None:
    """Return the notice of a row that was joined with `call_notices`; None when it has none."""
    found = row._mapping  # noqa: SLF001 - SQLAlchemy's name for its public mapping
    if found[call_notices.c.call] is None:
        return None
    return RecordingNotice(**{name: found[call_notices.c[name]] for name in FIELDS})


def counted(
    connection: sa.Connection, client: str, since: datetime, until: datetime
) -> dict[tuple[str, str], int]:
    """Return how many answered calls heard which notice, and how much of it.

    Args:
        connection: the ledger.
        client: whose calls.
        since: only calls that came then or later; UTC-aware.
        until: only calls that came before.

    Returns:
        Prompt (empty: none) and verdict → calls.
    """
    calls = schema.calls.c
    how = (call_notices.c.call.is_(None), call_notices.c.prompt, call_notices.c.whole)
    query = (
        sa.select(*how, sa.func.count())
        .select_from(schema.calls.outerjoin(call_notices, call_notices.c.call == calls.call))
        .where(calls.client == client, calls.received_at >= since, calls.received_at < until)
        .where(calls.answered_at.is_not(None))
        .group_by(*how)
    )
    found = dict[tuple[str, str], int]()
    for unknown, prompt, whole, count in connection.execute(query):
        notice = None if unknown else RecordingNotice(prompt=prompt, whole=whole)
        found[prompt or "", verdict(notice)] = count
    return found
