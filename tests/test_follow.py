"""A recording is read while it is written, brought to the disk, and watched for a stall."""

import os
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipbot.errors import SpoolError
from sipbot.speech import follow
from sipbot.speech.follow import Ending, Follower
from tests.test_wav import unclosed_header

STEP_BYTES = 4096
"""What pjmedia's recorder writes at a time."""

AUDIO = bytes(range(256)) * 64


class Reading:
    """A follower in a thread of its own, and what it has read so far."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.ending = Ending()
        self.follower = Follower(path, self.ending, **options)
        self.blocks: queue.Queue[bytes] = queue.Queue()
        self.result: queue.Queue[bytes | SpoolError] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        heard = b""
        try:
            for block in self.follower.blocks():
                heard += block
                self.blocks.put(block)
        except SpoolError as error:
            self.result.put(error)
        else:
            self.result.put(heard)

    def end(self) -> bytes | SpoolError:
        self._thread.join()
        return self.result.get()


def test_a_file_that_grows_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    reading = Reading(path)  # before the file exists
    with path.open("wb", buffering=0) as file:
        file.write(unclosed_header())
        for at in range(0, len(AUDIO), STEP_BYTES):
            file.write(AUDIO[at : at + STEP_BYTES])
            reading.blocks.get()  # was read while it grows
    reading.ending.finish()
    assert AUDIO == reading.end()
    assert len(AUDIO) / 2 / 8000 == reading.follower.read_s


def test_half_a_sample_at_the_end_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header() + AUDIO + b"x")
    reading = Reading(path)
    reading.ending.finish()
    assert AUDIO == reading.end()


def test_ear_that_takes_a_fifth_of_a_second_at_a_time_gets_no_less_but_at_the_end(
    tmp_path: Path,
) -> None:
    """The recorder writes 60 ms at a time, and each block costs the ear more than its audio."""
    path, least = tmp_path / "audio.wav", 3200
    reading = Reading(path, least_s=0.2)
    with path.open("wb", buffering=0) as file:
        file.write(unclosed_header())
        for at in range(0, len(AUDIO), 960):
            file.write(AUDIO[at : at + 960])
    reading.ending.finish()

    assert AUDIO == reading.end()
    *blocks, _ = [reading.blocks.get_nowait() for _ in range(reading.blocks.qsize())]
    assert [] == [len(block) for block in blocks if len(block) < least]


def test_a_header_written_in_two_pieces_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header()[:20])
    reading = Reading(path)
    with path.open("ab", buffering=0) as file:
        file.write(unclosed_header()[20:] + AUDIO)
        reading.blocks.get()
    reading.ending.finish()
    assert AUDIO == reading.end()


def test_a_dropped_job_ends_without_its_file(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header()[:20])
    reading = Reading(path)
    reading.ending.drop()
    assert b"" == reading.end()


def test_a_recording_that_never_came_is_an_error(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "audio.wav")
    reading.ending.finish()
    error = reading.end()
    assert isinstance(error, SpoolError)
    assert f"{tmp_path}/audio.wav: cannot be followed: No such file or directory" == str(error)


def test_a_recording_without_a_whole_header_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(b"RIFF")
    reading = Reading(path)
    reading.ending.finish()
    assert isinstance(reading.end(), SpoolError)


def test_a_file_that_stops_growing_is_told_once_for_each_stall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "STALL_S", 0.1)
    stalls: queue.Queue[float] = queue.Queue()
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header())
    reading = Reading(path, on_stall=stalls.put)
    assert stalls.get() >= 0.1
    with path.open("ab", buffering=0) as file:
        file.write(AUDIO)
    assert stalls.get() >= 0.1
    reading.ending.finish()
    reading.end()
    assert stalls.empty()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> "queue.Queue[int]":
    """Sizes of the files that were brought to the disk, as it happens."""
    sizes: queue.Queue[int] = queue.Queue()
    real: Callable[[int], None] = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        sizes.put(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", fsync)
    return sizes


def test_the_whole_file_is_on_the_disk_when_reading_ends(
    tmp_path: Path, synced: "queue.Queue[int]"
) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header() + AUDIO)
    reading = Reading(path, sync=True)
    reading.ending.finish()
    reading.end()
    assert 44 + len(AUDIO) == synced.get()


def test_a_growing_file_is_brought_to_the_disk_before_it_ends(
    tmp_path: Path, synced: "queue.Queue[int]", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "SYNC_S", 0.0)
    path = tmp_path / "audio.wav"
    reading = Reading(path, sync=True)
    with path.open("wb", buffering=0) as file:
        file.write(unclosed_header() + AUDIO[:STEP_BYTES])
        assert 44 + STEP_BYTES == synced.get()
        file.write(AUDIO[STEP_BYTES:])
        assert 44 + len(AUDIO) == synced.get()
    reading.ending.finish()
    reading.end()


def test_only_the_reader_that_is_asked_to_brings_the_file_to_the_disk(
    tmp_path: Path, synced: "queue.Queue[int]"
) -> None:
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header() + AUDIO)
    reading = Reading(path)
    reading.ending.finish()
    reading.end()
    assert synced.empty()


def test_a_disk_that_refuses_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", refuse)
    path = tmp_path / "audio.wav"
    path.write_bytes(unclosed_header() + AUDIO)
    reading = Reading(path, sync=True)
    reading.ending.finish()
    error = reading.end()
    assert isinstance(error, SpoolError)
    assert f"{path}: cannot be followed: Input/output error" == str(error)
