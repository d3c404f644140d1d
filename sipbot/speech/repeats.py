"""Whether a text says the same again and again, as whisper does when it has lost its way.  Pure.

Whisper's own measure, how far the text can be compressed, sees long loops only: "3, 4, 1, 2" four
times after a sentence compresses no better than a sentence.
"""

COPIES = 3
"""The same three times in a row.  Callers say a number twice; who says it three times costs a
second reading, no word."""

REPEATED = 8
"""Letters and digits after the first copy: "no, no, no" and the zeros of a number are shorter."""


def repeats(text: str) -> bool:
    """Return whether something in a text comes `COPIES` times in a row, whatever is between.

    Args:
        text: what was read, in any language; spaces, punctuation and size do not count.
    """
    letters = bare(text)
    return any(_run(letters, period) for period in range(1, len(letters) // COPIES + 1))


def bare(text: str) -> str:
    """Return the letters and digits of a text, in one size."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _run(letters: str, period: int) -> bool:
    """Whether so many letters in a row are those that came `period` letters before."""
    wanted, same = max(REPEATED, (COPIES - 1) * period), 0
    for before, after in zip(letters, letters[period:], strict=False):
        same = same + 1 if before == after else 0
        if same >= wanted:
            return True
    return False
