"""How English-speaking people write what an ear heard: capitals, and digits from ten on.  Pure.

May and March are capitals only beside a day, where `said_when` writes them.  "A hundred" and
numbers below ten stay words; so do ordinals, which are as often no dates ("a second time").
"""

import re
from collections.abc import Iterator

from sipbot import late
from sipbot.numerals_en import CARDINAL, DIGITS, ONES, TEENS, TENS, value
from sipbot.readable_rules import Change, Rule

_NAMES = (
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|april|june|july|august|"
    "september|october|november|december"
)
_NAME = late.compile(rf"\b(?:{_NAMES})(?:s|'s)?\b")
_I = late.compile(r"(?<![\w.'-])i(?=$|[\s,!?;:]|\.(?!\w)|'(?:m|ll|ve|d)\b)")
_SENTENCE = late.compile(r"(?:^|(?<=[.!?]\s))[\"'(]?(?P<letter>[a-z])")
_ABBREVIATED = late.compile(
    r"(?:\b[ap]\.m|\b(?:mr|mrs|ms|dr|no|st|inc|co|ltd|e\.g|i\.e))\.\s$", re.IGNORECASE
)

_ONE_DIGIT = "|".join(sorted(DIGITS, key=len, reverse=True))
_DIGIT = rf"(?:(?:double|triple)[-\s]+)?(?:{_ONE_DIGIT})"
_GREATER = rf"(?:hundred|thousand|million|{'|'.join(TEENS)}|{'|'.join(TENS)})"
_RUN = late.compile(
    rf"(?<![\w'-])(?:{_DIGIT})(?:[-\s]+{_DIGIT})+(?![\w'-]|\s+{_GREATER}\b)", re.IGNORECASE
)
_YEAR = late.compile(
    rf"(?<![\w'-])(?P<century>nineteen|twenty)\s+"
    rf"(?P<year>(?:{'|'.join(TEENS)})|(?:{'|'.join(TENS)})(?:[-\s]+(?:{'|'.join(ONES)}))?)(?![\w'-])",
    re.IGNORECASE,
)
_PRICE = late.compile(r"\s+(?:dollars|bucks|pounds|quid|euros|yen)\b", re.IGNORECASE)
"""Nineteen ninety nine dollars are 19.99 as often as 1,999."""
_OPEN = late.compile(rf"(?:\b(?:{CARDINAL})|[0-9])\s+(?:or|to)\s+$", re.IGNORECASE)
_OPEN_MAX = 20
"""Characters of a small number and the word after it."""
_SCALED = late.compile(r"hundred|thousand|million", re.IGNORECASE)
"""Two or three hundred: 200 or 300."""
_ORDINAL_WORD = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
_NUMBER = late.compile(
    rf"(?<![\w'-])(?P<number>{CARDINAL})(?![\w'-]|[-\s]+{_ORDINAL_WORD}\b)", re.IGNORECASE
)
_LAST_WORD = late.compile(r"([a-z]+)[-\s]+$", re.IGNORECASE)
_NEXT_WORD = late.compile(r"[-\s]+([a-z]+)", re.IGNORECASE)


def _names(text: str) -> Iterator[Change]:
    for found in _NAME.finditer(text):
        yield Change(found.start(), found.start() + 1, found[0][0].upper())


def _self(text: str) -> Iterator[Change]:
    for found in _I.finditer(text):
        yield Change(*found.span(), "I")


def _sentences(text: str) -> Iterator[Change]:
    for found in _SENTENCE.finditer(text):
        if not _ABBREVIATED.search(text, 0, found.start()):
            yield Change(*found.span("letter"), found["letter"].upper())


def _digits(text: str) -> Iterator[Change]:
    for found in _RUN.finditer(text):
        digits = ""
        times = 1
        for word in re.split(r"[-\s]+", found[0].lower()):
            if word in ("double", "triple"):
                times = 2 if word == "double" else 3
            else:
                digits += str(DIGITS[word]) * times
                times = 1
        # "One two" is still counting; three in a row are a number, said digit by digit.
        if len(digits) >= 3:
            yield Change(*found.span(), digits)


def _years(text: str) -> Iterator[Change]:
    for found in _YEAR.finditer(text):
        if _PRICE.match(text, found.end()):
            continue
        century = 1900 if found["century"].lower() == "nineteen" else 2000
        yield Change(*found.span(), str(century + (value(found["year"]) or 0)))


def _numbers(text: str) -> Iterator[Change]:
    for found in _NUMBER.finditer(text):
        number = value(found["number"])
        if number is None or number < 10 or found[0].lower().startswith("a "):
            continue
        if _SCALED.search(found[0]) and _OPEN.search(
            text, max(0, found.start() - _OPEN_MAX), found.start()
        ):
            continue
        before = _LAST_WORD.search(text, 0, found.start())
        after = _NEXT_WORD.match(text, found.end())
        if any(word and word[1].lower() in DIGITS for word in (before, after)):
            # "Twenty four seven", "nine eleven": read together they are something else.
            continue
        yield Change(*found.span(), f"{number:,}" if number >= 10_000 else str(number))


RULES: tuple[Rule, ...] = (_digits, _years, _numbers, _self, _names, _sentences)
