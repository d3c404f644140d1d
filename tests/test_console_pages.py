"""Pages about memos, asked for without scripts: what is in them, and what they refuse."""

import io
import re
import wave
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from sipbot.call_decision import Phones
from sipbot.console.memo_acts import until_of
from sipbot.memo import Memo, Status
from sipbot.memo_history import Escalated, HistoryEntry
from tests.console_app import Desk, a_desk
from tests.consoles import a_morning, memo_for, said
from tests.memo_samples import AT

ACCOUNTS = (
    'name = "hanako"\nrole = "operator"\nclients = ["yamato", "northgate"]',
    'name = "taro"\nrole = "operator"\nclients = ["*"]',
    'name = "reader"\nrole = "viewer"\nclients = ["*"]',
    'name = "boss"\nrole = "admin"\nclients = []',
    'name = "wall"\nrole = "viewer"\nclients = ["*"]\nmasked = true',
)
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'{{7*7}}"


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_desk(tmp_path, ACCOUNTS) as opened:
        yield opened


async def test_list_shows_ones_own_clients_memos_and_no_other(desk: Desk) -> None:
    tanaka, suzuki, *_ = [await desk.leave(memo) for memo in a_morning()]
    async with desk.browser("hanako") as browser:
        text = (await browser.get("/")).text
    assert (True, False) == (tanaka.id in text, suzuki.id in text)


@pytest.mark.parametrize("path", ["/", "/figures"])
async def test_account_without_clients_is_told_why_it_sees_nothing(desk: Desk, path: str) -> None:
    await desk.leave(memo_for("yamato"))
    async with desk.browser("boss") as browser:
        text = (await browser.get(path)).text
    assert "Your account has no clients" in text
    assert "Nothing to do" not in text


@pytest.mark.parametrize("path", ["/memos/{}", "/memos/{}/audio", "/memos/{}/audio?part=1"])
async def test_page_and_audio_of_a_foreign_memo_are_as_if_there_were_none(
    desk: Desk, path: str
) -> None:
    foreign = await desk.leave(memo_for("wakaba-law"))
    nobodys = "019a9c3e-0000-7000-8000-00000000dead"
    async with desk.browser("hanako") as browser:
        theirs = await browser.get(path.format(foreign.id))
        none = await browser.get(path.format(nobodys))
    assert (404, 404) == (theirs.status_code, none.status_code)
    assert none.text == theirs.text.replace(foreign.id, nobodys)


async def test_foreign_memo_cannot_be_claimed(desk: Desk) -> None:
    foreign = await desk.leave(memo_for("wakaba-law"))
    async with desk.browser("hanako") as browser:
        answer = await browser.post(f"/memos/{foreign.id}/claim")
    assert (404, foreign) == (answer.status_code, await desk.ledger.memo(foreign.id))


async def test_viewer_may_read_and_not_act(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("reader") as browser:
        page = await browser.get(f"/memos/{memo.id}")
        answer = await browser.post(f"/memos/{memo.id}/claim")
    assert (200, 403) == (page.status_code, answer.status_code)


async def test_shift_without_scripts_takes_calls_and_closes(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        for verb, fields in (
            ("claim", {}),
            ("callback", {"outcome": "reached", "text": "comes on Monday\r\nat ten"}),
            ("done", {}),
        ):
            answer = await browser.post(f"/memos/{memo.id}/{verb}", **fields)
            assert (303, f"/memos/{memo.id}?told={verb}") == (
                answer.status_code,
                answer.headers["location"],
            )
    after = await desk.ledger.memo(memo.id)
    assert after is not None
    assert [("claimed", None), ("called_back", "comes on Monday\nat ten"), ("done", None)] == [
        (one.what, one.text) for one in after.history[1:]
    ]


async def test_one_press_lets_sipbot_call_the_number_that_was_chosen(desk: Desk) -> None:
    phones = Phones(of={"hanako": "sip:21@127.0.0.1"}, region="JP")
    desk.ledger.commands.phones = lambda: phones
    memo = await desk.leave(memo_for("yamato"))
    number = memo.callback.evidence[0].number
    async with desk.browser("hanako") as browser:
        page = await browser.get(f"/memos/{memo.id}")
        answer = await browser.post(f"/memos/{memo.id}/call", number=number)
    after = await desk.ledger.memo(memo.id)
    assert after is not None
    assert f'formaction="/memos/{memo.id}/call"' in page.text
    assert (303, "hanako", "calling") == (answer.status_code, after.holder, after.history[-1].what)


async def test_operator_without_a_telephone_is_told_why_nobody_is_called(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        answer = await browser.post(
            f"/memos/{memo.id}/call", number=memo.callback.evidence[0].number
        )
    assert (409, True) == (answer.status_code, "no telephone of this operator" in answer.text)


async def test_second_to_claim_is_told_who_was_faster_and_keeps_what_was_typed(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("taro") as first, desk.browser("hanako") as second:
        await first.post(f"/memos/{memo.id}/claim")
        answer = await second.post(f"/memos/{memo.id}/done", text="she called again")
    assert 409 == answer.status_code
    assert ["taro", "she called again"] == [
        word for word in ("taro", "she called again") if word in answer.text
    ]


async def test_note_without_words_is_not_sent(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        answer = await browser.post(f"/memos/{memo.id}/note", text="  ")
    assert (422, memo) == (answer.status_code, await desk.ledger.memo(memo.id))


async def test_memo_is_put_off_until_the_time_that_was_chosen(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        answer = await browser.post(f"/memos/{memo.id}/snooze", **{"for": "1h"})
    after = await desk.ledger.memo(memo.id)
    assert after is not None
    assert 303 == answer.status_code
    assert after.snoozed_until is not None


@pytest.mark.parametrize(
    ("span", "until", "expected"),
    [
        ("15m", "", NOW + timedelta(minutes=15)),
        ("1h", "", NOW + timedelta(hours=1)),
        ("", "", None),
        ("", "soon", None),
        ("", "2026-11-23T15:00", datetime(2026, 11, 23, 15).astimezone()),
    ],
)
def test_time_to_put_off_to_is_read_as_it_was_meant(
    span: str, until: str, expected: datetime | None
) -> None:
    assert expected == until_of(span, until, NOW)


def test_tomorrow_is_the_next_morning_here() -> None:
    found = until_of("tomorrow", "", NOW)
    assert found is not None
    here = NOW.astimezone()
    assert (here.date() + timedelta(days=1), 9, 0) == (found.date(), found.hour, found.minute)


async def test_every_action_is_in_the_audit_log_before_it_is_done(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        await browser.post(f"/memos/{memo.id}/claim")
        await browser.get(f"/memos/{memo.id}/audio")
    noted = [(one.action, one.account, one.memo) for one in desk.main.audit]
    assert [("command", "hanako", memo.id), ("listen", "hanako", memo.id)] == noted


async def test_recording_comes_in_the_range_that_is_asked_for(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    content = (desk.spool / memo.call.id / "audio.wav").read_bytes()
    async with desk.browser("hanako") as browser:
        answer = await browser.get(f"/memos/{memo.id}/audio", Range="bytes=100-199")
    assert (206, content[100:200]) == (answer.status_code, answer.content)


async def test_clip_of_a_number_is_its_seconds_with_a_breath_before_and_after(desk: Desk) -> None:
    tanaka = await desk.leave(a_morning()[0])
    async with desk.browser("taro") as browser:
        answer = await browser.get(f"/memos/{tanaka.id}/audio?part=1")
    with wave.open(io.BytesIO(answer.content)) as clip:
        length_s = clip.getnframes() / clip.getframerate()
    assert 10.2 - 6.6 + 1.0 == pytest.approx(length_s)


async def test_masked_account_reads_no_number_and_no_name_on_any_page(desk: Desk) -> None:
    tanaka = await desk.leave(a_morning()[0])
    async with desk.browser("wall") as browser:
        texts = [(await browser.get(path)).text for path in ("/", f"/memos/{tanaka.id}", "/rows")]
    assert "●●●" in texts[1]
    assert [] == [
        (place, word)
        for place, text in enumerate(texts)
        for word in ("田中", "真由美", "タナカ", "ひかり電機", "5550-1234", "81355501234")
        if word in text
    ]


async def test_masked_account_sees_that_numbers_disagree_though_not_which(desk: Desk) -> None:
    suzuki = await desk.leave(a_morning()[1])
    async with desk.browser("wall") as browser:
        text = (await browser.get(f"/memos/{suzuki.id}")).text
    assert (1, 1) == (text.count('aria-hidden="true">=<'), text.count('aria-hidden="true">≠<'))
    assert "The evidence disagrees: listen before you call." in text


async def test_history_says_who_was_called_and_what_came_of_it(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    called = HistoryEntry(
        rev=2,
        at=AT,
        what="on_call_called",
        by="sipbot",
        escalated=Escalated(kind="phone", target="rota", person="Sato", end="declined"),
    )
    await desk.ledger.revise_memo(
        memo.id,
        lambda old: old.model_copy(update={"rev": 2, "history": (*old.history, called)}),
    )
    async with desk.browser("hanako") as browser:
        text = (await browser.get(f"/memos/{memo.id}")).text
    assert "sipbot called Sato: answered, not taken" in text


async def test_masked_account_hears_the_masked_copy_only(desk: Desk) -> None:
    tanaka = await desk.leave(a_morning()[0])
    content = (desk.spool / tanaka.call.id / "audio.wav").read_bytes()
    async with desk.browser("wall") as browser:
        answer = await browser.get(f"/memos/{tanaka.id}/audio")
    masked = (desk.spool / tanaka.call.id / "audio-masked.wav").read_bytes()
    assert (200, masked) == (answer.status_code, answer.content)
    assert content != masked


async def test_masked_account_hears_nothing_while_the_text_is_not_final(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("wall") as browser:
        answer = await browser.get(f"/memos/{memo.id}/audio")
    assert 404 == answer.status_code


@pytest.mark.parametrize("path", ["/", "/memos/{}"])
async def test_what_callers_say_is_text_and_never_markup(desk: Desk, path: str) -> None:
    memo = said(memo_for("yamato", answers={"name": HOSTILE, "wish": HOSTILE}), [HOSTILE])
    caller = memo.caller.model_copy(update={"name": HOSTILE})
    await desk.leave(memo.model_copy(update={"caller": caller, "category": HOSTILE[:60]}))
    async with desk.browser("hanako") as browser:
        text = (await browser.get(path.format(memo.id))).text
    assert "&lt;script&gt;" in text
    assert [] == re.findall(r"<script>|<img", text)


@pytest.mark.parametrize(("language", "word"), [("en", "To do"), ("ja", "未完了")])
async def test_page_is_in_the_language_that_the_browser_prefers(
    desk: Desk, language: str, word: str
) -> None:
    async with desk.browser("hanako", language) as browser:
        text = (await browser.get("/")).text
    assert word in text


async def test_language_and_colours_that_were_chosen_stay(desk: Desk) -> None:
    async with desk.browser("hanako") as browser:
        answer = await browser.http.post("/look", data={"language": "ja", "next": "//evil.example"})
        await browser.http.post("/look", data={"theme": "dark"})
        text = (await browser.get("/")).text
    assert "/" == answer.headers["location"]
    assert '<html lang="ja" data-theme="dark">' in text


async def test_closed_memo_is_in_the_list_of_closed_ones(desk: Desk) -> None:
    memo = await desk.leave(memo_for("yamato"))
    async with desk.browser("hanako") as browser:
        await browser.post(f"/memos/{memo.id}/done")
        text = (await browser.get("/?view=done")).text
    after: Memo | None = await desk.ledger.memo(memo.id)
    assert after is not None
    assert (Status.DONE, True) == (after.status, memo.id in text)
