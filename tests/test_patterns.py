"""Numbers with wildcards: what they stand for, and that two clients never share one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.patterns import (
    WILDCARDS,
    NumberIndex,
    almost_a_number,
    canonical_pattern,
    fixed_digits,
    is_pattern,
    matches,
    overlap,
    sample,
)

PATTERNS = st.text("12XZN", min_size=1, max_size=4)
NUMBERS = st.text("0129", min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("03123456XX", "+813123456XX"),
        ("03-1234-56XX", "+813123456XX"),
        ("+813123456XX", "+813123456XX"),
        ("0081 3 1234 56XX", "+813123456XX"),
        ("0120XXXXXX", "+81120XXXXXX"),
        ("050-NXXX-XXXX", "+8150NXXXXXXX"),
        ("1XX", "1XX"),
        ("Z00", "Z00"),
        ("0312345678", "+81312345678"),
        ("Sato-X", "sato-x"),
    ],
)
def test_pattern_is_written_as_the_numbers_it_stands_for(written: str, canonical: str) -> None:
    assert canonical == canonical_pattern(written, "JP")


@pytest.mark.parametrize(
    ("name", "almost"),
    [("o3-5555-0100", True), ("03-55ab-0100", True), ("desk-2026", False), ("+8135555010X", False)],
)
def test_name_with_the_digits_of_a_number_is_noticed(name: str, almost: bool) -> None:
    assert almost == almost_a_number(name)


@given(st.text(max_size=20))
def test_no_text_breaks_the_reading_of_patterns(written: str) -> None:
    once = canonical_pattern(written, "JP")

    assert once == canonical_pattern(once, "JP") or is_pattern(once) is False


@given(PATTERNS, NUMBERS)
def test_pattern_matches_exactly_the_digits_of_its_letters(pattern: str, number: str) -> None:
    expected = len(pattern) == len(number) and all(
        digit in WILDCARDS.get(sign, sign) for sign, digit in zip(pattern, number, strict=True)
    )

    assert expected == matches(pattern, number)


@given(PATTERNS)
def test_sample_of_a_pattern_matches_it(pattern: str) -> None:
    assert matches(pattern, sample(pattern))


@given(PATTERNS, PATTERNS, NUMBERS)
def test_patterns_that_share_a_number_overlap(one: str, other: str, number: str) -> None:
    shared = matches(one, number) and matches(other, number)

    assert overlap(one, other) or not shared
    assert overlap(one, other) == overlap(other, one)


@given(PATTERNS, PATTERNS)
def test_patterns_that_overlap_share_a_number(one: str, other: str) -> None:
    shared = [
        [d for d in "0123456789" if d in WILDCARDS.get(a, a) and d in WILDCARDS.get(b, b)]
        for a, b in zip(one, other, strict=False)
    ]

    assert (len(one) == len(other) and all(shared)) == overlap(one, other)


@given(st.lists(PATTERNS, unique=True, max_size=12), NUMBERS)
def test_index_finds_an_owner_whenever_a_pattern_matches(patterns: list[str], number: str) -> None:
    index: NumberIndex[str] = NumberIndex()
    for pattern in patterns:
        index.add(pattern, pattern)

    found = index.find(number)

    assert any(matches(pattern, number) for pattern in patterns) == (found is not None)
    assert found is None or matches(found, number)


@given(st.lists(PATTERNS, unique=True, max_size=12))
def test_index_names_whatever_overlaps_when_asked_in_its_order(patterns: list[str]) -> None:
    index: NumberIndex[str] = NumberIndex()
    named = set()
    for pattern in sorted(patterns, key=fixed_digits):
        named |= {frozenset((pattern, other)) for other, _ in index.clashes(pattern)}
        index.add(pattern, pattern)

    expected = {
        frozenset((one, other)) for one in patterns for other in patterns if overlap(one, other)
    }

    assert {pair for pair in expected if len(pair) == 2} == named
