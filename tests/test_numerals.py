"""Spoken numerals have one value, and a text that is no numeral has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot import numerals_en, numerals_ja, numerals_ko

JA, KO = "〇一二三四五六七八九", "영일이삼사오육칠팔구"


def spoken(number: int, digits: str, units: str, *, one_myriad: bool) -> str:
    """The number in words, by the grammar that people learn at school."""

    def group(four: int) -> str:
        said = ""
        for unit, name in ((1000, units[2]), (100, units[1]), (10, units[0]), (1, "")):
            digit = four // unit % 10
            if digit:
                said += ("" if digit == 1 and name else digits[digit]) + name
        return said

    high, low = divmod(number, 10_000)
    if not number:
        return digits[0]
    head = group(high) if one_myriad or high != 1 else ""
    return (head + units[3] if high else "") + group(low)


TENS = ["_", "_", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SMALL = [
    "_",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]


def english(number: int) -> str:
    if number >= 1000:
        head = f"{english(number // 1000)} thousand"
        return f"{head} {english(number % 1000)}" if number % 1000 else head
    if number >= 100:
        head = f"{SMALL[number // 100]} hundred"
        return f"{head} and {english(number % 100)}" if number % 100 else head
    if number < 20:
        return SMALL[number]
    return TENS[number // 10] + (f"-{SMALL[number % 10]}" if number % 10 else "")


@given(st.integers(0, 99_999_999))
def test_japanese_numeral_has_the_value_it_was_made_of(number: int) -> None:
    assert number == numerals_ja.value(spoken(number, JA, "十百千万", one_myriad=True))


@given(st.integers(0, 99_999_999))
def test_korean_numeral_has_the_value_it_was_made_of(number: int) -> None:
    assert number == numerals_ko.value(spoken(number, KO, "십백천만", one_myriad=False))


@given(st.integers(1, 999_999))
def test_english_numeral_has_the_value_it_was_made_of(number: int) -> None:
    assert number == numerals_en.value(english(number))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("二〇三", 203),
        ("〇三", 3),
        ("3千5百", 3500),
        ("２万3000", 23000),
        ("1,200", 1200),
        ("さんびゃくにじゅう", 320),
        ("サンゼン 五百", 3500),
        ("二 十 三", 23),
    ],
)
def test_japanese_numeral_may_mix_kanji_digits_and_kana(text: str, number: int) -> None:
    assert number == numerals_ja.value(text)


@pytest.mark.parametrize("text", ["", "万", "十千", "三浦", "5三百", "一緒", "三、四"])
def test_japanese_text_that_is_no_numeral_has_no_value(text: str) -> None:
    assert numerals_ja.value(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("세", 3), ("열두", 12), ("스물 한", 21), ("[23]", 23), ("만 오천", 15000)]
)
def test_korean_numeral_may_be_native_or_bracketed(text: str, number: int) -> None:
    assert number == numerals_ko.value(text)


@pytest.mark.parametrize("text", ["", "사람", "십 천", "세 이"])
def test_korean_text_that_is_no_numeral_has_no_value(text: str) -> None:
    assert numerals_ko.value(text) is None


@pytest.mark.parametrize(
    "text", ["four seven two", "two oh two", "hundred", "and five", "twenty ten"]
)
def test_english_digits_said_one_by_one_are_never_added_up(text: str) -> None:
    assert numerals_en.value(text) is None


@pytest.mark.parametrize(("text", "day"), [("twenty-third", 23), ("the", None), ("3rd", 3)])
def test_english_ordinal_is_read_in_words_and_digits(text: str, day: int | None) -> None:
    assert day == numerals_en.ordinal(text)
