"""What a caller has to say at a menu to be understood."""

import pytest

from sipbot import steps
from sipbot.menu_words import chosen, decided
from sipbot.script_state import Phase, Script
from sipbot.script_steps import menu_heard
from tests.courses import course

WORDS = ("down", "order", "open", "put aside", "put", "배송", "예약 변경", "누수", "予約", "何時")


@pytest.mark.parametrize(
    ("expected", "language", "text"),
    [
        ("down", "en", "Our mail is DOWN!"),
        ("down", "en-GB", "everything's down"),
        ("order", "en", "my order, please"),
        ("put aside", "en", "could you put-aside a book"),
        (None, "en", "I cannot download the invoice"),
        (None, "en", "do you have border maps"),
        (None, "en", "you reopened last week"),
        (None, "en", "just do wn the road"),
        ("put", "en", "put it aside"),
        (None, "en", "no input aside from that"),
        ("배송", "ko", "배송은 언제 되나요"),
        ("배송", "ko", "제 배송이요"),
        ("예약 변경", "ko", "예약변경을 하고 싶어요"),
        (None, "ko", "방누수"),
        ("予約", "ja", "あの ご予 約 を お願いします"),
        ("何時", "ja-JP", "いま何時まで"),
        (None, "ja", "もしもし"),
        (None, "en", ""),
        ("open", "", "are you open"),
    ],
)
def test_word_of_a_menu_is_found_as_its_language_writes_words(
    expected: str | None, language: str, text: str
) -> None:
    assert expected == chosen(WORDS, text, language)


def test_word_of_nothing_but_marks_is_never_said() -> None:
    assert chosen(("…",), "anything …", "ja") is None


@pytest.mark.parametrize(
    ("expected", "choice"),
    [("예약 변경", "예약 변경"), ("배송", None), ("배송", "a word of an earlier menu")],
)
def test_ear_that_listens_for_the_menu_alone_is_believed_before_the_text(
    expected: str, choice: str | None
) -> None:
    assert expected == decided(WORDS, "배송이요", "ko", choice)


@pytest.mark.parametrize(("expected", "language"), [(("m", ""), "en"), (("m", "help"), "ja")])
def test_menu_understands_words_in_the_language_of_the_call(
    expected: tuple[str, str], language: str
) -> None:
    menu = steps.Menu(name="m", keys={}, words={"down": "help"})
    called = course(menu, steps.Say(name="help", then="end"), start="m", language=language)
    asked = Script(course=called, phase=Phase.CHOOSING, visited=("m",))

    answered, _ = menu_heard(asked, menu, "I cannot download the invoice")

    assert expected == (*answered.visited, "")[:2]
