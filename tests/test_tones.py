"""The test caller hears the beep, and nothing else, as the beep."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sipbot
from sipbot.tones import RATE_HZ, BeepEar
from sipbot.wav import read_pcm

PROMPTS = Path(sipbot.__file__).parent / "prompts"
SILENCE = bytes(RATE_HZ)


def test_beep_is_heard_when_it_has_ended() -> None:
    ear = BeepEar()

    during = ear.hear(read_pcm(PROMPTS / "beep.wav")[: RATE_HZ // 2])
    after = ear.hear(read_pcm(PROMPTS / "beep.wav")[RATE_HZ // 2 :] + SILENCE)

    assert (False, True) == (during, after)


@pytest.mark.parametrize("prompt", sorted(PROMPTS.glob("*/*.wav")), ids=str)
def test_spoken_prompts_are_not_taken_for_a_beep(prompt: Path) -> None:
    assert BeepEar().hear(read_pcm(prompt) + SILENCE) is False


@given(cuts=st.lists(st.integers(2, 4000).map(lambda n: n * 2), min_size=1, max_size=30))
def test_beep_is_heard_once_however_the_audio_is_cut(cuts: list[int]) -> None:
    audio, heard, ear = read_pcm(PROMPTS / "beep.wav") + SILENCE, 0, BeepEar()

    for size in cuts:
        heard += ear.hear(audio[:size])
        audio = audio[size:]
    heard += ear.hear(audio)

    assert 1 == heard


@given(level=st.integers(0, 100))
def test_faint_tone_is_silence(level: int) -> None:
    t = np.arange(RATE_HZ) / RATE_HZ
    tone = (level * np.sin(2 * np.pi * 1000 * t)).astype(np.int16).tobytes()

    assert BeepEar().hear(tone + SILENCE) is False
