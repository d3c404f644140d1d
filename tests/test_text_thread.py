"""The thread of the texts: what it keeps out of the way of calls, and of memos."""

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sipbot.app import App
from sipbot.demo import settings_for
from sipbot.ledger import Ledger
from sipbot.memo import LIVE_EAR, Memo
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState, Transcript
from sipbot.reload import start
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.spool import Spool
from sipbot.text_thread import TextThread
from sipbot.understanding import Understood
from tests.memo_samples import AT, a_memo_of, a_transcript, an_offer


async def an_unread_memo(ledger: Ledger) -> Memo:
    offer = an_offer()
    memo = a_memo_of(offer)
    await ledger.add_call(offer, memo.client, "request-uri", "yamato")
    await ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
    return memo


def final(memo: Memo, text: str) -> wire.Final:
    return wire.Final(job=memo.call.id, transcript=a_transcript(text))


async def test_texts_are_understood_in_a_thread_that_ends_with_sipbot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the threads of everybody, what is done before an answer would wait behind them."""
    threads: list[str] = []

    def understood(transcript: Transcript, *_: object, **__: object) -> Understood:
        threads.append(threading.current_thread().name)
        return Understood(text=transcript.text)

    monkeypatch.setattr("sipbot.reading.understand", understood)
    settings = settings_for(tmp_path, usual_ports=False)
    async with AsyncExitStack() as stack:
        dialplans = start(settings.dialplans, settings.region, settings.var)
        app = await App.open(stack, settings, dialplans)
        for text in ("もしもし", "はい"):
            memo = await an_unread_memo(app.ledger)
            await app.reading.begin(memo, "ja")
            await app.reading.heard(final(memo, text), LIVE_EAR)

    assert ["texts_0"] * 2 == threads
    with pytest.raises(RuntimeError, match="shutdown"):
        await app.texts.run(list)


async def test_memo_that_is_to_be_masked_waits_for_one_text_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash many texts come at once, and other memos wait behind one that is masked."""
    begun, go_on, done = threading.Event(), threading.Event(), list[str]()

    def understood(transcript: Transcript, *_: object, **__: object) -> Understood:
        begun.set()
        go_on.wait()
        done.append("text")
        return Understood(text=transcript.text)

    monkeypatch.setattr("sipbot.reading.understand", understood)
    texts, live = TextThread(), SpeechClient("live", (), lambda _: None)
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as ledger:
        spool = Spool(tmp_path / "spool")
        reading = Reading(
            ledger=ledger, spool=spool, live=live, second=None, models=(), texts=texts
        )
        memos = [await an_unread_memo(ledger) for _ in range(3)]
        for memo in memos:
            await reading.begin(memo, "ja")
        async with asyncio.TaskGroup() as group:
            for memo in memos:
                group.create_task(reading.heard(final(memo, "はい"), LIVE_EAR))
            await asyncio.to_thread(begun.wait)
            await ledger.open_memos("")  # what the others ask before has its answer now
            group.create_task(texts.run(lambda: done.append("masked")))
            await asyncio.sleep(0)
            go_on.set()
    texts.close()

    assert ["text", "masked", "text", "text"] == done
