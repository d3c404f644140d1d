"""Under overload recordings wait for a place at the ear; all of them are heard in the end."""

import functools
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

import msgspec
import pytest

from sipbot import heap
from sipbot.records import Transcript
from sipbot.speech import wire
from sipbot.speech.ears import ModelRef
from sipbot.speech.live_job import LiveJob
from sipbot.speech.places import Places
from tests.brokers import PATIENCE_S

DATA = Path(__file__).parent / "data"
MODEL = ModelRef(name="counting", engine="vosk", languages=("ko",), path="")


class CountingEar:
    """An ear that notes how many recordings it hears at the same time.

    A real engine hears no less than the code under test lets it, but cannot say so.
    """

    def __init__(self) -> None:
        self.now, self.most = 0, 0
        self._lock = threading.Lock()

    def listen(self, rate_hz: int, language: str) -> "CountingEar":
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        return self

    def hear(self, pcm: bytes) -> None:
        threading.Event().wait(0.001)  # as engines do, let other threads run

    def so_far(self) -> str:
        return ""

    def since(self, from_s: float) -> str:
        return ""

    def choosing(self, rate_hz: int, language: str, phrases: Sequence[str]) -> None:
        """Knows no phrases."""

    def finish(self) -> Transcript:
        with self._lock:
            self.now -= 1
        return Transcript(text="heard", language="ko", engine="vosk", model="counting")


def test_more_recordings_than_places_are_all_heard_and_never_more_at_once(tmp_path: Path) -> None:
    ear, finals, done = CountingEar(), [], threading.Semaphore(0)

    def say(message: msgspec.Struct) -> None:
        if isinstance(message, wire.Final):
            finals.append(message.transcript.text)
            done.release()

    places = Places(2)
    for number in range(6):
        path = Path(shutil.copy(DATA / "ko_03_8k.wav", tmp_path / f"{number}.wav"))
        follow = wire.Follow(str(number), str(path), "ko")
        job = LiveJob(follow, (ear, MODEL), say, places)
        job.start()
        job.ending.finish()

    assert all(done.acquire(timeout=60) for _ in range(6))
    assert (["heard"] * 6, 2) == (finals, ear.most)


def test_recording_that_is_forgotten_while_it_waits_for_a_place_is_not_heard(
    tmp_path: Path,
) -> None:
    path = Path(shutil.copy(DATA / "ko_03_8k.wav", tmp_path / "a.wav"))
    ear, places, free, over = CountingEar(), Places(1), threading.Event(), threading.Event()
    places.give(free.wait)
    job = LiveJob(wire.Follow("a", str(path), "ko"), (ear, MODEL), lambda _: None, places)
    job.start()
    job.ending.finish()

    job.drop()

    free.set()
    places.give(over.set)
    assert over.wait(PATIENCE_S)
    assert 0 == ear.most


def test_work_that_waits_for_a_place_is_done_in_its_order() -> None:
    places, free, over = Places(1), threading.Event(), threading.Event()
    done: list[int] = []
    places.give(free.wait)
    for number in range(9):
        places.give(functools.partial(done.append, number))
    places.give(over.set)

    free.set()

    assert over.wait(PATIENCE_S)
    assert list(range(9)) == done


def test_threads_end_when_nothing_is_left_to_do_and_new_ones_do_what_comes_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places, swept = Places(2), SimpleQueue[list[threading.Thread]]()
    monkeypatch.setattr(heap, "sweep", lambda ended, _heaps: swept.put(ended))
    done = threading.Semaphore(0)
    for _ in range(3):
        gate = threading.Barrier(3)
        for _ in range(2):
            places.give(gate.wait)
        places.beside(done.release)
        gate.wait()
        for thread in swept.get(timeout=PATIENCE_S):
            thread.join(PATIENCE_S)
            assert not thread.is_alive()

    assert all(done.acquire(timeout=PATIENCE_S) for _ in range(3))


def test_memory_goes_back_when_the_last_of_the_ears_is_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places, given_back = Places(2), threading.Event()
    first, second = threading.Event(), threading.Event()
    monkeypatch.setattr(heap, "give_back", given_back.set)
    places.give(first.wait)
    places.give(second.wait)

    first.set()
    second.set()

    assert given_back.wait(PATIENCE_S)


def test_memory_goes_back_when_the_last_work_beside_the_places_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places, given_back = Places(2), threading.Event()
    first, second = threading.Event(), threading.Event()

    def give_back() -> None:
        if second.is_set():  # threads of other tests may give back as well, before
            given_back.set()

    monkeypatch.setattr(heap, "give_back", give_back)
    places.beside(first.wait)
    places.beside(second.wait)
    first.set()

    second.set()

    assert given_back.wait(PATIENCE_S)
