"""Time limits of recognition: they run while we look, not while the machine stands still."""

from pathlib import Path

import pytest

from sipbot.speech.client import SpeechClient
from sipbot.wav import longest_s
from tests.ulaw import RATE_HZ, read, write

DATA = Path(__file__).parent / "data"
LEAST_S = 10.0


class Clock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "audio.wav"
    write(path, read(DATA / "ko_03_8k.wav")[:RATE_HZ])
    return path


def reading(clock: Clock, recording: Path, waited_s: float = 0.0) -> SpeechClient:
    """A recogniser, thought to be ready, that has been given a second of audio.

    Args:
        waited_s: how long it waits for a core between two looks.
    """
    client = SpeechClient(
        "second",
        (),
        lambda _: None,
        least_limit_s=LEAST_S,
        clock=clock,
        waited_s=lambda _: waited_s,
    )
    client.ready.set()
    client.reread("job", recording, "ko")
    assert longest_s(recording) < LEAST_S
    return client


def look_after(client: SpeechClient, clock: Clock, step_s: float) -> str | None:
    """Let time pass, look at the limits, and return the job that has run over its limit."""
    clock.at_s += step_s
    client._look()
    return client._blamed


def test_worker_over_its_limit_is_blamed_on_its_job(recording: Path) -> None:
    """A recogniser that hangs over a recording is ended."""
    clock = Clock()
    client = reading(clock, recording)

    blamed = [look_after(client, clock, 0.25) for _ in range(int(LEAST_S / 0.25) + 1)]

    assert [None, "job"] == blamed[-2:]


def test_worker_is_not_blamed_for_a_pause_of_ours(recording: Path) -> None:
    """After an hour's pause of the machine its answer may be there, unread."""
    clock = Clock()
    client = reading(clock, recording)

    blamed = [look_after(client, clock, step_s) for step_s in (0.25, 3600.0, 0.25)]

    assert [None, None, None] == blamed


def test_worker_that_hangs_after_a_pause_is_blamed_in_the_end(recording: Path) -> None:
    """A pause defers the limit and does not lift it."""
    clock = Clock()
    client = reading(clock, recording)
    look_after(client, clock, 3600.0)

    blamed = [look_after(client, clock, 0.25) for _ in range(int(LEAST_S / 0.25) + 1)]

    assert "job" == blamed[-1]


def test_time_without_a_core_does_not_count(recording: Path) -> None:
    """A worker that calls leave a fifth of a core may take five times as long."""
    clock = Clock()
    client = reading(clock, recording, waited_s=0.2)
    looks = int(LEAST_S / 0.25)

    blamed = [look_after(client, clock, 0.25) for _ in range(5 * looks + 1)]

    assert ([None] * (5 * looks - 1), "job") == (blamed[: 5 * looks - 1], blamed[-1])


def test_worker_that_never_gets_a_core_is_ended_in_the_end(recording: Path) -> None:
    """A thread that waits for a core may hide one that waits for a lock."""
    clock = Clock()
    client = reading(clock, recording, waited_s=0.25)

    blamed = [look_after(client, clock, 0.25) for _ in range(10 * int(LEAST_S / 0.25) + 2)]

    assert "job" == blamed[-1]
