"""What a reader finds in the ledger of the store of recordings; for commands.

Data path: ledger -> [ledger_audio_store_view] -> audio_store_view

Every function blocks and raises LedgerError when there is no ledger, or it is of another release.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from sipbot import ledger_schema as schema
from sipbot.audio_store import TARGET, Stored
from sipbot.ledger_audio_store import erased, gone_of, stored_audio

_AT_ONCE = 500
"""Calls asked for in one statement; SQLite takes 32,766 variables."""


def stored_in(path: Path, place: str) -> Sequence[Stored]:
    """Return every file that a store has, or may have, erased ones too, by call."""
    with schema.reading(path) as connection:
        table = stored_audio.c
        query = sa.select(table.call, table.name, table.tag, table.size_bytes)
        rows = connection.execute(
            query.where(table.place == place).order_by(table.call, table.name)
        )
        return [Stored(**row) for row in rows.mappings()]


def gone_here(path: Path, calls: Collection[str]) -> dict[str, frozenset[str]]:
    """Return which files of these calls were erased; calls that left no trace are not in it."""
    gone = dict[str, frozenset[str]]()
    with schema.reading(path) as connection:
        for some in _parts(calls):
            gone |= gone_of(connection, some)
    return gone


def named_hashes(path: Path, calls: Collection[str]) -> dict[str, str]:
    """Return what the memos of these calls say that their recordings are."""
    memos, named = schema.memos.c, dict[str, str]()
    sha256 = sa.func.json_extract(memos.body, "$.audio.sha256")
    with schema.reading(path) as connection:
        for some in _parts(calls):
            query = sa.select(memos.call, sha256).where(sha256.is_not(None), memos.call.in_(some))
            named |= {call: one for call, one in connection.execute(query) if one}
    return named


def waiting(path: Path) -> int:
    """Return how many deliveries the store has still to get."""
    with schema.reading(path) as connection:
        sent = schema.deliveries.c
        query = sa.select(sa.func.count()).where(sent.target == TARGET, sent.delivered_at.is_(None))
        return connection.execute(query).scalar_one()


def erased_elsewhere(path: Path, place: str | None) -> dict[str, int]:
    """Return in which other stores something waits for its deletion, and how many files."""
    table = stored_audio.c
    query = sa.select(table.place, sa.func.count()).where(erased()).group_by(table.place)
    with schema.reading(path) as connection:
        rows = [(where, count) for where, count in connection.execute(query)]
    return {where: count for where, count in rows if where not in ("", place)}


def _parts(calls: Collection[str]) -> Iterator[Sequence[str]]:
    every = list(calls)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]
