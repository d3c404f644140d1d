"""The seconds that a memo points to, as a file to listen to."""

import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.errors import SpoolError, UsageError
from sipbot.memo import Memo
from sipbot.memo_answers import Evidence
from sipbot.memo_clip import MARGIN_S, clip, write_new
from sipbot.wav import cut
from tests.memo_samples import a_memo

RATE_HZ = 8000


def a_recording(folder: Path, seconds: int) -> Path:
    path = folder / "audio.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for second in range(seconds):
            file.writeframes(second.to_bytes(2, "little") * RATE_HZ)
    return path


def heard_at(memo: Memo, from_s: float, to_s: float, url: str) -> Memo:
    evidence = Evidence(
        source="speech", number="+81355501234", audio_from_s=from_s, audio_to_s=to_s
    )
    callback = memo.callback.model_copy(update={"evidence": (evidence,)})
    audio = memo.audio.model_copy(update={"url": url, "duration_s": 10.0})
    return memo.model_copy(update={"callback": callback, "audio": audio})


def test_clip_of_a_part_is_its_seconds_and_a_breath_before_and_after(tmp_path: Path) -> None:
    """What is cut out is what was said there."""
    path = a_recording(tmp_path, 10)
    memo = heard_at(a_memo(), 3.5, 5.5, path.as_uri())
    with path.open("rb") as recording:
        piece, from_s, to_s = clip(memo, 1, recording)
    file = tmp_path / "piece.wav"
    write_new(file, piece)

    with wave.open(str(file), "rb") as read:
        frames = read.readframes(read.getnframes())
        length_s = read.getnframes() / read.getframerate()

    assert (3.5 - MARGIN_S, 5.5 + MARGIN_S, 3.0) == (from_s, to_s, length_s)
    assert (3, 5) == (int.from_bytes(frames[:2], "little"), int.from_bytes(frames[-2:], "little"))


def test_clip_of_part_zero_is_the_whole_recording(tmp_path: Path) -> None:
    """Everything is a part, too."""
    path = a_recording(tmp_path, 10)
    with path.open("rb") as recording:
        assert (0.0, 10.0) == clip(heard_at(a_memo(), 3.5, 5.5, path.as_uri()), 0, recording)[1:]


def test_clip_of_a_part_that_is_not_there_says_how_many_there_are(tmp_path: Path) -> None:
    """A usage error, with the way out."""
    path = a_recording(tmp_path, 10)
    memo = heard_at(a_memo(), 3.5, 5.5, path.as_uri())

    with (
        path.open("rb") as recording,
        pytest.raises(UsageError, match="it has 1; sipbot memos show"),
    ):
        clip(memo, 2, recording)


def test_clip_writes_over_no_file(tmp_path: Path) -> None:
    """A clip that somebody keeps stays."""
    path = tmp_path / "kept.wav"
    path.write_bytes(b"kept")

    with pytest.raises(UsageError, match="--out"):
        write_new(path, b"new")
    assert b"kept" == path.read_bytes()


def test_cut_of_nothing_is_refused(tmp_path: Path) -> None:
    """An empty file would be taken for silence."""
    with (
        a_recording(tmp_path, 2).open("rb") as recording,
        pytest.raises(SpoolError, match="the recording has 2"),
    ):
        cut(recording, "r", 5.0, 6.0)


@given(st.floats(-1, 4), st.floats(0.01, 4))
def test_cut_has_the_frames_that_both_the_piece_and_the_recording_have(
    tmp_path_factory: pytest.TempPathFactory, from_s: float, length_s: float
) -> None:
    """Wherever the piece begins and ends."""
    path = tmp_path_factory.getbasetemp() / "cut" / "audio.wav"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        a_recording(path.parent, 2)
    first, last = (
        max(0, min(2 * RATE_HZ, round(at * RATE_HZ))) for at in (from_s, from_s + length_s)
    )

    if first < last:
        with path.open("rb") as recording:
            piece = cut(recording, "r", from_s, from_s + length_s)
        assert 44 + 2 * (last - first) == len(piece)
