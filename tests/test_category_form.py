"""A client's list of categories: which of its words never count."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.categories import words_said
from sipbot.category_form import CATEGORIES_MAX, CategoryForm, in_vain


def form(name: str, *words: str, urgent: bool = False) -> CategoryForm:
    return CategoryForm(name=name, words=words, urgent=urgent)


@pytest.mark.parametrize(
    ("language", "earlier", "word", "known"),
    [
        ("ja", "故障", "エアコンの故障", True),
        ("ja", "急ぎ", "急ぎではありません", False),
        ("en", "order", "my order", True),
        ("en", "order", "border", False),
        ("en", "Lift", "the LIFT is stuck", True),
        ("en", "urgent", "not urgent", False),
        ("ko", "누수", "화장실 누수", True),
        ("ko", "수리", "독수리", False),
    ],
)
def test_word_that_says_an_earlier_one_never_counts(
    language: str, earlier: str, word: str, known: bool
) -> None:
    told = list(in_vain((form("first", earlier), form("second", word)), language))

    expected = [f'never counts: who says it says "{earlier}", which is first'] if known else []
    assert expected == [problem for _, problem, _ in told]


def test_word_of_two_earlier_categories_is_of_the_first() -> None:
    """In both, the caller's message is of the first."""
    forms = (form("a", "故障"), form("b", "水漏れ", "故障"), form("c", "故障です"))

    told = [(key[1], remedy.rpartition(" ")[2]) for key, _, remedy in in_vain(forms, "ja")]

    assert [(1, "a"), (2, "a")] == told


def test_word_of_an_urgent_category_counts_for_the_urgency() -> None:
    assert [] == list(in_vain((form("a", "故障"), form("b", "大故障", urgent=True)), "ja"))


def test_longest_list_is_gone_through_once() -> None:
    """With every word compared with every other, this would take half an hour."""
    forms = [
        form(f"c{each}", *(f"{each * 200 + word:05d}番の故障" for word in range(200)))
        for each in range(CATEGORIES_MAX)
    ]

    assert [] == list(in_vain(forms, "ja"))


def compared(forms: list[CategoryForm], language: str) -> Iterator[tuple[int, str]]:
    """Every word with every earlier one, in their order: what `in_vain` has to find."""
    earlier: dict[str, str] = {}
    for place, one in enumerate(forms):
        for word in one.words:
            for known in words_said([*earlier], word, language)[:1]:
                of = earlier[known]
                yield place, f'never counts: who says it says "{known}", which is {of}'
        earlier |= {word: one.name for word in one.words if word not in earlier}


WORDS = st.text("ab 急ぎ수 리not", min_size=1, max_size=6).filter(lambda word: word.strip() != "")


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=3, unique=True), max_size=4),
    st.sampled_from(["ja", "en", "ko"]),
)
def test_words_in_vain_are_those_of_a_comparison_one_by_one(
    lists: list[list[str]], language: str
) -> None:
    forms = [form(f"c{place}", *words) for place, words in enumerate(lists)]

    found = [(key[1], problem) for key, problem, _ in in_vain(forms, language)]

    assert list(compared(forms, language)) == found
