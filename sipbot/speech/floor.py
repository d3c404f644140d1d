"""A floor of noise under digital silence, for a recogniser that hears nothing after it.

A telephone with silence suppression sends no packets while its caller is silent, and the recording
holds zeros there.  Without Kaldi's own random noise (`vosk_ear.repeatable` switches it off) the
logarithm of such silence upsets the recogniser for the rest of the message: two of five utterances
after it were lost (measured).  No line is that silent, so the smallest noise there is goes under it
-- the same noise every time, because the same recording must give the same text.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from numpy.random import default_rng  # here: two threads that import it at once end in a recursion

LEAST_SAMPLES: Final = 160
"""10 ms at the engines' rate, half a packet of 20 ms; shorter runs of zeros are sound, and sound
stays as it is."""

_SEED: Final = 0


class Floor:
    """The floor under one recording, chunk after chunk."""

    def __init__(self) -> None:
        self._noise = default_rng(_SEED)

    def under(self, samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        """Return the samples with -1, 0 or 1 in the place of digital silence."""
        noise = self._noise.integers(-1, 2, len(samples), dtype=np.int16)
        return np.where(_silence(samples), noise, samples)


def _silence(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.bool_]:
    """Tell which samples belong to a run of at least `LEAST_SAMPLES` zeros."""
    zero = np.concatenate(([False], samples == 0, [False]))
    edges = np.flatnonzero(zero[1:] != zero[:-1])
    silent = np.zeros(len(samples), np.bool_)
    for begin, end in edges.reshape(-1, 2):
        if end - begin >= LEAST_SAMPLES:
            silent[begin:end] = True
    return silent
