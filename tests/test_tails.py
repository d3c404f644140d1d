"""Where in a recording the voice is: tones before and after it are none."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from sipbot.speech.vad import Detector, Turns
from sipbot.wav import read_pcm
from tests.ulaw import decode, encode

DATA = Path(__file__).parent / "data"
RATE_HZ = 8000
TONE_S = 3.0
VOICE = slice(int(0.3 * RATE_HZ), int(4.3 * RATE_HZ))
"""Four seconds of a message, from its first word on."""

LATE_S = 0.15
"""What the detector adds to the end of a voice (0.02 to 0.11 s, measured)."""


def tone(
    hz: Sequence[float], on_s: float, off_s: float, *, level: float = 4000.0
) -> npt.NDArray[np.int16]:
    t = np.arange(int(TONE_S * RATE_HZ)) / RATE_HZ
    wave = sum((np.sin(2 * np.pi * f * t) for f in hz), np.zeros(len(t)))
    sounding = t % (on_s + off_s) < on_s
    return (level * wave / len(hz) * sounding).astype(np.int16)


def music() -> npt.NDArray[np.int16]:
    """Chords with six harmonics, each note dying away, half a second each."""
    t = np.arange(RATE_HZ // 2) / RATE_HZ
    chords = []
    for root_hz in (262.0, 349.0, 392.0, 330.0, 440.0, 294.0):
        notes = [
            np.sin(2 * np.pi * root_hz * step * n * t) / n
            for step in (1.0, 1.26, 1.5)
            for n in range(1, 7)
        ]
        chords.append(sum(notes, np.zeros(len(t))) * np.exp(-2 * t))
    return (1500 * np.concatenate(chords)).astype(np.int16)


TONES = {
    "busy, Japan and Britain": tone([400], 0.5, 0.5),
    "busy, United States and Korea": tone([480, 620], 0.5, 0.5),
    "reorder, United States": tone([480, 620], 0.25, 0.25),
    "dial tone, Britain": tone([350, 450], 1.0, 0.0),
    "ringback, United States": tone([440, 480], 1.0, 1.0),
    "howler": tone([1400, 2060, 2450, 2600], 0.1, 0.1, level=16000),
    "fax": tone([1100], 0.5, 1.0),
    "music": music(),
}


def voice_of(samples: npt.NDArray[np.int16]) -> tuple[float, float]:
    detector, turns = Detector(RATE_HZ), Turns(end_silence_s=9.0, no_speech_s=9.0)
    for speech in detector.windows(decode(encode(samples)).astype("<i2").tobytes()):
        turns.feed(detector.window_s, speech=speech)
    return turns.voice_from_s, turns.voice_to_s


@pytest.mark.asr
@pytest.mark.parametrize("name", TONES)
def test_tones_before_and_after_a_voice_are_no_part_of_it(name: str) -> None:
    voice = np.frombuffer(read_pcm(DATA / "ko_03_8k.wav"), "<i2")[VOICE]
    from_s, to_s = voice_of(np.concatenate((TONES[name], voice, TONES[name])))
    assert TONE_S - LATE_S <= from_s <= TONE_S + 0.5
    assert TONE_S + 3.5 <= to_s <= TONE_S + 4.0 + LATE_S


@pytest.mark.asr
def test_tones_alone_are_no_voice() -> None:
    assert (0.0, 0.0) == voice_of(np.concatenate(list(TONES.values())))
