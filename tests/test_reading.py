"""Which ears read a memo, seen from its ledger."""

from pathlib import Path

from sipbot.ledger import Ledger
from sipbot.memo import Stage
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState
from sipbot.speech.client import SpeechClient
from sipbot.spool import Spool
from tests.memo_samples import AT, a_memo_of, an_offer


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
            ledger=ledger, spool=Spool(tmp_path / "spool"), live=live, second=None, models=()
        )

        await reading.begin(memo, "ja")

        stored = await ledger.memo(memo.id)
    assert stored is not None
    assert Stage.RECOGNITION_FAILED == stored.stage
