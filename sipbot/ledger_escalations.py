"""Escalations in the ledger: which memos wait, and the next revision of one that has waited.

Data path: ledger -> [ledger_escalations] -> escalation_watch

What a memo's steps were is in its own history, so that a step and what it changes are one
transaction.  The functions with a connection run in the ledger's thread.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa

from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot import ledger_writes as writes
from sipbot.decision import lease_over
from sipbot.ledger_thread import Run
from sipbot.memo import Memo, Status


class Escalations:
    """The ledger's part for escalations; `Ledger.escalations` is one.

    Every method raises LedgerError when SQLite refuses or the memo cannot be read; nothing of it is
    then stored.

    Args:
        run: how work gets into the ledger's thread.
        targets: each is told every revision of a memo.
        announce: called in the event loop after a delivery was stored.
    """

    def __init__(self, run: Run, targets: Sequence[str], announce: Callable[[], None]) -> None:
        self._run = run
        self._targets = targets
        self._announce = announce

    async def open_of(self, clients: Sequence[str]) -> list[str]:
        """Return the memos of these clients that are not closed, the oldest first."""
        return await self._run(lambda c: _open_of(c, clients))

    async def memo(self, memo: str) -> Memo | None:
        """Return a memo; None when there is none of this id."""
        return await self._run(lambda c: queries.memo_of(c, memo))

    async def change(
        self, memo: str, decide: Callable[[Memo], Memo | None], now: datetime
    ) -> Memo | None:
        """Make a memo's next revision, decided in the transaction that stores it.

        Args:
            memo: its id.
            decide: takes the memo as it stands, its claim not over; returns its next revision, or
                None to leave it.  Runs in the ledger's thread, and is pure.
            now: our clock, UTC-aware.

        Returns:
            The new revision; None when nothing was decided.
        """
        after = await self._run(lambda c: _change(c, memo, decide, now, self._targets))
        if after is not None:
            self._announce()
        return after


def _open_of(connection: sa.Connection, clients: Sequence[str]) -> list[str]:
    table = schema.memos
    found: list[str] = []
    for client in clients:  # one query each: as many clients as there are would be too many values
        query = sa.select(table.c.id).where(
            table.c.client == client, table.c.status != Status.DONE.value
        )
        found += connection.execute(query).scalars()
    return sorted(found)


def _change(
    connection: sa.Connection,
    identifier: str,
    decide: Callable[[Memo], Memo | None],
    now: datetime,
    targets: Sequence[str],
) -> Memo | None:
    memo = queries.memo_of(connection, identifier)
    if memo is None:
        return None
    current = lease_over(memo, now) or memo
    after = decide(current)
    if after is None:
        return None
    if current is not memo:
        writes.store(connection, memo, current, now, targets)
    writes.store(connection, current, after, now, targets)
    return after
