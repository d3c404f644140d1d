"""The second ear's desk: what it borrows for a recording, it gives back."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from sipbot.speech import second_desk, vad, wire
from sipbot.speech.ears import ModelRef, Reading, always
from sipbot.speech.second_desk import SecondDesk
from tests.brokers import PATIENCE_S
from tests.test_masking import RATE_HZ, a_recording


class Deaf(vad.Detector):
    """Hears no speech."""

    def __init__(self) -> None:
        self.rate_hz, self.window_s = RATE_HZ, 0.032

    def windows(self, pcm: bytes) -> Iterator[bool]:
        yield from [False] * (len(pcm) // 512)


class Lent(vad.Detectors):
    """Says what is taken and what comes back."""

    def __init__(self) -> None:
        self.taken, self.back = threading.Event(), threading.Event()

    def take(self, rate_hz: int) -> vad.Detector:
        assert RATE_HZ == rate_hz
        self.taken.set()
        return Deaf()

    def give_back(self, detector: vad.Detector) -> None:
        assert isinstance(detector, Deaf)
        self.back.set()


class Ear:
    """Has nothing to read."""

    def __init__(self, model: ModelRef) -> None:
        assert "w" == model.name

    def read(
        self,
        pcm: bytes,
        rate_hz: int,
        language: str,
        terms: Sequence[str] = (),
        *,
        part: bool = False,
        known: Reading | None = None,
        wanted: Callable[[], bool] = always,
    ) -> Reading:
        raise AssertionError((len(pcm), rate_hz, language, terms, part))


def test_detector_of_a_recording_that_nobody_wants_any_more_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call without a message; else its next one pays for a new detector."""
    lent = Lent()
    monkeypatch.setattr(vad, "Detectors", lambda: lent)
    monkeypatch.setattr(second_desk, "_whisper", Ear)
    model = ModelRef(name="w", engine="faster-whisper", languages=("ja",), path=str(tmp_path))
    desk = SecondDesk([model], lambda message: None)
    path = a_recording(tmp_path, 2.0)
    desk.take(wire.Follow(job="call", path=str(path), language="ja"))
    assert lent.taken.wait(PATIENCE_S)

    desk.take(wire.Forget(job="call"))

    assert lent.back.wait(PATIENCE_S)
