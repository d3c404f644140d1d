"""The alert about accounts.toml, and sipbot's own password at the embedded broker."""

import stat
from pathlib import Path

from sipbot import bus_key
from sipbot.accounts_file import AccountsFile
from sipbot.accounts_watch import ALERT, AccountsWatch


def told(path: Path, *texts: str) -> list[str | None]:
    """What is told of a file as it is and as it becomes."""
    problems = list[str | None]()

    def tell(alert: str, problem: str | None, _remedy: str) -> None:
        assert ALERT == alert
        problems.append(problem)

    watch = AccountsWatch(AccountsFile(path), tell)
    for text in texts:
        path.write_text(text, encoding="utf-8")
        watch.look()
    return problems


def test_missing_file_is_no_trouble(tmp_path: Path) -> None:
    problems = list[str | None]()
    AccountsWatch(AccountsFile(tmp_path / "a.toml"), lambda *said: problems.append(said[1])).look()
    assert [None] == problems


def test_wrong_file_is_told_with_its_place_until_it_is_right(tmp_path: Path) -> None:
    wrong, right = told(tmp_path / "accounts.toml", '[[account]]\nname = "X"\n', "# nobody yet\n")
    assert "accounts.toml:1:1: account[0].role" in str(wrong)
    assert (None, True) == (right, "(and 2 more); the last good form is in force" in str(wrong))


def test_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    bus_key.make(tmp_path)
    first = bus_key.read(tmp_path)
    bus_key.make(tmp_path)
    mode = stat.S_IMODE(bus_key.path_of(tmp_path).stat().st_mode)
    assert (first, 0o600, 32) == (bus_key.read(tmp_path), mode, len(first or ""))


def test_folder_without_a_key_gives_none(tmp_path: Path) -> None:
    assert None is bus_key.read(tmp_path)
