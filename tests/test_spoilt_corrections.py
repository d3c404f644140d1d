"""Corrections that were misheard: the text keeps what the caller said, the wanted digits too."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.readable import readable
from sipbot.said import Kind
from sipbot.said_all import find
from sipbot.said_numbers import find_numbers

AT = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "region", "text"),
    [
        ("ja", "JP", "03-6743-1209ではなく080-1234-567にお願いします。"),
        ("ja", "JP", "03-6743-1209じゃなくて携帯の080-1234-567にお願いします。"),
        ("en", "US", "Call me at 202-555-0143, no sorry, 212-555-014."),
        ("ko", "KR", "지금 전화드린 02-1234-5678 말고 공일공 일이삼사 오육칠로 주세요"),
        ("ja", "JP", "注文番号は12345、いや違います、67です"),
    ],
)
def test_correction_that_was_misheard_stays_in_the_text_as_it_was_heard(
    language: str, region: str, text: str
) -> None:
    """One lost digit must not turn the message into its opposite."""
    said = find(text, language, region, AT)

    assert (text, [False]) == (readable(text, said, language).text, [one.valid for one in said])


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (("12346", True), "注文番号は12345、じゃなくて12346です"),
        (("12367", True), "注文番号は123の45、いや違います、67です"),
        (("12367", False), "注文番号は12345、いや違います、67です"),
    ],
)
def test_order_number_is_believed_when_a_whole_group_is_corrected(
    expected: tuple[str, bool], text: str
) -> None:
    """Fewer digits than a group may belong anywhere."""
    (order,) = find_numbers(text, "ja", "JP")

    assert (Kind.ORDER, *expected) == (order.kind, order.value, order.valid)


FRAGMENTS = st.sampled_from(
    [
        "03-6743-1209",
        "080-1234-567",
        "080-1234-5678",
        "67",
        "、いや、",
        "ではなく",
        "注文番号は",
        "です。",
    ]
)


@given(st.lists(FRAGMENTS, max_size=8).map("".join))
def test_figures_of_a_value_that_is_not_believed_are_all_shown(text: str) -> None:
    """Whoever reads the text has every digit that the ear wrote."""
    for one in find_numbers(text, "ja", "JP"):
        if not one.valid:
            heard = [char for char in text[one.start : one.end] if char.isdigit()]
            assert heard == [char for char in one.shown if char.isdigit()]
