"""Dates and times in what callers said have one value, at their exact place in the text."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipbot.said import Kind, Said
from sipbot.said_when import calendar_form, find_when

WEDNESDAY = datetime(2026, 11, 18, 10, 20, tzinfo=ZoneInfo("Asia/Tokyo"))

KANJI = "〇一二三四五六七八九"
SINO = "영일이삼사오육칠팔구"
NATIVE = "_ 한 두 세 네 다섯 여섯 일곱 여덟 아홉 열 열한 열두".split()  # noqa: SIM905
ENGLISH = "_ one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905


def tens(number: int, digits: str, ten: str) -> str:
    """Numbers below 100 in Chinese numerals."""
    high, low = divmod(number, 10)
    return (digits[high] if high > 1 else "") + (ten if high else "") + (digits[low] if low else "")


def only(text: str, language: str) -> Said:
    (found,) = find_when(text, language, WEDNESDAY)
    return found


@pytest.mark.parametrize(
    ("text", "kind", "value", "shown"),
    [
        ("明日の午後三時にお願いします", Kind.WHEN, "2026-11-19T15:00", "明日の午後3時"),
        ("明日 の 午後 三 時 に", Kind.WHEN, "2026-11-19T15:00", "明日の午後3時"),
        ("来週の月曜でお願いします", Kind.DATE, "2026-11-23", "来週の月曜"),
        ("月曜日に", Kind.DATE, "2026-11-23", "月曜日"),
        ("水曜日に", Kind.DATE, "2026-11-25", "水曜日"),
        ("十一月二十三日に", Kind.DATE, "2026-11-23", "11月23日"),
        ("夕方6時ごろ", Kind.TIME, "18:00", "夕方6時ごろ"),
        ("9時半に", Kind.TIME, "09:30", "9時半"),
        ("正午", Kind.TIME, "12:00", "正午"),
        ("明後日の午前中に", Kind.DATE, "2026-11-20", "明後日の午前中"),
        ("一昨日の夜", Kind.DATE, "2026-11-16", "一昨日の夜"),
        ("夜の12時に", Kind.TIME, "00:00", "夜の12時"),
        ("明日の夜の十二時", Kind.WHEN, "2026-11-20T00:00", "明日の夜の12時"),
        ("３時１０分前", Kind.TIME, "02:50", "3時10分前"),
        ("二〇二七年一月五日", Kind.DATE, "2027-01-05", "2027年1月5日"),
        ("令和九年一月五日", Kind.DATE, "2027-01-05", "令和9年1月5日"),
        ("来月の十日", Kind.DATE, "2026-12-10", "来月の10日"),
        ("今月末までに", Kind.DATE, "2026-11-30", "今月末"),
        ("三日後に", Kind.DATE, "2026-11-21", "3日後"),
        ("一時間後に", Kind.WHEN, "2026-11-18T11:20", "1時間後"),
        ("来週の水曜日、十一月二十五日の午前十時", Kind.WHEN, "2026-11-25T10:00",
         "来週の水曜日、11月25日の午前10時"),
    ],
)  # fmt: skip
def test_japanese_phrase_has_its_value(text: str, kind: Kind, value: str, shown: str) -> None:
    found = only(text, "ja")
    assert (kind, value, shown, True) == (found.kind, found.value, found.shown, found.valid)


@pytest.mark.parametrize(
    ("text", "kind", "value", "shown"),
    [
        ("tomorrow at three pm", Kind.WHEN, "2026-11-19T15:00", "tomorrow at 3 p.m."),
        ("three p.m. tomorrow", Kind.WHEN, "2026-11-19T15:00", "3 p.m. tomorrow"),
        ("next monday morning", Kind.DATE, "2026-11-23", "next Monday morning"),
        ("on Friday", Kind.DATE, "2026-11-20", "Friday"),
        ("next Friday", Kind.DATE, "2026-11-27", "next Friday"),
        ("last Friday", Kind.DATE, "2026-11-13", "last Friday"),
        ("November 23rd", Kind.DATE, "2026-11-23", "November 23"),
        ("the twenty third of november", Kind.DATE, "2026-11-23", "23 November"),
        ("half past nine", Kind.TIME, "09:30", "9:30"),
        ("at 3:30 p.m. please", Kind.TIME, "15:30", "3:30 p.m."),
        ("quarter to five in the afternoon", Kind.TIME, "16:45", "4:45 in the afternoon"),
        ("Thursday at ten thirty", Kind.WHEN, "2026-11-19T10:30", "Thursday at 10:30"),
        ("at noon on Monday", Kind.WHEN, "2026-11-23T12:00", "noon on Monday"),
        ("a week from Friday", Kind.DATE, "2026-11-27", "a week from Friday"),
        ("the fifth of next month", Kind.DATE, "2026-12-05", "the 5th of next month"),
        ("Tuesday at 10-30.", Kind.WHEN, "2026-11-24T10:30", "Tuesday at 10:30"),
        ("seven in the evening", Kind.TIME, "19:00", "7 in the evening"),
        ("in two hours", Kind.WHEN, "2026-11-18T12:20", "in 2 hours"),
        ("in three days", Kind.DATE, "2026-11-21", "in 3 days"),
        ("please call before five.", Kind.TIME, "05:00", "5"),
        ("on the twenty third", Kind.DATE, "2026-11-23", "the 23rd"),
    ],
)
def test_english_phrase_has_its_value(text: str, kind: Kind, value: str, shown: str) -> None:
    found = only(text, "en")
    assert (kind, value, shown, True) == (found.kind, found.value, found.shown, found.valid)


@pytest.mark.parametrize(
    ("text", "kind", "value", "shown"),
    [
        ("내일 오후 세 시에 부탁드립니다", Kind.WHEN, "2026-11-19T15:00", "내일 오후 3시"),
        ("내일오후세시", Kind.WHEN, "2026-11-19T15:00", "내일오후3시"),
        ("다음 주 월요일에", Kind.DATE, "2026-11-23", "다음 주 월요일"),
        ("십일월 이십삼일에", Kind.DATE, "2026-11-23", "11월 23일"),
        ("[23] 일 오후 [3] 시", Kind.WHEN, "2026-11-23T15:00", "23일 오후 3시"),
        ("세 시 반", Kind.TIME, "03:30", "3시 반"),
        ("저녁 일곱 시 십오 분", Kind.TIME, "19:15", "저녁 7시 15분"),
        ("모레 오전 중에", Kind.DATE, "2026-11-20", "모레 오전 중"),
        ("정오에", Kind.TIME, "12:00", "정오"),
        ("열흘 뒤에", Kind.DATE, "2026-11-28", "열흘 뒤"),
        ("두 시간 후에", Kind.WHEN, "2026-11-18T12:20", "2시간 후"),
    ],
)
def test_korean_phrase_has_its_value(text: str, kind: Kind, value: str, shown: str) -> None:
    found = only(text, "ko")
    assert (kind, value, shown, True) == (found.kind, found.value, found.shown, found.valid)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("三時間かかります", "ja"),
        ("一時的に止まっています", "ja"),
        ("四日市の三田です", "ja"),
        ("今日は、田中です", "ja"),
        ("三日間留守にします", "ja"),
        ("きょうだいがいます", "ja"),
        ("I may call you", "en"),
        ("in march we had two", "en"),
        ("at three sites", "en"),
        ("call me at two oh two, five five five", "en"),
        ("the second floor", "en"),
        ("between one and two weeks", "en"),
        ("다시 전화드리겠습니다", "ko"),
        ("네, 시작하겠습니다", "ko"),
        ("안내일정입니다", "ko"),
        ("세 시간 걸립니다", "ko"),
        ("010-2374-568일로", "ko"),
        ("every Monday", "en"),
        ("the first Monday of each month", "en"),
        ("毎週月曜日は休みです", "ja"),
        ("매주 월요일", "ko"),
        ("明日", "fr"),
    ],
)
def test_what_only_looks_like_a_time_is_left_alone(text: str, language: str) -> None:
    assert () == find_when(text, language, WEDNESDAY)


@pytest.mark.parametrize(
    ("text", "language", "value"),
    [
        ("二月三十日", "ja", "2027-02-30"),
        ("十三月五日", "ja", "2026-13-05"),
        ("25時に", "ja", "25:00"),
        ("来週の水曜日、十一月二十六日", "ja", "2026-11-26"),
        ("February thirtieth", "en", "2027-02-30"),
        ("Wednesday the 26th", "en", "2026-11-26"),
        ("이월 삼십일에", "ko", "2027-02-30"),
    ],
)
def test_impossible_date_is_shown_and_not_believed(text: str, language: str, value: str) -> None:
    found = only(text, language)
    assert (value, False) == (found.value, found.valid)


@pytest.mark.parametrize(
    ("text", "language", "values"),
    [
        ("明日の午後三時から四時まで", "ja", ["2026-11-19T15:00", "2026-11-19T16:00"]),
        (
            "明日の午後三時の打ち合わせを、四時に変更",
            "ja",
            ["2026-11-19T15:00", "2026-11-19T16:00"],
        ),
        ("午前十時から三時", "ja", ["10:00", "15:00"]),
        ("between three and four p.m.", "en", ["15:00", "16:00"]),
        ("from nine to five", "en", ["09:00", "17:00"]),
        ("오후 두 시를 네 시로 변경", "ko", ["14:00", "16:00"]),
        ("1月28日から30日まで", "ja", ["2027-01-28", "2027-01-30"]),
    ],
)
def test_one_end_of_a_stretch_tells_of_the_other(
    text: str, language: str, values: list[str]
) -> None:
    assert values == [one.value for one in find_when(text, language, WEDNESDAY)]


@pytest.mark.parametrize(
    ("at", "value"),
    [(date(2026, 11, 18), "2026-10-03"), (date(2026, 6, 1), "2026-10-03")],
)
def test_date_without_a_year_is_past_only_when_that_was_lately(at: date, value: str) -> None:
    moment = datetime(at.year, at.month, at.day, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert [value] == [one.value for one in find_when("十月三日", "ja", moment)]


def test_day_is_that_of_the_clients_zone() -> None:
    evening = datetime(2026, 11, 18, 20, tzinfo=ZoneInfo("America/New_York"))
    assert "2026-11-19" == find_when("tomorrow", "en", evening)[0].value


@given(st.dates(date(2025, 1, 1), date(2028, 12, 31)), st.integers(1, 12), st.booleans())
def test_every_date_and_hour_is_understood_in_every_language(
    day: date, hour: int, afternoon: bool
) -> None:
    at = datetime(day.year, day.month, day.day, 9, tzinfo=ZoneInfo("Asia/Tokyo"))
    said = day + timedelta(days=5)
    # 午前12時 is left to a test of its own.
    afternoon = afternoon or hour == 12
    expected = f"{said}T{hour % 12 + 12 * afternoon:02}:00"
    ja = (
        f"{tens(said.month, KANJI, '十')}月{tens(said.day, KANJI, '十')}日の"
        f"{'午後' if afternoon else '午前'}{tens(hour, KANJI, '十')}時にお願いします"
    )
    month = {6: "유", 10: "시"}.get(said.month) or tens(said.month, SINO, "십")
    ko = (
        f"{month}월 {tens(said.day, SINO, '십')}일 {'오후' if afternoon else '오전'} "
        f"{NATIVE[hour]} 시에 부탁드립니다"
    )
    en = f"on {said:%B} {said.day} at {ENGLISH[hour]} {'p.m.' if afternoon else 'am'} please"
    assert [[expected]] * 3 == [
        [one.value for one in find_when(text, language, at)]
        for text, language in ((ja, "ja"), (en, "en"), (ko, "ko"))
    ]


PIECES = st.sampled_from(
    [
        *(
            "明日",
            "の",
            "午後",
            "三",
            "時",
            "半",
            "、",
            "十",
            "月",
            "日",
            "三十",
            "二",
            "から",
            " ",
        ),
        *("at ", "three ", "pm ", "tomorrow ", "Monday ", "the ", "23rd ", "May ", "half past "),
        *("내일 ", "오후 ", "세 ", "시 ", "반 ", "월요일 ", "이십", "일 ", "[23] ", "1", "12", ":"),
        *("30", "/", "to ", "来週", "火曜"),
    ]
)


@given(st.lists(PIECES, max_size=14), st.sampled_from(["ja", "en", "ko"]))
def test_values_stand_in_order_inside_the_text_and_never_overlap(
    pieces: list[str], language: str
) -> None:
    text = "".join(pieces)
    places = [0]
    for one in find_when(text, language, WEDNESDAY):
        assert one.start < one.end
        assert text[one.start : one.end].strip() == text[one.start : one.end]
        assert one.shown
        places += [one.start, one.end]
        assert calendar_form(one, language)
    assert places == sorted(places)
    assert places[-1] <= len(text)


@pytest.mark.parametrize(
    ("text", "language", "form"),
    [
        ("明日の午後三時", "ja", "11月19日(木) 15:00"),
        ("明日", "ja", "11月19日(木)"),
        ("tomorrow at 3 pm", "en", "Thu, Nov 19, 15:00"),
        ("내일 오후 세 시", "ko", "11월 19일(목) 15:00"),
        ("二月三十日", "ja", "2月30日"),
    ],
)
def test_calendar_form_tells_the_day_that_was_meant(text: str, language: str, form: str) -> None:
    assert form == calendar_form(only(text, language), language)


@pytest.mark.parametrize("language", ["ja", "en", "ko"])
@pytest.mark.parametrize(
    "stuck", ["twenty thousand ", "three ", "三", "十一月", "이 ", "세 시 ", " "]
)
def test_ear_that_is_stuck_says_no_more_than_it_repeats(stuck: str, language: str) -> None:
    found = find_when(stuck * 3000, language, WEDNESDAY)
    assert len(found) <= 3000


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "in nine million days", "10000-01-01"),
        ("ja", "九九九九九九九日後", "10000-01-01"),
        ("ja", "9999年12月31日の夜12時", "10000-01-01T00:00"),
        ("ja", "9999年12月31日の24時", "10000-01-01T00:00"),
        ("ko", "9999년 12월 31일 밤 12시", "10000-01-01T00:00"),
    ],
)
def test_day_beyond_all_calendars_is_found_and_not_valid(
    language: str, text: str, value: str
) -> None:
    found = only(text, language)
    assert (value, False) == (found.value, found.valid)


def test_day_that_does_not_exist_is_not_valid_at_either_end_of_a_stretch() -> None:
    found = find_when("二月三十日の三時から四時", "ja", WEDNESDAY)
    assert [False, False] == [one.valid for one in found]


FAR = st.sampled_from(
    [
        *("9999", "年", "12", "月", "31", "日", "の", "夜", "12時", "24時", "九", "百", "千", "万"),
        *(
            "億",
            "日後",
            "週間後",
            "時間後",
            "から",
            "in ",
            "nine ",
            "million ",
            "billion ",
            "days ",
        ),
        *("weeks ", "hours ", "December 31, ", "9999 ", "at midnight ", "to ", "99,999,999 "),
        *(
            "억 ",
            "만 ",
            "구",
            "일 후 ",
            "주 후 ",
            "시간 후 ",
            "년 ",
            "월 ",
            "31일 ",
            "밤 ",
            "12시 ",
            "부터 ",
        ),
    ]
)


@given(st.lists(FAR, max_size=14), st.sampled_from(["ja", "en", "ko"]))
def test_no_text_however_far_its_days_are_raises(pieces: list[str], language: str) -> None:
    """What is valid is a date of the calendar."""
    for one in find_when("".join(pieces), language, WEDNESDAY):
        if one.valid and one.kind is not Kind.TIME:
            assert date.fromisoformat(one.value[:10]) >= date(1, 1, 1)
