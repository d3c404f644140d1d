"""What a rule of writing is, and those that hold in every language.  Pure."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ]+")
_TO_ASCII = ord("Ａ") - ord("A")
_EDGES = re.compile(r"^\s+|\s+$|(?<=\S)(?!\x20\S)\s+(?=\S)")


class Change(NamedTuple):
    """text[start:end] becomes other text."""

    start: int
    end: int
    new: str


Rule = Callable[[str], Iterator[Change]]
"""Changes of a text in their order, never overlapping, none of them without a character."""


def _ascii(text: str) -> Iterator[Change]:
    for found in _WIDE.finditer(text):
        yield Change(*found.span(), "".join(chr(ord(c) - _TO_ASCII) for c in found[0]))


def _spaces(text: str) -> Iterator[Change]:
    for found in _EDGES.finditer(text):
        inside = found.start() and found.end() < len(text)
        yield Change(*found.span(), " " if inside else "")


common: tuple[Rule, ...] = (_ascii, _spaces)
"""Full-width digits and letters as ASCII; single spaces between words and none around."""
