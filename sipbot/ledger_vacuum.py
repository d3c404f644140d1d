"""Gives back the free pages of a ledger, in which what was deleted may still stand.

What is deleted is overwritten at once (``secure_delete``), but not what a release before that has
deleted, nor what a copy brings along.
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
"""In `meta`: this ledger has no page from before ``secure_delete``."""

_Run = Callable[[Callable[[sa.Connection], Any]], Awaitable[Any]]


def vacuum(path: Path) -> None:
    """Write the file anew without free pages; blocks.

    Nobody can write meanwhile: 400 MB take about a second (`sipbot.ledger_backup`).

    Args:
        path: of a ledger, or of a copy.

    Raises:
        LedgerError: it cannot be written, or has no room.
    """
    try:
        opened = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        with contextlib.closing(opened) as database:
            database.execute("VACUUM")
    except sqlite3.Error as error:
        raise LedgerError(
            f"{path}: its free pages may still hold what was erased, for they cannot be given "
            f"back: {error}. Make room for a second copy of it beside it, and try again"
        ) from error


async def is_done(run: _Run) -> bool:
    """Whether this was done for the ledger whose thread `run` works in."""
    query = sa.select(meta.c.value).where(meta.c.name == _DONE)
    return bool(await run(lambda c: c.execute(query).scalar()))


async def keep_done(run: _Run) -> None:
    """Store that it was done."""
    row = insert(meta).values(name=_DONE, value=1).on_conflict_do_nothing()
    await run(lambda c: c.execute(row))
