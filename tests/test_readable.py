"""A readable text is what people would have written, and every offset can be followed into it."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.readable import readable
from sipbot.said import Kind, Said
from sipbot.said_when import find_when

AT = datetime(2026, 11, 18, 10, 20, tzinfo=ZoneInfo("Asia/Tokyo"))


def written(text: str, language: str) -> str:
    return readable(text, find_when(text, language, AT), language).text


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("もしもし 田中 と 申し ます 。", "もしもし田中と申します。"),
        ("お願いします。 来週の水曜日", "お願いします。来週の水曜日"),
        ("Windows 11 を Microsoft Office で", "Windows 11をMicrosoft Officeで"),
        ("明日 の 午後 三 時 に", "明日の午後3時に"),
        ("さくらマンション二〇三号室", "さくらマンション203号室"),
        ("二 百 五 十 個", "250個"),
        ("三万五千円", "35,000円"),
        ("ＦＡＸ１２３", "FAX123"),
        ("番号はヨンナナニゴーです", "番号は4725です"),
        ("二階の会議室に十二名", "2階の会議室に12名"),
    ],
)
def test_japanese_is_written_without_spaces_and_with_digits(heard: str, text: str) -> None:
    assert text == written(heard, "ja")


@pytest.mark.parametrize(
    "text",
    [
        "三浦さんは一番で、一緒に一度六本木へ",
        "三重県四日市の五十嵐です",
        "七五三の二階堂さん、千代田区の八百屋",
        "一人で十分です、二三日待ちます",
        "サンゴとニシンをクダサイ",
        "一時的に止まっています",
        "第一工業と三菱と百貨店",
    ],
)
def test_japanese_names_and_words_keep_their_kanji_numerals(text: str) -> None:
    assert text == written(text, "ja")


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("hello this is john i'm calling", "Hello this is john I'm calling"),
        ("yes. i need twenty five chairs.", "Yes. I need 25 chairs."),
        ("invoice four seven two", "Invoice 472"),
        ("double five oh", "550"),
        ("tomorrow at three pm", "Tomorrow at 3 p.m."),
        ("on sunday in twenty twenty six", "On Sunday in 2026"),
        ("two hundred and fifty thousand", "250,000"),
        ("One of  two rooms", "One of two rooms"),
        ("at 3 p.m. please", "At 3 p.m. please"),
    ],
)
def test_english_has_capitals_and_digits(heard: str, text: str) -> None:
    assert text == written(heard, "en")


@pytest.mark.parametrize(
    "text",
    [
        "A hundred times one or two",
        "The twenty-first century",
        "Open twenty four seven",
        "I may march, i.e. walk",
        "One two",
    ],
)
def test_english_words_that_are_no_numbers_stay_words(text: str) -> None:
    assert text == written(text, "en")


@pytest.mark.parametrize(
    ("heard", "text"),
    [
        ("[23] 명", "23명"),
        ("[3] [쩜] [5] 배", "3.5 배"),
        ("삼백이십 원이고", "320원이고"),
        ("공일공 이삼칠사 입니다", "010 2374 입니다"),
        ("내일 오후 세 시에  부탁드립니다", "내일 오후 3시에 부탁드립니다"),
        ("이 분이 이사 오셨어요", "이 분이 이사 오셨어요"),
    ],
)
def test_korean_has_no_brackets_and_has_digits(heard: str, text: str) -> None:
    assert text == written(heard, "ko")


def test_value_is_written_as_its_finder_shows_it() -> None:
    heard = "番号 は ゼロサンの ロクナナヨンサン です"
    end = heard.index(" です")
    phone = Said(kind=Kind.PHONE, value="036743", shown="03-6743", start=5, end=end)

    result = readable(heard, (phone,), "ja")

    assert "番号は03-6743です" == result.text
    assert "03-6743" == result.text[result.said[0].start : result.said[0].end]


def test_address_at_the_beginning_of_a_sentence_stays_small() -> None:
    address = "john@example.com"
    mail = Said(kind=Kind.EMAIL, value=address, shown=address, start=0, end=len(address))
    assert "john@example.com please" == readable(f"{address} please", (mail,), "en").text


def test_overlapping_values_are_refused() -> None:
    one = Said(kind=Kind.DATE, value="x", shown="x", start=0, end=3)
    with pytest.raises(ValueError, match="values overlap"):
        readable("abcdef", (one, one), "en")


def test_word_is_found_again_where_it_went() -> None:
    heard = "もしもし 田中 と 申し ます 。 三 百 個"
    result = readable(heard, (), "ja")
    start, end = result.moved(heard.index("申し"), heard.index("申し") + 2)
    assert "申し" == result.text[start:end]
    start, end = result.moved(heard.index("百"), heard.index("百") + 1)
    assert "300" == result.text[start:end]


PIECES = st.sampled_from(
    [
        *(
            "明日",
            "の",
            "午後",
            "三",
            "時",
            "、",
            "十",
            "月",
            "日",
            "二〇三",
            "個",
            "百",
            "万",
            "円",
            " ",
        ),
        *("ヨン", "ナナ", "ニ", "ゼロ", "０", "Ａ", "。", "田中", "一番"),
        *("at ", "three ", "pm ", "tomorrow ", "monday ", "i ", "i'm ", ". ", "twenty ", "five "),
        *("hundred ", "thousand ", "oh ", "double ", "and ", "p.m. ", "nineteen "),
        *(
            "내일 ",
            "오후 ",
            "세 ",
            "시 ",
            "삼",
            "백",
            "이십",
            "일 ",
            "[23] ",
            "[쩜] ",
            "공",
            "원",
            "1",
            "12",
        ),
    ]
)
TEXTS = st.lists(PIECES, max_size=16).map("".join) | st.text(max_size=20)
LANGUAGES = st.sampled_from(["ja", "en", "ko", "fr"])


@given(TEXTS, LANGUAGES)
def test_readable_text_stays_as_it_is(text: str, language: str) -> None:
    once = readable(text, find_when(text, language, AT), language)
    again = readable(once.text, once.said, language)
    assert (once.text, once.said) == (again.text, again.said)


@given(TEXTS, LANGUAGES)
def test_values_stand_exactly_where_they_are_said_to(text: str, language: str) -> None:
    said = find_when(text, language, AT)
    result = readable(text, said, language)
    for before, after in zip(said, result.said, strict=True):
        assert after.shown == result.text[after.start : after.end]
        assert (after.start, after.end) == result.moved(before.start, before.end)
        assert (before.kind, before.value, before.valid) == (after.kind, after.value, after.valid)
        assert before.shown.lower() == after.shown.lower()


@given(TEXTS, LANGUAGES)
def test_offsets_move_in_order_and_stay_inside(text: str, language: str) -> None:
    result = readable(text, find_when(text, language, AT), language)
    places = [result.moved(offset, offset) for offset in range(len(text) + 1)]
    for column in (0, 1):
        moved = [place[column] for place in places]
        assert moved == sorted(moved)
    assert all(0 <= start <= end <= len(result.text) for start, end in places)
    assert (0, len(result.text)) == result.moved(0, len(text))


@given(TEXTS, LANGUAGES)
def test_what_was_not_replaced_is_found_letter_by_letter(text: str, language: str) -> None:
    result = readable(text, (), language)
    for index, letter in enumerate(text):
        start, end = result.moved(index, index + 1)
        if end - start == 1 and not letter.isdigit() and letter in result.text:
            same = result.text[start]
            assert same.lower() == letter.lower() or same.isascii()
