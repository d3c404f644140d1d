"""What a telephone line does to speech: G.711, lost packets, noise.  Pure; the seed decides."""

import zlib

import msgspec
import numpy as np
import numpy.typing as npt

from tests.ulaw import FRAME, decode, encode

SEED = 5

Samples = npt.NDArray[np.int16]


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """One line; first the noise of the caller's room, then the codec, then the network."""

    name: str
    codec: bool = True
    """Through G.711 μ-law."""
    lost: float = 0.0
    """Share of packets of 20 ms that never arrive."""
    snr_db: float | None = None
    """White noise so far below the voice."""


CONDITIONS = (
    Condition(name="clean", codec=False),
    Condition(name="8 kHz μ-law"),
    Condition(name="1 % of packets lost", lost=0.01),
    Condition(name="3 % of packets lost", lost=0.03),
    Condition(name="5 % of packets lost", lost=0.05),
    Condition(name="white noise 20 dB", snr_db=20.0),
    Condition(name="white noise 10 dB", snr_db=10.0),
)


def worn(samples: Samples, condition: Condition, name: str) -> Samples:
    """Return what arrives of a recording; for one name and condition always the same.

    Args:
        samples: 8 kHz; nothing is done to them by a condition without codec.
        condition: the line.
        name: of the recording, so that no two lose the same packets.
    """
    seed = (SEED, zlib.crc32(name.encode()), zlib.crc32(condition.name.encode()))
    rng = np.random.default_rng(seed)
    if condition.snr_db is not None:
        samples = noisy(samples, condition.snr_db, rng)
    if not condition.codec:
        return samples
    return decode(lossy(encode(samples), condition.lost, rng))


def noisy(samples: Samples, snr_db: float, rng: np.random.Generator) -> Samples:
    """Add white noise `snr_db` below the voice, in and between the words."""
    noise = rng.standard_normal(len(samples)) * level(samples) / 10 ** (snr_db / 20)
    return np.clip(np.rint(samples + noise), -32768, 32767).astype(np.int16)


def level(samples: Samples) -> float:
    """Return the root mean square of a voice where it is not silent (above -30 dB)."""
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    powers = np.mean(frames**2, axis=1)
    return float(np.sqrt(np.mean(powers[powers > powers.max() / 1000]))) if powers.any() else 0.0


def lossy(codes: bytes, share: float, rng: np.random.Generator) -> bytes:
    """Lose packets; in the place of each the one before it comes again.

    So many are lost as the share says, rounded, at places that are drawn; two in a row repeat the
    same packet.  Of the first packet there is none before it: it becomes silence.
    """
    packets = [codes[at : at + FRAME] for at in range(0, len(codes), FRAME)]
    lost = set(rng.choice(len(packets), round(share * len(packets)), replace=False).tolist())
    heard: list[bytes] = []
    for n, packet in enumerate(packets):
        before = heard[-1] if heard else encode(np.zeros(FRAME, np.int16))
        heard.append(before[: len(packet)] if n in lost else packet)
    return b"".join(heard)
