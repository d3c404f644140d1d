"""A picture of a recording: how loud it is, from its beginning to its end.

One look shows where somebody speaks; numpy reads the samples, no loop of Python touches them.
"""

from collections.abc import Iterable
from typing import BinaryIO, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from sipbot.errors import SpoolError
from sipbot.wav import pcm_in

BARS = 240
"""A bar every 3 pixels of a wide window, every 1.5 of a telephone's."""

STEP = 4
"""Units from one bar to the next; a bar is half as wide."""

HEIGHT = 64

_SOFT = 0.5
"""Exponent of the height: a soft voice on a telephone line is -30 dBFS, which no straight picture
shows; by this it has a fifth of the height."""


class Wave(msgspec.Struct, frozen=True, kw_only=True):
    """A picture in units of its own."""

    width: int
    path: str
    """Of an SVG, each bar a stroke."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the recording that the memo points to."""

    x: float
    width: float
    kind: Literal["number", "value", "discarded"]


def wave_of(audio: BinaryIO, name: str) -> Wave:
    """Return the picture of a recording; blocks, for a thread.

    Args:
        audio: the recording, open.
        name: of it, for messages.

    Raises:
        SpoolError: it cannot be read.
    """
    try:
        samples = np.frombuffer(pcm_in(audio, name), dtype="<i2")
    except (OSError, ValueError) as error:
        raise SpoolError(f"{name} cannot be read: {error}") from error
    return wave(peaks(samples, BARS))


def peaks(samples: npt.NDArray[np.int16], bars: int) -> npt.NDArray[np.float64]:
    """Return the loudest sample of each of so many equal parts, 0 to 1; fewer of a short one."""
    parts = min(bars, len(samples))
    if parts == 0:
        return np.zeros(0)
    edges = np.linspace(0, len(samples), parts, endpoint=False).astype(np.int64)
    highest = np.maximum.reduceat(samples, edges).astype(np.float64)
    lowest = np.minimum.reduceat(samples, edges).astype(np.float64)
    return np.maximum(highest, -lowest) / 32768.0


def wave(loudness: npt.NDArray[np.float64]) -> Wave:
    """Return the picture of so many bars, each with its loudness from 0 to 1."""
    half = np.maximum(1.0, np.power(loudness, _SOFT) * (HEIGHT / 2 - 2))
    strokes = (
        f"M{STEP * i + STEP // 2} {HEIGHT / 2 - one:.1f}V{HEIGHT / 2 + one:.1f}"
        for i, one in enumerate(half.tolist())
    )
    return Wave(width=max(STEP, STEP * len(half)), path="".join(strokes))


def marks_of(
    spans: Iterable[tuple[float, float, Literal["number", "value", "discarded"]]],
    wave: Wave,
    duration_s: float,
) -> list[Mark]:
    """Return where parts of the recording are in its picture.

    Args:
        spans: from, to in seconds, and what it is.
        wave: the picture.
        duration_s: of the recording.
    """
    if duration_s <= 0:
        return []
    unit = wave.width / duration_s
    return [
        Mark(
            x=round(max(0.0, from_s) * unit, 1),
            width=round(max(float(STEP), (min(to_s, duration_s) - max(0.0, from_s)) * unit), 1),
            kind=kind,
        )
        for from_s, to_s, kind in spans
        if from_s < duration_s
    ]
