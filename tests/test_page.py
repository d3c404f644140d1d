"""The page that whisper reads, cut to what is on it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.transcribe import Segment
from faster_whisper.vad import get_speech_timestamps

from sipbot.speech.ears import HEARING_RATE_HZ, Unwanted
from sipbot.speech.stretches import GUESS_S
from sipbot.speech.upsample import upsample
from sipbot.speech.whisper_ear import (
    FRAMES_PER_S,
    REST_S,
    SILENCE_S,
    AllRead,
    ShortPages,
    Voice,
    WhisperEar,
    short_page,
    voice_of,
    written,
)
from sipbot.wav import read_pcm

DATA = Path(__file__).parent / "data"

LOUD = 500
"""Of 32,767: the last word is louder, the line after it is not."""

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
        self,
        voice: Voice,
        tag: str,
        terms: Sequence[str],
        *,
        whole_page: bool,
        wanted: Callable[[], bool],
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

    read = ear.read(bytes(2 * HEARING_RATE_HZ), HEARING_RATE_HZ, "ja", terms, part=part)

    assert ("03-1234-5678", expected) == (read.text.text, ear.read_so)


def a_message(*, silence_s: float) -> np.ndarray:
    """Return a message, at the engine's rate, and so much silence after its last word."""
    samples = upsample(np.frombuffer(read_pcm(DATA / "ko_03_8k.wav"), "<i2"))
    spoken_to = int(np.flatnonzero(np.abs(samples) > LOUD)[-1])
    silence = np.zeros(round(silence_s * HEARING_RATE_HZ), np.int16)
    return np.concatenate((samples[:spoken_to], silence)).astype(np.float32) / np.float32(32768)


def filtered(audio: np.ndarray) -> np.ndarray:
    """Return what faster-whisper's own filter gives its engine."""
    chunks = get_speech_timestamps(audio)
    return np.concatenate([audio[chunk["start"] : chunk["end"]] for chunk in chunks])


@pytest.mark.asr
@pytest.mark.parametrize("silence_s", [0.0, 0.25, 0.5, 2.4, 6.0])
def test_engine_is_given_what_its_own_filter_would_give_it(silence_s: float) -> None:
    """Where the caller hangs up with the last word, or after a long silence."""
    audio = a_message(silence_s=silence_s)

    assert np.array_equal(filtered(audio), voice_of(audio, part=False).samples)


@pytest.mark.asr
@pytest.mark.parametrize("silence_s", [GUESS_S, 1.3, 1.95, 2.4, 6.0])
def test_engine_is_given_the_same_however_long_the_caller_was_silent_at_the_end(
    silence_s: float,
) -> None:
    """So the text that was read while the caller was silent need not be read again."""
    known, audio = a_message(silence_s=GUESS_S), a_message(silence_s=silence_s)

    assert voice_of(known, part=False).key == voice_of(audio, part=False).key


@pytest.mark.asr
def test_engine_is_given_something_else_when_the_caller_goes_on() -> None:
    known = a_message(silence_s=GUESS_S)
    audio = np.concatenate((known, a_message(silence_s=GUESS_S)))

    assert voice_of(known, part=False).key != voice_of(audio, part=False).key


@pytest.mark.asr
def test_all_of_the_end_of_a_part_is_read() -> None:
    audio = a_message(silence_s=1.5)

    assert np.array_equal(filtered(audio), voice_of(audio, part=True).samples)


def test_stretch_that_gives_the_engine_nothing_new_is_not_read_again() -> None:
    ear, pcm = Lost(), bytes(2 * HEARING_RATE_HZ)
    known = ear.read(pcm, HEARING_RATE_HZ, "ja")
    ear.read_so.clear()

    assert known is ear.read(pcm + bytes(3200), HEARING_RATE_HZ, "ja", known=known)
    assert [] == ear.read_so


@pytest.mark.parametrize("step", ["encode", "generate_with_fallback", "find_alignment"])
def test_engine_stops_before_its_next_step_when_nobody_wants_the_text(
    pages: ShortPages, step: str
) -> None:
    pages.begin(whole_page=True, wanted=lambda: False)

    with pytest.raises(Unwanted):
        getattr(pages, step)(page(700))
