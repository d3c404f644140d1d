"""The second ear guesses that a caller who pauses has finished, and is believed when it is so."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from sipbot.records import Transcript
from sipbot.speech import vad, wire
from sipbot.speech.ears import ModelRef, Reading, Unwanted, always
from sipbot.speech.second_job import SecondJob
from tests.test_wav import unclosed_header

RATE_HZ = 8000
WINDOW = 256
MODEL = ModelRef(name="w", engine="faster-whisper", languages=("ja",), path="")


class Loud(vad.Detector):
    """Takes everything but zeros for speech."""

    def __init__(self, rate_hz: int) -> None:
        assert RATE_HZ == rate_hz
        self.rate_hz, self.window_s = RATE_HZ, WINDOW / RATE_HZ
        self._left = b""

    def windows(self, pcm: bytes) -> Iterator[bool]:
        audio = np.frombuffer(self._left + pcm, "<i2")
        whole = len(audio) // WINDOW * WINDOW
        self._left = audio[whole:].tobytes()
        yield from (bool(window.any()) for window in audio[:whole].reshape(-1, WINDOW))


@pytest.fixture(autouse=True, scope="module")
def loud() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vad, "Detector", Loud)
        yield


class Ear:
    """Notes what it is given; `meanwhile` happens while it reads.

    A real engine reads no other stretches than these, but cannot be made to pause.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[float, Reading | None]] = []
        """Seconds, and what was known."""
        self.meanwhile: Callable[[], None] = lambda: None

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
        self.asked.append((len(pcm) / 2 / rate_hz, known))
        self.meanwhile()
        if not wanted():
            raise Unwanted
        text = Transcript(text="", language=language, engine="faster-whisper", model="w")
        return Reading(text=text, key=bytes([len(self.asked)]))


class Call:
    """A recording that grows, and the job that reads it."""

    def __init__(self, path: Path) -> None:
        self.path, self.ear = path, Ear()
        path.write_bytes(unclosed_header())
        request = wire.Follow(job="call", path=str(path), language="ja")
        self.job = SecondJob(request, self.ear, MODEL)

    def grow(self, *, voice_s: float = 0.0, silence_s: float = 0.0) -> None:
        """The caller speaks, then is silent."""
        with self.path.open("ab") as file:
            file.write(np.ones(round(voice_s * RATE_HZ), "<i2").tobytes())
            file.write(bytes(2 * round(silence_s * RATE_HZ)))

    def guess(self, wanted: Callable[[], bool] = always) -> bool:
        """What the reading thread does when there is nothing to read."""
        assert not self.job.listen()
        return self.job.guess(wanted)

    def end(self) -> Reading | None:
        """The caller hangs up: return what was known of the last stretch."""
        self.job.closed = True
        assert self.job.listen()
        self.job.read()
        assert self.job.text() is not None
        return self.ear.asked[-1][1]


@pytest.fixture
def call(tmp_path: Path) -> Call:
    return Call(tmp_path / "audio.wav")


def test_caller_who_pauses_is_read_once_in_each_pause(call: Call) -> None:
    call.grow(voice_s=3.2, silence_s=1.0)

    assert [True, False] == [call.guess(), call.guess()]
    call.grow(silence_s=0.5)
    assert not call.guess()
    call.grow(voice_s=1.0, silence_s=1.0)
    assert call.guess()


@pytest.mark.parametrize("silence_s", [0.0, 0.9])
def test_caller_who_only_takes_a_breath_is_not_read(call: Call, silence_s: float) -> None:
    call.grow(voice_s=3.2, silence_s=silence_s)

    assert not call.guess()
    assert [] == call.ear.asked


def test_what_was_read_in_the_last_pause_is_known_when_the_caller_hangs_up(call: Call) -> None:
    call.grow(voice_s=3.2, silence_s=1.0)
    call.guess()
    call.grow(silence_s=1.0)

    known = call.end()

    assert bytes([1]) == (known and known.key)


def test_what_was_read_in_an_earlier_pause_is_still_offered_for_the_ear_compares(
    call: Call,
) -> None:
    call.grow(voice_s=3.2, silence_s=1.0)
    call.guess()
    call.grow(voice_s=2.0)

    known = call.end()

    assert bytes([1]) == (known and known.key)
    assert 5 < call.ear.asked[-1][0]  # all of it, should the ear not know it


def test_guess_ends_when_the_caller_goes_on(call: Call) -> None:
    call.grow(voice_s=3.2, silence_s=1.0)
    call.ear.meanwhile = lambda: call.grow(voice_s=0.5)

    assert call.guess()
    call.ear.meanwhile = lambda: None
    assert None is call.end()


def test_guess_ends_when_there_is_something_better_to_do(call: Call) -> None:
    call.grow(voice_s=3.2, silence_s=1.0)

    assert call.guess(lambda: False)
    assert None is call.end()


def test_caller_who_hangs_up_during_the_guess_gets_its_text(call: Call) -> None:
    def hang_up() -> None:
        call.grow(silence_s=0.3)
        call.job.closed = True

    call.grow(voice_s=3.2, silence_s=1.0)
    call.ear.meanwhile = hang_up

    call.guess()

    known = call.end()
    assert bytes([1]) == (known and known.key)


def test_rest_of_a_message_that_was_cut_is_not_guessed(call: Call) -> None:
    """It is read on another page, so that nothing would be known of it."""
    call.grow(voice_s=16.0)
    assert call.job.listen()
    call.job.read()
    call.grow(voice_s=1.0, silence_s=1.0)

    while call.job.listen():
        call.job.read()

    assert not call.job.guess(always)
