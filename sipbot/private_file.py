"""Writes a file that may name callers: for its owner alone, and whole or not at all.

Data path: report, handover -> [private_file]
"""

import contextlib
import os
from pathlib import Path

from sipbot.disk import sync_folder
from sipbot.errors import ReportError


def write(path: Path, content: bytes) -> None:
    """Write a file in place of whatever is there.

    Args:
        path: a link is replaced, not followed.
        content: all of it.

    Raises:
        ReportError: it cannot be written, or is not sure to be on disk; what was there is as it
            was, or is the new one.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        # Made with its rights: whoever opened it in between would go on reading.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):  # of the folder, which the message names
            draft.unlink(missing_ok=True)
        raise ReportError(
            f"{path}: cannot be written: {error.strerror or error}. Name a folder that exists and "
            "is yours"
        ) from error
