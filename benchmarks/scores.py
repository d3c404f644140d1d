"""How right the texts of one ear are, beside those of the bare engine.  Pure.

Both sides' texts are judged alike, straight from the ears: no term of a client, nothing that
sipbot does to a text afterwards.
"""

import re
from collections.abc import Callable, Sequence

import msgspec

from benchmarks.figures import percentile
from benchmarks.recordings import Reference
from sipbot.error_rate import Score, edits, score
from sipbot.said import Kind
from sipbot.said_numbers import find_numbers

WORSE_AT_MOST = 0.5
"""Points that sipbot's error rate may be above the bare engine's (issue 5)."""

ALL = "all lines"
"""The row of a language and an engine that sums the others."""

_INSIDE_A_NUMBER = re.compile(r"(?<=\d)(?=\d)")

Reading = Callable[[str], str | None]
"""A Japanese text → its kana; None without the engine for it (`sipbot.kana.reading`)."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one side made of all recordings of a row, read once."""

    rate: float
    """Wrong characters, or words in English, in percent of those that were said."""
    kana: float | None
    """The same, by reading; None where there are no readings."""
    right: int
    """Recordings whose telephone number was found in the text."""
    wrong: int
    """Recordings in whose text another valid number was found, whether or not one was said."""
    missing: int
    """Recordings with a number in whose text no valid one was found."""
    texts: tuple[str, ...]


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a language, an engine, a line."""

    language: str
    engine: str
    condition: str
    recordings: tuple[str, ...]
    ours: tuple[Outcome, ...]
    """One for each time that they were read; an engine that draws lots is read more than once."""
    bare: tuple[Outcome, ...]

    @property
    def worse_by(self) -> float:
        """Points that sipbot's error rate is above the bare engine's, by the medians."""
        return round(middle(self.ours).rate - middle(self.bare).rate, 2)

    @property
    def reached(self) -> bool:
        """Whether sipbot's error rate is within the limit.

        On a single line it is held to the worst of the bare engine's readings, for what lies
        between them is chance; over all lines to the median.
        """
        if self.condition == ALL:
            return self.worse_by <= WORSE_AT_MOST
        worst = max(each.rate for each in self.bare)
        return round(middle(self.ours).rate - worst, 2) <= WORSE_AT_MOST


def middle(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the one with the median error rate, nearest-rank."""
    rate = percentile([each.rate for each in outcomes], 50)
    return next(each for each in outcomes if each.rate == rate)


def outcome(said: Sequence[Reference], texts: Sequence[str], reading: Reading) -> Outcome:
    """Judge the texts of some recordings, one each.

    Errors and lengths are summed over the recordings, so that a long message counts for more.
    """
    pairs = list(zip(said, texts, strict=True))
    verdicts = [number(one, text) for one, text in pairs]
    kana = [by_reading(one, text, reading) for one, text in pairs]
    return Outcome(
        rate=_percent([nearest(one, text) for one, text in pairs]),
        kana=_percent([one for one in kana if one is not None]) if any(kana) else None,
        right=verdicts.count("right"),
        wrong=verdicts.count("wrong"),
        missing=verdicts.count("missing"),
        texts=tuple(texts),
    )


def nearest(said: Reference, text: str) -> Score:
    """Compare with the form of what was said that the text is nearest to.

    A digit counts as a word of its own: how digits are grouped makes no sound, and one hyphen more
    would be two words wrong.
    """
    plain = _INSIDE_A_NUMBER.sub(" ", text)
    forms = [_INSIDE_A_NUMBER.sub(" ", form) for form in said.forms]
    scores = [score(form, plain, (), said.language) for form in forms]
    return min(scores, key=lambda one: one.rate)


def by_reading(said: Reference, text: str, reading: Reading) -> Score | None:
    """The same in kana, for Japanese; the sound may be right where the kanji is not."""
    read = reading(text) if said.language == "ja" else None
    if read is None:
        return None
    forms = [form for form in map(reading, said.forms) if form]
    scores = [Score(errors=edits(form, read), length=len(form)) for form in forms]
    return min(scores, key=lambda one: one.rate)


def number(said: Reference, text: str) -> str:
    """Return "right", "wrong" or "missing"; "" when none was said and none was found.

    A wrong one beside the right one is wrong: an operator would not know which to dial.
    """
    found = {
        one.value
        for one in find_numbers(text, said.language, said.region)
        if one.kind is Kind.PHONE and one.valid
    }
    if not found:
        return "missing" if said.phone else ""
    return "right" if found == {said.phone} else "wrong"


def _percent(scores: Sequence[Score]) -> float:
    return round(100 * sum(scores, Score()).rate, 2)
