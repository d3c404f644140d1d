"""How long the files of a call are tried when the disk does not give them back."""

from pathlib import Path

import pytest

from sipbot.errors import SpoolError
from sipbot.spool import Spool
from sipbot.unreadable import Unreadable

CALL = "01a20068-e2ed-7e53-a20c-ae27244b29bd"


async def test_recording_is_tried_as_long_as_ever_when_the_answers_have_used_up_their_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that comes back in the eleventh minute must not cost the memo."""
    monkeypatch.setattr("sipbot.unreadable.TRIES", 2)
    spool, told = Spool(tmp_path), list[str]()
    for name in "abcdef":  # a folder is no file, and larger than a header
        (spool.audio(CALL) / name).mkdir(parents=True)
    unreadable = Unreadable(spool, lambda alert, *_: told.append(alert))

    answers = [unreadable.answers(CALL, SpoolError("an error of the disk")) for _ in range(2)]
    recording = [await unreadable.recording(CALL) for _ in range(2)]

    assert ([False, True], [False, True]) == (answers, recording)
    assert ["answers-unreadable", "recording-unreadable"] == told
