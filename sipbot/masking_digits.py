"""Digits in a text that nobody may see, also those that no finder made a number of.  Pure.

The finders (`said_numbers`) ask what a number is; this asks only whether figures are being said, in
any spelling: 090, ０９０, ゼロキュウゼロ, 공구공, "double four".  It errs towards hiding: a number
that a finder missed must not be readable, while a lost "twelve" costs little.
"""

import re
import unicodedata
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sipbot import late
from sipbot.said_en import ENGLISH
from sipbot.said_ja import JAPANESE
from sipbot.said_ko import KOREAN
from sipbot.said_pieces import Atom, joined, pieces
from sipbot.said_tokens import AROUND, NUMERAL, Entry, Folded, T, Token, Tongue, entries, tokens

Place = tuple[int, int]

RUN_DIGITS = 3
"""Figures in a row that are hidden whatever is around them: two tell nobody's number."""
BARE_DIGITS = 2
"""The same when nothing is counted with them: 45分 stays, a lone 45 may be a piece of a number."""
SHORT_CHARS = 4
"""One unknown word of this length between figures is taken for hesitation."""
NEAR_CHARS = 3
"""What stands between two hidden figures is hidden with them up to this length."""
PREFIX_MIN = 4
"""Figures from which a row that begins with a zero is a part of a telephone number: 007 is none.
Of 627 generated messages with half a number lost, so and by the word before 87 are noticed that
were not; of 590 whole ones 4 more are doubted."""
POSTCODE_DIGITS_MAX = 7
"""Of Japanese postcodes, the longest that callers say."""

_JOINS = AROUND | {T.POINT, T.LETTER, T.LABEL}
_COUNTS = frozenset({T.UNIT, T.MONEY, T.CENTS, T.ROOM})
_PHONES = frozenset({"phone", "number"})
"""What labels of telephone numbers say."""
_CUTS = frozenset({T.LABEL, T.FIX, T.AGAIN, T.PLACE})
_LOANS: dict[str, Entry] = {}
"""English figures as Japanese ears write them; no finder reads these."""
for _figure, _words in {
    "1": "ワン", "2": "ツー|トゥー", "3": "スリー", "4": "フォー|フォア", "5": "ファイブ|ファイヴ",
    "6": "シックス", "7": "セブン|セヴン", "8": "エイト", "9": "ナイン", "10": "テン",
}.items():  # fmt: skip
    _LOANS |= entries(T.DIGIT, _words, _figure)
_LONGEST_LOAN = max(map(len, _LOANS))
_FAREWELL = late.compile(r"이만(?=\s*(?:끊|줄|물러|들어|마치|실례))")
"""이만 is 20,000, and "so much" before a goodbye."""
_FIGURE_WORDS = frozenset("일이삼사오육칠팔구공영")
"""Korean figures that also count something: 일 is a day and a one."""

_KO = "[공영빵일이삼사오육륙칠팔구]"
_JA = (
    "(?:ゼロ|ぜろ|れい|レイ|まる|マル|いち|イチ|に[ーい]|ニ[ーイィ]?|さん|サン|よん|ヨン|よー|シ|"
    "ご[ーお]|ゴ[ーオォ]?|ろく|ロク|なな|ナナ|しち|シチ|はち|ハチ|きゅ[うー]|キュ[ウー]|ク|"
    "[〇零一二三四五六七八九])"
)
_JA_ANY = f"(?:{_JA}|[にごよしく])"
_JA_END = r"(?:です|で|の|ね)?(?=[\s、。,.!?」]|$)"
_BARE = (
    late.compile(rf"(?<![^\s、。,.!?「]){_JA_ANY}(?:の?{_JA_ANY}){{2,}}{_JA_END}"),
    late.compile(rf"{_KO}(?:(?:다시|[에의])?{_KO}){{2,}}"),
    late.compile(rf"{_JA}(?:の?{_JA}){{2,}}"),
)
"""Three figures within one written word, whatever is around them: the words of `tokens` must end
where a figure can end, and ears do not always see to that.  Figures that are particles too (れいに)
only where nothing else is said between two pauses."""

_SCRIPTS = (
    (late.compile("[ぁ-ヺー一-鿿〇]"), JAPANESE),
    (late.compile("[가-힣]"), KOREAN),
    (late.compile("[a-z0-9]"), ENGLISH),
)
"""How a language's words look, and the language."""


def _japanese(text: str, at: int, before: Token | None) -> tuple[Entry, int] | None:
    for end in range(min(len(text), at + _LONGEST_LOAN), at, -1):
        if text[at:end] in _LOANS:
            return _LOANS[text[at:end]], end
    return JAPANESE.match(text, at, before)


_TONGUES = {id(JAPANESE): replace(JAPANESE, match=_japanese)}


def digits(folded: Folded, kept: Sequence[Place] = ()) -> Iterator[Place]:
    """Yield where figures are that have to be hidden, in characters of the text before folding.

    Every language's words are looked for, for callers mix them and ears mistake one for another.

    Args:
        folded: the text.
        kept: dates and times that stay, in characters of the text before folding; figures beside
            them that make one row with theirs are hidden with them.
    """
    text = "".join(_plain(char) for char in _FAREWELL.sub("■■", folded.text))
    for bare in _BARE:
        yield from (folded.span(*found.span()) for found in bare.finditer(text))
    for script, tongue in _SCRIPTS:
        if not script.search(text):
            continue
        stays = [_is_kept(folded, at, kept) for at in range(len(text))] if kept else []
        for row in _Rows(text, _TONGUES.get(id(tongue), tongue), script, stays).rows():
            if row.tells and not (stays and all(stays[one.start] for one in row.figures)):
                yield from _spans(folded, row.figures)


def _is_kept(folded: Folded, at: int, kept: Sequence[Place]) -> bool:
    return any(a <= folded.starts[at] and folded.ends[at] <= b for a, b in kept)


def _spans(folded: Folded, figures: Sequence[Token]) -> Iterator[Place]:
    """Yield the places of figures, those close together as one."""
    start, end = figures[0].start, figures[0].end
    for one in figures[1:]:
        if one.start - end > NEAR_CHARS:
            yield folded.span(start, end)
            start = one.start
        end = one.end
    yield folded.span(start, end)


def _plain(char: str) -> str:
    """Figures of every script as 0 to 9; one character stays one character."""
    figure = unicodedata.digit(char, None)
    return char if figure is None else str(figure)


@dataclass(slots=True)
class _Row:
    """Figures with nothing but hesitation, hyphens and phrases of numbers between them."""

    figures: list[Token]
    counted: bool
    """Something is counted with the last of them: hours, people, yen."""

    @property
    def tells(self) -> bool:
        """Whether somebody may know a number from it."""
        if all(one.weak for one in self.figures):
            return False
        said = sum(_size(one) for one in self.figures)
        tens = any(one.kind is T.SCALE for one in self.figures)
        if self.counted and tens and len(self.figures) <= RUN_DIGITS and said <= RUN_DIGITS:
            return False  # 二十三日 is written with three characters and two figures
        return said >= RUN_DIGITS or (said >= BARE_DIGITS and not self.counted)


@dataclass(slots=True)
class _Rows:
    """Cuts a text into rows of figures.

    A figure with a unit, and one of a date or time that stays, belongs to the row before it only
    when nothing but a hyphen or a space is between: 7日以内 after a number is not its end.
    """

    text: str
    tongue: Tongue
    script: re.Pattern[str]
    stays: Sequence[bool]

    def rows(self) -> Iterator[_Row]:
        """Yield the rows in order."""
        found = tokens(self.text, self.tongue)
        row: list[Token] = []
        gap: list[Token] = []
        for at, one in enumerate(found):
            if not self._is_figure(one):
                if row and not self._joins(one, gap):
                    yield _Row(row, one.kind in _COUNTS and not gap)
                    row, gap = [], []
                elif row:
                    gap.append(one)
                continue
            apart = any(between.kind is not T.SEP for between in gap)
            if row and apart and (self._alone(found, at) or self._kept(row[-1])):
                yield _Row(row, counted=False)
                row = []
            row.append(one)
            gap = []
        if row:
            yield _Row(row, counted=False)

    def _is_figure(self, one: Token) -> bool:
        word = self.text[one.start : one.end]
        return one.kind in NUMERAL or (one.kind is T.UNIT and word in _FIGURE_WORDS)

    def _alone(self, found: Sequence[Token], at: int) -> bool:
        """Whether the figures that begin here count something, or are of a date that stays."""
        if self._kept(found[at]):
            return True
        upto = at
        while upto < len(found) and found[upto].kind in NUMERAL:
            upto += 1
        return upto < len(found) and found[upto].kind in _COUNTS and upto - at <= RUN_DIGITS

    def _kept(self, one: Token) -> bool:
        return bool(self.stays) and self.stays[one.start]

    def _joins(self, one: Token, gap: Sequence[Token]) -> bool:
        if one.kind is not T.OTHER:
            return one.kind in _JOINS
        word = self.text[one.start : one.end]
        mark = not any(char.isalnum() for char in word)
        ours = all(self.script.match(char) and not "一" <= char <= "鿿" for char in word)
        first = all(before.kind is not T.OTHER for before in gap)
        return first and len(word) <= SHORT_CHARS and (ours or mark)


def _size(one: Token) -> int:
    """How many figures a word stands for, at least."""
    if one.kind is T.SCALE:
        return max(1, len(one.value) - 2)
    return 1 if one.kind is not T.DIGIT else len(one.value)


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures that are said in a row."""

    start: int
    end: int
    """In characters of the text before folding."""
    digits: str
    core: str
    """The digits without those at the edges that may be another word (に, oh)."""
    postcode: bool = False
    """The word before it says that it is one, if it is as short."""
    counted: bool = False
    """Something is counted with it: people, yen."""
    phone: bool = False
    """The word before it says that a telephone number comes (番号は, "call me at"), or it begins as
    nothing else does, with a zero."""


def rows(folded: Folded) -> list[Figures]:
    """Return each row of figures from which somebody may know a number, in the order of the text.

    A row ends where one is labelled or corrected; postcodes are left out.  Of two languages' rows
    in one place the longer one is returned.
    """
    text = _FAREWELL.sub("■■", folded.text)
    plain = replace(folded, text=text)
    found: list[Figures] = []
    for script, tongue in _SCRIPTS:
        if script.search(text):
            spoken = _TONGUES.get(id(tongue), tongue)
            cuts = [one for one in tokens(text, spoken) if one.kind in _CUTS]
            for row in _Rows(text, spoken, script, []).rows():
                found += _figures(plain, row, cuts, spoken)
    codes = {one.start for one in found if one.postcode}
    apart: list[Figures] = []
    for one in sorted(found, key=lambda each: each.start):
        if one.start in codes and len(one.digits) <= POSTCODE_DIGITS_MAX:
            continue
        if not apart or apart[-1].end <= one.start:
            apart.append(one)
        elif len(apart[-1].digits) < len(one.digits):
            apart[-1] = one
    return apart


def _figures(folded: Folded, row: _Row, cuts: list[Token], tongue: Tongue) -> Iterator[Figures]:
    for at, group in groupby(row.figures, lambda one: bisect(cuts, one.start, key=_begin)):
        figures = list(group)
        made, _ = pieces(figures, frozenset(), folded, tongue)
        atoms = [atom for piece in made for atom in piece.atoms]
        digits = joined(atoms)
        label = cuts[at - 1] if at else None
        near = label is not None and figures[0].start - label.end <= SHORT_CHARS
        named = label.value if label is not None and near else ""
        if row.tells:
            start, end = folded.span(figures[0].start, figures[-1].end)
            counted = row.counted and figures[-1] is row.figures[-1]
            yield Figures(
                start,
                end,
                digits,
                joined(_core(atoms)),
                postcode=named == "postal",
                counted=counted,
                phone=named in _PHONES or _begins_a_number(digits),
            )


def _begins_a_number(digits: str) -> bool:
    return digits.startswith("0") and len(digits) >= PREFIX_MIN


def _begin(one: Token) -> int:
    return one.start


def _core(atoms: list[Atom]) -> list[Atom]:
    first, last = 0, len(atoms)
    while first < last and atoms[first].weak:
        first += 1
    while first < last and atoms[last - 1].weak:
        last -= 1
    return atoms[first:last]
