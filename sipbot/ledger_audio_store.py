"""What the ledger knows of the store of recordings: what it has, and what it is still to be told.

Data path: audio_vault, ledger -> [ledger_audio_store] -> audio_store_target

That a file is to be stored is found by looking at the disk, as its encryption was.  That it is to
be deleted there is noted by triggers in the transaction of its tombstone, whoever erases.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.sqlite import insert

from sipbot import ledger_schema as schema
from sipbot.audio_store import PREFIX, TARGET, UNDER_WAY, Kept, Stored, gone_names
from sipbot.ledger_privacy_schema import erasures
from sipbot.ledger_schema import UtcTime, metadata
from sipbot.ledger_thread import Run
from sipbot.recordings import BOTH
from sipbot.retention import Kind

stored_audio = sa.Table(
    "stored_audio",
    metadata,
    sa.Column("call", sa.String(63), primary_key=True),
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("tag", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)
"""What the store has: `sipbot.audio_store.Stored`.  It outlives its call, until it is deleted
there."""

_NOW = "strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')"
"""As `sipbot.ledger_schema.UtcTime` writes times."""

_FILES = ", ".join(f"'{kind.value}'" for kind in (Kind.AUDIO, Kind.MASKED, Kind.CALLS))

_log = structlog.get_logger()


def _told(client: str, row: str) -> str:
    return (
        "INSERT INTO deliveries (client, req, target, payload, event, due_at, attempts, refusals) "  # noqa: S608 - ours
        f"SELECT coalesce({client}, ''), '{PREFIX}' || {row}.call, '{TARGET}', '', '', {_NOW}, 0, "
        f"0 WHERE EXISTS (SELECT 1 FROM stored_audio WHERE call = {row}.call)"
    )


TRIGGERS = {
    "audio_store_erased": (
        f"INSERT ON erasures WHEN NEW.kind IN ({_FILES})",
        _told("NEW.client", "NEW"),
    ),
    "audio_store_erased_again": (
        f"UPDATE ON erasures WHEN NEW.kind IN ({_FILES})",
        _told("NEW.client", "NEW"),
    ),
    "audio_store_call_gone": ("DELETE ON calls", _told("OLD.client", "OLD")),
}
"""Name → (when, what)."""


class AudioStoreRows:
    """The ledger's part; `Ledger.audio_store` is one.

    Every method raises LedgerError when SQLite refuses.

    Args:
        run: how work gets into the ledger's thread.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def follow(self, *, wanted: bool) -> None:
        """Have the store told of every erasure from now on, or of nothing any more."""
        await self._run(lambda connection: follow(connection, wanted=wanted))

    async def want(self, here: Mapping[str, Mapping[str, str]], now: datetime) -> int:
        """Have a delivery made of each of these calls that the store has not as it is here.

        Args:
            here: call → name → tag of its encrypted files.
            now: UTC-aware.

        Returns:
            How many deliveries are new; a call of which one waits, or is dead, gets no other.
        """
        return await self._run(lambda connection: want(connection, here, now))

    async def kept(self, call: str) -> Kept:
        """Return what is known of a call's files."""
        return await self._run(lambda connection: kept(connection, call))

    async def under_way(self, call: str, name: str, now: datetime) -> bool:
        """Store that a file is about to be stored; False when it has been erased meanwhile."""

        def work(connection: sa.Connection) -> bool:
            if name in kept(connection, call).gone:
                return False
            row = {"call": call, "name": name, "tag": UNDER_WAY, "size_bytes": 0, "at": now}
            connection.execute(insert(stored_audio).values(row).on_conflict_do_nothing())
            return True

        return await self._run(work)

    async def stored(self, file: Stored, now: datetime) -> None:
        """Store that the store has this."""
        table = stored_audio.c
        query = sa.update(stored_audio).where(table.call == file.call, table.name == file.name)
        values = {"tag": file.tag, "size_bytes": file.size_bytes, "at": now}
        await self._run(lambda connection: connection.execute(query.values(values)))

    async def deleted(self, call: str, name: str) -> None:
        """Store that the store has it no more."""
        table = stored_audio.c
        query = sa.delete(stored_audio).where(table.call == call, table.name == name)
        await self._run(lambda connection: connection.execute(query))


# The ledger's thread, like what follows; or the process of a reader.
def follow(connection: sa.Connection, *, wanted: bool) -> None:
    """Make the triggers, or remove them with what there was still to tell."""
    for name in TRIGGERS:  # anew, for an earlier release may have made others
        connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {name}"))
    if not wanted:
        sent = schema.deliveries.c
        untold = connection.execute(
            sa.delete(schema.deliveries).where(sent.target == TARGET, sent.delivered_at.is_(None))
        )
        if untold.rowcount:
            _log.warning("no audio store any more; it lacks something", untold=untold.rowcount)
        return
    for name, (when, what) in TRIGGERS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {when} BEGIN {what}; END")
    # What was erased while nobody followed.
    calls = sa.select(stored_audio.c.call).distinct()
    for call in connection.execute(calls.where(_erased())).scalars().all():
        _deliver(connection, call, datetime.now(UTC))


def want(connection: sa.Connection, here: Mapping[str, Mapping[str, str]], now: datetime) -> int:
    """See `AudioStoreRows.want`."""
    table, calls = stored_audio.c, list(here)
    has = dict[tuple[str, str], str]()
    query = sa.select(table.call, table.name, table.tag).where(table.call.in_(calls))
    for row in connection.execute(query):
        has[row.call, row.name] = row.tag
    differ = [
        call
        for call in calls
        if any(has.get((call, name)) != tag for name, tag in here[call].items())
    ]
    return sum(_deliver(connection, call, now) for call in differ)


def _deliver(connection: sa.Connection, call: str, now: datetime) -> bool:
    sent, req = schema.deliveries.c, f"{PREFIX}{call}"
    of_client = sa.select(schema.calls.c.client).where(schema.calls.c.call == call)
    client = connection.execute(of_client).scalar() or ""
    waits = sa.select(sent.id).where(
        sent.client == client, sent.req == req, sent.target == TARGET, sent.delivered_at.is_(None)
    )
    if connection.execute(waits).first() is not None:
        return False
    row = {"client": client, "req": req, "target": TARGET, "payload": "", "event": ""}
    values = {**row, "due_at": now, "attempts": 0, "refusals": 0}
    connection.execute(sa.insert(schema.deliveries).values(values))
    return True


def kept(connection: sa.Connection, call: str) -> Kept:
    """See `AudioStoreRows.kept`."""
    table = stored_audio.c
    rows = connection.execute(sa.select(table.name, table.tag).where(table.call == call))
    tags = {row.name: row.tag for row in rows}
    known = sa.select(schema.calls.c.call).where(schema.calls.c.call == call)
    if connection.execute(known).first() is None:
        return Kept(tags=tags, gone=frozenset(BOTH))
    tombstones = sa.select(erasures.c.kind).where(erasures.c.call == call)
    kinds = [Kind(kind) for kind in connection.execute(tombstones).scalars()]
    return Kept(tags=tags, gone=gone_names(kinds))


def stored_here(path: Path) -> Sequence[Stored]:
    """Return every file that the store has and should have, by call; for a command.

    Raises:
        LedgerError: there is no ledger, or it is of another release.
    """
    with schema.reading(path) as connection:
        table = stored_audio.c
        query = sa.select(table.call, table.name, table.tag, table.size_bytes)
        rows = connection.execute(query.where(~_erased()).order_by(table.call, table.name))
        return [Stored(**row) for row in rows.mappings()]


def named_hashes(path: Path) -> dict[str, str]:
    """Return what memos say that the recordings of their calls are; for a command.

    Raises:
        LedgerError: as `stored_here`.
    """
    with schema.reading(path) as connection:
        memos = schema.memos.c
        sha256 = sa.func.json_extract(memos.body, "$.audio.sha256")
        named = sa.select(memos.call, sha256).where(sha256.is_not(None))
        stored = sa.exists().where(stored_audio.c.call == memos.call)
        return {call: found for call, found in connection.execute(named.where(stored)) if found}


def waiting(path: Path) -> int:
    """Return how many deliveries the store has still to get; for a command.

    Raises:
        LedgerError: as `stored_here`.
    """
    with schema.reading(path) as connection:
        sent = schema.deliveries.c
        query = sa.select(sa.func.count()).where(sent.target == TARGET, sent.delivered_at.is_(None))
        return connection.execute(query).scalar_one()


def _erased() -> sa.ColumnElement[bool]:
    """Of a row of `stored_audio`: the file was erased here, or its call is gone."""
    table = stored_audio.c
    of_file = [
        sa.and_(table.name == name, erasures.c.kind == kind.value)
        for kind in Kind
        for name in gone_names([kind])
    ]
    tombstone = sa.exists().where(erasures.c.call == table.call, sa.or_(*of_file))
    return tombstone | ~sa.exists().where(schema.calls.c.call == table.call)
