"""Dates and times as Japanese callers say them.  Pure.

Works on a copy without spaces, because vosk sets one after each word and Whisper sometimes.
Words that look like a date and are none (三日間, 四日市, 一時的, 今日は as a greeting) are told
from one by what follows them.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from sipbot import late
from sipbot import when_calendar as calendar
from sipbot.numerals_ja import value
from sipbot.when_calendar import Day
from sipbot.when_parts import Clock, Glue, Part

_N = r"(?:[0-9]{1,4}|[〇一二三四五六七八九十百千]{1,7})"
_NOT_IN_NUMBER = r"(?<![0-9〇一二三四五六七八九十百千第])"
_WEEKDAYS = "月火水木金土日"

_NEAR = {
    "一昨日": -2, "おととい": -2, "昨日": -1, "きのう": -1, "昨夜": -1, "昨晩": -1,
    "今日": 0, "きょう": 0, "本日": 0, "今朝": 0, "今夜": 0, "今晩": 0, "今夕": 0,
    "明日": 1, "あした": 1, "あす": 1, "明朝": 1, "明晩": 1, "明後日": 2, "あさって": 2,
    "明々後日": 3, "しあさって": 3,
}  # fmt: skip
_NEAR_HALF = {
    "今朝": "am", "明朝": "am", "今夕": "evening",
    "今夜": "night", "今晩": "night", "明晩": "night", "昨夜": "night", "昨晩": "night",
}  # fmt: skip
_WEEKS = {
    "先々週": -2, "先週": -1, "今週": 0, "来週": 1, "翌週": 1, "再来週": 2, "さ来週": 2,
    "さらいしゅう": 2, "らいしゅう": 1, "こんしゅう": 0,
}  # fmt: skip
_MONTHS = {"先月": -1, "今月": 0, "来月": 1, "再来月": 2}
_YEARS = {"昨年": -1, "去年": -1, "今年": 0, "本年": 0, "来年": 1, "再来年": 2}
_KANA_DAYS = {
    "ついたち": 1, "ふつか": 2, "みっか": 3, "よっか": 4, "いつか": 5, "むいか": 6, "なのか": 7,
    "ようか": 8, "ここのか": 9, "とおか": 10, "はつか": 20,
}  # fmt: skip
_HALVES = {
    "午前": "am", "ごぜん": "am", "早朝": "am", "朝": "am",
    "午後": "pm", "ごご": "pm", "お昼": "noon", "昼": "noon",
    "夕方": "evening", "夕刻": "evening", "夜": "night", "晩": "night", "深夜": "night",
}  # fmt: skip
_REIWA = 2018
"""The year before 令和元年."""


def _any(words: dict[str, int] | dict[str, str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_NEAR_DAY = late.compile(rf"(?P<near>{_any(_NEAR)})中?(?P<next>.?)(?P<after>.?)")
_WEEKDAY = late.compile(
    rf"(?<!毎週)(?<!毎週の)(?<!第[一二三四1234])(?<!毎)(?:(?P<week>{_any(_WEEKS)}|次|今度)の?、?)?"
    rf"(?P<day>[{_WEEKDAYS}])曜日?(?!会|版|市)"
)
_LAST = r"(?!間|目|市|町|後|前|分|ぶり|以内|もか|ほど|くらい|ぐらい|坊|本)"
_DATE = late.compile(
    rf"(?:(?P<year>{_N})年、?|令和(?P<reiwa>{_N}|元)年、?|(?P<near_year>{_any(_YEARS)})の?、?)?"
    rf"(?:{_NOT_IN_NUMBER}(?P<month>{_N})月|(?P<near_month>{_any(_MONTHS)}))の?"
    rf"(?:(?P<day>{_N})日{_LAST}|(?P<kana>{_any(_KANA_DAYS)}))(?:[(（][{_WEEKDAYS}][)）])?"
)
_WRITTEN = late.compile(
    r"(?<![0-9/.-])(?:(?P<year>[0-9]{4})[/-])?(?P<month>[0-9]{1,2})[/-](?P<day>[0-9]{1,2})"
    r"(?![0-9/-]|\.[0-9])"
)
_DAY_OF_MONTH = late.compile(
    r"(?<![0-9一-龯〇])(?P<day>[0-9]{1,2}|[一二三四五六七八九十]{1,3})日"
    rf"{_LAST}(?=の|に|は|まで|から|以降|午|朝|昼|夕|夜|、|。|です|[{_WEEKDAYS}]曜|$)"
)
_ABOUT = late.compile("一二|二三|三四|四五|五六|六七|七八|八九")
_OPEN = late.compile(r"[0-9一二三四五六七八九][、,・]$")
_MONTH_BEFORE = late.compile(rf"(?P<month>{_N})月の?{_N}日(?:から|〜|~|～|と|か|、|または|ー|-)$")
"""11月28日から30日: of one month."""
_END_OF_MONTH = late.compile(r"(?P<month>今月|来月|再来月|先月)末|(?<![0-9〇一-龯])月末")
_LATER = late.compile(
    rf"(?:あと)?{_NOT_IN_NUMBER}(?P<number>{_N})(?P<unit>日|週間|時間|分)(?P<half>半)?後"
)
_HALF = late.compile(rf"(?P<half>{_any(_HALVES)})(?P<within>中|過ぎ|すぎ)?")
_CLOCK = late.compile(
    rf"{_NOT_IN_NUMBER}(?P<hour>[0-9]{{1,2}}|[〇零一二三四五六七八九十]{{1,3}})"
    r"時(?!間|代|計|期|点|速|給|々|折)"
    rf"(?:(?P<half>半)|(?P<minute>{_N})分(?P<before>前)?)?(?:ちょうど|ごろ|頃|過ぎ|すぎ)?"
)
_ONE = late.compile(r"(?:に(?!な)|から|まで|前|以降|以後|です|くらい|ぐらい|、|。|$)")
"""What follows 一時 where it is one o'clock and not "for a while"."""
_HALF_BEFORE = late.compile(rf"(?:{_any(_HALVES)})の?$")
_DIGITAL = late.compile(r"(?<![0-9:])(?P<hour>[0-9]{1,2})[:：](?P<minute>[0-9]{2})(?![0-9:])")
_NOON = late.compile(r"正午|お昼ちょうど")

GLUE = Glue(
    parts=late.compile(r"、?(?:の|は)?、?"),
    ends=late.compile(r"(?:から|〜|~|～|ー|-|か、?|または|と|、)"),
    moved=late.compile(r"[^。?？!！]{0,16}[をはがで]、?"),
    moved_after=late.compile(r"[にへ](?:[^。、]{0,4})?(?:変更|延期|ずら|移|変え|繰り|早め|遅ら)"),
    day_may_follow=False,
)


def parts(text: str, at: datetime) -> Iterator[Part]:
    """Find the days, parts of days and times of a text that has no spaces."""
    yield from _near_days(text, at)
    yield from _named_days(text, at)
    yield from _later(text, at)
    for found in _HALF.finditer(text):
        yield _part(text, *found.span(), half=_HALVES[found["half"]])
    yield from _times(text)


def _near_days(text: str, at: datetime) -> Iterator[Part]:
    for found in _NEAR_DAY.finditer(text):
        word, following = found["near"], found["next"]
        kana = "ぁ" <= word[-1] <= "ん"
        if kana and following and following not in "のはにも、。まで" and "ぁ" <= following <= "ん":
            continue
        if (
            kana
            and found.start()
            and "ぁ" <= text[found.start() - 1] <= "ん"
            and word != "あさって"
        ):
            continue
        if (
            word in ("今日", "こんにち")
            and following == "は"
            and found["after"] in ("、", "。", "")
        ):
            continue
        yield _part(
            text,
            found.start(),
            found.end() - len(following) - len(found["after"]),
            day=calendar.days_from(at.date(), _NEAR[word]),
            half=_NEAR_HALF.get(word),
        )


def _named_days(text: str, at: datetime) -> Iterator[Part]:
    today = at.date()
    for found in _WEEKDAY.finditer(text):
        weeks = _WEEKS.get(found["week"] or "")
        day = calendar.weekday(today, _WEEKDAYS.index(found["day"]), weeks)
        yield _part(text, *found.span(), day=day, any_week=not found["week"])
    for found in _DATE.finditer(text):
        yield _part(text, *found.span(), day=_dated(found, at), dated=True)
    for found in _WRITTEN.finditer(text):
        year = int(found["year"]) if found["year"] else None
        day = calendar.in_year(today, int(found["month"]), int(found["day"]), year)
        if day.exists:
            yield _part(text, *found.span(), day=day, dated=True)
    for found in _DAY_OF_MONTH.finditer(text):
        # 一日 alone is a day's length as often as the first, 二三日 is two or three of them.
        if found["day"] not in ("一", "1") and not _ABOUT.fullmatch(found["day"]):
            number = _number(found["day"])
            month = _MONTH_BEFORE.search(text, 0, found.start())
            day = calendar.in_month(today, number, None)
            if month:
                day = calendar.in_year(today, _number(month["month"]), number, None)
            yield _part(text, *found.span(), day=day, dated=True)
    for found in _END_OF_MONTH.finditer(text):
        day = calendar.end_of_month(today, _MONTHS[found["month"] or "今月"])
        yield _part(text, *found.span(), day=day, dated=True)


def _dated(found: re.Match[str], at: datetime) -> Day:
    day = _KANA_DAYS[found["kana"]] if found["kana"] else _number(found["day"])
    if found["near_month"]:
        return calendar.in_month(at.date(), day, _MONTHS[found["near_month"]])
    year = None
    if found["year"]:
        year = _number(found["year"])
    elif found["reiwa"]:
        year = _REIWA + (1 if found["reiwa"] == "元" else _number(found["reiwa"]))
    elif found["near_year"]:
        year = at.year + _YEARS[found["near_year"]]
    return calendar.in_year(at.date(), _number(found["month"]), day, year)


def _later(text: str, at: datetime) -> Iterator[Part]:
    for found in _LATER.finditer(text):
        begin = found.start("number")
        if _ABOUT.fullmatch(found["number"]) or _OPEN.search(text, max(0, begin - 2), begin):
            continue  # 二三日後, 2、3日後: in two or three days
        number = _number(found["number"])
        if found["unit"] in ("日", "週間"):
            days = number * (7 if found["unit"] == "週間" else 1)
            yield _part(text, *found.span(), day=calendar.days_from(at.date(), days))
        else:
            ahead = number * 60 + 30 * bool(found["half"])
            ahead = ahead if found["unit"] == "時間" else number
            exact = at.hour * 60 + at.minute + ahead
            yield _part(text, *found.span(), day=calendar.day_of(at.date()), exact=exact)


def _times(text: str) -> Iterator[Part]:
    for found in _CLOCK.finditer(text):
        follows = _ONE.match(text, found.end())
        if _ABOUT.fullmatch(found["hour"]):
            continue
        alone = found[0] in ("一時", "1時") and not _HALF_BEFORE.search(text, 0, found.start())
        if alone and found["hour"] == "一" and not follows:
            continue
        minute = 30 if found["half"] else _number(found["minute"])
        before, minute = (minute, 0) if found["before"] else (0, minute)
        clock = Clock(_number(found["hour"]), minute, before=before)
        yield _part(text, *found.span(), clock=clock)
    for found in _DIGITAL.finditer(text):
        clock = Clock(int(found["hour"]), int(found["minute"]))
        yield _part(text, *found.span(), clock=clock)
    for found in _NOON.finditer(text):
        yield _part(text, *found.span(), clock=Clock(12, half="pm"))


def _part(
    text: str,
    start: int,
    end: int,
    *,
    day: Day | None = None,
    dated: bool = False,
    any_week: bool = False,
    clock: Clock | None = None,
    half: str | None = None,
    exact: int | None = None,
) -> Part:
    return Part(
        start=start,
        end=end,
        shown=_written(text[start:end]),
        day=day,
        dated=dated,
        any_week=any_week,
        clock=clock,
        half=half,
        exact=exact,
    )


def _written(phrase: str) -> str:
    """The phrase with its numerals in digits."""

    def digits(found: re.Match[str]) -> str:
        number = value(found[0])
        return found[0] if number is None else str(number)

    return re.sub(rf"{_N}(?!昨)", digits, phrase)


def _number(digits: str | None, default: int = 0) -> int:
    if digits is None:
        return default
    number = value(digits)
    # 一〇十 has no value; no calendar has a 99th.
    return 99 if number is None else number
