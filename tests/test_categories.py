"""What a message is about by the client's words, and which words were denied."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.categories import BY_ROUTE, BY_ROUTE_OR_KEY, Category, Sorted, sort_out, words_said
from sipbot.memo import with_transcript
from sipbot.understanding import ClientFacts, Understood, understand
from tests.memo_samples import AT, a_memo, a_transcript

SHOP = (
    Category(name="emergency", words=("至急", "緊急", "急ぎ"), urgent=True),
    Category(name="repair", words=("故障", "動かない")),
    Category(name="order", words=("注文",)),
)

DENIED = [
    ("ja", "急ぎ", "急ぎではありません"),
    ("ja", "急ぎ", "お急ぎではないのですが"),
    ("ja", "急ぎ", "急ぎませんので"),
    ("ja", "急ぎ", "急ぎ の 用 件 で は あり ませ ん"),
    ("ja", "急ぎ", "特に急ぎじゃないです"),
    ("ja", "至急", "至急というわけではございません"),
    ("ja", "緊急", "緊急の用件ではないので、明日で結構です"),
    ("ja", "至急", "至急でなくて大丈夫です"),
    ("ja", "クレーム", "クレームではないんですけど"),
    ("en", "urgent", "It's not urgent."),
    ("en", "urgent", "this isn't really that urgent"),
    ("en", "emergency", "It is not an emergency, take your time"),
    ("en", "emergency", "no emergency at all"),
    ("en", "urgent", "nothing urgent"),
    ("en", "urgent", "It's non-urgent"),
    ("en", "complaint", "I don't have a complaint"),
    ("ko", "급한", "급한 건 아니고요"),
    ("ko", "급한", "그렇게 급한 일은 아닙니다"),
    ("ko", "급하", "급하지 않습니다"),
    ("ko", "급해", "안 급해요"),
    ("ko", "긴급", "긴급 상황은 아닙니다"),
]

SAID = [
    ("ja", "急ぎ", "急ぎです"),
    ("ja", "急ぎ", "お急ぎでお願いします"),
    ("ja", "至急", "至急でないと困ります"),
    ("ja", "至急", "至急 お 願い し ます"),
    ("ja", "故障", "故障ですか"),
    ("ja", "急ぎ", "急ぎではありませんでしたが、今は急ぎです"),
    ("ja", "動かない", "エアコンが動かないんです"),
    ("en", "urgent", "It's urgent, the heating is not working"),
    ("en", "urgent", "The printer is not working. Urgent!"),
    ("en", "emergency", "I have no heating and it's an emergency"),
    ("en", "not working", "the lift is NOT working"),
    ("en", "urgent", "not a joke, urgent"),
    ("ko", "급한", "급한 일입니다"),
    ("ko", "누수", "누수가 있어요"),
    ("ko", "고장", "보일러 고장 신고합니다"),
    ("ko", "긴급", "긴급합니다"),
]


@pytest.mark.parametrize(("language", "word", "text"), DENIED)
def test_a_word_that_is_denied_was_not_said(language: str, word: str, text: str) -> None:
    assert () == words_said((word,), text, language)


@pytest.mark.parametrize(("language", "word", "text"), SAID)
def test_a_word_that_is_not_denied_was_said(language: str, word: str, text: str) -> None:
    assert (word,) == words_said((word,), text, language)


def test_a_part_of_an_english_word_is_not_the_word() -> None:
    assert () == words_said(("order",), "the border is closed", "en")


def test_the_middle_of_a_korean_word_is_not_the_word() -> None:
    assert () == words_said(("수리",), "독수리가 있어요", "ko")


def test_the_first_category_of_the_list_counts_with_its_reason() -> None:
    found = sort_out("注文した機械が故障しました", SHOP, "ja")

    assert Sorted(category="repair", category_reason="said 故障") == found


def test_an_urgent_category_makes_the_message_urgent_with_its_reason() -> None:
    found = sort_out("至急お願いします", SHOP, "ja")

    assert (True, "said 至急") == (found.urgent, found.urgency_reason)


def test_an_urgent_word_counts_although_an_earlier_category_fits() -> None:
    found = sort_out("至急、故障です", (SHOP[1], SHOP[0]), "ja")

    assert ("repair", True) == (found.category, found.urgent)


def test_the_category_of_a_route_is_stronger_than_words() -> None:
    found = sort_out("故障です", SHOP, "ja", category="after_hours")

    assert ("after_hours", BY_ROUTE) == (found.category, found.category_reason)


def test_words_make_urgent_what_the_route_does_not() -> None:
    found = sort_out("至急です", SHOP, "ja", category="after_hours")

    assert ("after_hours", True) == (found.category, found.urgent)


def test_words_never_take_the_urgency_of_route_or_key_back() -> None:
    found = sort_out("急ぎではありません", SHOP, "ja", urgent=True)

    assert (True, BY_ROUTE_OR_KEY) == (found.urgent, found.urgency_reason)


def test_a_message_without_any_of_the_words_has_no_category() -> None:
    assert Sorted() == sort_out("よろしくお願いします", SHOP, "ja")


@given(
    st.text(), st.lists(st.text(max_size=8), max_size=5), st.sampled_from(["ja", "en", "ko", "fr"])
)
def test_any_text_is_sorted_by_words_of_the_list_alone(
    text: str, words: list[str], language: str
) -> None:
    found = sort_out(text, (Category(name="any", words=tuple(words)),), language)

    assert found.category_reason.removeprefix("said ") in {"", *words}


def test_text_is_searched_for_the_clients_words_where_it_is_understood() -> None:
    facts = ClientFacts(categories=SHOP)

    about = understand(a_transcript("至急、故障です"), facts, at=AT).about

    assert ("emergency", "said 至急", True) == (about.category, about.category_reason, about.urgent)


def test_memo_is_sorted_by_what_was_understood_and_its_text_is_not_searched_again() -> None:
    """A memo is made in the ledger's thread, behind which calls wait."""
    about = Sorted(category="repair", category_reason="said 動かない")
    understood = Understood(text="注文です", facts=ClientFacts(categories=SHOP), about=about)

    memo = with_transcript(a_memo(), a_transcript("注文です"), AT, understood)

    assert memo is not None
    assert ("repair", "said 動かない") == (memo.category, memo.reasons.category)
