"""Prompts of the forms in force are kept, found again, and removed when nobody names them."""

import os
from pathlib import Path

import pytest

from sipbot import kept_prompts
from sipbot.errors import SpoolError
from sipbot.kept_prompts import GRACE_S, KeptPrompts
from tests.clients import BEEP

OTHER = BEEP.read_bytes()[:-2] + b"\x01\x00"
"""Another sound of the same length."""


class Shelf:
    """A folder of prompts, and what is kept of it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.now = 1e9
        self.kept = self.again()

    def again(self) -> KeptPrompts:
        """The same, as another run finds it."""
        return KeptPrompts(self.home / "kept", lambda: self.now)

    def prompt(self, content: bytes = BEEP.read_bytes(), name: str = "hello") -> dict[str, Path]:
        path = self.home / f"{name}.wav"
        path.write_bytes(content)
        return {path.name: path}

    def grows_old(self) -> None:
        """Let the grace of everything that is kept be over."""
        for path in (self.home / "kept").iterdir():
            os.utime(path, (0, 0))

    def sounds(self) -> set[bytes]:
        return {path.read_bytes() for path in (self.home / "kept").glob("*.wav")}

    def found(self, client: str = "sato") -> bytes | None:
        path = self.again().find(client, "hello.wav")
        return path.read_bytes() if path else None


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_kept_prompt_is_found_when_the_file_is_gone(shelf: Shelf) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep({"sato": prompts})
    prompts["hello.wav"].unlink()

    assert (BEEP.read_bytes(), None) == (shelf.found(), shelf.found("tanaka"))


def test_file_that_is_written_into_does_not_change_what_is_kept(shelf: Shelf) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep({"sato": prompts})
    with prompts["hello.wav"].open("r+b") as file:
        file.write(b"no sound")

    assert BEEP.read_bytes() == shelf.found()


def test_one_sound_of_many_clients_is_kept_once(shelf: Shelf) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep(dict.fromkeys(("sato", "tanaka", "mori"), prompts))

    assert 1 == len(list((shelf.home / "kept").glob("*.wav")))


def test_kept_sound_that_the_disk_has_changed_is_not_played(shelf: Shelf) -> None:
    shelf.kept.keep({"sato": shelf.prompt()})
    (sound,) = (shelf.home / "kept").glob("*.wav")
    sound.write_bytes(OTHER)

    assert shelf.found() is None


def test_kept_sound_that_was_spoilt_is_kept_anew(shelf: Shelf) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep({"sato": prompts})
    (sound,) = (shelf.home / "kept").glob("*.wav")
    sound.write_bytes(b"short")
    shelf.again().keep({"sato": prompts})

    assert BEEP.read_bytes() == shelf.found()


def test_kept_sound_that_was_spoilt_without_changing_its_size_is_kept_anew(shelf: Shelf) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep({"sato": prompts})
    (sound,) = (shelf.home / "kept").glob("*.wav")
    sound.write_bytes(OTHER)
    shelf.again().keep({"sato": prompts})

    assert BEEP.read_bytes() == shelf.found()


@pytest.mark.parametrize("spoilt", [b"no sound", b""])
def test_prompt_that_is_spoilt_before_it_is_kept_leaves_the_one_of_before(
    shelf: Shelf, spoilt: bytes
) -> None:
    shelf.kept.keep({"sato": shelf.prompt()})
    shelf.kept.keep({"sato": shelf.prompt(spoilt)})

    assert BEEP.read_bytes() == shelf.found()


def test_sound_that_nobody_names_any_more_is_removed_after_its_grace(shelf: Shelf) -> None:
    shelf.kept.keep({"sato": shelf.prompt()})
    shelf.now += 9 * GRACE_S
    shelf.kept.keep({"sato": shelf.prompt(OTHER)})
    both = shelf.sounds()
    shelf.now += GRACE_S
    shelf.kept.keep({})

    assert ({BEEP.read_bytes(), OTHER}, {OTHER}) == (both, shelf.sounds())


def test_sound_that_another_client_names_stays(shelf: Shelf) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep({"sato": prompts, "tanaka": prompts})
    shelf.kept.forget("sato")
    shelf.now += 2 * GRACE_S
    shelf.kept.keep({})

    assert (None, BEEP.read_bytes()) == (shelf.found(), shelf.found("tanaka"))


def test_draft_of_a_crash_is_removed(shelf: Shelf) -> None:
    shelf.kept.keep({"sato": shelf.prompt()})
    draft = shelf.home / "kept" / "x.wav.new"
    draft.write_bytes(b"half")
    os.utime(draft, (0, 0))
    shelf.again().keep({})

    assert not draft.exists()


def test_index_that_cannot_be_read_keeps_nobody_waiting(shelf: Shelf) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep({"sato": prompts})
    (shelf.home / "kept" / "sato.json").write_bytes(b"{")
    lost = shelf.found()
    shelf.again().keep({"sato": prompts})

    assert (None, BEEP.read_bytes()) == (lost, shelf.found())


@pytest.mark.parametrize("folder", [True, False])
def test_what_cannot_be_read_once_costs_no_sound(
    shelf: Shelf, folder: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompts = shelf.prompt()
    shelf.kept.keep({"sato": prompts})
    shelf.grows_old()
    later = shelf.again()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir" if folder else "read_bytes", refuse)
        during = later.find("sato", "hello.wav")
    later.keep({"tanaka": {}})

    assert (None, BEEP.read_bytes()) == (during, shelf.found())


def refuse(path: Path) -> bytes:
    raise OSError(5, "Input/output error", str(path))


@pytest.mark.parametrize("gone", [True, False])
def test_index_that_stays_unreadable_keeps_the_sounds_of_all(shelf: Shelf, gone: bool) -> None:
    shelf.kept.keep({"sato": shelf.prompt()})
    index = shelf.home / "kept" / "sato.json"
    content = index.read_bytes()
    index.unlink()
    index.mkdir()
    shelf.grows_old()
    later = shelf.again()
    later.keep({"tanaka": shelf.prompt(OTHER), "sato": {"hello.wav": shelf.home / "gone"}})
    index.rmdir()
    index.write_bytes(content)
    if gone:
        later.forget("sato")

    assert (None if gone else BEEP.read_bytes()) == shelf.found()


def test_many_sounds_have_no_names_before_they_are_on_disk(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def note() -> None:
        seen.append([path for path in (shelf.home / "kept").iterdir() if path.suffix != ".new"])

    seen: list[list[Path]] = []
    monkeypatch.setattr(kept_prompts, "_MANY", 1)
    monkeypatch.setattr(os, "sync", note)
    shelf.kept.keep({"sato": shelf.prompt()})

    assert [[]] == seen


def test_disk_that_refuses_is_told(shelf: Shelf) -> None:
    (shelf.home / "kept").write_bytes(b"no folder")

    with pytest.raises(SpoolError, match="the prompts in force cannot be kept"):
        shelf.kept.keep({"sato": shelf.prompt()})
