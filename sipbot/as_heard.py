"""A memo with its client's terms taken back: the text as the ear wrote it.  Pure.

Every correction keeps what was heard, so that an operator to whom a name looks wrong can see what
the ear had made of it.  What was understood of the mended text (answers, category) stays.
"""

from collections.abc import Sequence

from sipbot.memo import Memo
from sipbot.memo_answers import MemoWord
from sipbot.memo_found import Corrected

_PLACE = ("text_from", "text_to")


def as_heard(memo: Memo) -> Memo:
    """Return a memo whose text has no corrections, with all places in it moved accordingly."""
    if memo.text is None or not memo.corrections:
        return memo
    heard = _Heard(memo.text, memo.corrections)
    found = tuple(
        one.model_copy(
            update=dict(zip(_PLACE, heard.moved(one.text_from, one.text_to), strict=True))
        )
        for one in memo.found
    )
    words = tuple(heard.word(one) for one in memo.words)
    return memo.model_copy(
        update={"text": heard.text, "corrections": (), "found": found, "words": words}
    )


class _Heard:
    """The text before its corrections, and where things are in it."""

    def __init__(self, text: str, corrections: Sequence[Corrected]) -> None:
        self._corrections = sorted(corrections, key=lambda one: one.text_from)
        self.text = text
        for one in reversed(self._corrections):
            self.text = self.text[: one.text_from] + one.heard + self.text[one.text_to :]

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch is now, with the whole of each correction that it touches."""
        return self._now(start, after=False), self._now(end, after=True)

    def word(self, one: MemoWord) -> MemoWord:
        """Return a word as it was heard: some were joined when the text was mended."""
        start, end = one.text_from, one.text_to
        if start is None or end is None:
            return one
        update: dict[str, object] = dict(zip(_PLACE, self.moved(start, end), strict=True))
        if any(each.text_from < end and start < each.text_to for each in self._corrections):
            update["text"] = self.text[slice(*self.moved(start, end))]
        return one.model_copy(update=update)

    def _now(self, place: int, *, after: bool) -> int:
        shift = 0
        for one in self._corrections:
            if place <= one.text_from:
                break
            if place < one.text_to:
                return one.text_from + shift + (len(one.heard) if after else 0)
            shift += len(one.heard) - (one.text_to - one.text_from)
        return place + shift
