"""Dates and times as English-speaking callers say them.  Pure.

Words are read as well as digits, because vosk writes words and Whisper digits.  A number alone is
no time: "at three" is one when nothing follows that makes it a number of something ("at three
sites", "at two oh two, five five five"), and May and March are months only beside a day.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from sipbot import late
from sipbot import when_calendar as calendar
from sipbot.numerals_en import CARDINAL, ORDINAL, ordinal, value
from sipbot.when_calendar import Day
from sipbot.when_parts import Clock, Glue, Part

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_NEAR = {
    "the day before yesterday": -2, "yesterday": -1, "today": 0, "tonight": 0,
    "tomorrow": 1, "the day after tomorrow": 2, "day after tomorrow": 2, "last night": -1,
    "this morning": 0, "this afternoon": 0, "this evening": 0,
}  # fmt: skip
_HALVES = {
    "morning": "am", "afternoon": "pm", "evening": "evening", "tonight": "night", "night": "night",
}  # fmt: skip
_QUARTERS = {"half": 30, "a quarter": 15, "quarter": 15}
_AGO = {"a": 1, "an": 1, "a couple of": 2}

_WEEKDAY = late.compile(
    r"(?<!first )(?<!second )(?<!third )(?<!fourth )(?<!every )(?<!each )"
    rf"\b(?:(?P<from>(?:a|one)\s+week\s+(?:from|on)\s+)|(?P<week>next\s+week\s*,?\s+(?:on\s+)?)"
    r"|(?P<which>this coming|this|next|last|coming|following)\s+)?"
    rf"(?P<day>{'|'.join(_WEEKDAYS)})\b(?!')"
    r"(?P<week_after>\s+(?:of\s+)?next\s+week)?",
    re.IGNORECASE,
)
_NEAR_DAY = late.compile(
    rf"\b(?P<near>{'|'.join(sorted(_NEAR, key=len, reverse=True))})\b(?!'s)", re.IGNORECASE
)
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_DAYS = rf"(?:twenty|thirty)[-\s]+(?:{_ONES})|ten|eleven|twelve|\w+teen|twenty|thirty"
_YEAR = (
    rf"(?:,?\s+(?P<year>20[0-9]{{2}}|(?:twenty|two thousand(?: and)?)[-\s]+(?:twenty|thirty)"
    rf"(?:[-\s]+(?:{_ONES}))?))?"
)
_MONTH_DAY = late.compile(
    rf"\b{_MONTH},?\s+(?:the\s+)?(?P<day>{ORDINAL}|[0-9]{{1,2}}(?![0-9:%])|{_DAYS})\b{_YEAR}",
    re.IGNORECASE,
)
_DAY_MONTH = late.compile(
    rf"\b(?:the\s+)?(?P<day>{ORDINAL}|[0-9]{{1,2}})\s+(?:of\s+)?{_MONTH}\b"
    r"(?:,?\s+(?P<year>[0-9]{4}))?",
    re.IGNORECASE,
)
_NEXT_MONTH = late.compile(
    rf"\b(?:the\s+)?(?P<day>{ORDINAL})\s+of\s+(?P<which>this|next)\s+month\b", re.IGNORECASE
)
_ENDS = (
    r"(?=\s*(?:$|[.,;!?)])|\s+(?:at|on|in|for|please|if|or|and|but|before|after|by|to|from|until|"
    r"till|between|instead|is|was|would|works|will|when|because|so|then|today|tonight|tomorrow|this|next|"
    r"with|as|about|around|i|we|you|he|she|they|the\s+day|each|every|"
    rf"{'|'.join(_WEEKDAYS)}|{'|'.join(_MONTHS)}|morning|afternoon|evening)\b)"
)
_DAY_OF_MONTH = late.compile(
    rf"\b(?P<lead>(?:on|by|until|till|before|after|from|for|to|and|or|{'|'.join(_WEEKDAYS)})\s*,?\s+)"
    rf"the\s+(?P<day>{ORDINAL})(?!\s+(?:of|time|floor|one|day|week)\b){_ENDS}",
    re.IGNORECASE,
)
_WRITTEN = late.compile(
    r"(?<![0-9/.-])(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})(?![0-9-])"
)
_LATER = late.compile(
    rf"\b(?:in\s+(?P<number>a couple of|an?|half an|[0-9]{{1,3}}|{CARDINAL})"
    r"\s+(?P<unit>day|week|hour|minute)s?(?:'s?\s+time)?"
    rf"|(?P<number2>a|[0-9]{{1,3}}|{CARDINAL})\s+(?P<unit2>day|week)s?"
    r"\s+from\s+(?P<from>now|today|tomorrow))\b",
    re.IGNORECASE,
)
_PART_OF_DAY = late.compile(
    r"\b(?:in\s+the\s+)?(?:early\s+|late\s+)?(?P<half>morning|afternoon|evening)\b"
    r"|\b(?:at\s+)?(?P<night>night)\b",
    re.IGNORECASE,
)
_HOUR = r"(?:[0-9]{1,2}(?![0-9])|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_MINUTE = (
    r"(?:oh[-\s]+(?:one|two|three|four|five|six|seven|eight|nine)|(?:twenty|thirty|forty|fifty)"
    r"(?:[-\s]+(?:one|two|three|four|five|six|seven|eight|nine))?|ten|eleven|twelve|thirteen|"
    r"fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|[0-9]{2}(?![0-9]))"
)
_AM_PM = r"(?P<half>[ap])\s?\.?\s?m\b\.?"
_STATED = late.compile(
    rf"\b(?P<hour>{_HOUR})(?:[\s:.]*(?P<minute>(?<=[:.])[0-9]{{2}}|(?<=\s){_MINUTE}))?"
    rf"(?:\s+o'?\s?clock)?\s*{_AM_PM}",
    re.IGNORECASE,
)
_O_CLOCK = late.compile(rf"\b(?P<hour>{_HOUR})\s+o'?\s?clock\b", re.IGNORECASE)
_DIGITAL = late.compile(
    r"(?<![0-9:])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?![0-9:])(?P<half>)", re.IGNORECASE
)
_LEAD = (
    r"(?P<lead>\b(?:at|around|until|till|by|after|before|from|between|about|to|and|or)\s+"
    r"(?:about\s+|around\s+)?)"
)
_DIGIT_AFTER = r"[\s,-]*(?:[0-9]|(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double)\b)"
"""What follows makes it a number that is said digit by digit."""
_AT = late.compile(
    rf"{_LEAD}(?P<hour>{_HOUR})(?:[\s-]+(?P<minute>{_MINUTE}))?"
    rf"(?!\s+(?:hundred|thousand|percent)|{_DIGIT_AFTER}){_ENDS}",
    re.IGNORECASE,
)
_SAID_PART = late.compile(
    rf"\b(?P<lead>)(?P<hour>{_HOUR})(?:\s+(?P<minute>{_MINUTE}))?"
    r"(?=\s+(?:in\s+the\s+(?:morning|afternoon|evening)|at\s+night|tonight)\b)",
    re.IGNORECASE,
)
_PAIR = late.compile(
    rf"\b(?P<lead>)(?P<hour>{_HOUR})\s+(?P<minute>{_MINUTE})(?!{_DIGIT_AFTER}){_ENDS}",
    re.IGNORECASE,
)
_FREE_LEADS = ("to", "and", "or", "about", "from", "between")
"""Before a bare hour these lead to numbers as often as to times: only beside a time or a day."""
_STRETCH = late.compile(
    rf"(?:from\s+{_HOUR}\s+(?:to|until|till)|between\s+{_HOUR}\s+and)\s+{_HOUR}{_ENDS}",
    re.IGNORECASE,
)
_PAST = late.compile(
    rf"\b(?P<minute>half|(?:a\s+)?quarter|{_MINUTE}|five)(?:\s+minutes)?\s+(?P<way>past|after|to|before|till)"
    rf"\s+(?P<hour>{_HOUR})\b(?:\s*{_AM_PM})?",
    re.IGNORECASE,
)
_ENDED = late.compile(_ENDS, re.IGNORECASE)
_NOON = late.compile(r"\b(?:12\s+|twelve\s+)?(?P<name>noon|midday|midnight)\b", re.IGNORECASE)

GLUE = Glue(
    parts=late.compile(
        r",?\s*(?:(?:at|on|in|around|about|by|from|between|after|before|until|for)\s+)?"
        r"(?:about\s+|around\s+)?",
        re.IGNORECASE,
    ),
    ends=late.compile(r"\s*(?:to|until|till|and|or|-|–|through)\s*(?:about\s+)?", re.IGNORECASE),
    moved=None,
    moved_after=None,
    day_may_follow=True,
)


def parts(text: str, at: datetime) -> Iterator[Part]:
    """Find the days, parts of days and times of a text."""
    text = text.replace("’", "'")
    days = [*_near(text, at), *_dates(text, at), *_later(text, at)]
    yield from days
    for found in _PART_OF_DAY.finditer(text):
        half = _HALVES[(found["half"] or found["night"]).lower()]
        yield _part(found, found[0], half=half)
    times = list(_times(text))
    yield from times
    yield from _bare(text, [*days, *times])


def _near(text: str, at: datetime) -> Iterator[Part]:
    today = at.date()
    for found in _NEAR_DAY.finditer(text):
        near = " ".join(found[0].lower().split())
        half = _HALVES.get(near.split()[-1])
        yield _part(found, found[0], day=calendar.days_from(today, _NEAR[near]), half=half)
    for found in _WEEKDAY.finditer(text):
        number = [one.lower() for one in _WEEKDAYS].index(found["day"].lower())
        which = (found["which"] or "").lower()
        if which == "last":
            day = calendar.last_weekday(today, number)
        else:
            next_week = which == "next" or found["week"] or found["week_after"]
            day = calendar.weekday(today, number, 1 if next_week else None)
            if found["from"]:
                day = day.later(7)
        head = found[0][: found.start("day") - found.start()]
        shown = head + _WEEKDAYS[number] + (found["week_after"] or "")
        any_week = not (which or next_week or found["from"])
        yield _part(found, shown, day=day, any_week=any_week)


def _dates(text: str, at: datetime) -> Iterator[Part]:
    today = at.date()
    for pattern in (_MONTH_DAY, _DAY_MONTH):
        for found in pattern.finditer(text):
            month = [one.lower() for one in _MONTHS].index(found["month"].lower())
            number = _day_number(found["day"])
            year = _year(found["year"])
            day = calendar.in_year(today, month + 1, number, year)
            name = _MONTHS[month]
            shown = f"{name} {number}" if pattern is _MONTH_DAY else f"{number} {name}"
            if year is not None:
                shown += f"{',' if pattern is _MONTH_DAY else ''} {year}"
            yield _part(found, shown, day=day, dated=True)
    for found in _NEXT_MONTH.finditer(text):
        months = int(found["which"].lower() == "next")
        number = _day_number(found["day"])
        day = calendar.in_month(today, number, months)
        shown = f"the {_with_suffix(number)} of {found['which']} month"
        yield _part(found, shown, day=day, dated=True)
    for found in _WRITTEN.finditer(text):
        day = Day(int(found["year"]), int(found["month"]), int(found["day"]))
        yield _part(found, found[0], day=day, dated=True)
    for found in _DAY_OF_MONTH.finditer(text):
        number = _day_number(found["day"])
        day = calendar.in_month(today, number, None)
        shown = f"the {_with_suffix(number)}"
        yield _part(found, shown, after="lead", day=day, dated=True)


def _later(text: str, at: datetime) -> Iterator[Part]:
    for found in _LATER.finditer(text):
        said = (found["number"] or found["number2"]).lower()
        unit = (found["unit"] or found["unit2"]).lower()
        number = _AGO.get(said) or value(said) or 0
        shown = (
            found[0] if said in _AGO or said == "half an" else found[0].replace(said, str(number))
        )
        if unit in ("day", "week"):
            days = number * (7 if unit == "week" else 1) + (
                (found["from"] or "").lower() == "tomorrow"
            )
            yield _part(found, shown, day=calendar.days_from(at.date(), days))
        else:
            ahead = 30 if said == "half an" else number * (60 if unit == "hour" else 1)
            exact = at.hour * 60 + at.minute + ahead
            yield _part(found, shown, day=calendar.day_of(at.date()), exact=exact)


def _times(text: str) -> Iterator[Part]:
    for pattern in (_STATED, _DIGITAL):
        for found in pattern.finditer(text):
            clock = Clock(_hour(found["hour"]), _minute(found["minute"]), _half(found["half"]))
            yield _part(found, _time(clock), clock=clock)
    for found in _O_CLOCK.finditer(text):
        clock = Clock(_hour(found["hour"]))
        yield _part(found, f"{clock.hour} o'clock", clock=clock)
    for found in _PAST.finditer(text):
        said = " ".join(found["minute"].lower().split())
        minute = _QUARTERS.get(said) or _minute(said)
        hour, half = _hour(found["hour"]), _half(found["half"])
        plain = said not in _QUARTERS and found["way"].lower() != "past" and half is None
        if hour > 12 or (plain and not _ENDED.match(text, found.end())):
            continue  # twenty to thirty dollars, ten to twelve people
        if found["way"].lower() in ("past", "after"):
            clock = Clock(hour, minute, half)
            yield _part(found, _time(clock), clock=clock)
        else:
            clock = Clock(hour, 0, half, before=minute)
            shown = _time(Clock(hour - 1 or 12, 60 - minute, half))
            yield _part(found, shown, clock=clock)
    for found in _NOON.finditer(text):
        midnight = found["name"].lower() == "midnight"
        yield _part(
            found, found[0], clock=Clock(0, half="am") if midnight else Clock(12, half="pm")
        )


def _bare(text: str, sure: list[Part]) -> Iterator[Part]:
    """Hours without o'clock or a.m.: times where the words beside them say so."""
    for pattern in (_SAID_PART, _AT, _PAIR):
        for found in pattern.finditer(text):
            start, end = found.end("lead"), found.end()
            lead = (found["lead"].lower().split() or ["to"])[0]
            certain = pattern is _SAID_PART or lead not in _FREE_LEADS
            beside = any(_beside(text, one, start, end, joined=bool(found["lead"])) for one in sure)
            if certain or beside or _STRETCH.match(text, found.start()):
                clock = Clock(_hour(found["hour"]), _minute(found["minute"]))
                shown = _time(clock) if found["minute"] else str(clock.hour)
                one = _part(found, shown, after="lead", clock=clock)
                sure.append(one)
                yield one


def _beside(text: str, one: Part, start: int, end: int, *, joined: bool) -> bool:
    """Whether only glue stands between a part and text[start:end]."""
    gaps = (text[one.end : start], text[end : one.start])
    glues = (GLUE.parts, GLUE.ends) if joined else (GLUE.parts,)
    return any(gap and glue.fullmatch(gap) for gap in gaps for glue in glues)


def _time(clock: Clock) -> str:
    minute = f":{clock.minute:02}" if clock.minute or not clock.half else ""
    return f"{clock.hour}{minute}" + (f" {clock.half[0]}.m." if clock.half else "")


def _part(
    found: re.Match[str],
    shown: str,
    *,
    after: str = "",
    day: Day | None = None,
    dated: bool = False,
    any_week: bool = False,
    clock: Clock | None = None,
    half: str | None = None,
    exact: int | None = None,
) -> Part:
    return Part(
        start=found.end(after) if after else found.start(),
        end=found.end(),
        shown=" ".join(shown.split()),
        day=day,
        dated=dated,
        any_week=any_week,
        clock=clock,
        half=half,
        exact=exact,
    )


def _with_suffix(number: int) -> str:
    last = number % 10 if number // 10 != 1 else 0
    return str(number) + {1: "st", 2: "nd", 3: "rd"}.get(last, "th")


def _day_number(said: str) -> int:
    number = ordinal(said)
    if number is None:
        number = value(said)
    return 99 if number is None else number


def _year(said: str | None) -> int | None:
    if said is None:
        return None
    if said.isdigit():
        return int(said)
    return 2000 + (value(re.sub(r"(?i)^(?:twenty|two thousand(?: and)?)[-\s]+", "", said)) or 0)


def _hour(said: str) -> int:
    number = value(said)
    return 99 if number is None else number


def _minute(said: str | None) -> int:
    if not said:
        return 0
    number = value(re.sub(r"(?i)^oh[-\s]+", "", said))
    return 99 if number is None else number


def _half(said: str | None) -> str | None:
    return {"a": "am", "p": "pm"}.get((said or "").lower())
