"""Recordings through their door: plain or encrypted they sound the same, and none is ever lost."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from sipbot.age_file import Identity
from sipbot.audio_keys import AudioKeys, write_keys
from sipbot.disk import RESERVE_BYTES, Room
from sipbot.errors import DamagedError, LockedError, SpoolError
from sipbot.masked_audio import masked_copy
from sipbot.recordings import AUDIO, MASKED, Recordings
from tests.test_masking import a_recording

CALL, OTHER = "0192-one", "0192-two"
MADE = datetime(2026, 11, 20, tzinfo=UTC)
KILLED = Path(__file__).parent / "killed_while_encrypting.py"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "audio.agekey"
    write_keys(path, [Identity.new()], MADE)
    return path


@pytest.fixture
def recordings(tmp_path: Path, key: Path) -> Recordings:
    for call in (CALL, OTHER):
        (tmp_path / "spool" / call).mkdir(parents=True)
        a_recording(tmp_path / "spool" / call, 9.0 if call == CALL else 1.0)
    return Recordings(tmp_path / "spool", AudioKeys(key))


def heard(recordings: Recordings, call: str = CALL, name: str = AUDIO) -> bytes:
    with recordings.open(call, name) as file:
        return file.read()


def files(recordings: Recordings, call: str = CALL) -> list[str]:
    return sorted(path.name for path in recordings.folder(call).iterdir())


def test_encrypted_recording_is_heard_as_it_was_said(recordings: Recordings) -> None:
    said, changed_ns = heard(recordings), recordings.changed_ns(CALL)

    recordings.seal(CALL, sha256=sha256(said).hexdigest())

    assert (said, changed_ns) == (heard(recordings), recordings.changed_ns(CALL))
    assert ["audio.wav.age"] == files(recordings)
    assert said[1000:1064] not in (recordings.folder(CALL) / "audio.wav.age").read_bytes()
    assert 0o600 == (recordings.folder(CALL) / "audio.wav.age").stat().st_mode & 0o777


@pytest.mark.peer
def test_public_age_opens_it_with_the_key_file(recordings: Recordings, key: Path) -> None:
    said = heard(recordings)
    recordings.seal(CALL)

    found = subprocess.run(
        ["age", "-d", "-i", key, recordings.folder(CALL) / "audio.wav.age"],
        capture_output=True,
        check=True,
    )

    assert said == found.stdout


def test_recording_swapped_with_another_calls_is_refused(recordings: Recordings) -> None:
    for call in (CALL, OTHER):
        recordings.seal(call)
    one, two = (recordings.folder(call) / "audio.wav.age" for call in (CALL, OTHER))
    other = two.read_bytes()
    two.write_bytes(one.read_bytes())
    one.write_bytes(other)

    with pytest.raises(DamagedError, match=f"is the recording of {OTHER}"):
        recordings.open(CALL)


def test_recording_in_the_place_of_its_masked_copy_is_refused(recordings: Recordings) -> None:
    """Else whoever may move files lets masked accounts hear numbers."""
    masked_copy(recordings, CALL, ((0.0, 1.0),))
    recordings.seal(CALL)
    folder = recordings.folder(CALL)
    (folder / "audio.wav.age").replace(folder / "audio-masked.wav.age")

    with pytest.raises(DamagedError, match="is the recording of"):
        recordings.open(CALL, MASKED)


def test_masked_copy_never_lies_plain_and_is_made_once(recordings: Recordings) -> None:
    first = masked_copy(recordings, CALL, ((0.0, 1.0),))
    recordings.seal(CALL)

    again = masked_copy(recordings, CALL, ((0.0, 1.0),))

    assert first == again
    assert ["audio-masked.json", "audio-masked.wav.age", "audio.wav.age"] == files(recordings)
    assert first.sha256 == recordings.sha256(CALL, MASKED)


def test_recording_that_is_not_the_memos_stays_as_it_is(recordings: Recordings) -> None:
    with pytest.raises(DamagedError, match="its hash differs"):
        recordings.seal(CALL, sha256="0" * 64)
    assert ["audio.wav"] == files(recordings)


def test_full_disk_leaves_the_plain_recording(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Room(free_bytes=RESERVE_BYTES, free_files=9, total_files=9)
    monkeypatch.setattr("sipbot.recordings.look", lambda _: room)
    with pytest.raises(SpoolError, match="no room"):
        recordings.seal(CALL)
    assert ["audio.wav"] == files(recordings)


def test_disk_that_refuses_leaves_no_half_file(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(SpoolError, match="No space left on device"):
        recordings.seal(CALL)
    assert ["audio.wav"] == files(recordings)


def test_missing_key_is_named_with_a_remedy_and_nothing_is_deleted(
    recordings: Recordings, key: Path
) -> None:
    recordings.seal(CALL)
    key.unlink()

    with pytest.raises(LockedError, match=r"audio\.agekey: does not exist .* bring back theirs"):
        recordings.open(CALL)
    with pytest.raises(LockedError, match="does not exist"):
        recordings.seal(OTHER)
    assert (["audio.wav.age"], ["audio.wav"]) == (files(recordings), files(recordings, OTHER))


def test_wrong_key_is_named_with_a_remedy(recordings: Recordings, key: Path) -> None:
    recordings.seal(CALL)
    write_keys(key, [Identity.new()], MADE)

    with pytest.raises(LockedError, match=r"no key in .*audio\.agekey opens it: .* Add the key"):
        recordings.open(CALL)


def test_key_of_another_site_encrypts_nothing_and_the_plain_recording_stays(
    recordings: Recordings, key: Path
) -> None:
    """What it encrypted would be lost with it, or once the right key is back."""
    said = heard(recordings, OTHER)
    recordings.seal(CALL)
    write_keys(key, [Identity.new()], MADE)
    after_a_start = Recordings(recordings.spool, AudioKeys(key))

    for one in (recordings, after_a_start):
        with pytest.raises(LockedError, match=r"stays plain.*Add the key"):
            one.seal(OTHER)

    assert (["audio.wav"], said) == (files(recordings, OTHER), heard(recordings, OTHER))


def test_new_key_before_the_old_one_encrypts(recordings: Recordings, key: Path) -> None:
    recordings.seal(CALL)
    old = AudioKeys(key).identities()
    write_keys(key, [Identity.new(), *old], MADE)

    recordings.seal(OTHER)

    assert ["audio.wav.age"] == files(recordings, OTHER)


def test_settings_without_a_key_say_which_one_is_wanted(recordings: Recordings) -> None:
    recordings.seal(CALL)
    with pytest.raises(LockedError, match=r"set privacy\.audio_key_file"):
        Recordings(recordings.spool).open(CALL)


def test_key_in_a_variable_opens_and_encrypts(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIO_KEY", f"{Identity.new().text} {Identity.new().text}")
    by_variable = Recordings(recordings.spool, AudioKeys(None, "AUDIO_KEY"))
    said = heard(by_variable)

    by_variable.seal(CALL)

    assert said == heard(by_variable)


def test_key_file_that_is_none_is_refused_at_its_line_and_never_quoted(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("# a comment\nAGE-SECRET-KEY-1SECRETWORD\n", encoding="ascii")
    with pytest.raises(LockedError, match=r"key:2: is no identity") as caught:
        AudioKeys(path).identities()
    assert "SECRETWORD" not in str(caught.value)


def test_decrypted_for_the_ears_and_encrypted_again_it_is_the_same(recordings: Recordings) -> None:
    said = heard(recordings)
    recordings.seal(CALL)

    undone = recordings.unseal(CALL), recordings.unseal(CALL)
    plain = (recordings.folder(CALL) / "audio.wav").read_bytes()
    recordings.seal(CALL)

    assert ((True, False), said, said) == (undone, plain, heard(recordings))
    assert ["audio.wav.age"] == files(recordings)


def test_plain_recording_beside_another_ones_encrypted_form_stays(recordings: Recordings) -> None:
    recordings.seal(CALL)
    a_recording(recordings.folder(CALL), 2.0)
    with pytest.raises(DamagedError, match="is another recording than"):
        recordings.seal(CALL)
    assert ["audio.wav", "audio.wav.age"] == files(recordings)


def test_changed_key_opens_everything_and_the_old_one_nothing(
    recordings: Recordings, key: Path
) -> None:
    said = heard(recordings)
    recordings.seal(CALL)
    old, new = AudioKeys(key).identities()[0], Identity.new()
    write_keys(key, [new, old], MADE)

    wrapped = recordings.rewrap(CALL), recordings.rewrap(CALL)

    write_keys(key, [new], MADE)
    assert ((True, False), said) == (wrapped, heard(recordings))
    write_keys(key, [old], MADE)
    with pytest.raises(LockedError):
        recordings.open(CALL)


@pytest.mark.parametrize("work", ["seal", "unseal", "rewrap"])
def test_who_is_killed_at_any_step_leaves_a_whole_recording_and_goes_on_the_next_time(
    recordings: Recordings, key: Path, work: str
) -> None:
    said = heard(recordings)
    if work != "seal":
        recordings.seal(CALL)
    if work == "rewrap":
        write_keys(key, [Identity.new(), *AudioKeys(key).identities()], MADE)
    command = [sys.executable, str(KILLED), str(recordings.spool), str(key), CALL, work]
    deaths = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert {sha256(said).hexdigest()} == set(deaths)
    assert len(deaths) > 8
    recordings.seal(CALL)
    assert (["audio.wav.age"], said) == (files(recordings), heard(recordings))
