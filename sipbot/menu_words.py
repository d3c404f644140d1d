"""Which word of a menu a caller said.  Pure.

Where a language writes spaces, a word is a whole word: whoever cannot *download* something does not
say that anything is *down*.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable

UNSPACED = frozenset({"ja", "zh"})
"""Languages that write no space between words."""

_SUFFIXED = frozenset({"ko"})
"""Languages whose particles follow a noun without a space (배송은: 배송), and whose writers do not
agree where else to put spaces."""

_BETWEEN = re.compile(r"[\W_]+")


def decided(words: Collection[str], text: str, language: str, choice: str | None) -> str | None:
    """Return the menu's word that the caller said; None when none is.

    An ear that listened for the menu's words alone is believed first: it is right more often than
    the free text (docs/decisions/0011).

    Args:
        words: words and phrases of a menu.
        text: what the caller said, as an ear wrote it.
        language: of both, a BCP 47 tag.
        choice: what the ear that listens for nothing else is sure of.
    """
    return choice if choice in words else chosen(words, text, language)


def chosen(words: Iterable[str], text: str, language: str) -> str | None:
    """Return the longest of the menu's words that is in the text; None when none is.

    Args:
        words: words and phrases of a menu.
        text: what the caller said, as an ear wrote it.
        language: of both, a BCP 47 tag; of an unknown one, words are taken for whole words.
    """
    tag = language.split("-", 1)[0]
    said = _parts(text)
    longest_first = sorted(words, key=lambda word: -sum(map(len, _parts(word))))
    return next((word for word in longest_first if _in(_parts(word), said, tag)), None)


def _in(word: list[str], said: list[str], tag: str) -> bool:
    if not word:
        return False
    if tag in UNSPACED:
        return "".join(word) in "".join(said)
    places = range(len(said))
    if tag in _SUFFIXED:
        return any("".join(said[at:]).startswith("".join(word)) for at in places)
    return any(word == said[at : at + len(word)] for at in places)


def _parts(text: str) -> list[str]:
    return _BETWEEN.sub(" ", unicodedata.normalize("NFKC", text).casefold()).split()
