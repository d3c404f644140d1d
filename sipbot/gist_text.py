"""Cutting a text for the rules of `gist`: pieces with their places.  Pure."""

import re
from collections.abc import Iterator
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


def overlaps(piece: Piece, said: tuple[Said, ...]) -> bool:
    """Tell whether a value was said where this piece is."""
    return any(one.start < piece.end and piece.start < one.end for one in said)


def words(listed: str) -> frozenset[str]:
    """Return the words of a list that is written with spaces between them."""
    return frozenset(listed.split())
