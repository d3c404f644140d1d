"""Recordings whose header is about to be written: by pjmedia's clock thread, which tells nobody."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from sipbot.sip.pjsua_call import Line
from sipbot.sip.pjsua_recorder import Recorder
from sipbot.wav import HEADER_BYTES, named_bytes

CLOSE_LIMIT_S = 1.0
"""A recorder writes its header on the next clock tick (20 ms); later the file counts as is."""


class _One(NamedTuple):
    line: Line
    path: Path
    recorder: Recorder
    until: float
    """When the file counts as it is, of the monotonic clock, in seconds."""


class Closing:
    """The recordings of one stack that are being closed; all of it on the stack's thread.

    Args:
        guard: a context that reports an exception as a fault of a call.
    """

    def __init__(self, guard: Callable[[str], AbstractContextManager[None]]) -> None:
        self._guard = guard
        self._all: list[_One] = []

    def __bool__(self) -> bool:
        return bool(self._all)

    def __contains__(self, line: Line) -> bool:
        return any(one.line is line for one in self._all)

    def add(self, line: Line, path: str, recorder: Recorder) -> None:
        """Remember a recording whose recorder was told to close."""
        self._all.append(_One(line, Path(path), recorder, time.monotonic() + CLOSE_LIMIT_S))

    def finish(self, now: float) -> None:
        """Tell of those that are closed, or have had their time."""
        for one in list(self._all):
            audio_bytes: int | None = 0  # for the listener, when the disk cannot be read
            is_written = False
            with self._guard(one.line.call):
                audio_bytes = _closed_bytes(one.path, final=now >= one.until)
                is_written = now < one.until
            if audio_bytes is None:
                continue
            self._all.remove(one)
            if is_written:  # else the library may still be writing
                one.recorder.forget()
            with self._guard(one.line.call):
                one.line.listener.recording_closed(one.line, str(one.path), audio_bytes)
            # Only then: the parent may be found dead by telling it, and whoever goes on alone must
            # not take the message for told, and hang up before the thanks.
            one.line.closing = False


def _closed_bytes(path: Path, *, final: bool) -> int | None:
    """Return a recording's audio bytes; None while its header is not written, unless `final`."""
    try:
        audio_bytes = named_bytes(path)
    except OSError:
        if final:
            raise
        return None  # a disk that fails once is asked again
    if audio_bytes is not None or not final:
        return audio_bytes
    return max(path.stat().st_size - HEADER_BYTES, 0) if path.exists() else 0
