"""What callers say and hear in `benchmarks.lines`: a voice, each frame unlike every other."""

import wave
from pathlib import Path

import numpy as np

from benchmarks.bench_bot import SAMPLES
from benchmarks.completeness import Samples, over_the_line

RATE_HZ = 8000
GREETING_S = 1.0
_PEAK = 60
"""Of the noise on the line, which makes two frames of the same word differ."""


def said(duration_s: float) -> Samples:
    """Return what each caller says: a message, again and again, on a line that is not silent."""
    with wave.open(str(SAMPLES / "caller-ko.wav"), "rb") as audio:
        voice = np.frombuffer(audio.readframes(audio.getnframes()), "<i2")
    wanted = np.resize(voice, int(duration_s * RATE_HZ)).astype(np.int32)
    noise = np.random.default_rng(7).integers(-_PEAK, _PEAK, len(wanted))
    return over_the_line(np.clip(wanted + noise, -32_000, 32_000).astype(np.int16))


def greeting() -> Samples:
    """Return the prompt that every caller hears."""
    noise = np.random.default_rng(8).integers(-4000, 4000, int(GREETING_S * RATE_HZ))
    return noise.astype(np.int16)


def write_wav(path: Path, samples: Samples) -> None:
    """Write a prompt: 16 bit, mono."""
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(RATE_HZ)
        audio.writeframes(samples.tobytes())


def write_raw(path: Path, samples: Samples) -> None:
    """Write bare mu-law, as SIPp sends it (G.711; `samples` are values that it has)."""
    path.write_bytes(codes_of(samples))


def codes_of(samples: Samples) -> bytes:
    """Return the mu-law codes of samples that have come over the line (G.711)."""
    codes = np.arange(256, dtype=np.uint8)
    inverted = ~codes
    exponent = ((inverted >> 4) & 7).astype(np.int32)
    mantissa = (inverted & 0xF).astype(np.int32)
    values = (((mantissa << 3) + 0x84) << exponent) - 0x84
    values = np.where(inverted & 0x80, -values, values)
    code_of = {int(value): int(code) for code, value in zip(codes, values, strict=True)}
    return bytes(code_of[int(sample)] for sample in samples)


def read(path: Path) -> Samples:
    """Return a recording's samples, also of one whose header was never finished."""
    return np.frombuffer(path.read_bytes()[44:][: (path.stat().st_size - 44) // 2 * 2], "<i2")
