"""A copy of the ledger while it is being written, proved sound before it gets its name.

SQLite's online backup from a connection of our own.  While a step copies, the running sipbot cannot
commit; when it commits between two steps, SQLite begins the copy again.  So a step is as large as
the writer's patience allows, and a ledger of an ordinary size is one step.
"""

import contextlib
import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sipbot.disk import sync_folder
from sipbot.errors import LedgerError
from sipbot.ledger_schema import BUSY_MS

STEP_BYTES = 256 << 20
"""Copied at a time: below a second (measured 370 to 530 MB/s with both cores busy), a fifth of what
the writer waits (`ledger_schema.BUSY_MS`)."""

BETWEEN_STEPS_S = 0.1
"""For the writer to get its turn between two steps: time for some thirty of its commits
(docs/decisions/0005-rollback-journal.md)."""

GIVE_UP_S = 120.0
"""After this the copy of a large ledger has been begun again too often; at the speed above an
undisturbed copy takes this long for 40 GB."""


def back_up(path: Path, copy: Path, *, give_up_s: float = GIVE_UP_S) -> int:
    """Copy the ledger, check the copy, and make it durable.

    Args:
        path: the ledger.
        copy: must not exist yet; appears only when it is whole and sound.
        give_up_s: longest time for copying.

    Returns:
        Bytes written.

    Raises:
        LedgerError: there is something at `copy` already, it cannot be written, the ledger cannot
            be read or changes too fast, or the copy is not sound.
    """
    if not path.is_file():
        raise LedgerError(f"{path}: there is no ledger to copy: name its settings with --config")
    _refuse_to_overwrite(copy)
    partial = copy.with_name(f".{copy.name}.{os.getpid()}.partial")
    try:
        with _said(copy):
            # Callers' words are in it: nobody else may read it, not even while it grows.
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(path, partial, give_up_s)
        _check(partial)
        with _said(copy):
            size = _make_durable(partial, copy)
    finally:
        partial.unlink(missing_ok=True)
    return size


def _copy(path: Path, partial: Path, give_up_s: float) -> None:
    ends_at = time.monotonic() + give_up_s

    # Called by SQLite in this thread after each step; what it raises ends the copy.
    def look(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > ends_at:
            raise LedgerError(
                f"{path}: not copied within {give_up_s:g} s, for it is being written all the time: "
                "try again when fewer people call, or stop sipbot"
            )

    try:
        with (
            # Not mode=ro: a crash may have left a journal (`ledger_schema.reader`).
            contextlib.closing(_open(path, "rw")) as source,
            contextlib.closing(_open(partial, "rw")) as target,
        ):
            source.execute("PRAGMA query_only=ON")
            page_bytes: int = source.execute("PRAGMA page_size").fetchone()[0]
            # A copy that was interrupted is thrown away, so nothing needs a journal here.
            target.execute("PRAGMA journal_mode=OFF")
            target.execute("PRAGMA synchronous=OFF")
            source.backup(
                target,
                pages=STEP_BYTES // page_bytes,
                progress=look,
                sleep=BETWEEN_STEPS_S,
            )
    except sqlite3.Error as error:
        raise LedgerError(
            f"{path}: cannot be copied: {error}. Is there room, and does sipbot ledger check find "
            "the ledger sound?"
        ) from error


def _check(partial: Path) -> None:
    try:
        with contextlib.closing(_open(partial, "ro")) as database:
            found = [row[0] for row in database.execute("PRAGMA integrity_check(10)")]
    except sqlite3.Error as error:
        found = [str(error)]
    if found != ["ok"]:
        raise LedgerError(
            f"the copy is damaged and was thrown away: {'; '.join(found)}. Run sipbot ledger "
            "check, and keep the latest backup that is sound"
        )


def _make_durable(partial: Path, copy: Path) -> int:
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    try:
        _name(partial, copy)
    except FileExistsError:
        _refuse_to_overwrite(copy)
        raise
    sync_folder(copy.parent)
    return copy.stat().st_size


def _name(partial: Path, copy: Path) -> None:
    """Give the copy its name, but not somebody else's: a rename would overwrite it.

    Raises:
        FileExistsError: the name was taken meanwhile.
    """
    try:
        copy.hardlink_to(partial)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP):
            raise
        # FAT and some network folders have no links: there a kill may leave the empty file that
        # claims the name.
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        partial.replace(copy)


def _refuse_to_overwrite(copy: Path) -> None:
    if os.path.lexists(copy):
        raise LedgerError(
            f"{copy}: is there already and is not overwritten: give the copy another name, such as "
            "one with the date"
        )


@contextlib.contextmanager
def _said(copy: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            f"{copy}: cannot be written: {error.strerror}. Name a file in a folder that exists, is "
            "writable and has room"
        ) from error


def _open(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}", uri=True, timeout=BUSY_MS / 1000
    )
