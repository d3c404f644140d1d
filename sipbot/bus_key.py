"""sipbot's own password at the embedded broker: chance, in a file that its owner alone can read.

Whoever can read it can read the ledger beside it, so commands that are given on this machine use
it, too.
"""

import os
from pathlib import Path

from sipbot.bus_password import new_password

_FILE = "bus.key"


def path_of(var: Path) -> Path:
    """Return where it is kept.

    Args:
        var: folder of recordings and ledger.
    """
    return var / _FILE


def make(var: Path) -> None:
    """Make the file unless it is there; it is whole from the moment it has its name.

    Raises:
        OSError: the folder cannot be written.
    """
    path = path_of(var)
    if path.exists():
        return
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{new_password()}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read(var: Path) -> str | None:
    """Return the password; None where there is none, or for whom it is not."""
    try:
        return path_of(var).read_text(encoding="ascii").strip()
    except OSError:
        return None
