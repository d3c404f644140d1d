"""Dates and times as Korean callers say them.  Pure.

Spaces stand where the ear likes them, so all patterns allow for any; hours are native numerals
(세 시), minutes and dates Chinese ones (삼십 분, 십일월).  Short numerals are parts of many words
(다시, 역시; "네, 시작하겠습니다"), so what stands before and after decides.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from sipbot import late
from sipbot import when_calendar as calendar
from sipbot.numerals_ko import NATIVE, OPEN, SINO, value
from sipbot.when_calendar import Day
from sipbot.when_parts import Clock, Glue, Part

_SINO_HOUR = r"(?:이\s*)?십(?:\s*[일이삼사오육칠팔구])?"
"""Ten to 29, as soldiers and railways say it; 이 시 is "this poem"."""
_EDGE = r"(?<![가-힣0-9\]])"
_DIGITS = r"\[?[0-9]{1,4}\]?"
_N = rf"(?:{_DIGITS}|{SINO})"
_WEEKDAYS = "월화수목금토일"
_NEAR = {
    "그저께": -2, "그제": -2, "엊그제": -2, "어제": -1, "오늘": 0, "금일": 0,
    "내일모레": 2, "내일": 1, "명일": 1, "모레": 2, "글피": 3,
}  # fmt: skip
_DAYS = {
    "하루": 1, "이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "이레": 7, "여드레": 8,
    "아흐레": 9, "열흘": 10, "보름": 15,
}  # fmt: skip
_HALVES = {
    "오전": "am", "아침": "am", "새벽": "am", "오후": "pm", "점심": "noon", "낮": "noon",
    "저녁": "evening", "밤": "night",
}  # fmt: skip
_WEEKS = {"지난": -1, "저번": -1, "이번": 0, "금": 0, "다음": 1, "담": 1, "내": 1, "다다음": 2}
_MONTHS = {"지난": -1, "이번": 0, "다음": 1, "다다음": 2}
_YEARS = {"작년": -1, "올해": 0, "금년": 0, "내년": 1}
_PARTICLE = (
    r"(?=\s|[^가-힣]|$|에|부터|까지|쯤|경|정각|이후|이전|전|로|으로|은|는|이|가|을|를"
    r"|도|의|예|입|이?요|이?고|인|중)"
)
_TIME_PARTICLE = _PARTICLE.replace("|전|", "|전(?!화)|")


def _any(words: dict[str, int] | dict[str, str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_NEAR_DAY = late.compile(
    rf"{_EDGE}(?P<near>{_any(_NEAR)})(?![가-힣])|{_EDGE}(?P<close>{_any(_NEAR)})(?:{_PARTICLE}|(?={_any(_HALVES)}))"
)
_WEEKDAY = late.compile(
    rf"(?:{_EDGE}(?P<week>{_any(_WEEKS)})\s*주\s*|{_EDGE}(?P<coming>오는|이번|다음)\s*)?"
    rf"(?<![가-힣])(?<!매주 )(?P<day>[{_WEEKDAYS}])요일"
)
_MONTH = r"유|시(?=\s*월)"
_DATE = late.compile(
    rf"(?:{_EDGE}(?P<year>{_N})\s*년\s*|{_EDGE}(?P<near_year>{_any(_YEARS)})\s*)?"
    rf"(?<![가-힣0-9])(?:(?P<month>{_N}|{_MONTH})\s*월|(?P<near_month>{_any(_MONTHS)})\s*달)\s*"
    rf"(?P<day>{_N})\s*일(?!간){_PARTICLE}"
)
_DAY_OF_MONTH = late.compile(
    rf"(?<![가-힣0-9\]-])(?P<day>\[?[0-9]{{1,2}}\]?|[이삼]?\s*십\s*[일이삼사오육칠팔구]?)\s*일(?!\s*(?:간|동안|후|뒤|전|요)){_PARTICLE}"
)
_WRITTEN = late.compile(
    r"(?<![0-9/.-])(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?![0-9-])"
)
_END_OF_MONTH = late.compile(
    rf"{_EDGE}(?P<month>{_any(_MONTHS)})\s*달\s*말(?![가-힣]*씀){_PARTICLE}"
)
_LATER = late.compile(
    rf"{_EDGE}(?P<number>{_N}|{NATIVE})\s*(?P<unit>일|주일|주|시간|분)\s*(?P<half>반)?\s*(?:후|뒤){_PARTICLE}"
)
_OPEN = late.compile(r"[0-9일이삼사오육칠팔구],\s?$")
_DAYS_LATER = late.compile(rf"{_EDGE}(?P<days>{_any(_DAYS)})\s*(?:후|뒤){_PARTICLE}")
_HALF = late.compile(
    rf"(?:{_EDGE}|(?<=내일)|(?<=오늘)|(?<=모레)|(?<=요일))(?P<half>{_any(_HALVES)})(?:\s*중|\s*늦게)?(?=\s|[^가-힣]|$|에|까지|부터|중)"
)
_HALF_OF_CLOCK = late.compile(
    rf"(?P<half>{_any(_HALVES)})(?=\s*(?:{_DIGITS}|{NATIVE}|{_SINO_HOUR})\s*시)"
)
_CLOCK = late.compile(
    rf"(?:{_EDGE}|(?<=오전)|(?<=오후)|(?<=아침)|(?<=저녁)|(?<=[밤낮]))(?P<hour>{_DIGITS}|{NATIVE}|{_SINO_HOUR})\s*시"
    rf"(?:\s*(?:(?P<half>반)|(?P<minute>{_N})\s*분(?:\s*(?P<before>전))?)|)(?!\s*간){_TIME_PARTICLE}"
)
_DIGITAL = late.compile(r"(?<![0-9:])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?![0-9:])")
_NOON = late.compile(rf"{_EDGE}(?P<name>정오|자정){_PARTICLE}")

GLUE = Glue(
    parts=late.compile(r"\s*,?\s*(?:의|은|는|에)?\s*,?\s*"),
    ends=late.compile(r"\s*(?:부터|에서|~|-|이나|나|또는|아니면|하고|과|와)\s*"),
    moved=late.compile(r"[^.?!]{0,20}[을를은는이가]\s*"),
    moved_after=late.compile(r"\s*(?:로|으로|에)\s*(?:변경|바꾸|바꿔|옮|미루|미뤄|연기|당기|당겨)"),
    day_may_follow=False,
)


def parts(text: str, at: datetime) -> Iterator[Part]:
    """Find the days, parts of days and times of a text."""
    today = at.date()
    for found in _NEAR_DAY.finditer(text):
        near = found["near"] or found["close"]
        yield _part(found, day=calendar.days_from(today, _NEAR[near]))
    for found in _WEEKDAY.finditer(text):
        weeks = _WEEKS[found["week"]] if found["week"] else None
        day = calendar.weekday(today, _WEEKDAYS.index(found["day"]), weeks)
        any_week = not (found["week"] or found["coming"])
        yield _part(found, day=day, any_week=any_week)
    yield from _dates(text, at)
    for found in _DAYS_LATER.finditer(text):
        yield _part(found, day=calendar.days_from(today, _DAYS[found["days"]]))
    yield from _later(text, at)
    for half in (_HALF, _HALF_OF_CLOCK):
        for found in half.finditer(text):
            yield _part(found, half=_HALVES[found["half"]])
    yield from _times(text)


def _dates(text: str, at: datetime) -> Iterator[Part]:
    today = at.date()
    for found in _DATE.finditer(text):
        if found["near_month"]:
            day = calendar.in_month(today, _number(found["day"]), _MONTHS[found["near_month"]])
        else:
            year = _number(found["year"]) if found["year"] else None
            if found["near_year"]:
                year = at.year + _YEARS[found["near_year"]]
            month = {"유": 6, "시": 10}.get(found["month"]) or _number(found["month"])
            day = calendar.in_year(today, month, _number(found["day"]), year)
        yield _part(found, day=day, dated=True)
    for found in _WRITTEN.finditer(text):
        day = Day(int(found["year"]), int(found["month"]), int(found["day"]))
        yield _part(found, day=day, dated=True)
    for found in _DAY_OF_MONTH.finditer(text):
        day = calendar.in_month(today, _number(found["day"]), None)
        yield _part(found, day=day, dated=True)
    for found in _END_OF_MONTH.finditer(text):
        day = calendar.end_of_month(today, _MONTHS[found["month"]])
        yield _part(found, day=day, dated=True)


def _later(text: str, at: datetime) -> Iterator[Part]:
    for found in _LATER.finditer(text):
        begin = found.start("number")
        if OPEN.fullmatch(found["number"]) or _OPEN.search(text, max(0, begin - 3), begin):
            continue  # 이삼일 후, 2, 3일 후: in two or three days
        number, unit = _number(found["number"]), found["unit"]
        if unit in ("시간", "분"):
            ahead = number * 60 + 30 * bool(found["half"]) if unit == "시간" else number
            exact = at.hour * 60 + at.minute + ahead
            yield _part(found, day=calendar.day_of(at.date()), exact=exact)
        else:
            days = number if unit == "일" else 7 * number
            yield _part(found, day=calendar.days_from(at.date(), days))


def _times(text: str) -> Iterator[Part]:
    for found in _CLOCK.finditer(text):
        minute = 30 if found["half"] else _number(found["minute"])
        before, minute = (minute, 0) if found["before"] else (0, minute)
        yield _part(found, clock=Clock(_number(found["hour"]), minute, before=before))
    for found in _DIGITAL.finditer(text):
        yield _part(found, clock=Clock(int(found["hour"]), int(found["minute"])))
    for found in _NOON.finditer(text):
        clock = Clock(12, half="pm") if found["name"] == "정오" else Clock(0, half="am")
        yield _part(found, clock=clock)


def _part(
    found: re.Match[str],
    *,
    day: Day | None = None,
    dated: bool = False,
    any_week: bool = False,
    clock: Clock | None = None,
    half: str | None = None,
    exact: int | None = None,
) -> Part:
    return Part(
        start=found.start(),
        end=found.end(),
        shown=_written(found),
        day=day,
        dated=dated,
        any_week=any_week,
        clock=clock,
        half=half,
        exact=exact,
    )


def _written(found: re.Match[str]) -> str:
    """The phrase with its numerals in digits, written together with their units."""
    pieces: list[str] = []
    at = found.start()
    for name in ("year", "month", "day", "hour", "minute", "number"):
        said = found.groupdict().get(name)
        if (
            not said
            or (number := value(said)) is None
            or (said in _WEEKDAYS and name == "day" and "요일" in found[0])
        ):
            continue
        pieces += [found.string[at : found.start(name)], str(number)]
        at = found.end(name)
        while at < found.end() and found.string[at].isspace():
            at += 1
    pieces.append(found.string[at : found.end()])
    return " ".join("".join(pieces).split())


def _number(digits: str | None) -> int:
    if digits is None:
        return 0
    number = value(digits)
    # 일십백 has no value; no calendar has a 99th.
    return 99 if number is None else number
