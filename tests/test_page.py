"""The page that whisper reads, cut to what is on it."""

from collections.abc import Sequence

import numpy as np
import pytest
from faster_whisper.transcribe import Segment

from sipbot.speech.ears import HEARING_RATE_HZ
from sipbot.speech.whisper_ear import (
    FRAMES_PER_S,
    REST_S,
    SILENCE_S,
    AllRead,
    ShortPages,
    WhisperEar,
    short_page,
    written,
)

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


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> ShortPages:
    """Return the model without its weights: encoding gives back what would be encoded."""
    monkeypatch.setattr(ShortPages.__base__, "encode", lambda _self, features: features)
    model: ShortPages = object.__new__(ShortPages)
    model.begin(whole_page=False)
    return model


def test_first_page_of_a_stretch_is_read_however_short_it_is(pages: ShortPages) -> None:
    assert 30 == written(page(30)) < pages.encode(page(30)).shape[1]


@pytest.mark.parametrize(("frames", "read"), [(REST_S * FRAMES_PER_S, True), (149, False)])
def test_page_after_the_first_is_read_when_more_than_the_end_is_left(
    pages: ShortPages, frames: float, read: bool
) -> None:
    """Whisper has read the end already, and would write its digits a second time."""
    pages.encode(page(1200))

    if read:
        assert round(frames) < pages.encode(page(round(frames))).shape[1]
    else:
        with pytest.raises(AllRead):
            pages.encode(page(round(frames)))


def test_whole_page_stays_whole(pages: ShortPages) -> None:
    pages.begin(whole_page=True)

    assert (80, WHOLE) == pages.encode(page(700)).shape


def test_whole_page_is_read_however_little_is_left_for_it(pages: ShortPages) -> None:
    """So does whisper alone, whose text is to be the same."""
    pages.begin(whole_page=True)
    pages.encode(page(1200))

    assert (80, WHOLE) == pages.encode(page(30)).shape


class Lost(WhisperEar):
    """Repeats itself on whole pages, and wherever it is told terms; has no model."""

    def __init__(self) -> None:
        self._name = "lost"
        self.read_so: list[tuple[Sequence[str], bool]] = []

    def _segments(
        self, audio: np.ndarray, tag: str, terms: Sequence[str], *, whole_page: bool
    ) -> list[Segment]:
        self.read_so.append((terms, whole_page))
        looped = whole_page or bool(terms)
        ratio = 10.1 if looped else 1.3
        fields = dict.fromkeys(Segment.__dataclass_fields__)
        text = "0-3-" + "2-" * 99 if looped else "03-1234-5678"
        return [Segment(**fields | {"text": text, "compression_ratio": ratio})]


@pytest.mark.parametrize(
    ("terms", "part", "expected"),
    [
        ((), False, [((), True), ((), False)]),
        (("伊藤",), False, [(("伊藤",), True), ((), True), ((), False)]),
        ((), True, [((), False)]),
    ],
    ids=["in one go", "with terms", "part"],
)
def test_what_whisper_repeats_on_the_whole_page_is_read_on_a_short_one(
    terms: Sequence[str], part: bool, expected: list[tuple[Sequence[str], bool]]
) -> None:
    ear = Lost()

    text = ear.read(bytes(2 * HEARING_RATE_HZ), HEARING_RATE_HZ, "ja", terms, part=part)

    assert ("03-1234-5678", expected) == (text.text, ear.read_so)
