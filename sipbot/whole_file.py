"""Files that are written whole or not at all, by one process at a time.

Data path: [whole_file] -> recordings, masked_audio, erase
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from sipbot.disk import sync_folder
from sipbot.errors import SpoolError

DRAFT = ".new"
"""Behind the name of a file that is being written."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Let one process, and one thread of it, change the files of a call; the others wait.

    Raises:
        OSError: there is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # On the folder itself, for it is always there; the kernel lets go of it when we die.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _new(path: Path) -> BinaryIO:
    """A file for its owner alone, instead of what a crash may have left there."""
    path.unlink(missing_ok=True)
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))


@contextmanager
def replacing(path: Path, like: Path | None = None) -> Iterator[BinaryIO]:
    """Write a file that gets its name once it is whole and on the disk.

    Args:
        path: its name; what has it until then is replaced.
        like: whose time it gets: when a caller fell silent is when their recording was written to.
    """
    draft = path.with_name(f"{path.name}{DRAFT}")
    try:
        with _new(draft) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if like is not None:
            found = like.stat()
            os.utime(draft, ns=(found.st_atime_ns, found.st_mtime_ns))
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)  # half a file on a full disk would keep it full
        raise
    sync_folder(path.parent)


def sha256_of(file: BinaryIO) -> str:
    """Return the hash of what is left to be read of a file, in hexadecimal."""
    return hashlib.file_digest(cast("Any", file), "sha256").hexdigest()


def is_file(path: Path) -> bool:
    """Tell whether there is such a file.

    Raises:
        SpoolError: the disk does not say.
    """
    try:
        return path.is_file()
    except OSError as error:
        raise SpoolError(f"{path}: cannot be looked at: {error.strerror}") from error
