"""A disk that is nearly full, and can be filled and emptied while sipbot runs on it."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from sipbot.disk import AUDIO_BYTES_PER_S, HYSTERESIS, RESERVE_BYTES
from tests.torture.failing import MAX_S, Control

SIZE_BYTES = 192 << 20
"""Room for what sipbot wants before it takes calls again (113 MB with eight lines), and as much
again for the calls of a run."""

INODES = 4_000
"""A thousand calls beyond sipbot's own reserve of 1 000."""

NOTHING = 0


class SmallDisk(Protocol):
    """What both kinds can do."""

    kind: str
    """For the reader of a row."""

    def fill(self, *, free_bytes: int | None = None, free_files: int | None = None) -> None:
        """Leave at most so much room; None leaves that kind of room alone."""

    def empty(self) -> None:
        """Make room again."""


def wanted_bytes(lines: int) -> int:
    """Return the free room below which sipbot takes no message."""
    return RESERVE_BYTES + lines * MAX_S * AUDIO_BYTES_PER_S


assert wanted_bytes(8) * HYSTERESIS < SIZE_BYTES * 0.75


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[SmallDisk | None]:
    """Mount a small file system in memory at `folder`; None where that is not allowed.

    A guardian unmounts it, so that it goes away even when this process is killed.
    """
    options = f"size={SIZE_BYTES},nr_inodes={INODES},mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "torture", folder], capture_output=True, check=False
    )
    if done.returncode:
        yield None
        return
    guardian = subprocess.Popen(
        ["sh", "-c", 'cat >/dev/null; umount --lazy "$0"', folder],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield _Mounted(folder)
    finally:
        assert guardian.stdin is not None
        guardian.stdin.close()
        guardian.wait()


class _Mounted:
    kind = "a tmpfs of 192 MiB"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ballast = folder / "ballast"
        self._files = folder / "ballast-files"
        self._made = 0

    def fill(self, *, free_bytes: int | None = None, free_files: int | None = None) -> None:
        if free_files is not None:
            self._files.mkdir(exist_ok=True)
            while os.statvfs(self._folder).f_favail > free_files:
                (self._files / str(self._made)).touch()
                self._made += 1
        if free_bytes is not None:
            with self._ballast.open("ab") as file:
                while (spare := self._free_bytes() - free_bytes) > 0:
                    at = file.seek(0, os.SEEK_END)
                    with contextlib.suppress(OSError):  # sipbot may have been quicker
                        os.posix_fallocate(file.fileno(), at, spare)

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)
        for path in self._files.glob("*"):
            path.unlink()

    def _free_bytes(self) -> int:
        found = os.statvfs(self._folder)
        return found.f_bavail * found.f_frsize


class Told:
    """A disk that only seems small: failing.c counts what is written, and tells statvfs(3) so.

    It takes no account of what is freed or written over, and refuses no new names when the inodes
    are said to be used up.
    """

    kind = "a disk that failing.c makes small (mounting is not allowed here)"

    def __init__(self, control: Control) -> None:
        self._control = control
        self.empty()

    def fill(self, *, free_bytes: int | None = None, free_files: int | None = None) -> None:
        """Leave at most so much room."""
        room = self._control.room_bytes
        self._control.tell(
            room_bytes=room if free_bytes is None else min(room, free_bytes),
            files=INODES if free_files is None else free_files,
        )

    def empty(self) -> None:
        """Make room again."""
        self._control.tell(room_bytes=SIZE_BYTES, files=INODES)
