"""What the rules understand of messages, and what they must not."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.gist import MOST_VALUABLE_FIRST, gist, missing_items, most_valuable
from sipbot.gist_text import words
from sipbot.gleaned import ITEMS
from sipbot.said import Kind, Said

DATA = Path(__file__).parent / "data"
LANGUAGES = ("ja", "en", "ko")

Sample = tuple[str, dict[str, str | None]]


def samples(language: str) -> list[Sample]:
    """Sentences that were written before the rules had seen any of them."""
    lines = (DATA / f"gist_{language}.txt").read_text(encoding="utf-8").splitlines()
    read = []
    for line in lines[1:]:
        text, *items = (part.strip() for part in line.split(" | "))
        read.append((text, dict(zip(ITEMS, (None if i == "-" else i for i in items), strict=True))))
    return read


def judged(language: str) -> Counter[tuple[str, str]]:
    """How often each item was right, missed, wrong (another text), or made up."""
    counted: Counter[tuple[str, str]] = Counter()
    for text, expected in samples(language):
        said = gist(text, (), language.removesuffix("_held"))
        found = {one.item: one.text for one in said.found}
        for item in ITEMS:
            counted[item, verdict(item, expected[item], found.get(item))] += 1
    return counted


def verdict(item: str, expected: str | None, found: str | None) -> str:
    if expected is None or found is None:
        return "right" if expected == found else "missed" if found is None else "made up"
    bare = found.replace(" ", "") if item == "wish" else found
    want = expected.replace(" ", "") if item == "wish" else expected
    return "right" if bare == want or (item == "wish" and want in bare) else "wrong"


WRONG_MOST = {"ja": 1, "en": 5, "ko": 4}
"""Of 168 judgements (42 sentences, four items) by which the rules were mended; wrong, missed or
made up."""
HELD_WRONG_MOST = {"ja": 4, "en": 7, "ko": 7}
"""Of 80 judgements (20 sentences) that the rules were never mended by, as first measured."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_more_is_misunderstood_than_was_measured(language: str) -> None:
    found = judged(language)

    assert WRONG_MOST[language] >= found.total() - sum(found[item, "right"] for item in ITEMS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_more_of_the_sentences_kept_apart_is_misunderstood_than_was_measured(
    language: str,
) -> None:
    found = judged(f"{language}_held")

    assert HELD_WRONG_MOST[language] >= found.total() - sum(found[item, "right"] for item in ITEMS)


@given(st.text(), st.sampled_from([*LANGUAGES, "en-GB", "fr", ""]))
def test_every_item_of_any_text_is_a_span_of_it(text: str, language: str) -> None:
    assert all(
        text[one.start : one.end] == one.text and one.text.strip()
        for one in gist(text, (), language).found
    )


WORDS = st.sampled_from(
    sorted(
        words(
            """
            もしもし 株式会社 やまと工業 の 佐藤 と申します です 見積もり をお願いします 明日 三時
            以降 お電話ください 。 、 this is Jane Park from Harbor Books my name I'd like to call
            me back after three about . ,
            안녕하세요 한빛전자 의 김민수 입니다 견적서 때문에 전화
            주세요 오후 세 시 이후에 라고 합니다
            """
        )
    )
)


@given(st.lists(WORDS, max_size=14), st.sampled_from(["", " "]), st.sampled_from(LANGUAGES))
def test_every_item_of_words_in_any_order_is_a_span_of_them(
    said: list[str], between: str, language: str
) -> None:
    text = between.join(said)

    found = gist(text, (), language).found

    assert all(text[one.start : one.end] == one.text for one in found)
    assert len({one.item for one in found}) == len(found)


def test_spaces_that_an_ear_writes_between_words_change_nothing() -> None:
    found = gist("株式 会社 丸和 の 森 と 申し ます", (), "ja")

    assert ("森", "株式 会社 丸和") == (
        found.name and found.name.text,
        found.company and found.company.text,
    )


def test_a_title_is_no_part_of_the_name() -> None:
    found = gist("丸和商事の森部長です", (), "ja")

    assert "森" == (found.name and found.name.text)


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("営業課長の佐藤と申します。", None),
        ("営業部の佐藤と申します。", None),
        ("取締役営業部長の佐藤と申します。", None),
        ("丸和商事の営業課長の佐藤です。", "丸和商事"),
        ("丸和商事営業課長の佐藤です。", "丸和商事"),
        ("ソニーの営業本部長代理の佐藤と申します。", "ソニー"),
        ("営業課長佐藤と申します。", None),
        ("営業部佐藤と申します。", None),
        ("営業佐藤と申します。", None),
        ("取締役営業部長佐藤と申します。", None),
        ("丸和商事の営業課長佐藤です。", "丸和商事"),
        ("丸和商事営業課長佐藤です。", "丸和商事"),
        ("ソニーの営業本部長代理佐藤と申します。", "ソニー"),
    ],
)
def test_what_the_caller_is_at_work_is_no_company_nor_a_name(
    text: str, company: str | None
) -> None:
    found = gist(text, (), "ja")

    assert ("佐藤", company) == (
        found.name and found.name.text,
        found.company and found.company.text,
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("営業課長谷川と申します。", "長谷川"),  # or 谷川, who heads the section: far rarer
        ("営業課長島田と申します。", "島田"),
        ("営業課長杉下と申します。", "杉下"),
        ("先ほどお電話した営業課長佐藤と申します。", "佐藤"),
    ],
)
def test_a_post_before_a_name_ends_where_the_name_is_likely_to_begin(text: str, name: str) -> None:
    found = gist(text, (), "ja").name

    assert name == (found and found.text)


def test_the_name_of_the_person_who_is_wanted_is_not_the_callers() -> None:
    assert None is gist("田中様をお願いします", (), "ja").name


def test_a_number_is_no_name() -> None:
    number = Said(kind=Kind.PHONE, value="", shown="", start=11, end=15)

    assert None is gist("my name is Alfa", (number,), "en").name


WINDOWS_DENIED = [
    ("en", "Never ring me after nine pm.", None),
    ("en", "Please don't call me before nine.", None),
    ("en", "Don't call me tomorrow, call me on Friday.", "on Friday"),
    ("en", "Call me at half past three, no, at quarter to five.", "at quarter to five"),
    ("en", "Call me back not on Monday but on Tuesday.", "on Tuesday"),
    ("en", "Call me at four, not at three.", "at four"),
    ("ja", "明日ではなく明後日の午後三時にお電話ください。", "明後日の午後三時"),
    ("ja", "今日の午後は出られませんので明日の朝お電話ください。", "明日の朝"),
    ("ja", "三時に、いや、四時にお電話ください。", "四時"),
    ("ja", "明日は無理です。", None),
    ("ko", "내일 말고 모레 오후 세 시에 전화 주세요.", "모레 오후 세 시"),
    ("ko", "내일은 안 되고 모레 전화 주세요.", "모레"),
    ("ko", "세 시, 아니 네 시에 전화 주세요.", "네 시"),
    ("ko", "한 시간 안에 전화 주세요.", "한 시간 안"),
]


@pytest.mark.parametrize(("language", "text", "expected"), WINDOWS_DENIED)
def test_a_time_that_is_denied_is_no_time_to_call(
    language: str, text: str, expected: str | None
) -> None:
    window = gist(text, (), language).callback_window

    assert expected == (window and window.text)


def test_a_time_to_call_is_as_long_as_the_finder_of_times_says() -> None:
    text = "call me after half past nine in the morning"
    time = Said(kind=Kind.TIME, value="09:30", shown="9:30", start=14, end=len(text))

    found = gist(text, (time,), "en").callback_window

    assert "after half past nine in the morning" == (found and found.text)


@pytest.mark.parametrize(
    ("wish", "text", "language"),
    [
        ("水が止まらない", "水が止まらないのですぐに来ていただけませんか", "ja"),
        (None, "03-6743-12209まで、お理解しお願いいたします", "ja"),
        (
            "The heating in my apartment has stopped working",
            "The heating in my apartment has stopped working and it is very cold here today sir",
            "en",
        ),
    ],
)
def test_a_wish_is_cut_at_the_end_of_what_is_said_and_is_no_number(
    wish: str | None, text: str, language: str
) -> None:
    found = gist(text, (), language).wish
    assert wish == (found and found.text)


def test_a_wish_is_one_line_long() -> None:
    text = "I'd like to " + "return " + "old " * 40 + "books"

    found = gist(text, (), "en").wish

    assert found is not None
    assert 60 >= len(found.text)


def test_a_language_without_rules_has_nothing_understood() -> None:
    assert () == gist("je m'appelle Jeanne", (), "fr").found


def test_what_is_required_and_not_known_is_missing() -> None:
    assert ("number", "wish") == missing_items(["number", "name", "wish"], {"name"})


def test_the_most_valuable_item_is_the_first_of_the_fixed_order() -> None:
    assert "name" == most_valuable(["company", "wish", "name"])


def test_the_clients_own_items_come_last() -> None:
    assert ("wish", "ticket") == (most_valuable(["ticket", "wish"]), most_valuable(["ticket"]))


def test_nothing_missing_is_worth_no_question() -> None:
    assert None is most_valuable([])


def test_the_order_of_value_holds_every_item_once() -> None:
    assert {*ITEMS, "number"} == set(MOST_VALUABLE_FIRST)
