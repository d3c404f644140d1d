"""How much room is left, and when to stop taking messages.

Only `look` and `sync_folder` touch the disk.

A recorder that meets a full disk closes "successfully" (measured, docs/decisions/0002), so the
disk must never become full: sipbot refuses with a spoken word while there is still room for
everything that is already on the line, and takes calls again by itself when there is space.
"""

import os
from pathlib import Path

import msgspec

AUDIO_BYTES_PER_S = 16_000
"""8 000 samples a second of 16 bit."""

RESERVE_BYTES = 100 << 20
"""For the ledger, its journal and the logs: the ledger grows by about 8 kB a call with its memo and
its revisions (measured), 40 MB in a day of 5 000 calls, and SQLite needs a journal beside it."""

RESERVE_FILES = 1_000
"""A call makes one folder and two files: enough for 300 calls before anybody looks again."""

HYSTERESIS = 1.1
"""Calls are taken again when a tenth more than the reserve is free, so that one deleted file does
not open and close the line every second."""


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What is free on the disk that holds ``var``."""

    free_bytes: int
    free_files: int
    """Inodes; file systems that have no such limit report 0 of 0, which counts as plenty."""
    total_files: int

    @property
    def hours(self) -> float:
        """Hours of one line's recording that fit."""
        return max(self.free_bytes - RESERVE_BYTES, 0) / AUDIO_BYTES_PER_S / 3600


def look(folder: Path) -> Room:
    """Return the room on the disk that holds `folder`.

    Raises:
        OSError: the folder is not there.
    """
    found = os.statvfs(folder)
    return Room(
        free_bytes=found.f_bavail * found.f_frsize,
        free_files=found.f_favail,
        total_files=found.f_files,
    )


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, which fsync of a file does not (see Postfix's qmgr).

    Raises:
        OSError: the folder is not there, or the disk refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def too_full(room: Room, *, lines: int, longest_s: float, refusing: bool) -> str:
    """Return why no message can be taken, or nothing.

    Args:
        room: what is free.
        lines: calls that may be up at the same time; each is promised its longest message.
        longest_s: the longest message of any client, in seconds.
        refusing: whether calls are being refused already.
    """
    needed = RESERVE_BYTES + int(lines * longest_s * AUDIO_BYTES_PER_S)
    needed_files = RESERVE_FILES
    if refusing:
        needed, needed_files = int(needed * HYSTERESIS), int(needed_files * HYSTERESIS)
    if room.free_bytes < needed:
        return f"{room.free_bytes >> 20} MB free, {needed >> 20} MB needed"
    if room.total_files and room.free_files < needed_files:
        return f"{room.free_files} inodes free, {needed_files} needed"
    return ""
