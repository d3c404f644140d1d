"""How Korean people write what an ear heard: no brackets, digits before units.  Pure.

Vosk's model writes numbers as bracketed tokens ("[23] 일", "[쩜]").  One-syllable numerals stay
words (이 분 is "this person" as often as two minutes), and so do native ones (세 명).
"""

import re
from collections.abc import Iterator

from sipbot import late
from sipbot.numerals_ko import DIGITS, value
from sipbot.readable_rules import Change, Rule

_TOKEN = late.compile(r"\[([0-9]+|[가-힣]+)\]")
_UNITS = (
    "원|년|월|일|시간|시|분|초|층|호실|호|번지|번|명|개월|개|건|대|퍼센트|프로|살|세|주|페이지"
    "|킬로|미터|인분"
)
_AFTER = r"(?=[^가-힣]|$|에|을|를|이|가|은|는|의|도|만|로|으로|까지|부터|쯤|정도|입|이?요|이?고|인)"
_UNIT = rf"(?:{_UNITS}){_AFTER}"
_APART = late.compile(rf"(?<=[0-9])\s+(?={_UNIT})")
_POINT = late.compile(r"(?<=[0-9])\s*점\s*(?=[0-9])")
_LETTER = "일이삼사오육륙칠팔구십백천만억"
_COUNTED = late.compile(
    rf"(?<![가-힣0-9])(?P<number>[{_LETTER}](?:\s?[{_LETTER}]){{1,22}})\s?(?={_UNIT})"
)
_ONE = "공영일이삼사오육륙칠팔구"
_RUN = late.compile(
    rf"(?<![가-힣0-9])(?:(?=[{_ONE}]*[공영])[{_ONE}]{{3,}}|[{_ONE}]{{4,}})"
    r"(?=[^가-힣]|$|입니|이에요|예요|번|호|으로|로|에)"
)


def _tokens(text: str) -> Iterator[Change]:
    for found in _TOKEN.finditer(text):
        yield Change(*found.span(), "점" if found[1] == "쩜" else found[1])


def _together(text: str) -> Iterator[Change]:
    for found in _APART.finditer(text):
        yield Change(*found.span(), "")


def _points(text: str) -> Iterator[Change]:
    for found in _POINT.finditer(text):
        yield Change(*found.span(), ".")


def _counted(text: str) -> Iterator[Change]:
    for found in _COUNTED.finditer(text):
        number = value(found["number"])
        # 일이 일: digits one by one are no number of days.
        if number is None or number < 10 or not re.search("[십백천만억]", found["number"]):
            continue
        yield Change(*found.span(), f"{number:,}" if number >= 10_000 else str(number))


def _runs(text: str) -> Iterator[Change]:
    for found in _RUN.finditer(text):
        yield Change(*found.span(), "".join(str(DIGITS[digit]) for digit in found[0]))


RULES: tuple[Rule, ...] = (_tokens, _together, _points, _counted, _runs)
