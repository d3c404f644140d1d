"""Files that may name callers are whole or not there, and what is in the way is named."""

from pathlib import Path

import pytest

from sipbot import private_file
from sipbot.age_file import Identity
from sipbot.audio_keys import write_keys
from sipbot.errors import ReportError, UsageError
from tests.memo_samples import AT


def test_file_in_a_folder_that_is_none_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match=r"file/week\.html: cannot be written: Not a directory"):
        private_file.write(tmp_path / "file" / "week.html", b"x")


def test_file_that_cannot_get_its_name_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "week.html").mkdir()
    with pytest.raises(ReportError):
        private_file.write(tmp_path / "week.html", b"x")
    assert ["week.html"] == [one.name for one in tmp_path.iterdir()]


def test_keys_that_cannot_get_their_name_leave_none_behind(tmp_path: Path) -> None:
    (tmp_path / "audio.agekey").mkdir()
    with pytest.raises(UsageError):
        write_keys(tmp_path / "audio.agekey", [Identity.new()], AT)
    assert ["audio.agekey"] == [one.name for one in tmp_path.iterdir()]


def test_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    private_file.write(tmp_path / "week.html", b"x")
    assert 0o600 == (tmp_path / "week.html").stat().st_mode & 0o777
