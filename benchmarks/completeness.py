"""Which part of a message is in its recording, frame by frame.  Pure.

A frame of 20 ms counts as arrived when all its 160 samples are in the recording exactly as the line
carries them, in the order they were sent.  Comparing lengths would not do: a frame that was lost
and one that the jitter buffer made up have the same length.
"""

from difflib import SequenceMatcher

import msgspec
import numpy as np
import numpy.typing as npt

FRAME_SAMPLES = 160
"""20 ms at 8 kHz: one RTP packet (RFC 3551 section 4.2)."""

Samples = npt.NDArray[np.int16]

_PLACES = 8
"""Where a message is looked for: more than it says anything again in a recording."""

_BIAS = 33
_CLIP = 8158
_SEGMENT_ENDS = np.array([0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF])
"""G.711 table 2a: 14-bit magnitudes, segments that double in width."""


class Completeness(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived of one message."""

    sent_frames: int
    arrived_frames: int

    @property
    def ratio(self) -> float:
        """Arrived / sent; 1 is a perfect recording."""
        return self.arrived_frames / self.sent_frames


def over_the_line(samples: Samples) -> Samples:
    """Return the samples after G.711 μ-law and back, as the far side hears them."""
    fourteen_bit = samples.astype(np.int32) >> 2
    magnitude = np.minimum(np.abs(fourteen_bit), _CLIP) + _BIAS
    segment = np.searchsorted(_SEGMENT_ENDS, magnitude)
    step = (magnitude >> (segment + 1)) & 0xF
    heard = (((step << 3) + 0x84) << segment) - 0x84
    signed: Samples = np.where(fourteen_bit < 0, -heard, heard).astype(np.int16)
    return signed


def completeness(sent: Samples, recorded: Samples) -> Completeness:
    """Return how many whole frames of `sent` are in `recorded`.

    Args:
        sent: what the caller's program played, 16-bit at 8 kHz.
        recorded: the recording, 16-bit at 8 kHz; it may begin earlier and end later.

    Raises:
        ValueError: less than one frame was sent.
    """
    heard = over_the_line(sent)
    wanted = _frames(heard, 0)
    if not wanted:
        raise ValueError(f"{len(sent)} samples are less than a frame of {FRAME_SAMPLES}")
    arrived = 0
    for start in offsets(heard, recorded):
        found = _frames(recorded, start % FRAME_SAMPLES)
        matcher = SequenceMatcher(None, wanted, found, autojunk=False)
        arrived = max(arrived, sum(block.size for block in matcher.get_matching_blocks()))
        if 2 * arrived > len(wanted):
            break
    return Completeness(sent_frames=len(wanted), arrived_frames=arrived)


def offset(sent: Samples, recorded: Samples) -> int:
    """Return where most of `sent` begins in `recorded`, in samples; below 0: its start is gone."""
    return offsets(sent, recorded)[0]


def offsets(sent: Samples, recorded: Samples) -> list[int]:
    """Return where `sent` may begin in `recorded`, in samples, the likeliest first.

    Speech that says the same again is as much like its neighbour as like itself where some frames
    of it are missing, so the likeliest place need not be the right one.
    """
    points = 1 << (len(sent) + len(recorded)).bit_length()
    spectrum = np.fft.rfft(recorded.astype(np.float64), points)
    spectrum *= np.conj(np.fft.rfft(sent.astype(np.float64), points))
    likeness = np.fft.irfft(spectrum, points)
    places: list[int] = []
    for _ in range(_PLACES):
        best = int(np.argmax(likeness))
        places.append(best if best < len(recorded) else best - points)
        likeness[max(0, best - FRAME_SAMPLES) : best + FRAME_SAMPLES] = -np.inf
    return places


def _frames(samples: Samples, start: int) -> list[bytes]:
    whole = (len(samples) - start) // FRAME_SAMPLES
    rows = samples[start : start + max(whole, 0) * FRAME_SAMPLES]
    return [row.tobytes() for row in rows.reshape(-1, FRAME_SAMPLES)]
