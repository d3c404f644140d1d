"""Calls back in the ledger: who is to be called for whom, and how it ended.

Data path: decision -> ledger_commands, [ledger_calls_back] -> call_backs

Their rows are no rows of `calls`: those are INVITEs received, and their sum must be right.  The
functions with a connection run in the ledger's thread.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
import structlog
import uuid6

from sipbot import call_back
from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot import ledger_writes as writes
from sipbot.call_decision import Wanted
from sipbot.command import Call
from sipbot.errors import LedgerError
from sipbot.ledger_thread import Run
from sipbot.memo import Memo
from sipbot.numbers import is_e164

_log = structlog.get_logger()


class CallBackEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One call back, as the ledger has it."""

    id: str
    """UUIDv7."""
    memo: str
    client: str
    by: str
    extension: str
    number: str
    shown: str
    """The client's number that the caller had dialled; empty when it is no telephone number."""
    asked_at: datetime
    connected_at: datetime | None
    ended_at: datetime | None
    ended: str | None
    outcome: str | None


class CallsBack:
    """The ledger's part for calls back; `Ledger.calls_back` is one.

    Every method raises LedgerError when SQLite refuses; nothing of it is then stored.

    Args:
        run: how work gets into the ledger's thread.
        targets: each is told every revision of a memo.
        announce: called in the event loop after a delivery was stored.
    """

    def __init__(self, run: Run, targets: Sequence[str], announce: Callable[[], None]) -> None:
        self._run = run
        self._targets = targets
        self._announce = announce

    async def going(self) -> list[CallBackEntry]:
        """Return those that have not ended, the oldest first."""
        return await self._run(_going)

    async def connected(self, call: str, at: datetime, now: datetime) -> None:
        """Store that operator and caller hear each other; again or too late changes nothing.

        Args:
            call: id of the call back.
            at: when they were connected.
            now: our clock, UTC-aware.
        """
        await self._run(lambda c: _connected(c, call, at, now, self._targets))
        self._announce()

    async def ended(self, call: str, how: call_back.Ended, now: datetime) -> None:
        """Store how one ended, once: who says so first is believed.

        Args:
            call: id of the call back.
            how: it ended.
            now: our clock, UTC-aware.
        """
        await self._run(lambda c: _ended(c, call, how, now, self._targets))
        self._announce()


def add(connection: sa.Connection, memo: Memo, command: Call, found: Wanted, now: datetime) -> str:
    """Store that somebody is to be called, in the transaction that decides so; return its id."""
    call = str(uuid6.uuid7())
    query = sa.select(schema.calls.c.number).where(schema.calls.c.call == memo.call.id)
    dialled = connection.execute(query).scalar() or ""
    connection.execute(
        sa.insert(schema.calls_back).values(
            id=call,
            memo=memo.id,
            client=memo.client,
            by=command.by,
            extension=found.extension,
            number=found.number,
            shown=dialled if is_e164(dialled) else "",
            asked_at=now,
        )
    )
    return call


def entries(connection: sa.Connection, memo: str) -> list[CallBackEntry]:
    """Return all of a memo's, the oldest first."""
    return _entries(connection, schema.calls_back.c.memo == memo)


def _going(connection: sa.Connection) -> list[CallBackEntry]:
    return _entries(connection, schema.calls_back.c.ended_at.is_(None))


def _entries(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[CallBackEntry]:
    table = schema.calls_back
    query = sa.select(table).where(condition).order_by(table.c.asked_at, table.c.id)
    return [CallBackEntry(**row) for row in connection.execute(query).mappings()]


def _one(connection: sa.Connection, call: str) -> CallBackEntry | None:
    return next(iter(_entries(connection, schema.calls_back.c.id == call)), None)


def _connected(
    connection: sa.Connection, call: str, at: datetime, now: datetime, targets: Sequence[str]
) -> None:
    entry = _one(connection, call)
    if entry is None or entry.connected_at is not None or entry.ended_at is not None:
        return
    _put(connection, call, connected_at=at)
    memo = _memo(connection, entry.memo)
    if memo is not None:
        writes.store(connection, memo, call_back.connected(memo, entry.number, at), now, targets)


def _ended(
    connection: sa.Connection,
    call: str,
    how: call_back.Ended,
    now: datetime,
    targets: Sequence[str],
) -> None:
    entry = _one(connection, call)
    if entry is None or entry.ended_at is not None:
        return
    if how.connected_at is not None:
        _connected(connection, call, how.connected_at, now, targets)
    _put(connection, call, ended_at=how.at, ended=how.end, outcome=how.outcome)
    memo = _memo(connection, entry.memo)
    if memo is not None:
        after = call_back.ended(memo, entry.by, entry.number, how, now)
        writes.store(connection, memo, after, now, targets)


def _memo(connection: sa.Connection, identifier: str) -> Memo | None:
    """Return a memo; None when it cannot be read, whose alert is up already."""
    try:
        return queries.memo_of(connection, identifier)
    except LedgerError as error:
        _log.error("a memo cannot be told what came of a call back", problem=str(error))
        return None


def _put(connection: sa.Connection, call: str, **values: object) -> None:
    table = schema.calls_back
    connection.execute(sa.update(table).where(table.c.id == call).values(**values))
