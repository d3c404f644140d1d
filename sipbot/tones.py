"""Hearing the beep: when may the caller speak?  Pure, apart from numpy.

Only the test caller uses this; sipbot itself never decides anything by a tone's level.
"""

import numpy as np

RATE_HZ = 8000
WINDOW = 160
"""20 ms, one frame of G.711: 1000 Hz is then 20 whole cycles, all of them in one DFT bin."""

BEEP_HZ = 1000
"""sipbot's own beep (sipbot/prompts/README.md)."""

PURE = 0.8
"""Least share of a window's energy at the beep's frequency; tests hold it to the prompts."""

LEAST_WINDOWS = 10
"""200 ms: shorter than the beep (0.5 s), longer than any vowel stays on one pitch."""

QUIETEST = 100.0
"""Root mean square below which a window is silence (-50 dBFS)."""


class BeepEar:
    """Fed with samples, tells when a beep has ended."""

    def __init__(self) -> None:
        self._rest = np.empty(0, np.int16)
        self._run = 0

    def hear(self, pcm: bytes) -> bool:
        """Take 16-bit 8 kHz samples; return True when a beep has ended in them."""
        samples = np.concatenate((self._rest, np.frombuffer(pcm, np.int16)))
        whole = len(samples) // WINDOW * WINDOW
        self._rest = samples[whole:]
        ended = False
        for window in samples[:whole].reshape(-1, WINDOW).astype(np.float64):
            if _is_beep(window):
                self._run += 1
            else:
                ended = ended or self._run >= LEAST_WINDOWS
                self._run = 0
        return ended


def _is_beep(window: "np.typing.NDArray[np.float64]") -> bool:
    energy = float(np.sum(window**2))
    if energy < WINDOW * QUIETEST**2:
        return False
    spectrum = np.fft.rfft(window)
    bin_ = BEEP_HZ * WINDOW // RATE_HZ
    # Parseval: one bin of a real signal stands for its mirror image too.
    return bool(2 * abs(spectrum[bin_]) ** 2 / WINDOW / energy >= PURE)
