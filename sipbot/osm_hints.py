"""What a person meant who wrote opening hours as on a door, in OpenStreetMap's notation.  Pure.

``平日 9時-18時``, ``Monday-Friday 9am-5:30pm``, ``월-금 9시-18시`` are how people write;
a mistake that shows the right spelling is mended in seconds.  A guess is shown, never used.
"""

import re
import unicodedata

_DASHES = re.compile(r"\s*(?:[〜～~–—−ー‐-]|から|\bto\b|\buntil\b|부터)\s*")
_LISTS = re.compile(r"\s*[、，・&]\s*")
_ENGLISH = re.compile(
    r"\b(mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|rsday|rs|r|urday)?s?\b\.?", re.IGNORECASE
)
_WORDS = (
    ("年中無休", "24/7"),
    ("24時間", "24/7"),
    ("平日", "Mo-Fr "),
    ("毎日", "Mo-Su "),
    ("土日", "Sa,Su "),
    ("定休日", " off"),
    ("定休", " off"),
    ("休業", " off"),
    ("休み", " off"),
    ("休診", " off"),
    ("평일", "Mo-Fr "),
    ("매일", "Mo-Su "),
    ("주말", "Sa,Su "),
    ("휴무", " off"),
)
_DAYS = dict(
    zip("月火水木金土日월화수목금토일", ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] * 2, strict=True)
)
_SHORT = re.compile(r"([月火水木金土日월화수목금토일])(?:曜日|曜|요일)?")
_LATE = re.compile(
    r"(?:(午前|午後|오전|오후)\s*)?(\d{1,2})\s*(?:時|시)\s*(?:(\d{1,2})\s*(?:分|분)|(半|반))?"
)
_ENGLISH_TIME = re.compile(r"\b(\d{1,2})(?:[:.](\d\d))?\s*([ap])\.?m\b\.?", re.IGNORECASE)
_DOTTED = re.compile(r"\b(\d{1,2})[.h](\d\d)\b")
_BARE = re.compile(r"(?<![\d:\[])(\d{1,2})-(\d{1,2})(?![\d:])")
_HALF_BARE = re.compile(r"(?<![\d:\[])(\d{1,2})(?=-\d\d:)|(?<=:\d\d-)(\d{1,2})(?![\d:])")
_SINGLE = re.compile(r"(?<![\d:])(\d):(\d\d)")


def hint(text: str) -> str:
    """Return how the text would look in the notation; it may still not be a reading of it."""
    better = unicodedata.normalize("NFKC", text).strip().rstrip(";,")
    for word, meaning in _WORDS:
        better = better.replace(word, meaning)
    better = _LATE.sub(_japanese_time, better)
    better = _ENGLISH_TIME.sub(_english_time, better)
    better = _DASHES.sub("-", better).replace("まで", "").replace("까지", "")
    better = _LISTS.sub(",", better)
    better = re.sub(r"(?<=[月火水木金土日월화수목금토일])(?=[月火水木金土日])(?!日)", ",", better)
    better = _SHORT.sub(lambda found: _DAYS[found[1]], better)
    better = _ENGLISH.sub(lambda found: found[1][:2].capitalize(), better)
    better = _DOTTED.sub(r"\1:\2", better)
    better = _BARE.sub(r"\1:00-\2:00", better)
    better = _HALF_BARE.sub(lambda found: f"{found[1] or found[2]}:00", better)
    better = _SINGLE.sub(r"0\1:\2", better)
    better = re.sub(r"(?<=[a-u\]]):?\s*(?=\d\d:)", " ", better)
    better = re.sub(r"(?<=\d)\s*[,/]\s*(?=\d\d:)", ",", better)
    better = re.sub(r"(?<=:\d\d)\s*[;,]?\s+(?=[MTWFS][a-u])", "; ", better)
    better = re.sub(r"(?<=:\d\d),(?=[MTWFS][a-u])", "; ", better)
    return " ".join(better.split())


def _japanese_time(found: re.Match[str]) -> str:
    afternoon = found[1] in ("午後", "오후") and int(found[2]) < 12
    minute = 30 if found[4] else int(found[3] or 0)
    return f"{int(found[2]) + 12 * afternoon:02}:{minute:02}"


def _english_time(found: re.Match[str]) -> str:
    hour = int(found[1]) % 12 + 12 * (found[3].lower() == "p")
    return f"{hour:02}:{found[2] or '00'}"
