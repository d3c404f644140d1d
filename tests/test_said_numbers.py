"""What holds for every text and every number, whatever the language."""

import sys
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.said import Kind
from sipbot.said_all import find
from sipbot.said_numbers import find_numbers

AT = datetime(2026, 11, 22, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
LANGUAGES = {"ja": "JP", "en": "US", "ko": "KR"}

DIGITS = {
    "ja": ["ゼロ", "イチ", "ニー", "サン", "ヨン", "ゴー", "ロク", "ナナ", "ハチ", "キュウ"],
    "kanji": list("〇一二三四五六七八九"),
    "en": ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "ko": list("공일이삼사오육칠팔구"),
}
SAID_AROUND = {
    "ja": [
        "番号は{}です",
        "{}までお電話ください",
        "{}、よろしくお願いします",
        "えーと、{}になります",
    ],
    "en": ["my number is {}", "call me at {}, thanks", "It's {}.", "uh, {} please"],
    "ko": ["번호는 {}입니다", "{}으로 전화 주세요", "어, {}번입니다", "제 번호는 {}이에요"],
}


def words(groups: list[str], digits: list[str], within: str, between: str) -> str:
    return between.join(within.join(digits[int(one)] for one in group) for group in groups)


def english(groups: list[str]) -> str:
    """Digits as words, pairs of the same one as ``double``."""
    out = []
    for group in groups:
        parts = []
        at = 0
        while at < len(group):
            twice = group[at : at + 2] == group[at] * 2 and group[at : at + 3] != group[at] * 3
            parts.append(("double " if twice else "") + DIGITS["en"][int(group[at])])
            at += 2 if twice else 1
        out.append(" ".join(parts))
    return ", ".join(out)


RENDERERS: dict[str, list[Callable[[list[str]], str]]] = {
    "ja": [
        lambda groups: words(groups, DIGITS["ja"], "", "の"),
        lambda groups: words(groups, DIGITS["ja"], "", "、"),
        lambda groups: words(groups, DIGITS["kanji"], "", "の"),
        "-".join,
        "の".join,
        "".join,
        lambda groups: "ー".join(groups).translate(
            str.maketrans("0123456789", "０１２３４５６７８９")
        ),
    ],
    "en": [
        lambda groups: words(groups, DIGITS["en"], " ", ", "),
        lambda groups: words(groups, DIGITS["en"], " ", " "),
        english,
        "-".join,
        " ".join,
        "".join,
    ],
    "ko": [
        lambda groups: words(groups, DIGITS["ko"], "", " "),
        lambda groups: words(groups, DIGITS["ko"], "", "에 "),
        lambda groups: words(groups, DIGITS["ko"], "", ", "),
        "-".join,
        " ".join,
        "".join,
    ],
}


@st.composite
def numbers(draw, language: str) -> tuple[list[str], str]:
    """Groups of a valid national number, and the number in E.164."""
    some = st.integers(0, 9999).map("{:04}".format)
    if language == "ja":
        head = draw(st.sampled_from(["090", "080", "070", "03", "06"]))
        first = draw(st.integers(3000, 5999)) if len(head) == 2 else draw(st.integers(1000, 9999))
        groups, code = [head, str(first), draw(some)], "81"
        return groups, f"+{code}{''.join(groups)[1:]}"
    if language == "ko":
        # libphonenumber knows of no allocation of 010-597x to 010-599x
        first = draw(st.integers(2000, 9999).filter(lambda one: one // 10 not in (597, 598, 599)))
        groups = ["010", str(first), draw(some)]
        return groups, f"+82{''.join(groups)[1:]}"
    groups = [
        draw(st.sampled_from(["202", "415", "212", "312"])),
        str(draw(st.integers(222, 999))),
        draw(some),
    ]
    if groups[1][1:] == "11":
        groups[1] = "555"
    return groups, f"+1{''.join(groups)}"


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_every_valid_number_is_found_however_it_is_said(language: str, data) -> None:
    groups, number = data.draw(numbers(language))
    said = data.draw(st.sampled_from(RENDERERS[language]))(groups)
    text = data.draw(st.sampled_from(SAID_AROUND[language])).format(said)
    found = find_numbers(text, language, LANGUAGES[language])
    assert [(Kind.PHONE, number, True)] == [(one.kind, one.value, one.valid) for one in found]


FRAGMENTS = st.sampled_from(
    [
        *DIGITS["ja"], *DIGITS["en"], *DIGITS["ko"], *DIGITS["kanji"], "0", "090", "03",
        "1234", "-", "の", "、", "。", " ", ",", ".", "(", ")", "+", "に", "し",
        "さん", "号", "円", "$", "千", "万", "百", "십", "만", "천", "원", "hundred", "thousand",
        "double", "and", "point", "dollars", "no", "sorry", "not", "じゃなくて", "いや", "아니",
        "이 아니라", "最後は", "内線", "extension", "注文番号", "order number", "주문번호는",
        "番号は", "call me", "@", "at", "dot", "アットマーク", "ドット", "골뱅이", "점", "com",
        "a", "b", "繰り返します", "again", "다시", "이에요", "番", "時", "pm", "시", "[", "]",
        "\n", "ｶﾞ", "ᄒ", "ﬀ", "İ", "²", "㌢", "１", "٣", "e\u0301", "\U0001f600", "as in",
        "for",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(FRAGMENTS, max_size=30).map("".join),
    st.lists(FRAGMENTS, max_size=30).map(" ".join),
)


@given(
    text=TEXTS,
    language=st.sampled_from(["ja", "en", "ko", "ko-KR", "fr"]),
    region=st.sampled_from(["JP", "US", "KR", "GB"]),
)
def test_any_text_is_read_without_error_and_offsets_are_in_it(
    text: str, language: str, region: str
) -> None:
    found = find_numbers(text, language, region)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= after.start for one, after in pairwise(found))


@given(text=TEXTS, language=st.sampled_from(list(LANGUAGES)))
def test_numbers_and_dates_of_any_text_do_not_overlap(text: str, language: str) -> None:
    found = find(text, language, LANGUAGES[language], AT)
    assert all(one.end <= after.start for one, after in pairwise(found))


def test_telephone_number_is_no_date() -> None:
    said = find("電話は03-6743-1209、明日の15時に", "ja", "JP", AT)
    assert Kind.PHONE == said[0].kind
    assert {Kind.PHONE} < {one.kind for one in said}


def steps(text: str, language: str) -> int:
    """Count the calls that reading a text takes: they are the same on every machine."""
    count = 0

    def counter(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counter)
    try:
        find_numbers(text, language, LANGUAGES[language])
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    ("language", "part"),
    [
        ("ja", "ゼロキュウ"),
        ("ja", "090-1234-5678、いや、"),
        ("ja", "に"),
        ("ja", "千"),
        ("ja", "1 "),
        ("ja", "0312345678 "),
        ("ja", "アットドット"),
        ("ja", "ー"),
        ("ja", "03。"),
        ("ja", "9"),
        ("en", "oh "),
        ("en", "double "),
        ("en", "415-555-0198, no, "),
        ("en", "a at b dot "),
        ("en", "twenty-"),
        ("en", "1,234"),
        ("en", "not five "),
        ("en", "hundred and "),
        ("en", "b for "),
        ("ko", "공"),
        ("ko", "이"),
        ("ko", "이이고요 "),
        ("ko", "010-1234-5678 아니 "),
        ("ko", "[23]"),
    ],
)
def test_text_twice_as_long_takes_about_twice_the_steps(language: str, part: str) -> None:
    short, long = part * (2000 // len(part)), part * (4000 // len(part))
    assert steps(long, language) < 2.6 * steps(short, language) + 1000
