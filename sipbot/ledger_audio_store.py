"""What the ledger knows of the store of recordings: what it has, and what it is still to be told.

Data path: audio_vault, ledger -> [ledger_audio_store] -> audio_store_target

That a file is to be stored is found by looking at the disk, as its encryption was.  That it is to
be deleted there is noted by triggers in the transaction of its tombstone, whoever erases.  Rows
name their store: another one in config.toml has other files, and what was erased waits for its own.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.sqlite import insert

from sipbot import ledger_schema as schema
from sipbot.audio_store import PREFIX, TARGET, UNDER_WAY, File, Kept, Stored, gone_names
from sipbot.ledger_privacy_schema import erasures
from sipbot.ledger_schema import UtcTime, metadata
from sipbot.ledger_thread import Run
from sipbot.recordings import BOTH
from sipbot.retention import Kind

stored_audio = sa.Table(
    "stored_audio",
    metadata,
    sa.Column("place", sa.String(512), primary_key=True),
    sa.Column("call", sa.String(63), primary_key=True),
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("tag", sa.String(64), nullable=False),
    sa.Column("size_bytes", sa.Integer, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Index("stored_audio_of_call", "call"),
)
"""What a store (`sipbot.s3.Bucket.place`) has: `sipbot.audio_store.Stored`.  A row outlives its
call, until the file is deleted there."""

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

    Every method raises LedgerError when SQLite refuses.  A `place` is `sipbot.s3.Bucket.place`.

    Args:
        run: how work gets into the ledger's thread.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def follow(self, place: str | None) -> None:
        """Have this store told of every erasure from now on; None: nobody of anything any more."""
        await self._run(lambda connection: follow(connection, place))

    async def want(self, place: str, here: Mapping[str, Mapping[str, str]], now: datetime) -> int:
        """Have a delivery made of each of these calls that the store has not as it is here.

        Args:
            place: which store.
            here: call → name → tag of its encrypted files.
            now: UTC-aware.

        Returns:
            How many deliveries are new; a call of which one waits, or is dead, gets no other.
        """
        return await self._run(lambda connection: want(connection, place, here, now))

    async def kept(self, place: str, call: str) -> Kept:
        """Return what is known of a call's files."""
        return await self._run(lambda connection: kept(connection, place, call))

    async def under_way(self, place: str, call: str, name: str, now: datetime) -> bool:
        """Store that a file is about to be stored; False when it has been erased meanwhile."""

        def work(connection: sa.Connection) -> bool:
            if name in kept(connection, place, call).gone:
                return False
            _may_have(connection, place, (call, name), now)
            return True

        return await self._run(work)

    async def stored(self, place: str, file: Stored, now: datetime) -> None:
        """Store that the store has this."""
        query = sa.update(stored_audio).where(_is(place, file.call, file.name))
        values = {"tag": file.tag, "size_bytes": file.size_bytes, "at": now}
        await self._run(lambda connection: connection.execute(query.values(values)))

    async def deleted(self, place: str, call: str, name: str) -> None:
        """Store that the store has it no more."""
        query = sa.delete(stored_audio).where(_is(place, call, name))
        await self._run(lambda connection: connection.execute(query))

    async def found(self, place: str, files: Collection[File], now: datetime) -> int:
        """Store that the store has these; what of them was erased is to be deleted there.

        Files of calls of which neither a row nor a tombstone is left stay nobody's.

        Returns:
            How many nobody knew to be there: the ledger is older than they are.
        """
        return await self._run(lambda connection: found(connection, place, files, now))

    async def page(self, place: str, after: str, most: int) -> list[tuple[Stored, datetime]]:
        """Return files that the store should have, and since when, by call.

        Args:
            place: which store.
            after: the call to begin behind.
            most: calls, at most.
        """
        return await self._run(lambda connection: page(connection, place, after, most))

    async def lost(self, place: str, files: Collection[File], now: datetime) -> None:
        """Store that the store has lost these: they are stored once more."""

        def work(connection: sa.Connection) -> None:
            for call, name in files:
                query = sa.update(stored_audio).where(_is(place, call, name))
                connection.execute(query.values(tag=UNDER_WAY, size_bytes=0))
                deliver(connection, call, now, again=True)

        await self._run(work)


# The ledger's thread, like what follows; or the process of a reader.
def follow(connection: sa.Connection, place: str | None) -> None:
    """Make the triggers, or remove them with what there was still to tell."""
    for name in TRIGGERS:  # anew, for an earlier release may have made others
        connection.execute(sa.text(f"DROP TRIGGER IF EXISTS {name}"))
    if place is None:
        sent = schema.deliveries.c
        untold = connection.execute(
            sa.delete(schema.deliveries).where(sent.target == TARGET, sent.delivered_at.is_(None))
        )
        if untold.rowcount:
            _log.warning("no audio store any more; it lacks something", untold=untold.rowcount)
        return
    for name, (when, what) in TRIGGERS.items():
        connection.exec_driver_sql(f"CREATE TRIGGER {name} AFTER {when} BEGIN {what}; END")
    table = stored_audio.c
    # Of a release that had one store.
    connection.execute(sa.update(stored_audio).where(table.place == "").values(place=place))
    # What was erased while nobody followed, or could not be deleted.
    calls = sa.select(table.call).where(table.place == place, erased()).distinct()
    for call in connection.execute(calls).scalars().all():
        deliver(connection, call, datetime.now(UTC), again=True)


def want(
    connection: sa.Connection, place: str, here: Mapping[str, Mapping[str, str]], now: datetime
) -> int:
    """See `AudioStoreRows.want`."""
    table, calls = stored_audio.c, list(here)
    has = dict[File, str]()
    query = sa.select(table.call, table.name, table.tag)
    for row in connection.execute(query.where(table.place == place, table.call.in_(calls))):
        has[row.call, row.name] = row.tag
    differ = [
        call
        for call in calls
        if any(has.get((call, name)) != tag for name, tag in here[call].items())
    ]
    return sum(deliver(connection, call, now, again=False) for call in differ)


def deliver(connection: sa.Connection, call: str, now: datetime, *, again: bool) -> bool:
    """Have a call looked at; return whether that is new.

    Args:
        connection: in the middle of a transaction.
        call: whose files.
        now: UTC-aware.
        again: also where the store refused it too often.
    """
    sent, req = schema.deliveries.c, f"{PREFIX}{call}"
    of_call = sa.and_(sent.req == req, sent.target == TARGET, sent.delivered_at.is_(None))
    waits = list(connection.execute(sa.select(sent.id, sent.dead_at).where(of_call)))
    if any(one.dead_at is None for one in waits):
        return False
    if waits:
        revived = sa.update(schema.deliveries).where(sent.id == waits[-1].id)
        if again:
            connection.execute(revived.values(dead_at=None, refusals=0, due_at=now))
        return again
    of_client = sa.select(schema.calls.c.client).where(schema.calls.c.call == call)
    client = connection.execute(of_client).scalar() or ""
    row = {"client": client, "req": req, "target": TARGET, "payload": "", "event": ""}
    values = {**row, "due_at": now, "attempts": 0, "refusals": 0}
    connection.execute(sa.insert(schema.deliveries).values(values))
    return True


def kept(connection: sa.Connection, place: str, call: str) -> Kept:
    """See `AudioStoreRows.kept`."""
    table = stored_audio.c
    rows = connection.execute(
        sa.select(table.name, table.tag).where(table.place == place, table.call == call)
    )
    tags = {row.name: row.tag for row in rows}
    return Kept(tags=tags, gone=gone_of(connection, [call]).get(call, frozenset(BOTH)))


def gone_of(connection: sa.Connection, calls: Collection[str]) -> dict[str, frozenset[str]]:
    """Return which files of these calls were erased; calls that left no trace are not in it."""
    known = sa.select(schema.calls.c.call).where(schema.calls.c.call.in_(calls))
    kinds: dict[str, list[Kind]] = {call: [] for call in connection.execute(known).scalars()}
    alive = frozenset(kinds)
    tombstones = sa.select(erasures.c.call, erasures.c.kind).where(erasures.c.call.in_(calls))
    for row in connection.execute(tombstones):
        kinds.setdefault(row.call, []).append(Kind(row.kind))
    return {
        call: gone_names(some) if call in alive else frozenset(BOTH) for call, some in kinds.items()
    }


def found(connection: sa.Connection, place: str, files: Collection[File], now: datetime) -> int:
    """See `AudioStoreRows.found`."""
    gone, new = gone_of(connection, {call for call, _ in files}), 0
    for call, name in files:
        if call not in gone:
            continue
        new += _may_have(connection, place, (call, name), now)
        if name in gone[call]:
            deliver(connection, call, now, again=True)
    return new


def page(
    connection: sa.Connection, place: str, after: str, most: int
) -> list[tuple[Stored, datetime]]:
    """See `AudioStoreRows.page`."""
    table = stored_audio.c
    calls = sa.select(table.call).where(table.place == place, table.call > after).distinct()
    some = connection.execute(calls.order_by(table.call).limit(most)).scalars().all()
    query = sa.select(table.call, table.name, table.tag, table.size_bytes, table.at)
    query = query.where(table.place == place, table.call.in_(some))
    return [
        (Stored(call=row.call, name=row.name, tag=row.tag, size_bytes=row.size_bytes), row.at)
        for row in connection.execute(query.order_by(table.call, table.name))
    ]


def erased() -> sa.ColumnElement[bool]:
    """Of a row of `stored_audio`: the file was erased here, or its call is gone."""
    table = stored_audio.c
    of_file = [
        sa.and_(table.name == name, erasures.c.kind == kind.value)
        for kind in Kind
        for name in gone_names([kind])
    ]
    tombstone = sa.exists().where(erasures.c.call == table.call, sa.or_(*of_file))
    return tombstone | ~sa.exists().where(schema.calls.c.call == table.call)


def _may_have(connection: sa.Connection, place: str, file: File, now: datetime) -> int:
    call, name = file
    row = {"place": place, "call": call, "name": name, "tag": UNDER_WAY, "size_bytes": 0}
    query = insert(stored_audio).values({**row, "at": now}).on_conflict_do_nothing()
    return connection.execute(query).rowcount


def _is(place: str, call: str, name: str) -> sa.ColumnElement[bool]:
    table = stored_audio.c
    return sa.and_(table.place == place, table.call == call, table.name == name)
