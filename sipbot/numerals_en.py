"""The value of English numerals: three hundred and twenty, twenty-five, the twenty third.  Pure.

One text is one number here.  Numbers said digit by digit (two oh two) are not: that is another
grammar, and adding them up ("four seven two" = 13) is how numbers get wrong.
"""

import re
from collections.abc import Iterable

DIGITS = {
    "zero": 0, "oh": 0, "o": 0, "nought": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "niner": 9,
}  # fmt: skip
"""How one digit is said on the telephone."""

ONES = {word: DIGITS[word] for word in list(DIGITS)[4:13]}
TEENS = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15,
    "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_THOUSANDS = {"thousand": 10**3, "million": 10**6, "billion": 10**9}

_ORDINAL_ONES = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7,
    "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13,
    "fourteenth": 14, "fifteenth": 15, "sixteenth": 16, "seventeenth": 17, "eighteenth": 18,
    "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip


def _longest_first(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_ONE = _longest_first(ONES)
_SMALL = rf"(?:(?:{_longest_first(TENS)})(?:[-\s]+(?:{_ONE}))?|{_longest_first(TEENS)}|{_ONE})"
_AND = r"[-\s]+(?:and\s+)?"
_HUNDREDS = rf"(?:(?:a|{_SMALL})[-\s]+hundred(?:{_AND}{_SMALL})?|{_SMALL})"
_SCALE = "thousand|million|billion"
CARDINAL = (
    rf"(?:zero|(?:(?:a|{_HUNDREDS})[-\s]+(?:{_SCALE}){_AND}){{0,3}}"
    rf"(?:(?:a|{_HUNDREDS})[-\s]+(?:{_SCALE})|{_HUNDREDS}))"
)
"""Pattern of a spoken cardinal; use it between word boundaries and with IGNORECASE."""
ORDINAL = (
    rf"(?:(?:twenty|thirty)[-\s]+(?:{'|'.join(list(_ORDINAL_ONES)[:9])})"
    rf"|{_longest_first(_ORDINAL_ONES)}|[0-9]{{1,2}}(?:st|nd|rd|th))"
)
"""Pattern of a spoken or written ordinal up to thirty-ninth: days of months."""


def value(text: str) -> int | None:
    """Return the cardinal that all of this text says, or None; also digits: 1,200."""
    text = text.strip().lower()
    if re.fullmatch(r"[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+", text):
        return int(text.replace(",", ""))
    if text == "zero" or not re.fullmatch(CARDINAL, text):
        return 0 if text == "zero" else None
    total = group = 0
    lowest = 10**12
    for word in re.split(r"[-\s]+", text):
        if word in _THOUSANDS:
            if _THOUSANDS[word] >= lowest:
                return None
            lowest = _THOUSANDS[word]
            total += max(group, 1) * lowest
            group = 0
        elif word == "hundred":
            group = max(group, 1) * 100
        elif word == "a":
            group = 1
        elif word != "and":
            group += ONES.get(word) or TEENS.get(word) or TENS[word]
    return total + group


def ordinal(text: str) -> int | None:
    """Return the ordinal that all of this text says (twenty-third, 23rd), or None."""
    text = text.strip().lower()
    if not re.fullmatch(ORDINAL, text):
        return None
    if text[0].isdigit():
        return int(text[:-2])
    return sum(_ORDINAL_ONES.get(word) or TENS[word] for word in re.split(r"[-\s]+", text))
