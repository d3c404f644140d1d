"""Which notice of recording a caller has heard, and how much, is written down call by call."""

import asyncio
import hashlib
import io
import re
import wave
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from sipbot.call_tools import Gone
from sipbot.labels import labels_of
from sipbot.ledger import Ledger
from sipbot.ledger_privacy import PrivacyLedger
from sipbot.memo_page import memo_page, notice_text
from sipbot.notice_log import NoticeLog
from sipbot.recording_notice import CUT, HEARD, NONE, UNKNOWN, RecordingNotice, at_s, verdict
from sipbot.records import EndedBy, EndState
from sipbot.sip import wire
from sipbot.steps import Course, Prompt
from sipbot.vcon import vcon_of
from tests.courses import course
from tests.memo_samples import AT, a_memo, an_offer

ENDED = wire.Ended(call="c", by=EndedBy.CALLER, code=200, reason="", answered=True)
HEARD_WHOLE = RecordingNotice(
    prompt="builtin:ja/notice",
    sha256="0" * 64,
    text="録音します",
    began_at=AT,
    ended_at=AT + timedelta(seconds=6.2),
    length_s=6.2,
    whole=True,
)


def a_prompt(folder: Path, seconds: float = 6.0) -> Prompt:
    path = folder / "notice.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * seconds)))
    return Prompt(name="builtin:ja/notice", wav=str(path), text="録音します")


def written(course: Course, *happenings: object) -> list[RecordingNotice]:
    """Lead a call by hand; return what is written down of its notice."""
    found: list[RecordingNotice] = []
    work: list[Callable[[], Coroutine[None, None, object]]] = []

    class Rows:
        async def keep(self, call: str, notice: RecordingNotice) -> None:
            assert "c" == call
            found.append(notice)

    log = NoticeLog("c", Rows(), work.append)
    for happening in happenings:
        log.heed(happening, course, AT)

    async def do(works: list[Callable[[], Awaitable[object]]]) -> None:
        for one in works:
            await one()

    asyncio.run(do([*work]))
    return found


def began(prompt: Prompt, at_s: float) -> wire.Answered:
    return wire.Answered(call="c", begun=wire.Begun(path=prompt.wav, at_s=at_s))


def ended(prompt: Prompt, at_s: float) -> wire.PromptEnded:
    return wire.PromptEnded(
        call="c", wav=prompt.wav, begun=wire.Begun(path="greeting.wav", at_s=at_s)
    )


def test_notice_that_ended_was_heard_and_says_which_file_and_when(tmp_path: Path) -> None:
    prompt = a_prompt(tmp_path)

    (notice,) = written(
        course(notice=prompt), began(prompt, 100.0), ended(prompt, 106.0), ENDED, Gone()
    )

    assert HEARD == verdict(notice)
    assert (0.0, 6.0) == at_s(notice, AT)
    assert ("builtin:ja/notice", "録音します", 6.0) == (notice.prompt, notice.text, notice.length_s)
    assert hashlib.sha256(Path(prompt.wav).read_bytes()).hexdigest() == notice.sha256


@pytest.mark.parametrize("end", [ENDED, Gone(), msgspec.structs.replace(ENDED, at=AT)])
def test_caller_who_is_gone_before_its_end_has_not_heard_it(tmp_path: Path, end: object) -> None:
    prompt = a_prompt(tmp_path)

    (notice,) = written(course(notice=prompt), began(prompt, 0.0), end)

    assert CUT == verdict(notice)
    # However late we learned of the end, nobody hears six seconds for longer.
    assert notice.ended_at is not None
    assert notice.ended_at <= AT + timedelta(seconds=6)


@pytest.mark.parametrize("refuse", [True, False])
def test_answered_call_to_which_nothing_was_said_has_a_row_that_says_so(
    tmp_path: Path, refuse: bool
) -> None:
    notice = a_prompt(tmp_path) if refuse else None

    (found,) = written(course(notice=notice, refuse=refuse), wire.Answered(call="c"), ENDED)

    assert NONE == verdict(found)


def test_notice_whose_file_has_gone_is_written_down_without_its_hash(tmp_path: Path) -> None:
    prompt = a_prompt(tmp_path)
    Path(prompt.wav).unlink()

    (notice,) = written(course(notice=prompt), began(prompt, 1.0), ended(prompt, 7.0))

    assert (HEARD, None, None) == (verdict(notice), notice.sha256, notice.length_s)


def test_call_that_was_never_answered_has_no_row(tmp_path: Path) -> None:
    assert [] == written(course(notice=a_prompt(tmp_path)), ENDED)


async def test_ledger_tells_what_was_kept_first_and_counts_it(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite3"
    kept = (HEARD_WHOLE, RecordingNotice(prompt=None), None)
    async with Ledger.open(path) as ledger:
        calls = []
        for notice in kept:
            offer = an_offer()
            await ledger.add_call(offer, "yamato", "to", "+81312345678")
            await ledger.call_answered(offer.call, AT)
            await ledger.end_call(
                offer.call, EndState.NO_MESSAGE, AT, EndedBy.CALLER, 200, None, answered_at=AT
            )
            if notice is not None:
                await ledger.call_notices.keep(offer.call, notice)
                await ledger.call_notices.keep(offer.call, RecordingNotice(prompt="another"))
            entry = await ledger.call(offer.call)
            assert entry is not None
            calls.append(entry.notice)
    with PrivacyLedger.open(path) as reader:
        counted = reader.notices("yamato", AT, AT + timedelta(days=1))
        none = reader.notices("yamato", AT - timedelta(days=1), AT)

    assert list(kept) == calls
    assert {("builtin:ja/notice", HEARD): 1, ("", NONE): 1, ("", UNKNOWN): 1} == counted
    assert {} == none


def test_page_of_a_memo_says_what_its_caller_was_told() -> None:
    labels = labels_of("en")

    told = notice_text(HEARD_WHOLE, AT, labels)
    page = io.StringIO()
    Console(file=page, width=100).print(memo_page(a_memo(), labels, AT.astimezone(), told))

    assert "builtin:ja/notice, 0.0 to 6.2 s after the answer: heard to the end" == told
    assert "not known" == notice_text(None, AT, labels)
    assert ["notice", told] == re.split(r"\s{2,}", page.getvalue().splitlines()[-1].rstrip())


async def test_container_of_a_call_names_its_notice(tmp_path: Path) -> None:
    async with Ledger.open(tmp_path / "l.sqlite3") as ledger:
        offer = an_offer()
        await ledger.add_call(offer, "yamato", "to", "+81312345678")
        await ledger.call_notices.keep(offer.call, HEARD_WHOLE)
        entry = await ledger.call(offer.call)
    assert entry is not None

    (attached,) = vcon_of(entry, None, say_name="Yamato", made_at=AT)["attachments"]

    assert "recording-notice" == attached["purpose"]
    assert ("0" * 64, HEARD) == (attached["body"]["sha256"], attached["body"]["verdict"])
