"""What a notification says, in three languages, masked and in full."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.masked_memo import masked
from sipbot.masking import mask_of
from sipbot.memo import Caller, Urgency
from sipbot.memo_answers import Callback
from sipbot.notice_text import SUBJECT_MAX, Style, harmless, notice_of, trial_notice
from sipbot.notice_words import WORDS
from sipbot.understanding import ClientFacts
from tests.memo_samples import AT, MEMO_ID, a_memo

MEMO = a_memo().model_copy(
    update={
        "answers": {"name": "山田", "company": "大和商事", "wish": "見積もりのお願い"},
        "callback": Callback(number="+81355501234", shown="03-5550-1234"),
        "urgency": Urgency.URGENT,
        "due_at": AT,
        "text": "大和商事の山田です。",
        "language": "ja",
    }
)


def style(language: str, link: str = "https://console.example/memos/") -> Style:
    return Style(language=language, say_name="やまと", zone=ZoneInfo("Asia/Tokyo"), link=link)


def test_notice_tells_what_somebody_needs_who_calls_back() -> None:
    expected = """宛先: やまと
お名前: 山田
会社名: 大和商事
折り返し先: 03-5550-1234 (要確認: 聞いてからおかけください)
ご用件: 見積もりのお願い
緊急度: 至急
期限: 2026-11-20 12:04
受信: 2026-11-20 12:04
本文: 大和商事の山田です。
メモ: 019a9c3e-0000-7000-8000-000000000001
開く: https://console.example/memos/019a9c3e-0000-7000-8000-000000000001"""
    notice = notice_of([MEMO], style("ja"), AT)
    assert ("至急 やまと: 山田 - 見積もりのお願い", expected) == (notice.subject, notice.body)


@pytest.mark.parametrize("language", WORDS)
def test_masked_notice_has_neither_number_nor_name(language: str) -> None:
    hidden = masked(MEMO, mask_of(MEMO, ClientFacts(region="JP")))
    notice = notice_of([hidden], style(language), AT)
    said = notice.subject + notice.body
    assert [] == [one for one in ("1234", "山田", "大和商事") if one in said]


@pytest.mark.parametrize("language", WORDS)
def test_every_language_has_every_word(language: str) -> None:
    assert WORDS["en"].keys() == WORDS[language].keys()


def test_memo_that_may_not_be_shown_is_told_by_its_id() -> None:
    notice = notice_of([MEMO_ID], style("en", link=""), AT)
    assert ("やまと: New message", True) == (notice.subject, MEMO_ID in notice.body)


def test_several_memos_are_one_message_in_their_order() -> None:
    other = MEMO.model_copy(update={"id": "019a9c3e-0000-7000-8000-000000000009"})
    notice = notice_of([MEMO, other], style("en"), AT)
    assert "URGENT やまと: 2 messages" == notice.subject
    assert notice.body.index(MEMO.id) < notice.body.index(other.id)


def test_reason_stands_before_the_memo() -> None:
    notice = notice_of([MEMO], style("en"), AT, "unclaimed for 15 min")
    assert "unclaimed for 15 min" == notice.body.split("\n", 1)[0]


def test_trial_says_that_it_is_one() -> None:
    assert "This is a test" in trial_notice("mail", style("en"), AT).body


@given(st.text())
def test_subject_is_one_line_whatever_was_said(said: str) -> None:
    memo = MEMO.model_copy(update={"answers": {"name": said, "wish": said}})
    subject = notice_of([memo], style("en"), AT).subject
    assert (1, True) == (len(subject.splitlines()), len(subject) <= SUBJECT_MAX)


ORDERS = (
    "<!channel>",
    "<@U012AB3CD>",
    "<https://foreign.example|your bank>",
    "[toall]",
    "[To:1234]",
    "[your bank](https://foreign.example)",
    "@everyone",
    "@Here",
    "田中@everyone",
    "<b>URGENT</b>",
    "<img src=https://foreign.example/x.png>",
    "https://foreign.example",
    "WWW.foreign.example",
    "mailto:x@foreign.example",
    "tel:+81312345678",
    "\u202egnp.exe",
    "\x1b[2J",
    "a\r\nBcc: x@foreign.example",
)
"""What Slack, Chatwork, Discord, Teams, mail and terminals would obey."""


@pytest.mark.parametrize("order", ORDERS)
def test_what_strangers_say_gives_no_order_to_what_shows_it(order: str) -> None:
    memo = MEMO.model_copy(
        update={
            "answers": {"name": order, "company": order, "wish": order},
            "caller": Caller(number=order, name=order),
            "callback": Callback(number=order),
            "text": f"{order}\n{order}",
        }
    )
    notice = notice_of([memo], style("en", link=""), AT)
    said = f"{notice.subject}\n{notice.body}"
    assert order not in said
    assert [] == [sign for sign in ("<", "[", "://", "@everyone", "@Here") if sign in said]
    assert all(char.isprintable() or char == "\n" for char in said)


@given(st.text())
def test_words_of_strangers_keep_their_length_and_are_one_line(said: str) -> None:
    assert (len(said), True) == (len(harmless(said)), len(harmless(said).splitlines()) <= 1)


def test_address_of_a_person_stays_as_it_is() -> None:
    said = "taro@example.com, hana@here.example, jiro@allied.example, 田中です。"
    assert said == harmless(said)
