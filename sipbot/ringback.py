"""The ringing tone that a caller hears while a person's telephone rings.

One period of each tone is a WAV in the folder ringing, made by the definition in
tests/test_ringback.py; agents play it again and again.
"""

from pathlib import Path

FOLDER = Path(__file__).parent / "ringing"

_TONES = {"JP": "jp", "KR": "kr", "US": "us", "CA": "us", "GB": "gb", "IE": "gb"}
"""ITU-T E.180 supplement 2; elsewhere what E.180 recommends to all."""


def ringback(region: str) -> Path:
    """Return one period of the ringing tone of a region (ISO 3166-1 alpha-2)."""
    return FOLDER / f"{_TONES.get(region, 'itu')}.wav"
