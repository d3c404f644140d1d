"""Which phrase of a menu was said, by what a recogniser with a grammar has heard."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.speech.grammar import SURE, Grammar, Heard, fillers, grammar

KNOWN = {"<UNK>", "배송", "예약", "변경", "취소", "물", "배"}
PHRASES = ("배송", "예약", "예약 변경", "누수", "물")
OTHERS = ("물", "배")


def made(phrases: tuple[str, ...] = PHRASES) -> Grammar:
    found = grammar(phrases, OTHERS, KNOWN.__contains__)
    assert found is not None
    return found


def said(text: str, confidence: float = 1.0) -> list[Heard]:
    return [Heard(word=word, confidence=confidence) for word in text.split()]


def test_phrase_that_the_model_does_not_know_or_that_is_a_filler_is_left_out_and_named() -> None:
    allowed = made()
    assert ["배송", "예약", "예약 변경", "물", "배", "<UNK>"] == json.loads(allowed.as_json)
    assert ("누수", "물") == allowed.left_out


@pytest.mark.parametrize(("others", "known"), [(OTHERS, {"배송"}), ((), KNOWN)])
def test_model_that_cannot_tell_a_phrase_from_all_else_gets_no_grammar(
    others: tuple[str, ...], known: set[str]
) -> None:
    assert grammar(PHRASES, others, known.__contains__) is None


def test_fillers_are_the_syllables_that_the_model_knows() -> None:
    assert ("물", "배") == fillers("ko-KR", KNOWN.__contains__)
    assert () == fillers("en", KNOWN.__contains__)


@pytest.mark.parametrize(
    ("expected", "heard"),
    [
        ("배송", said("배송")),
        ("배송", said("<UNK> 배송 <UNK>")),
        ("배송", said("배송 <UNK> 배송")),
        ("예약 변경", said("예약 변경")),
        ("예약", said("예약 <UNK> 변경")),
        (None, said("예약 <UNK> 배송")),
        (None, said("<UNK>")),
        (None, []),
        (None, said("배송", SURE - 0.01)),
        ("배송", [*said("예약", SURE - 0.01), *said("배송")]),
        (None, [*said("예약"), *said("변경", SURE - 0.01)]),
    ],
)
def test_choice_is_the_one_phrase_that_was_said_clearly(
    expected: str | None, heard: list[Heard]
) -> None:
    assert expected == made().choice(heard)


@given(
    words=st.lists(st.sampled_from(["<UNK>", "변경", "취소", "누수"]), max_size=8),
    confidence=st.floats(0, 1),
)
def test_what_is_in_no_phrase_chooses_nothing(words: list[str], confidence: float) -> None:
    assert made().choice(said(" ".join(words), confidence)) is None
