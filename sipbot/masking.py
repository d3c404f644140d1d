"""Numbers and names hidden in what a memo says, for readers who may not know who called.  Pure.

Hidden is what leads to a person: telephone, extension, order and customer numbers, amounts, e-mail
addresses, names and companies, and every row of figures that nobody understood.  What stays is what
was wanted and when to call back: dates and times of day near the call.  A date more than a year
away stays not, for it may be a birthday.

The hidden text is known by its places, so that the recording can be silenced there
(`masked_audio`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import chain

from sipbot.masking_digits import digits
from sipbot.masking_emails import spelled
from sipbot.masking_names import Names, Reading
from sipbot.masking_persons import persons
from sipbot.memo import Memo
from sipbot.said import Kind
from sipbot.said_all import find
from sipbot.said_tokens import fold
from sipbot.understanding import ClientFacts
from sipbot.vocabulary import Term

MASK = "●●●"
"""Stands for whatever was hidden, however long it was: the length would tell something too."""
NAME = "name"
DIGITS = "digits"
"""Kinds of what was hidden, besides those of `said.Kind`."""
NEAR_DAYS = 366
"""Dates farther than this from the call are hidden."""

_DATES = frozenset({Kind.DATE, Kind.TIME, Kind.WHEN})
# Tried at the beginnings of words only: else a text without spaces takes its length squared.
_ADDRESS = re.compile(r"(?<!\S)\S*(?:@|(?:sips?|tel|mailto|https?):)\S+", re.IGNORECASE)
_HIDING_ITEMS = frozenset({"number", "name", "company"})
"""Answers to these are hidden whole."""
_HIDING_TERMS = frozenset({"person", "company"})
_CLIENTS_MOST = 64
"""Clients whose names are kept ready: 280 names take 0.2 s to make ready (measured), and after a
reconnect all open memos are masked again."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """One stretch of the text that was hidden."""

    kind: str
    """One of `said.Kind`, or `NAME`, or `DIGITS`."""
    start: int
    """In the text before, in characters."""
    end: int
    """Exclusive."""


@dataclass(frozen=True)
class MaskedText:
    """A text with marks for what was hidden."""

    text: str
    hidden: tuple[Hidden, ...] = ()
    """In order, never overlapping nor touching."""

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """Return where a stretch of the text before is now, with the marks that it touches."""
        return self._now(start, after=False), self._now(end, after=True)

    def _now(self, place: int, *, after: bool) -> int:
        shift = 0
        for one in self.hidden:
            if place <= one.start:
                break
            if place < one.end:
                return one.start + shift + (len(MASK) if after else 0)
            shift += len(MASK) - (one.end - one.start)
        return place + shift

    def hides(self, start: int, end: int) -> bool:
        """Tell whether something of a stretch of the text before was hidden."""
        return any(one.start < end and start < one.end for one in self.hidden)


class Mask:
    """What has to be hidden, for one call.

    Args:
        language: of the texts, a BCP 47 tag.
        facts: of the client: region, time zone and terms.
        at: the moment of the call, aware.
        names: that are known.
        reading: of Japanese names; None: their readings are not looked for.
    """

    def __init__(
        self,
        *,
        language: str,
        facts: ClientFacts,
        at: datetime,
        names: Sequence[str] = (),
        reading: Reading | None = None,
    ) -> None:
        self._language = language.split("-", 1)[0].lower()
        self._region = facts.region
        self._at = at.astimezone(facts.zone)
        self._names = (Names(names, reading), _names_of(facts.hidden, reading))

    def text(self, text: str, known: Sequence[Hidden] = ()) -> MaskedText:
        """Return a text with its numbers and names hidden.

        What is left when they are hidden is looked at again, until there is nothing left to hide;
        so a masked text that is masked once more stays as it is.

        Args:
            text: any.
            known: what is known to be a value in it.
        """
        kinds: list[str | None] = [None] * len(text)
        _lay(kinds, known)
        while True:
            now = _joined(text, kinds)
            back = _places(now)
            fresh = [
                Hidden(kind=one.kind, start=back[one.start], end=back[one.end - 1] + 1)
                for one in self._seen(now.text)
                if one.start < one.end
            ]
            if not _lay(kinds, fresh):
                return now

    def _seen(self, text: str) -> list[Hidden]:
        """What is to be hidden in a text."""
        folded = fold(text)
        said = find(text, self._language, self._region, self._at) if self._region else ()
        kept = [(one.start, one.end) for one in said if self.stays(one.kind, one.value, one.valid)]
        out = [
            Hidden(kind=one.kind, start=one.start, end=one.end)
            for one in said
            if not self.stays(one.kind, one.value, one.valid)
        ]
        out += [
            Hidden(kind=Kind.EMAIL, start=found.start(), end=found.end())
            for found in _ADDRESS.finditer(text)
        ]
        out += [Hidden(kind=Kind.EMAIL, start=a, end=b) for a, b in spelled(folded)]
        known_names = (names.places(folded) for names in self._names)
        places = chain(*known_names, persons(text, folded))
        out += [Hidden(kind=NAME, start=a, end=b) for a, b in places]
        out += [Hidden(kind=DIGITS, start=a, end=b) for a, b in digits(folded, kept)]
        return out

    def stays(self, kind: Kind, value: str, valid: bool) -> bool:
        """Tell whether a value may be seen."""
        if kind not in _DATES or not valid:
            return False
        if kind is Kind.TIME:
            return True
        return abs((date.fromisoformat(value[:10]) - self._at.date()).days) <= NEAR_DAYS


def mask_of(memo: Memo, facts: ClientFacts, reading: Reading | None = None) -> Mask:
    """Return what has to be hidden of a memo.

    Args:
        memo: the memo.
        facts: of its client.
        reading: of Japanese names.
    """
    names = [memo.caller.name or ""]
    names += [memo.answers.get(item, "") for item in ("name", "company")]
    for one in memo.gleaned:
        if one.item in _HIDING_ITEMS:
            names += [one.text, one.reading or ""]
    return Mask(
        language=memo.language or "",
        facts=facts,
        at=memo.call.started_at,
        names=[name for name in names if name],
        reading=reading,
    )


def text_of(memo: Memo, mask: Mask) -> MaskedText:
    """Return the text of a memo with its numbers and names hidden."""
    known = [
        Hidden(kind=one.kind, start=one.text_from, end=one.text_to)
        for one in memo.found
        if not mask.stays(one.kind, one.value, one.valid)
    ]
    return mask.text(memo.text or "", known)


def is_hidden_item(item: str) -> bool:
    """Tell whether the answer to a question is a number or a name by the question alone."""
    return item in _HIDING_ITEMS


@lru_cache(_CLIENTS_MOST)
def _names_of(terms: tuple[Term, ...], reading: Reading | None) -> Names:
    """Return the names among a client's terms."""
    hidden = [one for one in terms if one.kind in _HIDING_TERMS]
    return Names((word for one in hidden for word in (one.write, one.read, *one.heard)), reading)


def _lay(kinds: list[str | None], hidden: Sequence[Hidden]) -> bool:
    """Hide stretches; return whether any character was not hidden before."""
    more = False
    for one in hidden:
        for at in range(max(0, one.start), min(len(kinds), one.end)):
            if kinds[at] is None:
                kinds[at], more = one.kind, True
    return more


def _joined(text: str, kinds: Sequence[str | None]) -> MaskedText:
    out: list[str] = []
    hidden: list[Hidden] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and (kinds[end] is None) == (kinds[at] is None):
            end += 1
        kind = kinds[at]
        if kind is None:
            out.append(text[at:end])
        else:
            out.append(MASK)
            hidden.append(Hidden(kind=kind, start=at, end=end))
        at = end
    return MaskedText("".join(out), tuple(hidden))


def _places(now: MaskedText) -> list[int]:
    """Where each character of a masked text comes from; those of a mark from what it hides."""
    out: list[int] = []
    at = 0
    for one in now.hidden:
        out += range(at, one.start)
        out += [one.start] * len(MASK)
        at = one.end
    rest = len(now.text) - len(out)
    return [*out, *range(at, at + rest)]
