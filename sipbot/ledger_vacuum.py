"""Writes a ledger anew after an erasure, for copies of what was deleted may stand between its rows.

What is deleted is overwritten at once (``secure_delete``), but not the copies that SQLite leaves in
the gaps of a page when it moves rows between pages, nor what an early release has deleted, nor what
a copy brings along.  That it has still to be done is stored with the erasure, so no crash forgets
it; docs/decisions/0034 says when it is done.
"""

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot.errors import LedgerError
from sipbot.ledger_schema import BUSY_MS, meta

_DONE = "pages-given-back"
"""In `meta`: 1 when nothing was erased since the file was written anew; 0, or no such row, when it
has still to be."""

_KEEP_DONE = "INSERT OR REPLACE INTO meta (name, value) VALUES (?, 1)"

_Run = Callable[[Callable[[sa.Connection], Any]], Awaitable[Any]]


def vacuum(path: Path) -> None:
    """Write the file anew without free pages; blocks.

    Nobody can write or read meanwhile: 210 MB take 1.9 s (docs/decisions/0034).

    Args:
        path: of a ledger, or of a copy.

    Raises:
        LedgerError: it cannot be written, or has no room.
    """
    try:
        opened = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        with contextlib.closing(opened) as database:
            database.execute("VACUUM")
            database.execute(_KEEP_DONE, (_DONE,))
    except sqlite3.Error as error:
        raise LedgerError(
            f"{path}: its free pages may still hold what was erased, for they cannot be given "
            f"back: {error}. Make room for a second copy of it beside it, and try again"
        ) from error


def note_rest(connection: sa.Connection) -> None:
    """Store, with an erasure, that copies of what was erased may be left."""
    row = insert(meta).values(name=_DONE, value=0)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": 0}))


async def is_due(run: _Run) -> bool:
    """Whether the ledger whose thread `run` works in has still to be written anew."""
    query = sa.select(meta.c.value).where(meta.c.name == _DONE)
    return not await run(lambda c: c.execute(query).scalar())
