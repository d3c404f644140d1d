"""What the ledger has for the archive: who is told of every change, and the rows themselves.

Data path: ledger -> [ledger_archive] -> archive_target -> archive_store

While a site has an archive, triggers make a delivery of every change of calls, memos and terms,
whoever writes: the running sipbot, an erasure at the command line, a client's taking over.  Such a
delivery has no payload: what is archived is the row as it is at that moment, so nothing of what a
caller said lies in a queue when it is erased, and a row that is gone is deleted there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from sipbot import ledger_schema as schema
from sipbot.archive import (
    CALL,
    TARGET,
    TERMS,
    ArchivedCall,
    ArchivedMemo,
    ArchivedTerms,
    Batch,
    Held,
    storable,
)
from sipbot.ledger_kpi_schema import terms
from sipbot.ledger_privacy_schema import erasures
from sipbot.ledger_thread import Run
from sipbot.ledger_usage import taken_here
from sipbot.retention import Kind

GOES_ON, ENDED, ERASED = 1, 2, 3
"""Revisions of a call's row in the archive."""

AT_ONCE = 200
"""Calls of a page, with their memos: 1 MB, and 20 ms in which sipbot cannot commit."""

_NOW = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"
"""As `sipbot.ledger_schema.UtcTime` writes times."""


def _insert(columns: str, values: str) -> str:
    return (
        f"INSERT OR IGNORE INTO deliveries ({columns}, target, payload, event, due_at, attempts, "  # noqa: S608
        f"refusals) VALUES ({values}, '{TARGET}', '', '', {_NOW}, 0, 0)"
    )


def _of_call(row: str) -> str:
    return _insert("client, req", f"coalesce({row}.client, ''), '{CALL}' || {row}.call")


_OF_MEMO = _insert("client, memo, rev", "NEW.client, NEW.id, NEW.rev")
_OF_TERMS = _insert("client, req", f"NEW.client, '{TERMS}' || NEW.client")

TRIGGERS = {
    "archive_call_came": ("INSERT ON calls", _of_call("NEW")),
    "archive_call_changed": ("UPDATE OF state, caller, offer, client ON calls", _of_call("NEW")),
    "archive_call_gone": ("DELETE ON calls", _of_call("OLD")),
    "archive_memo_came": ("INSERT ON memos", _OF_MEMO),
    "archive_memo_changed": ("UPDATE OF rev ON memos", _OF_MEMO),
    "archive_terms_came": ("INSERT ON terms", _OF_TERMS),
}
"""Name → (when, what)."""


def _each_erased(columns: str, values: str, named: str) -> str:
    """As `_insert`, of all that was erased: while nobody followed, the archive was not told."""
    into, _, what = _insert(columns, values).partition(" VALUES (")
    return f"{into} SELECT DISTINCT {what.removesuffix(')')} FROM {named}"  # noqa: S608


_ERASED = (
    _each_erased("client, req", f"coalesce(client, ''), '{CALL}' || call", "erasures"),
    _each_erased(
        "client, memo, rev", "client, id, rev", "memos WHERE id IN (SELECT memo FROM erasures)"
    ),
)

_log = structlog.get_logger()


class ArchiveRows:
    """The ledger's part; `Ledger.archive` is one.

    Every method raises LedgerError when SQLite refuses.

    Args:
        run: how work gets into the ledger's thread.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def follow(self, *, wanted: bool) -> None:
        """Have every change delivered to the archive from now on, or none any more."""
        await self._run(lambda connection: follow(connection, wanted=wanted))

    async def of_call(self, call: str) -> Batch:
        """Return what is to be archived of a call, its memo not included."""

        def work(connection: sa.Connection) -> Batch:
            rows = calls_of(connection, schema.calls.c.call == call)
            return Batch(calls=rows, gone_calls=() if rows else (call,))

        return await self._run(work)

    async def of_memo(self, memo: str) -> Batch:
        """Return what is to be archived of a memo; of one that is gone, its call tells."""
        return await self._run(
            lambda connection: Batch(memos=memos_of(connection, schema.memos.c.id == memo))
        )

    async def of_terms(self, client: str) -> Batch:
        """Return everything that a client was promised."""
        return await self._run(
            lambda connection: Batch(terms=terms_of(connection, terms.c.client == client))
        )


class ArchiveSource:
    """The same for a command, page by page; reads only."""

    def __init__(self, connection: sa.Connection, path: Path) -> None:
        self._connection, self._path = connection, path

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["ArchiveSource"]:
        """Open the ledger for reading.

        Raises:
            LedgerError: there is none, or it is of another release.
        """
        with schema.reading(path) as connection:
            yield cls(connection, path)

    def held(self, site: str) -> Held:
        """Return how much there is."""
        calls, memos = (
            self._connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (schema.calls, schema.memos)
        )
        return Held(site=site, calls=calls, memos=memos)

    def waiting(self) -> int:
        """Return how many deliveries to the archive are still to be made."""
        sent = schema.deliveries.c
        query = sa.select(sa.func.count()).where(sent.target == TARGET, sent.delivered_at.is_(None))
        return self._connection.execute(query).scalar_one()

    def pages(self) -> Iterator[Batch]:
        """Yield everything, a page of calls with their memos at a time."""
        yield Batch(terms=terms_of(self._connection, sa.true()))
        last = ""
        while found := self._page(last):
            yield found
            last = found.calls[-1].call

    def _page(self, after: str) -> Batch | None:
        calls = calls_of(self._connection, schema.calls.c.call > after, AT_ONCE)
        if not calls:
            return None
        named = [one.call for one in calls]
        return Batch(calls=calls, memos=memos_of(self._connection, schema.memos.c.call.in_(named)))


# The ledger's thread, like what follows; or the process of a reader.
def follow(connection: sa.Connection, *, wanted: bool) -> None:
    """Make the triggers, or remove them with what they had still to tell."""
    names = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    there = set(connection.execute(names).scalars()) & TRIGGERS.keys()
    for name in there:  # anew, for an earlier release may have made others
        connection.execute(sa.text(f"DROP TRIGGER {name}"))
    if wanted:
        for name, (when, what) in TRIGGERS.items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {when} BEGIN {what}; END")
        if not there:
            for what in _ERASED:
                connection.exec_driver_sql(what)
            _log.info("every change goes to the archive from now on; what was before: refill it")
        return
    sent = schema.deliveries.c
    gone = connection.execute(
        sa.delete(schema.deliveries).where(sent.target == TARGET, sent.delivered_at.is_(None))
    )
    if there or gone.rowcount:
        _log.warning("no archive any more; it was not told of everything", untold=gone.rowcount)


def calls_of(
    connection: sa.Connection, which: sa.ColumnElement[bool], limit: int | None = None
) -> tuple[ArchivedCall, ...]:
    """Return calls as the archive has them, in the order of their ids."""
    calls = schema.calls.c
    nobody = sa.select(erasures.c.call).where(
        erasures.c.call == calls.call, erasures.c.kind == Kind.CALLS.value
    )
    rev = sa.case((nobody.exists(), ERASED), (calls.state.is_not(None), ENDED), else_=GOES_ON)
    names = [n for n in ArchivedCall.__struct_fields__ if n not in ("rev", "taken_here")]
    columns = [calls[name] for name in names]
    query = sa.select(*columns, rev.label("rev"), taken_here().label("taken_here"))
    rows = connection.execute(query.where(which).order_by(calls.call).limit(limit)).mappings()
    return tuple(ArchivedCall(**{k: _text(v) for k, v in row.items()}) for row in rows)


def memos_of(connection: sa.Connection, which: sa.ColumnElement[bool]) -> tuple[ArchivedMemo, ...]:
    """Return memos as the archive has them."""
    memos = schema.memos.c
    names = [name for name in ArchivedMemo.__struct_fields__ if name != "payload"]
    query = sa.select(*(memos[name] for name in names), memos.body).where(which)
    found = []
    for row in connection.execute(query).mappings():
        values: dict[str, Any] = dict(row)
        found.append(ArchivedMemo(payload=storable(values.pop("body")), **values))
    return tuple(found)


def terms_of(connection: sa.Connection, which: sa.ColumnElement[bool]) -> tuple[ArchivedTerms, ...]:
    """Return what was promised as the archive has it."""
    names = ArchivedTerms.__struct_fields__
    rows = connection.execute(sa.select(*(terms.c[name] for name in names)).where(which)).mappings()
    return tuple(ArchivedTerms(**row) for row in rows)


def _text(value: object) -> Any:  # noqa: ANN401 - whatever a column has
    """A number that was dialled may hold what PostgreSQL cannot store."""
    return value.replace("\0", "") if isinstance(value, str) else value
