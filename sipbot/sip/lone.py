"""A call that has lost its parent: finish the prompt, beep, record, thank, hang up.

Runs on the agent's one thread.  What to play and where to record was told to the agent when the
call was answered (`wire.Alone`); docs/decisions/0006 says why a call must outlive the main process.
"""

import contextlib
import os
import time
from pathlib import Path

from sipbot.sip import wire
from sipbot.sip.pjsua import Line

FSYNC_EVERY_S = 0.5
"""Alone, nobody follows the recording, so the agent itself bounds what a power cut can take."""


class LoneCall:
    """An answered call that lost its parent: finish the prompt, beep, record, thank, hang up."""

    def __init__(self, line: Line, plan: wire.Alone, *, recorded: bool) -> None:
        self._line, self._plan, self._recorded = line, plan, recorded
        self._ends_at = time.monotonic() + plan.max_s
        self._fsync_at = 0.0
        if not line.recording and line.playing is None:
            self.prompt_ended("")

    def prompt_ended(self, wav: str) -> None:
        """Go on to what comes after this prompt."""
        if self._recorded or not self._plan.recording:
            self._line.end(200)
        elif wav == self._plan.beep:
            self._line.record(self._plan.recording)
            self._ends_at = time.monotonic() + self._plan.max_s
        else:
            self._line.play(self._plan.beep)

    def key(self, key: str) -> None:
        """End the recording by the finish key."""
        if self._line.recording and key == self._plan.finish_key:
            self._line.stop_recording()

    def recording_closed(self) -> None:
        """Thank a caller who is still on the line."""
        self._recorded = True
        _fsync(self._line.recording_path)
        if self._line.gone is None:
            self._line.play(self._plan.thanks)

    def tick(self, now: float) -> None:
        """Bound the recording's length and what a power cut can take."""
        if not self._line.recording:
            return
        if now >= self._ends_at:
            self._line.stop_recording()
        elif now >= self._fsync_at:
            _fsync(self._line.recording_path)
            self._fsync_at = now + FSYNC_EVERY_S


def _fsync(path: str) -> None:
    with contextlib.suppress(FileNotFoundError), Path(path).open("rb") as file:
        os.fsync(file.fileno())
