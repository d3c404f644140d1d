"""The words a finder of spoken numbers knows: kinds of tokens, and texts folded to one spelling.

Every language's lexicon (`said_ja`, `said_en`, `said_ko`) turns a text into these tokens, so that
what a telephone number is, is written once.  Pure.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto


class T(Enum):
    """What a token does in a spoken number."""

    DIGIT = auto()
    """Digits, as figures or as words; ``value`` holds them (``twelve`` is 12)."""
    SCALE = auto()
    """Ten, hundred, thousand, 万, 억: ``value`` is the factor."""
    TIMES = auto()
    """Double, triple: the next digit is said so many times."""
    AND = auto()
    """``and`` inside an English numeral."""
    POINT = auto()
    LETTER = auto()
    """Letters of an order number."""
    PLUS = auto()
    """The international prefix, as a sign or a word."""
    SEP = auto()
    """Between the groups of one number: a hyphen, a comma, の, 의."""
    FILLER = auto()
    BREAK = auto()
    """Between two numbers, or, when neither half is one, inside one: a full stop, ``and``."""
    GLUE = auto()
    """Words around a number that say nothing new: copulas, particles."""
    FIX = auto()
    """What was said before is wrong (``じゃなくて``); ``value`` "not" quotes what stood there."""
    SORRY = auto()
    """May be a correction, may be politeness."""
    AGAIN = auto()
    """What comes is said a second time."""
    PLACE = auto()
    """Which part is meant: ``tail``, ``middle`` or ``head``."""
    LABEL = auto()
    """What the next number is; ``value`` is one of `Label`."""
    CANCEL = auto()
    """The label before was only talked about."""
    UNIT = auto()
    """The number before it counts something: hours, days, people."""
    MONEY = auto()
    """A currency; ``value`` is its ISO 4217 code."""
    CENTS = auto()
    ROOM = auto()
    """The number before it is a room."""
    OTHER = auto()


NUMERAL = frozenset({T.DIGIT, T.SCALE, T.TIMES})
AROUND = frozenset(
    {T.SEP, T.FILLER, T.BREAK, T.GLUE, T.FIX, T.SORRY, T.AGAIN, T.PLACE, T.PLUS, T.AND}
)
"""Tokens between the parts of one number that bring nothing else into it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One word of a lexicon."""

    kind: T
    value: str = ""
    weak: bool = False
    """At the edge of a number it may be another word (に, oh)."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a folded text."""

    kind: T
    start: int
    end: int
    value: str = ""
    weak: bool = False
    literal: bool = False
    """Written with figures."""
    raw: str = ""
    """How figures were written, with their commas and points."""


@dataclass(frozen=True)
class Folded:
    """A text in one spelling (NFKC, lower case) that remembers where its characters came from."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where a non-empty part of the folded text is in the original one."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """Fold width, case and composition; the length may change, the places are kept."""
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        upto = at + 1
        while upto < len(text) and upto - at < 4 and _joins(text[upto]):
            upto += 1
        plain = unicodedata.normalize("NFKC", text[at:upto]).lower()
        for one in plain:
            out.append("'" if one in "’‘" else one)
            starts.append(at)
            ends.append(upto)
        at = upto
    return Folded("".join(out), tuple(starts), tuple(ends))


def _joins(char: str) -> bool:
    """Voicing marks of half-width kana, combining marks, parts of taken-apart Hangul."""
    return char in "ﾞﾟ" or "\u1160" <= char <= "\u11ff" or unicodedata.combining(char) != 0


def entries(kind: T, words: str, value: str = "", *, weak: bool = False) -> dict[str, Entry]:
    """Return lexicon entries for words that are parted by ``|``."""
    return {
        word: Entry(kind, value, weak)
        for word in (" ".join(one.split()) for one in words.split("|"))
        if word
    }


FIGURES = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{3}){1,6}(?![0-9])(?:\.[0-9]{1,9}(?![0-9]))?"
    r"|(?<![0-9]\.)(?!0[0-9])[0-9]+\.(?:[0-9]{1,2}(?!\.?[0-9])"
    r"|[0-9]{3,9}(?=\s*(?:million|billion|percent|%|万|億|만|억|퍼센트|パーセント)))"
    r"|[0-9]+"
)
"""Figures with their thousands and decimals; a point between more of them parts groups."""

_DASH = "-‐‑‒–—―−ー~〜_"
MARKS: dict[str, Entry] = {
    **{mark: Entry(T.SEP) for mark in f"{_DASH},、・()[]「」『』·"},
    **{mark: Entry(T.BREAK) for mark in ".。!?;:/\n…"},
    "+": Entry(T.PLUS),
    "$": Entry(T.MONEY, "$"),
    "¥": Entry(T.MONEY, "¥"),
    "£": Entry(T.MONEY, "GBP"),
    "€": Entry(T.MONEY, "EUR"),
    "₩": Entry(T.MONEY, "KRW"),
    "\\": Entry(T.MONEY, "¥"),
    "〒": Entry(T.LABEL, "postal"),
    "%": Entry(T.UNIT),
    "℃": Entry(T.UNIT),
    "#": Entry(T.FILLER),
}

Match = Callable[[str, int, Token | None], tuple[Entry, int] | None]


@dataclass(frozen=True, kw_only=True)
class Tongue:
    """How a language is cut into tokens."""

    match: Match
    """The entry that begins at a place of the folded text, and where it ends; knows the token
    before."""
    other: Callable[[str, int], int]
    """Where an unknown word that begins at a place ends."""
    big: int
    """Scales from this one multiply all that was said since the last such (thousand, 万)."""
    together: bool
    """Words of figures are read as in English: ``twenty two`` is one, ``two twenty`` is two."""


def tokens(text: str, tongue: Tongue) -> list[Token]:
    """Cut a folded text into tokens; white space makes none."""
    out: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] != "\n" and text[at].isspace():
            at += 1
            continue
        if found := FIGURES.match(text, at):
            raw = found.group()
            digits = raw.replace(",", "").replace(".", "")
            out.append(Token(T.DIGIT, at, found.end(), digits, literal=True, raw=raw))
            at = found.end()
            continue
        entry, end = _entry(text, at, tongue, out[-1] if out else None)
        if entry.kind is T.OTHER and out and out[-1].kind is T.OTHER and out[-1].end == at:
            out[-1] = Token(T.OTHER, out[-1].start, end)
        else:
            out.append(Token(entry.kind, at, end, entry.value, entry.weak))
        at = end
    return out


def _entry(text: str, at: int, tongue: Tongue, before: Token | None) -> tuple[Entry, int]:
    if found := tongue.match(text, at, before):
        return found
    if text[at] == "." and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit():
        return Entry(T.SEP), at + 1
    if mark := MARKS.get(text[at]):
        return mark, at + 1
    return Entry(T.OTHER), max(at + 1, tongue.other(text, at))
