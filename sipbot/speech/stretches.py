"""Where a recording may be cut for the second ear: at the caller's pauses.  Pure.

faster-whisper reads stretches of speech, not streams.  A stretch is closed by what is heard alone,
never by the time of reading: a recording that is followed while it grows, and one that is read
again after a crash, are cut at the same samples and so give the same text.

What was said in one go is read as faster-whisper alone would read it: its own filter gets all the
audio from which it takes its cuts (`PAUSE_S`), so that it gives the decoder the same samples.

Long silence, tones and noise between the voices belong to no stretch and are never read: whisper
makes words of them (measured, docs/decisions/0010).
"""

from itertools import pairwise

import msgspec

from sipbot.speech.vad import CONFIRM_S

MOST_S = 14.0
"""Longest stretch, in seconds; a message up to here is read as one.  What is left to read when the
caller hangs up is to take two seconds of a free core at most: the whole page takes 0.14 of the
audio there (0.16 of a busy one), short pages about half (measured, docs/decisions/0010)."""

EARLIEST_S = 5.0
LATEST_S = 10.0
"""Where a longer message is cut, in seconds from the beginning of the stretch: at the longest gap
between the two.  The rest stays open, so that the last stretch is the long one; shorter pieces of
long messages are read better than those of 15 s (measured)."""

MARGIN_S = 0.4
"""Audio before the first and after the last voice of a stretch that is cut, in seconds, where there
is room: soft beginnings and endings of words are below the detector's threshold.  As much as
faster-whisper leaves beside a voice itself; with half of it last digits are lost (measured,
docs/decisions/0010)."""

PAUSE_S = 2.4
"""The pause that closes any stretch: between two answers, or before the caller hangs up.  It is
part of the stretch, and as much is before its first voice, where there is room: faster-whisper's
filter cuts at 2 s of silence and leaves 0.4 s of it (`VadOptions`), so what it keeps is what it
would have kept of the whole recording.  Shorter than the silence after which a call is ended for
it, so that the last words are being read by then.  Whole windows of 32 ms, or the filter would
look at others."""

GUESS_S = 0.96
"""The pause after which a stretch may be read as if nothing came after it, in seconds: from 0.7 s
on a silence counts as a long one (`whisper_ear.KEPT_S`), and a quarter of a second is for voices
that its filter hears longer than our detector does.  Whole windows of 32 ms."""

_ROUNDING_S = 1e-6
"""Sums of window lengths are floats; far below a sample (125 µs at 8 kHz)."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a recording in which somebody speaks; seconds from the recording's start."""

    from_s: float
    to_s: float
    cut: bool
    """Whether it begins or ends in the middle of what was said."""


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
        self._going_on = False
        """Whether the stretch before was cut, and this is the rest of it."""
        self.at_s = 0.0
        """Audio fed so far."""
        self.spoken_to_s = 0.0
        """Where the last voice ends, whatever stretch it belongs to; 0 before the first."""

    def feed(self, window_s: float, *, speech: bool) -> Stretch | None:
        """Take the verdict on the next window; return the stretch that it closes, usually none."""
        self.at_s += window_s
        self._run_s = self._run_s + window_s if speech else 0.0
        if self._run_s >= CONFIRM_S - _ROUNDING_S:
            self._voice()
        elif self._voices and not speech:
            return self._after_pause()
        elif not speech and self.at_s - self._edge_s >= PAUSE_S - _ROUNDING_S:
            # Cut where the voice ended: what comes now is said anew.
            self._going_on = False
        if self._length_s >= self._most_s - _ROUNDING_S:
            return self._cut()
        return None

    def finish(self, ends_s: float) -> Stretch | None:
        """The recording has ended: return its last stretch, None when all of it is closed.

        Args:
            ends_s: length of the recording, up to a window more than was fed.
        """
        return self._end(ends_s) if self._voices else None

    @property
    def paused(self) -> Stretch | None:
        """The open stretch as it would be if the recording ended here.

        None where the voice has not been silent for `GUESS_S`, or goes on after a cut.
        """
        silent = bool(self._voices) and not self._run_s
        if not silent or self._going_on or self.at_s - self.spoken_to_s < GUESS_S - _ROUNDING_S:
            return None
        from_s = max(self._edge_s, self._voices[0].from_s - PAUSE_S)
        return Stretch(from_s=from_s, to_s=self.at_s, cut=False)

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
        self.spoken_to_s = self.at_s

    def _after_pause(self) -> Stretch | None:
        if self.at_s - self._voices[-1].to_s < PAUSE_S - _ROUNDING_S:
            return None
        return self._end(self.at_s)

    def _end(self, to_s: float) -> Stretch:
        """End the stretch with all of its voices, at the latest here."""
        if self._going_on:
            to_s = min(to_s, self._voices[-1].to_s + MARGIN_S)
        stretch = self._stretch(to_s, cut=self._going_on)
        self._voices, self._going_on = [], False
        return stretch

    def _cut(self) -> Stretch:
        """End the stretch at its best gap; the voices after that begin the next one."""
        count = self._best_cut()
        voice, rest = self._voices[count - 1], self._voices[count:]
        next_s = rest[0].from_s if rest else self.at_s
        stretch = self._stretch(voice.to_s + min(MARGIN_S, (next_s - voice.to_s) / 2), cut=True)
        self._voices, self._going_on = rest, True
        return stretch

    def _stretch(self, to_s: float, *, cut: bool) -> Stretch:
        begins_s = self._voices[0].from_s - (MARGIN_S if cut else PAUSE_S)
        edge_s, self._edge_s = self._edge_s, to_s
        return Stretch(from_s=max(edge_s, begins_s), to_s=to_s, cut=cut)

    def _best_cut(self) -> int:
        """Return how many voices come before the best gap; all of them when there is none."""
        from_s = self._voices[0].from_s
        gaps = [
            (before.to_s - from_s <= self._latest_s, after.from_s - before.to_s, number)
            for number, (before, after) in enumerate(pairwise(self._voices), 1)
            if before.to_s - from_s >= self._earliest_s
        ]
        return max(gaps)[-1] if gaps else len(self._voices)
