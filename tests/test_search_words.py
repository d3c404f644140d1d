"""What was stored is found by each of its words and by its number in every spelling."""

import json
import string
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.memo_answers import Callback
from sipbot.memo_found import Gleaned
from sipbot.search_words import (
    QUERY_CHARS,
    WORDS_MAX,
    Word,
    fold,
    holds,
    pieces,
    searched,
    words_of,
)
from tests.consoles import memo_for, said

NUMBER = "+819012345678"

TEXTS = st.text(
    st.sampled_from("佐藤林たなかタナカﾀﾅｶ゛ﾞ김민수ᄀ각éÉ́ßaB19０９ -‐ー()\u3000\n.%_'\"*\0"),
    max_size=40,
)


def document(text: str = "", **update: Any) -> str:
    memo = said(memo_for("yamato", **update), [text]) if text else memo_for("yamato", **update)
    found = searched(memo.model_dump_json())
    assert found is not None
    return found.document("JP")


def called(number: str) -> str:
    at = "2026-11-20T03:04:05Z"
    body = {"call": {"started_at": at}, "caller": {"number": number}, "callback": {}}
    found = searched(json.dumps(body))
    assert found is not None
    return found.document("JP")


def finds(query: str, within: str) -> bool:
    words = words_of(query, "JP")
    return bool(words) and holds(within, words)


@given(TEXTS)
def test_text_is_found_by_each_of_its_words(text: str) -> None:
    missed = [word for word in text.split() if fold(word) and not finds(word, fold(text))]
    assert [] == missed


@given(TEXTS, TEXTS)
def test_words_of_a_text_are_marked_where_they_stand(text: str, other: str) -> None:
    shown = pieces(text, words_of(other, "JP"))
    assert text == "".join(piece.text for piece in shown)
    assert all(fold(piece.text) for piece in shown if piece.marked)


@given(st.text(max_size=300))
def test_whatever_is_typed_is_words_or_nothing(typed: str) -> None:
    words = words_of(typed, "JP")
    assert len(words) <= WORDS_MAX
    assert all(form and form == form.strip() for word in words for form in word.forms)


@given(
    st.integers(10_000_000, 99_999_999), st.sampled_from("-‐−ー. "), st.sampled_from(["090", "080"])
)
def test_number_is_found_in_every_spelling(rest: int, apart: str, area: str) -> None:
    eight = f"{rest:08}"
    within = called(f"+81{area[1:]}{eight}")
    parts = (area, eight[:4], eight[4:])
    wide = str.maketrans(string.digits, "０１２３４５６７８９")
    abroad = f"+81{apart}{area[1:]}{apart}{eight[:4]}{apart}{eight[4:]}"
    spellings = [
        "".join(parts),
        apart.join(parts),
        apart.join(parts).translate(wide),
        f"({area}) {eight[:4]}-{eight[4:]}",
        abroad,
        f"+81 (0){area[1:]}-{eight[:4]}-{eight[4:]}",
        f"0081{area[1:]}{eight}",
        f"+81{area[1:]}{eight[:4]}",
        f"{area}{apart}{eight[:4]}",
        eight[4:],
    ]
    assert [] == [one for one in spellings if not finds(one, within)]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("林", "林と申します"),
        ("佐藤", "株式会社やまとの佐藤です"),
        ("佐藤健", "佐藤 健 です"),
        ("タナカ", "たなかです"),
        ("ﾀﾞｲﾄﾞｰ", "ダイドーの者です"),
        ("見積 佐藤", "佐藤です。見積もりの件で"),
        ("김민수", "김 민수입니다"),
        ("김민수", "김민수입니다"),
        ("JOSÉ", "this is Jose calling"),
        ("o'brien", "Mr O’Brien called"),
        ("5678", "番号は 0 9 0 1 2 3 4 5 6 7 8 です"),
        ("かぶしきがいしゃ", "カブシキガイシャ"),
    ],
)
def test_word_is_found_however_it_is_written(query: str, text: str) -> None:
    assert finds(query, document(text))


@pytest.mark.parametrize("query", ["田中", "090-1234-5679", "zzz", "佐藤 田中"])
def test_what_nobody_said_is_not_found(query: str) -> None:
    assert not finds(query, document("佐藤です", callback=Callback(number=NUMBER)))


@pytest.mark.parametrize("query", ["", "   ", "%", "_", "*", '"', "'", "\0", "--", "()", "。"])
def test_signs_alone_are_no_words(query: str) -> None:
    assert () == words_of(query, "JP")


def test_words_of_two_fields_are_not_one() -> None:
    assert not finds("佐藤健", document(answers={"name": "佐藤", "company": "健康堂"}))


def test_reading_of_a_name_is_found_in_either_kana() -> None:
    name = Gleaned(item="name", text="佐藤", reading="サトウ", rule="test")
    assert finds("さとう", document(gleaned=(name,)))


def test_what_is_typed_beyond_the_limit_is_not_looked_for() -> None:
    assert (Word(("a" * QUERY_CHARS,)),) == words_of("a" * 10_000, "JP")


def test_number_is_marked_as_it_is_shown() -> None:
    shown = pieces("090-1234-5678 まで", words_of("5678", "JP"))
    assert [("090-1234-", False), ("5678", True), (" まで", False)] == [
        msgspec.structs.astuple(piece) for piece in shown
    ]


def test_memo_that_cannot_be_read_has_nothing_to_find() -> None:
    assert None is searched('{"text": 7}')
