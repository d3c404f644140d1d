"""Whether a memo says a telephone number: the whole number, and no other one around it.  Pure.

Data path: ledger -> search_words -> [number_mentions] -> ledger_number

A search may find too much, for people look at what it finds; what erases must not.  So 0312345678
is not in 10312345678, and is in 03-1234-5678, +81 (0)3 1234 5678 and 03の1234の5678.
"""

import re
import unicodedata
from functools import lru_cache

from sipbot import numbers
from sipbot.search_words import LONG_MARK, Searched

_BETWEEN = r"[\s().\-‐‑‒–—−/・の]{0,3}"
"""Between two digits of one number, as people and recognisers write it; two brackets and a blank
are the most that stand together."""

_BEFORE = r"(?<![0-9])(?<![0-9][\-‐‑‒–—−./])(?<![0-9]の)"
_AFTER = r"(?![\-‐‑‒–—−./の]?[0-9])"
"""A digit, or a digit behind a hyphen, belongs to the number: then it is another one.  A blank does
not join: what is missed is not erased."""

_ABROAD = rf"(?:\+|(?<![0-9])(?:010|011|00){_BETWEEN})?"
"""As it is dialled from abroad: 010 in Japan, 011 in North America, 00 elsewhere (ITU-T E.123)."""


def says(memo: Searched, number: str, region: str) -> bool:
    """Tell whether a memo says a number, in words or as one that was found in them.

    Args:
        memo: what can be looked for in it.
        number: E.164.
        region: of the site, whose people write national numbers.
    """
    if any(numbers.canonical(one, region) == number for one in memo.numbers if one):
        return True
    wanted = _written(number, region)
    return any(wanted.search(_narrow(text)) for text in memo.texts)


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", LONG_MARK.sub("-", text))


@lru_cache(64)
def _written(number: str, region: str) -> re.Pattern[str]:
    """Return what finds a number in a text, written at home or from abroad."""
    whole = number.removeprefix("+")
    home = "".join(filter(str.isdigit, numbers.display(number, region)))
    ways = [_ABROAD + _spaced(whole)]
    if home != whole:
        ways.append(_spaced(home))
        if whole.endswith(home[1:]):  # +81 (0)3: dialled at home, not from abroad
            country = whole.removesuffix(home[1:])
            ways.append(_ABROAD + _spaced(country + home))
    return re.compile(f"{_BEFORE}(?:{'|'.join(ways)}){_AFTER}")


def _spaced(digits: str) -> str:
    return _BETWEEN.join(digits)
