"""Where in its recording a call's answers are.  Pure: whoever asks brings the time.

Data path: sip -> dialplan -> script -> calls -> [spans] -> spool -> speech -> memo

The script numbers spans and knows no clock; here they get their places, in seconds since the
recorder opened.  The recorder starts a clock tick or two after it was told to (measured: 20 ms), so
a place is right to about a tenth of a second; words are longer.
"""

import msgspec

from sipbot.memo_answers import NUMBER, Asked, Left, Span
from sipbot.numbers import canonical
from sipbot.script_state import Script
from sipbot.spool import Kept
from sipbot.steps import Answer


class Spans:
    """The spans of one recording."""

    def __init__(self) -> None:
        self._opened_at_s: float | None = None
        self._spans: dict[int, list[float]] = {}
        self._discarded: set[int] = set()

    def open(self, now_s: float) -> None:
        """The recorder opens now, by a monotonic clock."""
        self._opened_at_s = now_s

    def position_s(self, now_s: float) -> float:
        """Return where in the recording we are; 0 before it was opened."""
        return 0.0 if self._opened_at_s is None else max(0.0, now_s - self._opened_at_s)

    def begin(self, n: int, now_s: float) -> None:
        """Span `n` begins."""
        self._spans[n] = [self.position_s(now_s)]

    def end(self, n: int, now_s: float) -> None:
        """Span `n` ends; one that never began is left alone."""
        if n in self._spans:
            self._spans[n][1:] = [self.position_s(now_s)]

    def discard(self, n: int) -> None:
        """What was said in span `n` was taken back."""
        self._discarded.add(n)

    def kept(self, script: Script) -> Kept:
        """Return what the caller has answered so far; the end of an open span is None."""
        discarded = (self._place(n) for n in sorted(self._discarded & set(self._spans)))
        return Kept(
            asked=script.asked,
            answers=tuple(self._placed(one) for one in script.answers),
            discarded=tuple((from_s, to_s) for from_s, to_s in discarded if to_s is not None),
            urgent=script.urgent,
        )

    def _placed(self, answer: Answer) -> Answer:
        if answer.span is None or answer.span not in self._spans:
            return answer
        from_s, to_s = self._place(answer.span)
        return msgspec.structs.replace(answer, from_s=from_s, to_s=to_s)

    def _place(self, n: int) -> tuple[float, float | None]:
        from_s, *to_s = self._spans[n]
        return round(from_s, 3), round(to_s[0], 3) if to_s else None


def left_of(kept: Kept, *, until_s: float, urgent: bool, category: str | None, region: str) -> Left:
    """Return what a memo says of the caller's answers.

    Args:
        kept: the answers.
        until_s: length of the recording, where an answer ends that the caller never finished.
        urgent: the route says so.
        category: what the route says the call is about.
        region: ISO 3166-1 alpha-2, whose national numbers are meant.
    """
    last = {answer.item: answer for answer in kept.answers}
    items = dict.fromkeys((*kept.asked, *last))
    number = last.get(NUMBER)
    return Left(
        asked=tuple(_asked(item, last.get(item), until_s) for item in items),
        answers={item: one.value for item, one in last.items() if one.value is not None},
        number=canonical(number.value, region) if number is not None and number.value else None,
        confirmed=number is not None and number.confirmed,
        discarded=tuple(Span(audio_from_s=a, audio_to_s=b) for a, b in kept.discarded),
        urgent=urgent or kept.urgent,
        category=category,
    )


def _asked(item: str, answer: Answer | None, until_s: float) -> Asked:
    if answer is None:
        return Asked(item=item)
    unfinished = answer.from_s is not None and answer.to_s is None
    return Asked(
        item=item,
        source=answer.source,
        audio_from_s=answer.from_s,
        audio_to_s=until_s if unfinished else answer.to_s,
        confirmed=answer.confirmed,
    )
