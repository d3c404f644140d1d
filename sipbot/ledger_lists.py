"""Memos as the web console reads them: by its own connection, of named clients only.

Data path: ledger -> [ledger_lists] -> console/store

Every question about memos says for whom it is asked, and what belongs to another client is not
there, whatever its id.  Each statement is short: while one runs, sipbot cannot commit what a caller
waits for (docs/decisions/0005-rollback-journal.md).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from sipbot import ledger_console, ledger_day
from sipbot import ledger_schema as schema
from sipbot.errors import LedgerError
from sipbot.ledger_console import Revision
from sipbot.ledger_day import Clients, DayCall, End, Span
from sipbot.ledger_schema import memos
from sipbot.memo import Status

BODIES_AT_ONCE = 100
"""Memos read by one statement: 100 of 5 kB take about 3 ms, in which sipbot cannot commit."""

_TO_DO = (Status.OPEN.value, Status.CLAIMED.value)
"""Named one by one, not as "all but done": so the index of the states is used."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """A memo as it lies in the ledger."""

    id: str
    rev: int
    client: str
    status: str
    body: str
    """JSON; docs/memo.schema.json."""


class MemoLists:
    """Read-only questions; synchronous, for one thread.

    Args:
        path: of the ledger.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = schema.reader(path)

    def check(self) -> None:
        """Make sure that the ledger is there and of this release.

        Raises:
            LedgerError: it is not.
        """
        if not self._path.is_file():
            raise LedgerError(f"{self._path}: there is no ledger yet: sipbot run makes one")
        with self._asked() as connection:
            schema.check_release(connection, self._path)

    def close(self) -> None:
        """Let the file go."""
        self._engine.dispose()

    def to_do(self) -> dict[str, int]:
        """Return id to revision of every memo that is not done; for an index, not for a person.

        Raises:
            LedgerError: SQLite refuses.
        """
        query = sa.select(memos.c.id, memos.c.rev).where(memos.c.status.in_(_TO_DO))
        with self._asked() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def bodies(self, clients: Clients, identifiers: Sequence[str]) -> list[Body]:
        """Return those of these memos that belong to the clients.

        Raises:
            LedgerError: SQLite refuses.
        """
        found = list[Body]()
        for start in range(0, len(identifiers), BODIES_AT_ONCE):
            some = identifiers[start : start + BODIES_AT_ONCE]
            found += self._bodies(_bodies().where(memos.c.id.in_(some), _of(clients)))
        return found

    def done(
        self,
        clients: Clients,
        *,
        before: str,
        category: str | None,
        limit: int,
    ) -> list[Body]:
        """Return closed memos, those of the latest calls first.

        Args:
            clients: whose.
            before: the memo before which to go on; empty for the latest.
            category: only of this one; None for all.
            limit: how many at most.

        Raises:
            LedgerError: SQLite refuses.
        """
        # Their ids first: to sort whole memos keeps the ledger's writer waiting for all of them.
        query = latest_done(clients, before=before, category=category, limit=limit)
        with self._asked() as connection:
            found = connection.scalars(query).all()
        return sorted(self.bodies(clients, found), key=lambda body: body.id, reverse=True)

    def newest(self) -> int:
        """Return the number of the latest revision of any memo; for an index, not for a person.

        Raises:
            LedgerError: SQLite refuses.
        """
        with self._asked() as connection:
            return ledger_console.newest(connection)

    def revisions(self, after: int) -> list[Revision]:
        """Return the next revisions of any memo after this number; for an index.

        Raises:
            LedgerError: SQLite refuses.
        """
        with self._asked() as connection:
            return ledger_console.revisions(connection, after)

    def older(self, before: str) -> list[Body]:
        """Return memos with smaller ids, the largest of these first; for an index.

        Raises:
            LedgerError: SQLite refuses.
        """
        query = _bodies().where(memos.c.id < before).order_by(memos.c.id.desc())
        return self._bodies(query.limit(BODIES_AT_ONCE))

    def day(self, clients: Clients, span: Span) -> dict[End, int]:
        """Return how many calls came, by what became of them; see `ledger_day.counts`.

        Raises:
            LedgerError: SQLite refuses.
        """
        with self._asked() as connection:
            return ledger_day.counts(connection, clients, span)

    def calls(
        self, clients: Clients, span: Span, *, end: End | None, before: str, limit: int
    ) -> list[DayCall]:
        """Return calls, the latest first; see `ledger_day.latest`.

        Raises:
            LedgerError: SQLite refuses.
        """
        with self._asked() as connection:
            return ledger_day.latest(connection, clients, span, end=end, before=before, limit=limit)

    def _bodies(self, query: sa.Select[tuple[str, int, str, str, str]]) -> list[Body]:
        with self._asked() as connection:
            rows = connection.execute(query).all()
        return [
            Body(id=row.id, rev=row.rev, client=row.client, status=row.status, body=row.body)
            for row in rows
        ]

    @contextmanager
    def _asked(self) -> Iterator[sa.Connection]:
        with schema.refusals(self._path), self._engine.connect() as connection:
            yield connection


def latest_done(
    clients: Clients, *, before: str, category: str | None, limit: int
) -> sa.Select[Any]:
    """Return the question for the ids of closed memos; see `MemoLists.done`.

    It is answered from the index `memos_closed` alone, in the index's order.
    """
    # A value that is computed has no index: the one of status and client does not know the order.
    whose = sa.true() if clients == "*" else memos.c.client.concat("").in_(clients)
    query = sa.select(memos.c.id).where(memos.c.status == Status.DONE.value, whose)
    if before:
        query = query.where(memos.c.id < before)
    if category is not None:
        query = query.where(memos.c.category == category)
    return query.order_by(memos.c.id.desc()).limit(limit)


def _bodies() -> sa.Select[tuple[str, int, str, str, str]]:
    return sa.select(memos.c.id, memos.c.rev, memos.c.client, memos.c.status, memos.c.body)


def _of(clients: Clients) -> sa.ColumnElement[bool]:
    return sa.true() if clients == "*" else memos.c.client.in_(clients)
