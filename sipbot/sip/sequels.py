"""What each call goes on to by itself, until its caller presses a key or its parent says otherwise.

Runs on the agent's one thread.  The parent decided all of it in advance (`wire.Sequel`): a main
process that hangs must not keep a caller who speaks after the greeting from being recorded.
"""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from sipbot.errors import CallError, PromptError
from sipbot.sip import wire
from sipbot.sip.pjsua_call import Line
from sipbot.wav import HEADER_BYTES


class Sequels:
    """What comes next in the calls of one agent."""

    def __init__(self) -> None:
        self._left: dict[str, wire.Sequel] = {}

    def plan(self, call: str, sequel: wire.Sequel | None) -> None:
        """Remember what comes next, instead of what was to come; None: the parent will say."""
        if sequel is None:
            self._left.pop(call, None)
        else:
            self._left[call] = sequel

    def forget(self, call: str) -> None:
        """Leave it to the parent what comes next."""
        self._left.pop(call, None)

    def forget_all(self) -> None:
        """The parent is gone, and its plans with it: what is done alone is `LoneCall`'s."""
        self._left.clear()

    def go_on(self, line: Line) -> wire.Begun | None:
        """Begin what comes next, and return it; None where that is for the parent to say.

        What cannot be begun is left to the parent too: its order fails in the same way, and so it
        hears why.
        """
        sequel = self._left.pop(line.call, None)
        if sequel is None:
            return None
        path, *rest = (*sequel.prompts, sequel.recording)
        try:
            if rest:
                line.play(path)
                self._left[line.call] = msgspec.structs.replace(sequel, prompts=tuple(rest[:-1]))
            else:
                line.record(path)
        except (PromptError, CallError):
            return None
        return wire.Begun(path=path, at_s=time.monotonic())

    def play(self, line: Line, wav: str, tell: Callable[[wire.Event], None]) -> None:
        """Play a prompt; in place of one that cannot be played the caller hears nothing."""
        try:
            line.play(wav)
        except PromptError as error:
            tell(wire.Fault(call=line.call, problem=str(error)))
            tell(wire.PromptEnded(call=line.call, wav=wav, begun=self.go_on(line)))

    def record(self, line: Line, path: str, tell: Callable[[wire.Event], None]) -> None:
        """Record; a recording that cannot be made is told as one of which nothing was kept.

        The caller is there and can be told to call again: a full disk has no place for a name.
        """
        try:
            line.record(path)
        except CallError as error:
            tell(wire.Fault(call=line.call, problem=str(error)))
            tell(
                wire.RecordingClosed(
                    call=line.call, path=path, audio_bytes=0, recorded_s=0.0, whole=False
                )
            )

    def stop_recording(self, line: Line, tell: Callable[[wire.Event], None]) -> None:
        """Close the recording; where none is open, say at once what there is.

        The script waits for that answer before the caller hears another word.
        """
        if line.recording:
            line.stop_recording()
        elif not line.closing:
            tell(_closed_before(line))


def _closed_before(line: Line) -> wire.RecordingClosed:
    path = Path(line.recording_path)
    audio_bytes = max(0, path.stat().st_size - HEADER_BYTES) if path.is_file() else 0
    return wire.RecordingClosed(
        call=line.call,
        path=line.recording_path,
        audio_bytes=audio_bytes,
        recorded_s=line.recorded_s,
        whole=line.whole and audio_bytes > 0,
    )
