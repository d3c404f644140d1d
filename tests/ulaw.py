"""G.711 mu-law, and how much of what was said arrived; for tests that compare audio bit by bit."""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000
FRAME = 160
"""Samples of one RTP packet of 20 ms (RFC 3551 section 4.2)."""

Samples = npt.NDArray[np.int16]


def _decode_table() -> Samples:
    """ITU-T G.711 table 2a, as 16-bit samples."""
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


_DECODED = _decode_table()
_ORDER = np.argsort(_DECODED, kind="stable")
_SORTED = _DECODED[_ORDER].astype(np.int32)


def encode(samples: Samples) -> bytes:
    """Return the nearest code of each sample."""
    wanted = samples.astype(np.int32)
    right = np.clip(np.searchsorted(_SORTED, wanted), 1, len(_SORTED) - 1)
    nearer = np.where(wanted - _SORTED[right - 1] <= _SORTED[right] - wanted, right - 1, right)
    return _ORDER[nearer].astype(np.uint8).tobytes()


def decode(codes: bytes) -> Samples:
    """Return the sample of each code."""
    return _DECODED[np.frombuffer(codes, np.uint8)]


def read(path: Path) -> Samples:
    """Return the samples of an 8 kHz WAV, also of one whose header was never finished."""
    return np.frombuffer(path.read_bytes()[44:], np.int16)


def write(path: Path, samples: Samples) -> None:
    """Write an 8 kHz 16-bit mono WAV."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(samples.tobytes())


def noisy(samples: Samples, *, seed: int, peak: int = 60) -> Samples:
    """Add faint noise, so that no two frames are alike and each can be found again."""
    noise = np.random.default_rng(seed).integers(-peak, peak + 1, len(samples))
    noised: Samples = np.clip(samples.astype(np.int32) + noise, -32768, 32767).astype(np.int16)
    return noised


def frames_that_arrived(said: bytes, heard: Samples) -> tuple[int, int]:
    """Count the sent frames that are in a recording, sample by sample and in order.

    Args:
        said: mu-law codes as sent.
        heard: the recording.

    Returns:
        Frames found exactly, frames sent.
    """
    recording, at, found = heard.tobytes(), 0, 0
    total = len(said) // FRAME
    for number in range(total):
        frame = decode(said[number * FRAME : (number + 1) * FRAME]).tobytes()
        where = recording.find(frame, at)
        if where >= 0:
            found, at = found + 1, where + len(frame)
    return found, total
