"""Writes a file that may name callers: for its owner alone, and whole or not at all.

Data path: report, handover -> [private_file]
"""

import os
from pathlib import Path

from sipbot.errors import ReportError


def write(path: Path, content: bytes) -> None:
    """Write a file in place of whatever is there.

    Args:
        path: a link is replaced, not followed.
        content: all of it.

    Raises:
        ReportError: it cannot be written; what was there is as it was.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.unlink(missing_ok=True)
        # Made with its rights: whoever opened it in between would go on reading.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ReportError(
            f"{path}: cannot be written: {error.strerror or error}. Name a folder that exists and "
            "is yours"
        ) from error
