"""Takes the words of memos out of the search's file at once, whether the web console runs or not.

Data path: erase -> [search_forget] -> search_file

The console alone fills that file and takes up the new revisions by itself, within a minute; but it
may be stopped for months, and what was erased must be gone now.
"""

import contextlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from sipbot.errors import LedgerError
from sipbot.search_file import BUSY_MS

_FORGET = """UPDATE texts SET text = '' WHERE memo IN (SELECT value FROM json_each(?))"""


def search_path(var: Path) -> Path:
    """Return where the search's file is, below the folder of what sipbot writes."""
    return var / "console" / "search.sqlite3"


def forget(path: Path, memos: Sequence[str]) -> None:
    """Overwrite the words of these memos; blocks, for a thread.

    Args:
        path: of the file; nothing is done where there is none.
        memos: their ids.

    Raises:
        LedgerError: it cannot be written.
    """
    if not memos or not path.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=BUSY_MS / 1000)) as file, file:
            file.execute("PRAGMA secure_delete=ON")
            file.execute(_FORGET, (json.dumps(list(memos)),))
    except sqlite3.Error as error:
        raise LedgerError(
            f"{path}: still holds words of what was erased, for it cannot be written: {error}. "
            "Delete this file and erase again; sipbot makes it anew"
        ) from error
