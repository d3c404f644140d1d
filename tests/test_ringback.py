"""The ringing tones that ship are the ones of the countries they are named after."""

import numpy as np
import pytest

from sipbot.numbers import is_region
from sipbot.ringback import FOLDER, ringback
from sipbot.wav import read_facts
from tests import ulaw

PEAK_DBFS = -13.2
"""-10 dBm0 (ITU-T E.180 section 6), a sine of 0 dBm0 having its peak at -3.17 dBFS (G.711)."""

KINDS: dict[str, tuple[tuple[int, ...], tuple[float, ...]]] = {
    "jp": ((400,), (1.0, 2.0)),
    "kr": ((440, 480), (1.0, 2.0)),
    "us": ((440, 480), (2.0, 4.0)),
    "gb": ((400, 450), (0.4, 0.2, 0.4, 2.0)),
    "itu": ((425,), (1.0, 4.0)),
}
"""Frequencies in Hz, and seconds on and off in turn: ITU-T E.180 supplement 2; ``itu`` is what
E.180 itself recommends.  Japan's tone swells 16 times a second (there: 15 to 20)."""


def period(name: str) -> ulaw.Samples:
    """One period of the tone, from its definition."""
    frequencies, cadence = KINDS[name]
    parts = []
    for number, duration_s in enumerate(cadence):
        t = np.arange(round(duration_s * ulaw.RATE_HZ)) / ulaw.RATE_HZ
        tone = np.mean([np.sin(2 * np.pi * f * t) for f in frequencies], axis=0)
        if name == "jp":
            tone *= (1 + np.sin(2 * np.pi * 16 * t)) / 2
        parts.append(tone if number % 2 == 0 else 0 * t)
    samples = np.concatenate(parts) * 32767 * 10 ** (PEAK_DBFS / 20)
    rounded: ulaw.Samples = np.round(samples).astype(np.int16)
    return rounded


@pytest.mark.parametrize("name", KINDS)
def test_ringing_tone_is_what_its_country_defines(name: str) -> None:
    assert np.array_equal(period(name), ulaw.read(FOLDER / f"{name}.wav"))


@pytest.mark.parametrize(
    ("region", "name"), [("JP", "jp"), ("KR", "kr"), ("CA", "us"), ("GB", "gb"), ("DE", "itu")]
)
def test_caller_hears_the_ringing_of_the_clients_country(region: str, name: str) -> None:
    assert is_region(region)
    assert FOLDER / f"{name}.wav" == ringback(region)
    assert ulaw.RATE_HZ == read_facts(ringback(region)).rate_hz
