"""Which ears read a memo, seen from its ledger."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.memo import LIVE_EAR, SECOND_EAR, Stage
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ModelRef
from sipbot.spool import Spool
from sipbot.text_thread import TextThread
from sipbot.understanding import ClientFacts, Understood
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer


async def test_memo_in_a_language_without_an_ear_fails_recognition_and_begins_without_an_error(
    tmp_path: Path,
) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        offer = an_offer()
        memo = a_memo_of(offer)
        nobody = memo.recognition.model_copy(update={"ears_pending": ()})
        memo = memo.model_copy(update={"recognition": nobody})
        await ledger.add_call(offer, memo.client, "request-uri", "yamato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        live = SpeechClient("live", (), lambda _: None)
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=live,
            second=None,
            models=(),
            texts=TextThread(),
        )

        await reading.begin(memo, "ja")

        stored = await ledger.memo(memo.id)
    assert stored is not None
    assert Stage.RECOGNITION_FAILED == stored.stage


async def test_text_is_understood_by_what_the_dialplan_in_force_says_when_it_comes(
    tmp_path: Path,
) -> None:
    """Region, zone and words of the client are those of now, whoever began to read."""
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        offer = an_offer()
        memo = a_memo_of(offer)
        await ledger.add_call(offer, memo.client, "request-uri", "yamato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        live = SpeechClient("live", (), lambda _: None)
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=live,
            second=None,
            models=(),
            texts=TextThread(),
        )
        reading.facts = {
            memo.client: ClientFacts(region="JP", zone=ZoneInfo("Asia/Tokyo"))
        }.__getitem__
        await reading.begin(memo, "ja")

        text = a_transcript("折り返しは 03-6743-1209 まで 明日の 午後3時に")
        await reading.heard(wire.Final(job=offer.call, transcript=text), LIVE_EAR)

        stored = await ledger.memo(memo.id)
    assert stored is not None
    assert ["+81367431209", "2026-11-21T15:00"] == [one.value for one in stored.found]
    assert ["+81367431209", "+81355501234"] == [one.number for one in stored.callback.evidence]


async def test_client_that_wants_one_ear_is_read_by_the_live_one_where_it_hears(
    tmp_path: Path,
) -> None:
    models = [
        ModelRef(name="v", engine="vosk", languages=("ko",), path="v"),
        ModelRef(name="w", engine="faster-whisper", languages=("ko", "ja"), path="w"),
    ]
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=SpeechClient("live", (), lambda _: None),
            second=SpeechClient("second", (), lambda _: None),
            models=models,
            texts=TextThread(),
        )
        reading.facts = lambda client: ClientFacts(second=client != "thrifty")

        ears = [reading.ears(each, "thrifty") for each in ("ko", "ja")]

        assert [(LIVE_EAR,), (SECOND_EAR,)] == ears
        assert (LIVE_EAR, SECOND_EAR) == reading.ears("ko", "other")


async def test_damaged_model_is_waited_for_by_no_new_memo(tmp_path: Path) -> None:
    model = ModelRef(name="w", engine="faster-whisper", languages=("ja",), path="w")
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=SpeechClient("live", (), lambda _: None),
            second=SpeechClient("second", (), lambda _: None),
            models=[model],
            texts=TextThread(),
        )

        await reading.now_hears(SECOND_EAR, {})

        assert () == reading.ears("ja")


async def test_memo_whose_ears_are_all_gone_is_waited_for_by_nobody_after_a_restart(
    tmp_path: Path,
) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        offer = an_offer()
        memo = a_memo_of(offer)
        await ledger.add_call(offer, memo.client, "request-uri", "yamato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=SpeechClient("live", (), lambda _: None),
            second=None,
            models=(),
            texts=TextThread(),
        )

        await reading.resume({memo.client: "ja"})

        stored = await ledger.memo(memo.id)
    assert stored is not None
    assert (Stage.RECOGNITION_FAILED, {}) == (stored.stage, reading._jobs)


async def test_text_that_cannot_be_understood_is_kept_as_it_was_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        offer = an_offer()
        memo = a_memo_of(offer)
        await ledger.add_call(offer, memo.client, "request-uri", "yamato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        live = SpeechClient("live", (), lambda _: None)
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=live,
            second=None,
            models=(),
            texts=TextThread(),
        )
        await reading.begin(memo, "ja")

        def mistaken(*_: object, **__: object) -> Understood:
            raise ValueError("a mistake of ours")

        monkeypatch.setattr("sipbot.reading.understand", mistaken)
        await reading.heard(
            wire.Final(job=offer.call, transcript=a_transcript("もしもし")), LIVE_EAR
        )

        stored = await ledger.memo(memo.id)
    assert stored is not None
    assert (Stage.TRANSCRIBED, "もしもし") == (stored.stage, stored.text)
    assert (LIVE_EAR,) == stored.recognition.not_understood


async def test_text_that_was_there_first_is_written_although_the_ledger_refused_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        offer = an_offer()
        memo = a_memo_of(offer)
        await ledger.add_call(offer, memo.client, "request-uri", "yamato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        live = SpeechClient("live", (), lambda _: None)
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=live,
            second=None,
            models=(),
            texts=TextThread(),
        )
        reading.facts = lambda _: ClientFacts()
        reading.listen(offer.call, "ja", memo.client)
        await reading.heard(wire.Final(job=offer.call, transcript=a_transcript("至急")), LIVE_EAR)
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "revise_memo", _refuse)
            with pytest.raises(LedgerError):
                await reading.begin(memo, "ja")

        await reading.begin(memo, "ja")

        stored = await ledger.memo(memo.id)
    assert stored is not None
    assert "至急" == stored.text


async def _refuse(*_: object) -> None:
    raise LedgerError("the disk is full")


async def test_memo_of_a_client_without_a_dialplan_says_why_it_is_not_read_again(
    tmp_path: Path,
) -> None:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        offer = an_offer()
        memo = a_memo_of(offer)
        await ledger.add_call(offer, memo.client, "request-uri", "yamato")
        await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        reading = Reading(
            ledger=ledger,
            spool=Spool(tmp_path / "spool"),
            live=SpeechClient("live", (), lambda _: None),
            second=None,
            models=(),
            texts=TextThread(),
        )

        await reading.resume({})

        stored = await ledger.memo(memo.id)
    assert stored is not None
    assert "no dialplan of yamato is in force" in (stored.recognition.problem or "")
