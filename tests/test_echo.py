"""Words that whisper was told beforehand and gave back without having heard them."""

import pytest

from sipbot.speech.whisper_ear import is_echo

TERMS = ("山田電機サービスセンター", "東都銀行", "伊藤")


@pytest.mark.parametrize(
    "text",
    ["山田電機サービスセンター、東都銀行、伊藤", "東都銀行、伊藤。", "Harbor Books, Ann Lee"],
)
def test_terms_in_their_order_are_an_echo(text: str) -> None:
    assert is_echo(text, (*TERMS, "Harbor Books", "Ann Lee"))


@pytest.mark.parametrize("text", ["伊藤です。", "伊藤", "東都銀行の伊藤", "", "伊藤、東都銀行"])
def test_words_of_a_caller_are_no_echo(text: str) -> None:
    assert not is_echo(text, TERMS)
