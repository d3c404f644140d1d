"""Is the ledger sound?  Asked from another process, without holding up the one that writes.

A reader's lock keeps SQLite with a rollback journal from committing, and the writer gives up after
`ledger_schema.BUSY_MS`.  So the check of the whole file ends early rather than late.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from sipbot import ledger_schema as schema
from sipbot.errors import LedgerError

CHECK_LIMIT_S = 2.0
"""Longest time the file is held; the writer waits `ledger_schema.BUSY_MS` (5 s), so 2 s leave it
room.  Measured: 27 ms for 1 000 calls with their memos, hence some 70 000 within the limit."""

_OPS_BETWEEN_LOOKS = 10_000
"""SQLite instructions between two looks at the clock: below a millisecond."""


class LedgerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in the ledger."""

    problems: tuple[str, ...]
    """In SQLite's words; empty when sound."""
    whole: bool
    """False when the limit ended the check."""
    calls: int
    unfinished: int
    """Calls without an end state: on the line now, or left by a crash until the next start."""
    waiting: int
    """Deliveries that no broker has acknowledged."""
    newest_call_at: datetime | None


def examine(path: Path, limit_s: float = CHECK_LIMIT_S) -> LedgerHealth:
    """Check the file with ``PRAGMA integrity_check``, reading only.

    Args:
        path: the ledger.
        limit_s: when to stop the check.

    Raises:
        LedgerError: it cannot be opened or read at all, or is of another release.
    """
    with reading(path) as connection:
        problems, whole = integrity(connection, limit_s)
        return _facts(connection, problems, whole=whole)


def integrity(connection: sa.Connection, limit_s: float) -> tuple[tuple[str, ...], bool]:
    """Return what SQLite finds wrong with the file, and whether it looked at all of it."""
    rows = within(connection, "PRAGMA integrity_check(10)", limit_s)
    if rows is None:
        return (), False
    return tuple(str(row[0]) for row in rows if row[0] != "ok"), True


def within(
    connection: sa.Connection, statement: str, limit_s: float
) -> list[tuple[Any, ...]] | None:
    """Return the rows of a statement, or None when it takes longer than `limit_s`."""
    sqlite: Any = connection.connection.driver_connection
    ends_at = time.monotonic() + limit_s
    # Called by SQLite in this thread, inside the statement; true ends the statement.
    sqlite.set_progress_handler(lambda: time.monotonic() >= ends_at, _OPS_BETWEEN_LOOKS)
    try:
        return [tuple(row) for row in connection.execute(sa.text(statement))]
    except sa.exc.OperationalError as error:
        if "interrupted" not in str(error.orig):
            raise
        return None
    finally:
        sqlite.set_progress_handler(None, 0)


@contextmanager
def reading(path: Path) -> Iterator[sa.Connection]:
    """Open the ledger for a look at it.

    Raises:
        LedgerError: there is none, it cannot be read at all, or it is of another release.
    """
    if not path.is_file():
        raise LedgerError(f"{path}: there is no ledger yet: start sipbot, or set var to its folder")
    engine = schema.reader(path)
    try:
        with engine.connect() as connection:
            schema.check_release(connection, path)
            yield connection
    except sa.exc.SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or type(error).__name__
        raise LedgerError(
            f"{path}: cannot be read: {reason}. Keep the file, stop sipbot and restore the latest "
            "backup; the recordings in spool/ are not touched by this"
        ) from error
    finally:
        engine.dispose()


def _facts(connection: sa.Connection, problems: tuple[str, ...], *, whole: bool) -> LedgerHealth:
    def count(table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(*where)
        return connection.execute(query).scalar_one()

    newest = sa.select(sa.func.max(schema.calls.c.received_at))
    return LedgerHealth(
        problems=problems,
        whole=whole,
        calls=count(schema.calls),
        unfinished=count(schema.calls, schema.calls.c.state.is_(None)),
        waiting=count(schema.deliveries, schema.deliveries.c.delivered_at.is_(None)),
        newest_call_at=connection.execute(newest).scalar(),
    )
