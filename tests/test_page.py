"""The page that whisper reads, cut to what is on it."""

import numpy as np
import pytest

from sipbot.speech.whisper_ear import FRAMES_PER_S, SILENCE_S, short_page

WHOLE = 3000
"""Frames of a page, all filled up by faster-whisper."""


def page(frames: int) -> np.ndarray:
    """Return a page with so many frames of noise on it."""
    features = np.zeros((80, WHOLE), np.float32)
    features[:, :frames] = np.random.default_rng(frames).uniform(-0.8, 1.2, (80, frames))
    return features


@pytest.mark.parametrize("frames", [1, 700, 2799])
def test_page_ends_with_silence_soon_after_the_speech(frames: int) -> None:
    features = page(frames)

    short = short_page(features)

    assert (80, frames + SILENCE_S * FRAMES_PER_S) == short.shape
    assert np.array_equal(features[:, :frames], short[:, :frames])
    assert {features.min()} == set(short[:, frames:].flat)


@pytest.mark.parametrize("frames", [0, 2900, WHOLE])
def test_page_is_never_longer_than_a_whole_one(frames: int) -> None:
    assert (80, WHOLE) == short_page(page(frames)).shape
