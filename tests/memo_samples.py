"""A call, a memo and a transcript as they might be, for the tests of the ledger and the bus."""

from datetime import UTC, datetime, timedelta

from uuid6 import uuid7

from sipbot.memo import LIVE_EAR, Caller, Memo, MemoCall, first_memo
from sipbot.records import CallOffer, EndedBy, Party, Recording, Transcript, Word

AT = datetime(2026, 11, 20, 3, 4, 5, tzinfo=UTC)
MEMO_ID = "019a9c3e-0000-7000-8000-000000000001"


def a_memo(number: str | None = "+81355501234", ears: tuple[str, ...] = (LIVE_EAR,)) -> Memo:
    return first_memo(
        memo_id=MEMO_ID,
        client="yamato",
        call=MemoCall(
            id="019a9c3e-0000-7000-8000-000000000002",
            from_="sip:0355501234@192.0.2.1",
            to="sip:yamato@192.0.2.2",
            started_at=AT,
            ended_at=AT + timedelta(seconds=20),
            ended_by=EndedBy.CALLER,
        ),
        caller=Caller(number=number),
        recording=Recording(path="spool/audio.wav", sha256="0" * 64, duration_s=12.5),
        audio_url="https://console.example/audio/1",
        at=AT,
        ears=ears,
    )


def a_transcript(text: str, engine: str = LIVE_EAR) -> Transcript:
    words = tuple(
        Word(text=word, start_s=float(i), end_s=i + 0.5, confidence=0.9)
        for i, word in enumerate(text.split())
    )
    return Transcript(text=text, words=words, language="ja", engine=engine, model="some-model")


def an_offer(call: str | None = None) -> CallOffer:
    return CallOffer(
        call=call or str(uuid7()),
        received_at=AT,
        source="192.0.2.1:5060",
        sip_call_id="a84b4c76e66710@192.0.2.1",
        request_uri="sip:yamato@192.0.2.2",
        to=Party(uri="sip:yamato@192.0.2.2"),
        from_=Party(uri="sip:0355501234@192.0.2.1"),
    )


def a_memo_of(offer: CallOffer, client: str = "yamato") -> Memo:
    memo = a_memo()
    return memo.model_copy(
        update={
            "id": str(uuid7()),
            "client": client,
            "call": memo.call.model_copy(update={"id": offer.call}),
        }
    )
