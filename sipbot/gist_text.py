"""Cutting a text for the rules of `gist`: pieces with their places.  Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sipbot.gleaned import Gleaned
from sipbot.said import Said

WISH_MAX = 60
"""Characters of a wish: one line of a list of memos."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A part of a text."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends in the whole text, exclusive."""
        return self.start + len(self.text)

    def part(self, start: int, end: int) -> "Piece":
        """Return the part of this piece between two of its own places."""
        return Piece(text=self.text[start:end], start=self.start + start)

    def stripped(self, chars: str) -> "Piece":
        """Return it without these characters at its ends."""
        left = len(self.text) - len(self.text.lstrip(chars))
        return Piece(text=self.text.strip(chars), start=self.start + left)

    def gleaned(self, item: str, rule: str) -> Gleaned:
        """Return it as an item that was found."""
        return Gleaned(item=item, text=self.text, start=self.start, end=self.end, rule=rule)


def pieces(text: str, end: re.Pattern[str]) -> Iterator[Piece]:
    """Yield the parts of a text, each up to and with what ends it; empty ones are left out."""
    start = 0
    for found in end.finditer(text):
        if text[start : found.end()].strip():
            yield Piece(text=text[start : found.end()], start=start)
        start = found.end()
    if text[start:].strip():
        yield Piece(text=text[start:], start=start)


def clauses_of(text: str, sentence: re.Pattern[str], clause: re.Pattern[str]) -> Iterator[Piece]:
    """Yield the clauses of a text, sentence by sentence; the patterns say what ends each."""
    for whole in pieces(text, sentence):
        for inner in pieces(whole.text, clause):
            yield whole.part(inner.start, inner.end)


def plainest(
    text: str,
    clauses: Sequence[Piece],
    rank: Callable[[Piece], tuple[int, str] | None],
    cut: Callable[[Piece], Piece | None],
) -> tuple[Piece, str] | None:
    """Return the clause that asks most plainly, with the one before it when that says what about.

    Args:
        text: the whole.
        clauses: of the text, in order.
        rank: how plainly a clause asks (0 is best) and by which rule; None when it does not ask.
        cut: a clause without what is no part of a wish; None when nothing is left.

    Returns:
        The wish and its rule; None without one.
    """
    ranks = [rank(clause) for clause in clauses]
    asking = [(found, at) for at, found in enumerate(ranks) if found is not None]
    if not asking:
        return None
    (_, rule), at = min(asking, key=lambda one: one[0][0])
    wish = cut(clauses[at])
    if wish is None:
        return None
    about = ranks[at - 1] if at else None
    before = cut(clauses[at - 1]) if about is not None and about[0] in (1, 2) else None
    if before is not None and wish.end - before.start <= WISH_MAX:
        wish = Piece(text=text[before.start : wish.end], start=before.start)
    return wish, rule


def overlaps(piece: Piece, said: tuple[Said, ...]) -> bool:
    """Tell whether a value was said where this piece is."""
    return any(one.start < piece.end and piece.start < one.end for one in said)


def words(listed: str) -> frozenset[str]:
    """Return the words of a list that is written with spaces between them."""
    return frozenset(listed.split())
