"""What the ledger does for the web console: it keeps the audit log, and tells what has changed.

The work of each method runs in the ledger's thread; readers use the functions.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from sipbot import ledger_schema as schema
from sipbot.audit import AuditEntry
from sipbot.ledger_deliveries import MQTT
from sipbot.ledger_thread import Run

AT_ONCE = 500
"""Revisions told at a time: after a night of commands there may be many, and a caller waits for
each transaction to end."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A memo that has changed."""

    delivery: int
    """Rises from one revision to the next, of whatever memo."""
    client: str
    memo: str
    rev: int
    status: str
    """As it is now."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the audit log."""

    at: datetime
    entry: AuditEntry


class ConsoleRows:
    """The ledger's part for the console; `Ledger.console` is one.

    Every method raises LedgerError when SQLite refuses; nothing of it is then stored.

    Args:
        run: how work gets into the ledger's thread.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._behind = 0

    async def record(self, entries: Sequence[AuditEntry], now: datetime) -> None:
        """Store what somebody did: all of it, or nothing.

        Args:
            entries: in the order in which they happened.
            now: our clock, UTC-aware.
        """
        rows = [{"at": now, **msgspec.structs.asdict(entry)} for entry in entries]
        await self._run(lambda c: c.execute(sa.insert(schema.audit), rows))

    async def let_go(self, before: datetime, limit: int) -> int:
        """Delete the oldest rows of the audit log, those before this moment; return how many.

        Args:
            before: UTC-aware.
            limit: at most so many at once.
        """
        behind = self._behind
        gone, self._behind = await self._run(lambda c: _let_go(c, before, limit, behind))
        return gone

    async def newest(self) -> int:
        """Return the number of the latest revision; 0 when there is none."""
        return await self._run(newest)

    async def revisions(self, after: int) -> list[Revision]:
        """Return the next revisions after this number, in their order."""
        return await self._run(lambda c: revisions(c, after))


def audited(
    connection: sa.Connection,
    limit: int,
    *,
    memo: str | None = None,
    account: str | None = None,
    client: str | None = None,
    actions: Sequence[str] | None = None,
) -> list[Audited]:
    """Return the latest rows of the audit log, newest first.

    Args:
        connection: the ledger.
        limit: at most so many.
        memo: only what was done with this one.
        account: only what this one did.
        client: only what was done with this one's memos, or with those of all clients.
        actions: only these; None for all.
    """
    rows = schema.audit.c
    query = sa.select(schema.audit).order_by(rows.id.desc()).limit(limit)
    if memo is not None:
        query = query.where(rows.memo == memo)
    if account is not None:
        query = query.where(rows.account == account)
    if client is not None:
        query = query.where((rows.client == client) | rows.client.is_(None))
    if actions is not None:
        query = query.where(rows.action.in_(actions))
    names = AuditEntry.__struct_fields__
    return [
        Audited(at=row["at"], entry=msgspec.convert({n: row[n] for n in names}, AuditEntry))
        for row in connection.execute(query).mappings()
    ]


def _let_go(
    connection: sa.Connection, before: datetime, limit: int, behind: int
) -> tuple[int, int]:
    """Return how many rows went, and behind which number to look when none is due at the front."""
    rows = schema.audit.c
    # By the id, which rises with time: the few rows at the beginning are looked at, never all.
    front = sa.select(rows.id).order_by(rows.id).limit(limit).scalar_subquery()
    gone = sa.delete(schema.audit).where(rows.id.in_(front), rows.at < before)
    if deleted := connection.execute(gone).rowcount:
        return deleted, behind
    # Rows from a day to come (the clock was wrong) must not keep what is due behind them.
    further = sa.select(rows.id).where(rows.id > behind).order_by(rows.id).limit(limit)
    ids = connection.execute(further).scalars().all()
    gone = sa.delete(schema.audit).where(rows.id.in_(ids), rows.at < before)
    return connection.execute(gone).rowcount, ids[-1] if len(ids) == limit else 0


def newest(connection: sa.Connection) -> int:
    """Return the number of the latest revision; 0 when there is none."""
    sent = schema.deliveries.c
    query = sa.select(sa.func.max(sent.id)).where(sent.memo.is_not(None))
    return connection.execute(query).scalar() or 0


def revisions(connection: sa.Connection, after: int) -> list[Revision]:
    """Return the next revisions after this number, in their order; `AT_ONCE` at most."""
    # Every revision is due to every target, hence to this one; its rows are never deleted.
    sent, memos = schema.deliveries.c, schema.memos.c
    query = (
        sa.select(sent.id, sent.client, sent.memo, sent.rev, memos.status)
        .join(schema.memos, memos.id == sent.memo)
        .where(sent.id > after, sent.target == MQTT)
        .order_by(sent.id)
        .limit(AT_ONCE)
    )
    return [
        Revision(delivery=row.id, client=row.client, memo=row.memo, rev=row.rev, status=row.status)
        for row in connection.execute(query)
    ]
