"""Under overload recordings wait for a place at the ear; all of them are heard in the end."""

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sipbot.records import Transcript
from sipbot.speech import wire
from sipbot.speech.ears import ModelRef
from sipbot.speech.live_job import LiveJob
from sipbot.speech.vad import Detectors

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

    places = threading.Semaphore(2)
    for number in range(6):
        path = Path(shutil.copy(DATA / "ko_03_8k.wav", tmp_path / f"{number}.wav"))
        follow = wire.Follow(str(number), str(path), "ko")
        job = LiveJob(follow, (ear, MODEL), say, places, Detectors())
        job.start()
        job.ending.finish()

    assert all(done.acquire(timeout=60) for _ in range(6))
    assert (["heard"] * 6, 2) == (finals, ear.most)


def test_forgotten_recording_gives_up_waiting_for_a_place(tmp_path: Path) -> None:
    path = Path(shutil.copy(DATA / "ko_03_8k.wav", tmp_path / "a.wav"))
    follow = wire.Follow("a", str(path), "ko")
    job = LiveJob(
        follow, (CountingEar(), MODEL), lambda _: None, threading.Semaphore(0), Detectors()
    )
    job.start()

    job.drop()

    for thread in job._threads:
        thread.join(timeout=60)
    assert [False, False] == [thread.is_alive() for thread in job._threads]
