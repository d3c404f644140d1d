"""`sipbot ledger check` and `backup`: every rule is seen to be broken, no copy is half a copy."""

import asyncio
import contextlib
import errno
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sipbot import ledger_backup, ledger_check, ledger_invariants
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger, ReadOnlyLedger
from sipbot.ledger_backup import back_up
from sipbot.ledger_check import reading
from sipbot.ledger_invariants import FILE, FOREIGN_KEYS, RECORDING, RULES, examine
from sipbot.memo import Memo, with_transcript
from sipbot.records import EndedBy, EndState
from tests.brokers import ROOT
from tests.commands import a_request
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer


async def store(path: Path) -> list[Memo]:
    """Fill a ledger with calls of several kinds and two memos, one of them revised."""
    async with Ledger.open(path) as ledger:
        memos = []
        for client in ("yamato", "sakura"):
            offer = an_offer()
            memo = a_memo_of(offer, client)
            await ledger.add_call(offer, client, "request-uri", client)
            await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
            memos.append(memo)
        await ledger.revise_memo(
            memos[0].id, lambda old: with_transcript(old, a_transcript("moshi moshi"), AT)
        )
        await ledger.add_call(an_offer(), "yamato", "request-uri", "yamato")
        await ledger.refuse_call(an_offer(), EndState.REFUSED_UNMAPPED, 404)
        await ledger.commands.obey(a_request("claim", memo="nobody"), AT)
    return memos


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    path = tmp_path / "sipbot.sqlite3"
    for memo in asyncio.run(store(path)):
        audio = tmp_path / "spool" / memo.call.id / "audio.wav"
        audio.parent.mkdir(parents=True)
        audio.write_bytes(b"RIFF")
    return path


@contextlib.contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    """A hand in the ledger that keeps to no rules."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA ignore_check_constraints = ON")
        database.execute("PRAGMA writable_schema = ON")
        yield database


def test_ledger_in_order_is_proved_sound(ledger_file: Path) -> None:
    found = examine(ledger_file, ledger_file.parent / "spool")

    assert ((), ()) == (found.problems, found.unchecked)
    assert (4, 2, 4) == (found.calls, found.memos, found.deliveries)
    assert found.proved


BREAKS = {
    "an ended call has a state": "UPDATE calls SET state = NULL WHERE state = 'refused_unmapped'",
    "a call that ended as memo has its memo": (
        "UPDATE calls SET state = 'memo' WHERE state = 'refused_unmapped'"
    ),
    "a memo belongs to a call that ended as memo": (
        "UPDATE calls SET state = 'no_message' WHERE state = 'memo' AND client = 'sakura'"
    ),
    "a memo's columns say what its body says": "UPDATE memos SET stage = 'recorded' WHERE rev = 2",
    "a memo is held by somebody until some time, or by nobody": (
        "UPDATE memos SET body = json_set(body, '$.holder', 'hanako') WHERE client = 'sakura'"
    ),
    "every command has its answer": "DELETE FROM deliveries WHERE req IS NOT NULL",
    "every revision of a memo has its delivery": (
        "UPDATE memos SET rev = 2, body = json_set(body, '$.rev', 2) WHERE client = 'sakura'"
    ),
    "a client's feed has no gap": "UPDATE deliveries SET seq = 9 WHERE client = 'sakura'",
    "a superseded delivery has a later one": (
        "UPDATE deliveries SET superseded_by = 1 WHERE client = 'sakura'"
    ),
    FOREIGN_KEYS: "UPDATE deliveries SET memo = 'nobody' WHERE client = 'sakura'",
    "a call's end is one that exists": (
        "UPDATE calls SET ended_by = 'nobody' WHERE state = 'refused_unmapped'"
    ),
    FILE: (
        "UPDATE sqlite_master SET sql = replace(sql, 'received_at', 'rule')"
        " WHERE name = 'calls_unfinished'"
    ),
}


def test_every_rule_has_a_test() -> None:
    assert {*RULES, FOREIGN_KEYS, FILE} == set(BREAKS)


@pytest.mark.parametrize("rule", BREAKS)
def test_broken_rule_is_reported(ledger_file: Path, rule: str) -> None:
    with raw(ledger_file) as database:
        assert 1 == database.execute(BREAKS[rule]).rowcount

    found = examine(ledger_file, ledger_file.parent / "spool")

    assert rule in [problem.rule for problem in found.problems]
    assert not found.proved


def test_missing_recording_is_reported_with_its_memo(ledger_file: Path) -> None:
    with ReadOnlyLedger.open(ledger_file) as ledger:
        memo = ledger.memos(1)[0]
    audio = ledger_file.parent / "spool" / memo.call.id / "audio.wav"
    audio.unlink()

    [problem] = examine(ledger_file, ledger_file.parent / "spool").problems

    assert (RECORDING, memo.id) == (problem.rule, problem.subject)
    assert str(audio) in problem.found


def test_check_without_time_says_what_it_has_not_checked(
    ledger_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that was not looked at is not a rule that holds."""
    monkeypatch.setattr(ledger_check, "_OPS_BETWEEN_LOOKS", 1)

    found = examine(ledger_file, ledger_file.parent / "spool", limit_s=-1.0)

    assert (FILE, FOREIGN_KEYS, *RULES) == found.unchecked
    assert ((), False) == (found.problems, found.proved)


def test_file_that_is_no_ledger_cannot_be_checked(tmp_path: Path) -> None:
    path = tmp_path / "sipbot.sqlite3"
    path.write_bytes(b"this is not a database" * 100)

    with pytest.raises(LedgerError, match="latest backup"):
        examine(path, None)


def test_backup_is_a_sound_ledger_of_its_owner(ledger_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"

    size = back_up(ledger_file, copy)

    assert (size, 0o600) == (copy.stat().st_size, stat.S_IMODE(copy.stat().st_mode))
    assert examine(copy, None).proved
    with ReadOnlyLedger.open(ledger_file) as one, ReadOnlyLedger.open(copy) as other:
        assert one.memos(10) == other.memos(10)


def test_backup_does_not_overwrite(ledger_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    copy.write_text("precious", encoding="ascii")

    with pytest.raises(LedgerError, match="not overwritten"):
        back_up(ledger_file, copy)

    assert "precious" == copy.read_text(encoding="ascii")


def test_backup_does_not_overwrite_what_came_meanwhile(
    ledger_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.sqlite3"
    checked = ledger_backup._check

    def late(partial: Path) -> None:
        checked(partial)
        copy.write_text("precious", encoding="ascii")

    monkeypatch.setattr(ledger_backup, "_check", late)

    with pytest.raises(LedgerError, match="not overwritten"):
        back_up(ledger_file, copy)

    assert "precious" == copy.read_text(encoding="ascii")


def damage(path: Path) -> None:
    """Overwrite the middle of a file, as a failing disk does."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 4096 * 4096)
        file.write(b"\xff" * 4096)


def no_room(path: Path) -> None:
    """Take the folder of the copy away."""
    (path.parent / "backups").rmdir()


@pytest.mark.parametrize(("harm", "word"), [(damage, "damaged"), (no_room, "folder that exists")])
def test_backup_that_fails_leaves_nothing(
    ledger_file: Path, harm: Callable[[Path], None], word: str
) -> None:
    folder = ledger_file.parent / "backups"
    folder.mkdir()
    harm(ledger_file)

    with pytest.raises(LedgerError, match=word):
        back_up(ledger_file, folder / "copy.sqlite3")

    assert [] == (list(folder.iterdir()) if folder.exists() else [])


def test_backup_of_a_ledger_that_is_written_too_often_gives_up(
    ledger_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(LedgerError, match="written all the time"):
        back_up(ledger_file, tmp_path / "copy.sqlite3", give_up_s=-1.0)

    assert not (tmp_path / "copy.sqlite3").exists()


_KILLED_IN_A_WRITE = """
import os, signal, sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("PRAGMA cache_size=1")
ledger.execute("BEGIN IMMEDIATE")
for number in range(2000):
    ledger.execute("INSERT INTO meta VALUES (?, 1)", (f"{number}" * 50,))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_backup_of_a_ledger_whose_writer_was_killed_in_a_write_is_sound(
    ledger_file: Path, tmp_path: Path
) -> None:
    """A crash is when a copy is wanted most."""
    command = [sys.executable, "-c", _KILLED_IN_A_WRITE, str(ledger_file)]
    subprocess.run(command, check=False)
    assert ledger_file.with_name(f"{ledger_file.name}-journal").stat().st_size > 0

    back_up(ledger_file, tmp_path / "copy.sqlite3")

    assert examine(tmp_path / "copy.sqlite3", None).proved


_KILLED_BEFORE_THE_NAME = """
import os, signal, sys
from pathlib import Path
from sipbot.ledger_backup import back_up
from sipbot.ledger_check import reading
Path.hardlink_to = Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
back_up(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_backup_that_is_killed_leaves_nothing_under_its_name(
    ledger_file: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.sqlite3"
    command = [sys.executable, "-c", _KILLED_BEFORE_THE_NAME, str(ledger_file), str(copy)]

    ended = subprocess.run(command, check=False, cwd=ROOT)

    assert (-signal.SIGKILL, False) == (ended.returncode, copy.exists())


def test_backup_into_a_folder_without_links_is_made(
    ledger_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick with FAT, for one."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)

    back_up(ledger_file, tmp_path / "copy.sqlite3")

    assert examine(tmp_path / "copy.sqlite3", None).proved


_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.memo_samples import AT, a_memo_of, an_offer
from sipbot.ledger import Ledger
from sipbot.records import EndedBy, EndState

async def main() -> None:
    async with Ledger.open(Path(sys.argv[1])) as ledger:
        while True:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "to", "yamato")
            await ledger.end_call(
                offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, a_memo_of(offer)
            )
            print(offer.call, flush=True)

asyncio.run(main())
"""


async def test_backups_and_checks_beside_a_writer_are_whole_and_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each copy has every call that was confirmed before it began, in steps of one page too."""
    path = tmp_path / "sipbot.sqlite3"
    writer = await asyncio.create_subprocess_exec(
        *[sys.executable, "-c", _WRITER, str(path)],
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert writer.stdout is not None
    confirmed: list[str] = []
    for number in range(5):
        confirmed += [(await writer.stdout.readline()).decode().strip() for _ in range(10)]
        copy = tmp_path / f"copy-{number}.sqlite3"
        await asyncio.to_thread(back_up, path, copy)
        with ReadOnlyLedger.open(copy) as ledger:
            assert set(confirmed) <= {memo.call.id for memo in ledger.memos(100_000)}
        assert examine(copy, None).proved
        assert () == examine(path, None, limit_s=2.0).problems
    still_written = await writer.stdout.readline()
    writer.kill()
    await writer.wait()

    assert still_written
    assert ledger_invariants.examine(path, None).proved


def test_site_without_a_ledger_is_told_so_and_not_that_it_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger yet"), reading(tmp_path / "none"):
        pass
