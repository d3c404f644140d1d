"""A message in pieces, so that the page can follow the voice and mark what is in doubt.  Pure.

Each piece is one colour of text: a word with its place in the recording, or what stands between
words.  Pieces of a value (a number, a time) are together, for it is marked as a whole.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from sipbot.masked_memo import MaskedMemo
from sipbot.memo import Memo
from sipbot.memo_answers import MemoWord
from sipbot.memo_found import Corrected
from sipbot.memo_page import UNSURE_BELOW

Shown = Memo | MaskedMemo
"""What a page shows; the fields have the same names."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """Some characters of the text."""

    text: str
    start_s: float | None = None
    """Where to hear it; None between words, like the next one."""
    end_s: float | None = None
    unsure: bool = False
    """The ear itself is not sure."""
    heard: str = ""
    """What the ear had written before the client's terms put it right; empty: nothing did."""

    @property
    def plain(self) -> bool:
        """Whether nothing is to be said of it."""
        return self.start_s is None and not self.unsure and not self.heard

    @property
    def classes(self) -> str:
        """Names of its looks."""
        names = [("word", self.start_s is not None), ("unsure", self.unsure)]
        names.append(("mended", bool(self.heard)))
        return " ".join(name for name, there in names if there)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that stand together."""

    pieces: tuple[Piece, ...]
    value: int | None = None
    """Index in ``found`` of the value that they are."""


def groups(memo: Shown) -> list[Group]:
    """Return a memo's text in pieces, in order; empty when there is no text."""
    text = memo.text or ""
    places = [(one.text_from, one.text_to) for one in memo.found]
    found = list[Group]()
    at = 0
    for index, (start, end) in enumerate(places):
        if start < at or end > len(text) or end <= start:
            continue  # never so, and a mark less is better than a text that is not shown
        if at < start:
            found.append(Group(pieces=tuple(_pieces(memo, text, at, start))))
        found.append(Group(pieces=tuple(_pieces(memo, text, start, end)), value=index))
        at = end
    if at < len(text):
        found.append(Group(pieces=tuple(_pieces(memo, text, at, len(text)))))
    return found


def _pieces(memo: Shown, text: str, start: int, end: int) -> Iterator[Piece]:
    """Cut a part of the text where a word or a mended stretch begins or ends."""
    words = [one for one in memo.words if _overlaps(one.text_from, one.text_to, start, end)]
    mended = [one for one in memo.corrections if _overlaps(one.text_from, one.text_to, start, end)]
    ends = [(one.text_from or 0, one.text_to or 0) for one in words]
    ends += [(one.text_from, one.text_to) for one in mended]
    edges = sorted({start, end, *(min(max(at, start), end) for two in ends for at in two)})
    place = 0
    words.sort(key=lambda one: one.text_from or 0)
    for from_, to in pairwise(edges):
        while place < len(words) and (words[place].text_to or 0) <= from_:
            place += 1
        word = words[place] if place < len(words) else None
        if word is not None and (word.text_from or 0) > from_:
            word = None
        yield _piece(text[from_:to], word, next((m for m in mended if _in(m, from_)), None))


def _piece(text: str, word: MemoWord | None, mended: Corrected | None) -> Piece:
    heard = "" if mended is None else mended.heard
    if word is None:
        return Piece(text=text, heard=heard)
    return Piece(
        text=text,
        start_s=round(word.start_s, 2),
        end_s=round(word.end_s, 2),
        # A mended word is no longer the ear's to doubt.
        unsure=word.confidence < UNSURE_BELOW and mended is None,
        heard=heard,
    )


def _overlaps(from_: int | None, to: int | None, start: int, end: int) -> bool:
    return from_ is not None and to is not None and from_ < end and start < to and from_ < to


def _in(one: Corrected, at: int) -> bool:
    return one.text_from <= at < one.text_to
