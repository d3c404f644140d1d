"""A call that has lost its parent: finish the prompt, beep, record, thank, hang up.

Nobody is recorded who was not told of it: the client's notice comes first, where it had not begun.
Where a recording was open already (a caller between two questions, say), it goes on until the
finish key, the longest message or the end of the call: nobody is here to ask the next question, and
what the caller says now belongs to the same message.

Runs on the agent's one thread.  What to play and where to record was told to the agent when the
call was answered (`wire.Alone`); docs/decisions/0006 says why a call must outlive the main process.
"""

import os
import time
from pathlib import Path

from sipbot.disk import AUDIO_BYTES_PER_S
from sipbot.errors import PromptError
from sipbot.sip import stderr, wire
from sipbot.sip.pjsua_call import Line

FSYNC_EVERY_S = 0.5
"""Alone, nobody follows the recording, so the agent itself bounds what a power cut can take."""


class LoneCall:
    """An answered call that lost its parent: finish the prompt, beep, record, thank, hang up."""

    def __init__(self, line: Line, plan: wire.Alone, *, recorded: bool) -> None:
        self._line, self._plan, self._recorded = line, plan, recorded
        self._ends_at = time.monotonic() + plan.max_s
        self._fsync_at = 0.0
        self._is_closed = False
        """Whether we were told that the recording is closed; its line says so a moment later."""

    @property
    def call(self) -> str:
        """The call's id."""
        return self._line.call

    def begin(self) -> None:
        """Go on where the parent left the call, between two commands perhaps."""
        line = self._line
        if not (line.recording or line.closing or line.playing):
            self.prompt_ended("")

    def prompt_ended(self, wav: str) -> None:
        """Go on to what comes after this prompt."""
        if self._line.recording or (self._line.closing and not self._is_closed):
            return
        if self._recorded or not self._plan.recording:
            self._line.end(200)
        elif self._plan.notice and self._plan.notice not in self._line.begun:
            self._play(self._plan.notice)
        elif wav == self._plan.beep:
            self._line.record(self._plan.recording)
            self._ends_at = time.monotonic() + self._plan.max_s
        else:
            self._play(self._plan.beep)

    def _play(self, wav: str) -> None:
        """Play a prompt; one that cannot be played is over at once."""
        try:
            self._line.play(wav)
        except PromptError as error:
            stderr.say(f"call {self.call}: {error}")  # no parent is there to be told
            self.prompt_ended(wav)

    def key(self, key: str) -> None:
        """End the recording by the finish key."""
        if self._line.recording and key == self._plan.finish_key:
            self._line.stop_recording()

    def recording_closed(self, audio_bytes: int) -> None:
        """Make the recording safe, then thank a caller who is still on the line.

        Raises:
            OSError: the disk refused; a caller must not be thanked for what is lost.
        """
        self._recorded = self._is_closed = True
        safe = audio_bytes > 0 and self._line.whole
        safe = safe and self._missing_s(audio_bytes) <= wire.MISSING_S
        if audio_bytes:
            _fsync(self._line.recording_path)
            _fsync(str(Path(self._line.recording_path).parent))
        if self._line.gone is not None:
            return
        if safe:
            self._play(self._plan.thanks)
        else:
            self._line.end(200)

    def _missing_s(self, audio_bytes: int) -> float:
        return self._line.recorded_s - audio_bytes / AUDIO_BYTES_PER_S

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
    """Flush a file, or the names in a folder.

    Raises:
        OSError: the disk refused.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
