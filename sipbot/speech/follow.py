"""Reads a recording while it is still being written.  The recording is the queue.

The agent's recorder appends some 60 ms at a time (`sip.pjsua_recorder`), never fsyncs, and closes
"successfully" on a full disk (measured).  So the reader does both for it: it
brings the growing file to the disk twice a second, and tells when the file stops growing although
nobody said that it is finished.

No audio is held in memory: a reader that falls behind finds the rest in the file.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from sipbot.errors import SpoolError
from sipbot.wav import HEADER_BYTES, SAMPLE_BYTES, facts_of

POLL_S = 0.05
"""Less than the recorder's step (60 ms): adds at most that to the reaction time."""

BLOCK_BYTES = 1 << 14
"""Read at most one second of 8 kHz audio at once, so that a dropped job ends soon."""

SYNC_S = 0.5
"""At most this much audio is lost in a power cut; 64 fsyncs over 4 live calls took 7 ms at the
slowest (measured)."""

STALL_S = 2.0
"""Thirty steps of the recorder without growth; the conference bridge writes silence too, so a
call that is up always makes its file grow."""


class Ending:
    """How a recording ends for its readers; shared between the reading threads and the worker."""

    def __init__(self) -> None:
        self._woken = threading.Event()
        self._finished = False
        self._dropped = False

    def finish(self) -> None:
        """Nobody writes to the file any more: readers end when they have read all of it."""
        self._finished = True
        self._woken.set()

    def drop(self) -> None:
        """Nobody wants the rest: readers end as soon as they can."""
        self._dropped = True
        self._woken.set()

    @property
    def finished(self) -> bool:
        """True once `finish` was called."""
        return self._finished

    @property
    def dropped(self) -> bool:
        """True once `drop` was called."""
        return self._dropped

    def wait(self, timeout_s: float) -> None:
        """Wait for the file to grow; returns at once when the recording has ended."""
        self._woken.wait(timeout_s)


class Follower:
    """Reads one growing WAV from its first sample.  Belongs to the one thread that iterates it.

    Args:
        path: the recording; it may not exist yet.
        ending: tells how the recording ends.
        on_stall: called with the seconds since the last growth, once for each stall.
        sync: whether this reader brings the file to the disk; one reader of a file is enough.
        least_s: how much audio is yielded at once, except at the end; 0 for what there is.
    """

    def __init__(
        self,
        path: Path,
        ending: Ending,
        *,
        on_stall: Callable[[float], None] | None = None,
        sync: bool = False,
        least_s: float = 0.0,
    ) -> None:
        self._path = path
        self._ending = ending
        self._on_stall = on_stall
        self._sync = sync
        self._least_s = least_s
        self._read_bytes = 0
        self.rate_hz = 0
        """Samples a second; known once `blocks` has yielded."""

    @property
    def read_s(self) -> float:
        """Seconds of audio read so far."""
        return self._read_bytes / SAMPLE_BYTES / self.rate_hz if self.rate_hz else 0.0

    def blocks(self) -> Iterator[bytes]:
        """Yield whole samples, in order, until the recording is finished and read, or dropped.

        Raises:
            SpoolError: the recording finished without ever existing, is no 16-bit mono PCM, or
                the disk refused it.
        """
        try:
            with self._open() as file:
                if self._begin(file):
                    yield from self._samples(file)
        except OSError as error:
            raise SpoolError(f"{self._path}: cannot be followed: {error.strerror}") from error

    def _open(self) -> BinaryIO:
        while True:
            ended = self._ending.finished or self._ending.dropped
            try:
                return self._path.open("rb", buffering=0)
            except FileNotFoundError:
                if ended:
                    raise
            self._ending.wait(POLL_S)

    def _begin(self, file: BinaryIO) -> bool:
        """Read the header as soon as it is there; False when the job was dropped before."""
        head = b""
        while len(head) < HEADER_BYTES:
            if self._ending.dropped:
                return False
            ended = self._ending.finished
            more = file.read(HEADER_BYTES - len(head))
            if not more and ended:
                break
            if not more:
                self._ending.wait(POLL_S)
            head += more
        facts = facts_of(head, os.fstat(file.fileno()).st_size, str(self._path))
        self.rate_hz = facts.rate_hz
        return True

    def _samples(self, file: BinaryIO) -> Iterator[bytes]:
        held, least = b"", max(1, round(self._least_s * self.rate_hz)) * SAMPLE_BYTES
        synced_at = grown_at = time.monotonic()
        dirty, stalled = False, False
        while not self._ending.dropped:
            ended = self._ending.finished  # asked before the read: what is read then is all
            data = file.read(BLOCK_BYTES)
            now = time.monotonic()
            if data:
                grown_at, dirty, stalled = now, True, False
                held += data
            elif not ended and not stalled and now - grown_at >= STALL_S:
                stalled = True
                if self._on_stall is not None:
                    self._on_stall(now - grown_at)
            if len(held) >= (SAMPLE_BYTES if ended and not data else least):
                whole = len(held) // SAMPLE_BYTES * SAMPLE_BYTES
                block, held = held[:whole], held[whole:]
                self._read_bytes += len(block)
                yield block
            if dirty and (now - synced_at >= SYNC_S or (ended and not data)):
                self._bring_to_disk(file)
                synced_at, dirty = now, False
            if not data:
                if ended:
                    return
                self._ending.wait(POLL_S)

    def _bring_to_disk(self, file: BinaryIO) -> None:
        if self._sync:
            os.fsync(file.fileno())  # flushes the file, whichever descriptor wrote it
