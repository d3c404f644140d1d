"""The test caller: a child program that places one call, speaks a WAV into it and tells the story.

Behind ``sipbot call`` and ``sipbot demo``.  Like a person it can wait for the beep, which it hears
in its own recording of the call; and like an agent it is a child, so that a crash in C is one
failed call.

Started as ``python -m sipbot.sip.caller`` with a `CallerTask` as one JSON line on standard input.
"""

import gc
import os
import sys
import time
from pathlib import Path
from typing import BinaryIO

import msgspec

from sipbot.lines import encode
from sipbot.sip import caller_wire as wire
from sipbot.sip.pjsua import Stack
from sipbot.sip.pjsua_call import Line
from sipbot.stdout import claim_stdout
from sipbot.tones import BeepEar
from sipbot.wav import HEADER_BYTES

POLL_MS = 5
"""Finer than an agent's: the caller's clock times the answers."""

KEY_GAP_S = 0.3
"""Between two keys: 100 ms tone and 100 ms pause are the least (ITU-T Q.24); a person is slower."""


class Caller:
    """One call, from INVITE to BYE; everything runs on the one thread of this program."""

    def __init__(self, task: wire.CallerTask, out: BinaryIO) -> None:
        self._plan = task.plan
        self._out = out
        self._stack = Stack(task.stack, self)
        self._began = time.monotonic()
        self._answered_at: float | None = None
        self._done_at: float | None = None
        """When everything was said; None before."""
        self._next_key_at = 0.0
        self._keys = list(task.plan.keys)
        self._spoken = False
        self._ear = BeepEar()
        self._heard_to = HEADER_BYTES
        self._packets: dict[str, int] = {}
        self._over = False
        self._line: Line | None = None

    def run(self) -> None:
        """Make the call and come back when it is over."""
        self._line = self._stack.place("call", self._plan.uri, self._plan.headers)
        self._tell(wire.Calling(0.0))
        while not self._over:
            self._stack.poll(POLL_MS)
            self._look_at_the_clock(time.monotonic())

    def _look_at_the_clock(self, now: float) -> None:
        line, plan = self._line, self._plan
        if line is None or line.gone is not None or self._over:
            return
        if now - self._began >= plan.limit_s:
            line.end(487)
        elif self._answered_at is None:
            if plan.cancel_after_s is not None and now - self._began >= plan.cancel_after_s:
                line.end(487)
        else:
            self._packets = line.packets() or self._packets
            self._speak_or_leave(line, now, now - self._answered_at)

    def _speak_or_leave(self, line: Line, now: float, up_s: float) -> None:
        if not self._spoken and line.playing is None and self._may_speak(up_s):
            self._speak(line, now)
        elif self._done_at is not None and now >= self._next_key_at and self._keys:
            key = self._keys.pop(0)
            line.dialDtmf(key)
            self._tell(wire.Pressed(self._after(), key))
            self._next_key_at = self._done_at = now + KEY_GAP_S
        elif self._done_at is not None and not self._keys and self._has_lingered(now):
            line.end(200)

    def _has_lingered(self, now: float) -> bool:
        linger_s, done_at = self._plan.linger_s, self._done_at
        return linger_s is not None and done_at is not None and now - done_at >= linger_s

    def _may_speak(self, up_s: float) -> bool:
        if self._plan.speak_after_s is not None:
            return up_s >= self._plan.speak_after_s
        heard = _read_from(Path(self._plan.heard_wav), self._heard_to)
        self._heard_to += len(heard)
        if not self._ear.hear(heard):
            return False
        self._tell(wire.Beep(self._after()))
        return True

    def _speak(self, line: Line, now: float) -> None:
        self._spoken = True
        if not self._plan.wav:
            self._done_at = now
            return
        self._tell(wire.Speaking(self._after()))
        line.play(self._plan.wav)

    # -- what the stack says (Listener): inside Stack.poll --------------------------------------

    def progressed(self, line: Line, code: int, reason: str) -> None:
        """Ringing, say."""
        self._tell(wire.Progress(self._after(), code, reason))

    def answered(self, line: Line) -> None:
        """Begin to listen."""
        self._answered_at = time.monotonic()
        self._tell(wire.Answered(self._after()))
        line.record(self._plan.heard_wav)

    def media_failed(self, line: Line, problem: str) -> None:
        """Nothing to listen to."""
        self._tell(wire.Failed(self._after(), problem))
        line.end(488)

    def prompt_ended(self, line: Line, wav: str) -> None:
        """Everything has been said."""
        self._done_at = self._next_key_at = time.monotonic()
        self._tell(wire.Spoke(self._after()))

    def ended(self, line: Line, code: int, reason: str) -> None:
        """The story is over."""
        self._over = True
        self._tell(
            wire.HungUp(
                self._after(),
                by="caller" if line.hung_up_here else "callee",
                code=code,
                reason=reason,
                packets_sent=self._packets.get("sent", 0),
                packets_received=self._packets.get("received", 0),
            )
        )

    def fault(self, call: str, problem: str) -> None:
        """An exception inside a callback."""
        self._over = True
        self._tell(wire.Failed(self._after(), problem))

    def recording_closed(self, line: Line, path: str, audio_bytes: int) -> None:
        """What was heard is on disk."""

    def key(self, line: Line, key: str, method: str) -> None:
        """sipbot presses no keys."""

    def refused_takeover(self, line: Line, method: str, raw: str, source: str) -> None:
        """Nobody takes over a test call."""

    def registered(self, account: str, code: int, reason: str, expires_s: int) -> None:
        """The caller does not register."""

    def invited(self, line_id: int, account: str, raw: str, source: str) -> None:
        """A call to the caller: not taken, which pjsua answers for us."""

    def rejected(self, raw: str, source: str, code: int) -> None:
        """Likewise."""

    def _after(self) -> float:
        return round(time.monotonic() - self._began, 4)

    def _tell(self, step: wire.Step) -> None:
        self._out.write(encode(step))
        self._out.flush()


def _read_from(path: Path, offset: int) -> bytes:
    if not path.exists():
        return b""
    with path.open("rb") as wav:
        wav.seek(offset)
        heard = wav.read()
    return heard[: len(heard) // 2 * 2]


def main() -> None:
    """Make one call; see the module's docstring."""
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=wire.CallerTask)
    gc.disable()  # as in the agent
    out = claim_stdout()
    try:
        Caller(task, out).run()
    except Exception as error:  # noqa: BLE001 - pjsua2's own class stays behind its one importer
        out.write(encode(wire.Failed(0.0, f"{type(error).__name__}: {error}")))
        out.flush()
        os._exit(1)
    os._exit(0)  # pjsua2's destructors after the library is gone abort the process (measured)


if __name__ == "__main__":
    main()
