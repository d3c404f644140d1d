"""Where in the recording a piece of the text was said.  Pure.

An ear gives its text and its words with times; between the two there may be spaces, punctuation or
characters that no word has.  A word that is not found in the text near its place is passed over, so
one odd word costs its own time and no other's.
"""

from collections.abc import Iterable, Iterator, Sequence

from sipbot.records import Word

STRAY_CHARS = 24
"""How far ahead a word is looked for: punctuation and words without times may stand before it; a
word further off is another one that is spelt alike."""

Placed = tuple[int, int, Word]
"""A word and where it stands in a text: from, to (exclusive), in characters."""


def located(text: str, words: Sequence[Word]) -> Iterator[Placed]:
    """Yield where each word stands in the text, in order.

    Args:
        text: as the ear wrote it.
        words: of the same ear, in the order in which they were said.
    """
    place = 0
    for word in words:
        written = word.text.strip()
        at = text.find(written, place, place + STRAY_CHARS + len(written)) if written else -1
        if at >= 0:
            place = at + len(written)
            yield at, place, word


def times_in(placed: Iterable[Placed], start: int, end: int) -> tuple[float, float] | None:
    """Return when a piece of a text was said, in seconds; None when no word there has a time.

    A word that is only partly in the piece counts whole: rather a syllable too much.

    Args:
        placed: the text's words, from `located`.
        start: of the piece, in characters.
        end: exclusive.
    """
    said = [word for at, to, word in placed if at < end and start < to]
    if not said:
        return None
    return min(word.start_s for word in said), max(word.end_s for word in said)
