"""Where a recording may be cut for the second ear: at the caller's pauses.  Pure.

faster-whisper reads stretches of speech, not streams.  A stretch is closed by what is heard alone,
never by the time of reading: a recording that is followed while it grows, and one that is read
again after a crash, are cut at the same samples and so give the same text.

Silence, tones and noise between the voices belong to no stretch and are never read: whisper makes
words of them (measured, docs/decisions/0010).
"""

from itertools import pairwise

import msgspec

from sipbot.speech.vad import CONFIRM_S

MOST_S = 15.0
"""Longest stretch, in seconds; a message up to here is read as one, as whisper hears it best.  What
is left to read when the caller hangs up must take less than two seconds of a core; 15 s take 1.3 to
1.6 s of a busy one (measured, docs/decisions/0010)."""

EARLIEST_S = 5.0
LATEST_S = 10.0
"""Where a longer message is cut, in seconds from the beginning of the stretch: at the longest gap
between the two.  The rest stays open, so that the last stretch is the long one; shorter pieces of
long messages are read better than those of 15 s (measured)."""

LONG_PAUSE_S = 2.0
"""The pause that closes any stretch: between two answers, or before the caller hangs up.  Half of
the silence after which a call is ended for it, so that the last words are read by then."""

MARGIN_S = 0.4
"""Audio before the first and after the last voice of a stretch, in seconds, where there is room:
soft beginnings and endings of words are below the detector's threshold.  As much as faster-whisper
leaves beside a voice itself; with half of it "Hey, it's David" begins with "his David", and last
digits are lost (measured, docs/decisions/0010)."""

_ROUNDING_S = 1e-6
"""Sums of window lengths are floats; far below a sample (125 µs at 8 kHz)."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a recording in which somebody speaks; seconds from the recording's start."""

    from_s: float
    to_s: float


class _Voice(msgspec.Struct, kw_only=True):
    """Speech without a gap."""

    from_s: float
    to_s: float


class Stretches:
    """Cuts a recording into stretches; time is the audio fed so far.

    Args:
        earliest_s, latest_s: where a stretch that has become too long is cut.
        most_s: longest stretch.
    """

    def __init__(
        self,
        *,
        earliest_s: float = EARLIEST_S,
        latest_s: float = LATEST_S,
        most_s: float = MOST_S,
    ) -> None:
        self._earliest_s = earliest_s
        self._latest_s = latest_s
        self._most_s = most_s
        self._run_s = 0.0
        self._voices: list[_Voice] = []
        """Of the open stretch, in order."""
        self._edge_s = 0.0
        """Where the stretch before ended."""
        self.at_s = 0.0
        """Audio fed so far."""

    def feed(self, window_s: float, *, speech: bool) -> Stretch | None:
        """Take the verdict on the next window; return the stretch that it closes, usually none."""
        self.at_s += window_s
        self._run_s = self._run_s + window_s if speech else 0.0
        if self._run_s >= CONFIRM_S - _ROUNDING_S:
            self._voice()
        elif self._voices and not speech:
            return self._after_pause()
        if self._length_s >= self._most_s - _ROUNDING_S:
            return self._close(self._best_cut())
        return None

    def finish(self) -> Stretch | None:
        """The recording has ended: return its last stretch, None when all of it is closed."""
        return self._close(len(self._voices)) if self._voices else None

    @property
    def _length_s(self) -> float:
        return self._voices[-1].to_s - self._voices[0].from_s if self._voices else 0.0

    def _voice(self) -> None:
        """The last windows are confirmed speech."""
        from_s = self.at_s - self._run_s
        if self._voices and self._voices[-1].to_s >= from_s - _ROUNDING_S:
            self._voices[-1].to_s = self.at_s
        else:
            self._voices.append(_Voice(from_s=max(from_s, self._edge_s), to_s=self.at_s))

    def _after_pause(self) -> Stretch | None:
        if self.at_s - self._voices[-1].to_s < LONG_PAUSE_S - _ROUNDING_S:
            return None
        return self._close(len(self._voices))

    def _best_cut(self) -> int:
        """Return how many voices come before the best gap; all of them when there is none."""
        from_s = self._voices[0].from_s
        gaps = [
            (before.to_s - from_s <= self._latest_s, after.from_s - before.to_s, number)
            for number, (before, after) in enumerate(pairwise(self._voices), 1)
            if before.to_s - from_s >= self._earliest_s
        ]
        return max(gaps)[-1] if gaps else len(self._voices)

    def _close(self, count: int) -> Stretch:
        """End the stretch after so many voices; the others begin the next one."""
        voices, self._voices = self._voices[:count], self._voices[count:]
        next_s = self._voices[0].from_s if self._voices else self.at_s
        from_s, to_s = voices[0].from_s, voices[-1].to_s
        margin_s = min(MARGIN_S, (next_s - to_s) / 2)
        begins_s = max(self._edge_s, from_s - MARGIN_S)
        self._edge_s = to_s + margin_s
        return Stretch(from_s=begins_s, to_s=self._edge_s)
