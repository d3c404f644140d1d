"""How wrong a text is: character and word error rate, and the terms of a client in it.  Pure.

The rates are edit distance over length.  A library (jiwer) would bring two more, and what makes the
figure is not the distance but what is compared: here letters and digits only, in one width and
size, by characters in Japanese and Korean and by words in English.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sipbot.vocabulary import Term

_BY_WORDS = frozenset({"en"})


@dataclass(frozen=True, kw_only=True)
class Score:
    """How well texts agree with what was said; scores can be added."""

    errors: int = 0
    """Characters, or words, to insert, delete or replace."""
    length: int = 0
    """Characters, or words, that were said."""
    said: int = 0
    """Terms that were said."""
    found: int = 0
    """Of these, written right."""
    invented: int = 0
    """Terms in the text that nobody said."""

    def __add__(self, other: "Score") -> "Score":
        """Both together."""
        return Score(
            errors=self.errors + other.errors,
            length=self.length + other.length,
            said=self.said + other.said,
            found=self.found + other.found,
            invented=self.invented + other.invented,
        )

    @property
    def rate(self) -> float:
        """Errors per character or word that was said."""
        return self.errors / self.length if self.length else 0.0

    def worse_than(self, other: "Score") -> bool:
        """Whether anything is worse: more errors, fewer terms found, more invented."""
        return (
            self.errors > other.errors or self.found < other.found or self.invented > other.invented
        )


def score(said: str, written: str, terms: Sequence[Term], language: str) -> Score:
    """Compare a text with what was said.

    Args:
        said: the reference, written as people write it.
        written: what an ear made of it.
        terms: of the client.
        language: of both.
    """
    wanted, got = units(said, language), units(written, language)
    counts = [(_count(said, term.write), _count(written, term.write)) for term in terms]
    return Score(
        errors=edits(wanted, got),
        length=len(wanted),
        said=sum(there for there, _ in counts),
        found=sum(min(there, here) for there, here in counts),
        invented=sum(max(0, here - there) for there, here in counts),
    )


def units(text: str, language: str) -> list[str]:
    """What is compared: words in English, else characters; no punctuation, no spaces."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if language in _BY_WORDS:
        return re.findall(r"[^\W_]+", plain.replace("'", "").replace("’", ""))
    return re.findall(r"[^\W_]", plain)


def edits(wanted: Sequence[str], got: Sequence[str]) -> int:
    """Levenshtein's distance: the fewest insertions, deletions and replacements."""
    row = list(range(len(got) + 1))
    for place, one in enumerate(wanted, 1):
        above, row = row, [place]
        for at, other in enumerate(got):
            row.append(min(above[at] + (one != other), above[at + 1] + 1, row[at] + 1))
    return row[-1]


def _count(text: str, word: str) -> int:
    bare = re.sub(r"\s+", "", unicodedata.normalize("NFC", text))
    return bare.count(re.sub(r"\s+", "", unicodedata.normalize("NFC", word)))
