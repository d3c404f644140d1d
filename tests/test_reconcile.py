"""Ledger and spool are brought into step at the start, in both directions."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sipbot.errors import SpoolError
from sipbot.ledger import Ledger
from sipbot.reconcile import adopt_orphans, bring_into_step, find_lost_audio
from sipbot.records import CallOffer, EndedBy, EndState
from sipbot.spool import Note, Spool
from tests.memo_samples import AT, a_memo_of, an_offer


class Troubles(dict[str, str | None]):
    """What was told, by its id."""

    def __call__(self, name: str, problem: str | None, _remedy: str) -> None:
        self[name] = problem


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def prepare(spool: Spool) -> CallOffer:
    offer = an_offer()
    spool.prepare(
        Note(offer=offer, client="yamato", rule="to", number="yamato", caller="+81355501234")
    )
    return offer


def record(spool: Spool, call: str) -> None:
    spool.audio(call).parent.mkdir(exist_ok=True)
    with wave.open(str(spool.audio(call)), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(bytes(8000))


async def test_audio_without_a_row_gets_its_row_back(ledger: Ledger, spool: Spool) -> None:
    offer = prepare(spool)
    record(spool, offer.call)

    adopted = await adopt_orphans(ledger, spool, Troubles())

    (entry,) = await ledger.unfinished_calls()
    assert (1, offer, "yamato", "+81355501234") == (
        adopted,
        entry.offer,
        entry.client,
        entry.caller,
    )


async def test_audio_with_its_row_is_left_alone(ledger: Ledger, spool: Spool) -> None:
    offer = prepare(spool)
    record(spool, offer.call)
    await ledger.refuse_call(offer, EndState.REFUSED_CAPACITY, 486)

    assert 0 == await adopt_orphans(ledger, spool, Troubles())


async def test_folder_without_audio_is_no_call(ledger: Ledger, spool: Spool) -> None:
    prepare(spool)

    assert 0 == await adopt_orphans(ledger, spool, Troubles())


async def test_audio_without_row_and_note_is_told_and_kept(ledger: Ledger, spool: Spool) -> None:
    record(spool, "stray")
    troubles = Troubles()

    await adopt_orphans(ledger, spool, troubles)

    assert "stray" in str(troubles["orphan-audio"])
    assert spool.has_audio("stray")


async def test_one_recording_that_the_disk_does_not_show_keeps_no_other_from_being_found(
    ledger: Ledger, spool: Spool
) -> None:
    offer = prepare(spool)
    record(spool, offer.call)
    spool.audio("bad").parent.mkdir()
    spool.audio("bad").symlink_to(spool.audio("bad"))  # ELOOP, as a bad inode says EIO
    troubles = Troubles()

    await bring_into_step(ledger, spool, troubles)

    (entry,) = await ledger.unfinished_calls()
    assert offer == entry.offer
    assert str(spool.audio("bad")) in str(troubles["audio-unreadable"])


async def test_memo_whose_recording_the_disk_does_not_show_is_not_told_as_lost(
    ledger: Ledger, spool: Spool
) -> None:
    offer = prepare(spool)
    await ledger.add_call(offer, "yamato", "to", "yamato")
    await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, a_memo_of(offer))
    spool.audio(offer.call).symlink_to(spool.audio(offer.call))
    troubles = Troubles()

    lost = await find_lost_audio(ledger, spool, troubles)

    assert ([], ["audio-unreadable"]) == (lost, list(troubles))


async def test_memo_without_audio_is_told(ledger: Ledger, spool: Spool) -> None:
    offer = prepare(spool)
    memo = a_memo_of(offer)
    await ledger.add_call(offer, "yamato", "to", "yamato")
    await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    troubles = Troubles()

    lost = await find_lost_audio(ledger, spool, troubles)

    assert [memo.id] == lost
    assert memo.id in str(troubles["audio-missing"])


def test_damaged_note_is_an_error_that_says_what_to_do(spool: Spool) -> None:
    offer = prepare(spool)
    spool.audio(offer.call).with_name("call.json").write_text("{", encoding="utf-8")

    with pytest.raises(SpoolError, match="listen to it and move the folder out"):
        spool.note(offer.call)
