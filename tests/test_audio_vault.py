"""Recordings are encrypted when their calls are through, and not a moment before."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sipbot import doctor_audio_key
from sipbot.age_file import Identity
from sipbot.audio_keys import AudioKeys, write_keys
from sipbot.audio_vault import ALERT, AudioVault
from sipbot.cli import program
from sipbot.config import load
from sipbot.ledger import Ledger
from sipbot.ledger_invariants import examine
from sipbot.memo import Memo, with_transcript
from sipbot.memo_id import memo_id
from sipbot.reconcile import adopt_orphans, find_lost_audio, unlock_what_is_due
from sipbot.records import CallOffer, EndedBy, EndState
from sipbot.spool import Note, Spool
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer
from tests.test_masking import a_recording
from tests.test_reconcile import Troubles

MADE = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    (tmp_path / "var").mkdir()
    async with Ledger.open(tmp_path / "var" / "sipbot.sqlite3") as opened:
        yield opened


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "audio.agekey"
    write_keys(path, [Identity.new()], MADE)
    return path


@pytest.fixture
def spool(tmp_path: Path, key: Path) -> Spool:
    return Spool(tmp_path / "var" / "spool", AudioKeys(key))


async def a_call(ledger: Ledger, spool: Spool) -> CallOffer:
    """Let somebody speak for a second."""
    offer = an_offer()
    note = Note(offer=offer, client="yamato", rule="to", number="yamato", caller=None)
    spool.prepare(note)
    a_recording(spool.audio(offer.call).parent, 1.0)
    await ledger.add_call(offer, "yamato", "to", "yamato")
    return offer


async def left(ledger: Ledger, spool: Spool, offer: CallOffer) -> Memo:
    """Let the call end with a memo, which waits for an ear."""
    memo = a_memo_of(offer)
    digest = sha256(spool.audio(offer.call).read_bytes()).hexdigest()
    audio = memo.audio.model_copy(update={"sha256": digest})
    memo = memo.model_copy(update={"id": memo_id(offer), "audio": audio})
    await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


async def read(ledger: Ledger, memo: Memo) -> None:
    await ledger.revise_memo(memo.id, lambda m: with_transcript(m, a_transcript("はい"), AT))


def with_or_without(key: Path, identities: list[Identity]) -> None:
    key.unlink(missing_ok=True)
    if identities:
        write_keys(key, identities, MADE)


async def test_recording_is_encrypted_when_the_last_ear_has_read_it(
    ledger: Ledger, spool: Spool
) -> None:
    vault = AudioVault(ledger, spool.recordings, Troubles())
    offer = await a_call(ledger, spool)
    told = [await vault.put_away(offer.call)]
    memo = await left(ledger, spool, offer)
    told.append(await vault.put_away(offer.call))
    plain = spool.recordings.is_plain(offer.call)
    await read(ledger, memo)

    told.append(await vault.put_away(offer.call))

    assert ([False, False, True], True) == (told, plain)
    assert not spool.recordings.is_plain(offer.call)
    assert memo.audio.sha256 == spool.recordings.sha256(offer.call)


async def test_recording_of_a_call_without_a_message_is_encrypted_too(
    ledger: Ledger, spool: Spool
) -> None:
    offer = await a_call(ledger, spool)
    await ledger.end_call(offer.call, EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None)

    await AudioVault(ledger, spool.recordings, Troubles()).look()

    assert not spool.recordings.is_plain(offer.call)


async def test_without_its_key_nothing_is_lost_and_it_is_told_until_the_key_is_back(
    ledger: Ledger, spool: Spool, key: Path
) -> None:
    troubles, told = Troubles(), list[bool]()
    vault = AudioVault(ledger, spool.recordings, troubles)
    memo = await left(ledger, spool, await a_call(ledger, spool))
    await read(ledger, memo)
    identities = AudioKeys(key).identities()

    for there in (False, True):
        with_or_without(key, identities if there else [])
        await vault.look()
        told.append(spool.recordings.is_plain(memo.call.id))
        if not there:
            assert "audio.agekey: does not exist" in str(troubles[ALERT])

    assert ([True, False], None) == (told, troubles[ALERT])


async def test_what_is_through_is_encrypted_at_once_and_the_rest_when_it_is_looked_for(
    ledger: Ledger, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sipbot.audio_vault.FIRST_S", 0.2)
    vault = AudioVault(ledger, spool.recordings, Troubles())
    memos = [await left(ledger, spool, await a_call(ledger, spool)) for _ in range(2)]
    for memo in memos:
        await read(ledger, memo)
    running = asyncio.create_task(vault.run())
    vault.through(memos[0].call.id)

    async with asyncio.timeout(60):
        while any(spool.recordings.is_plain(memo.call.id) for memo in memos):
            await asyncio.sleep(0.02)

    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    assert all(spool.recordings.is_sealed(memo.call.id) for memo in memos)


async def test_ledger_of_a_backup_gets_its_calls_back_from_encrypted_recordings(
    tmp_path: Path, ledger: Ledger, spool: Spool
) -> None:
    offer = await a_call(ledger, spool)
    said = spool.audio(offer.call).read_bytes()
    spool.recordings.seal(offer.call)
    troubles = Troubles()
    async with Ledger.open(tmp_path / "older.sqlite3") as older:
        adopted = await adopt_orphans(older, spool, troubles)

        undone = await unlock_what_is_due(older, spool, troubles)

    assert (1, 1, {}) == (adopted, undone, troubles)
    assert said == spool.audio(offer.call).read_bytes()


async def test_encrypted_recording_is_neither_lost_nor_a_breach(
    tmp_path: Path, ledger: Ledger, spool: Spool
) -> None:
    memo = await left(ledger, spool, await a_call(ledger, spool))
    spool.recordings.seal(memo.call.id)

    lost = await find_lost_audio(ledger, spool, Troubles())

    assert [] == lost
    path = tmp_path / "var" / "sipbot.sqlite3"
    assert () == examine(path, tmp_path / "var" / "spool").problems


# -- the command, and the doctor ------------------------------------------------------------------


def settings(folder: Path) -> Path:
    path = folder / "config.toml"
    path.write_text('[privacy]\naudio_key_file = "audio.agekey"\n', encoding="utf-8")
    return path


def run(config: Path, *words: str, code: int = 0) -> str:
    command = ["privacy", "key", *words, "--config", str(config)]
    found = CliRunner().invoke(program("privacy"), command)
    assert code == found.exit_code, found.output
    return found.output


def findings(config: Path) -> list[tuple[str, str]]:
    return [(one.state, one.found) for one in doctor_audio_key.examine(load(config))]


def test_key_is_made_and_changed_by_commands_and_every_recording_stays_open(
    tmp_path: Path,
) -> None:
    config = settings(tmp_path)
    made = run(config, "new")
    spool = Spool(tmp_path / "var" / "spool", AudioKeys(tmp_path / "audio.agekey"))
    (tmp_path / "var" / "spool" / "a").mkdir(parents=True)
    said = a_recording(tmp_path / "var" / "spool" / "a", 1.0).read_bytes()
    spool.recordings.seal("a")

    changed = run(config, "rotate")

    keys = AudioKeys(tmp_path / "audio.agekey").identities()
    assert (keys[1].recipient in made, keys[0].recipient in changed) == (True, True)
    assert "1 files are the new key's now" in changed
    write_keys(tmp_path / "audio.agekey", keys[:1], MADE)
    with spool.recordings.open("a") as file:
        assert said == file.read()
    assert "0 files" in run(config, "rewrap")


def test_doctor_opens_a_recording_with_the_key_and_tells_who_else_can_read_it(
    tmp_path: Path,
) -> None:
    config = settings(tmp_path)
    missing = findings(config)
    run(config, "new")
    spool = Spool(tmp_path / "var" / "spool", AudioKeys(tmp_path / "audio.agekey"))
    (tmp_path / "var" / "spool" / "a").mkdir(parents=True)
    a_recording(tmp_path / "var" / "spool" / "a", 1.0)
    spool.recordings.seal("a")
    right = findings(config)
    (tmp_path / "audio.agekey").chmod(0o644)
    open_to_all = findings(config)
    write_keys(tmp_path / "audio.agekey", [Identity.new()], MADE)
    wrong = findings(config)
    config.write_text("", encoding="utf-8")
    unset = findings(config)

    assert ["failed", "ok", "failed", "failed"] == [
        one[0][0] for one in (missing, right, wrong, unset)
    ]
    assert "does not exist" in missing[0][1]
    assert "newest encrypted recording open" in right[0][1]
    assert ["ok", "warning"] == [state for state, _ in open_to_all]
    assert "opens it" in wrong[0][1]
    assert "config.toml names no key" in unset[0][1]
