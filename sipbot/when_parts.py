"""From the parts of a phrase (a day, a part of it, a time) to one value.  Pure.

The grammars (`when_ja`, `when_en`, `when_ko`) find the parts and say which words may stand between
two parts of one phrase; here the parts become phrases, and the phrases values.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from sipbot.said import Kind, Said
from sipbot.when_calendar import Day, minutes


class Clock(NamedTuple):
    """A time as said."""

    hour: int
    minute: int = 0
    half: str | None = None
    """One of `when_calendar.HALVES`, when the time itself names it ("3 p.m.")."""
    before: int = 0
    """Minutes to take away: "ten to three"."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a phrase, where it stands in the text."""

    start: int
    end: int
    shown: str
    day: Day | None = None
    dated: bool = False
    """The day is named by its number, so that another name beside it is the same day."""
    any_week: bool = False
    """The day is named by its day of the week alone, so that a date beside it says which one."""
    clock: Clock | None = None
    half: str | None = None
    exact: int | None = None
    """Minutes from the midnight of `day`: "in two hours" needs no clock."""


class Glue(NamedTuple):
    """What may stand between, in one language."""

    parts: re.Pattern[str]
    """Between two parts of one phrase, all of the gap."""
    ends: re.Pattern[str]
    """Between the two ends of a stretch of time ("from … to …"), all of the gap."""
    moved: re.Pattern[str] | None
    """Between an appointment's time and its new time, all of the gap; needs `moved_after`."""
    moved_after: re.Pattern[str] | None
    """What follows the new time."""
    day_may_follow: bool
    """ "at three on Monday"."""


@dataclass
class _Phrase:
    parts: list[Part] = field(default_factory=list)
    day: Day | None = None
    half: str | None = None
    clock: Clock | None = None
    exact: int | None = None
    valid: bool = True

    @property
    def start(self) -> int:
        return self.parts[0].start

    @property
    def end(self) -> int:
        return self.parts[-1].end

    @property
    def minutes(self) -> int | None:
        if self.exact is not None:
            return self.exact
        if self.clock is None:
            return None
        found = minutes(self.clock.hour, self.clock.minute, self.clock.half or self.half)
        return None if found is None else (found - self.clock.before) % (48 * 60)


def values(text: str, parts: Iterable[Part], glue: Glue) -> tuple[Said, ...]:
    """Return the values of a text whose parts are known, in its order."""
    phrases = [one for one in _phrases(text, parts, glue) if one.day or one.clock]
    for before, after in pairwise(phrases):
        _share(before, after, text, glue)
    return tuple(_said(text, one) for one in phrases)


def _phrases(text: str, parts: Iterable[Part], glue: Glue) -> Iterator[_Phrase]:
    present = _Phrase()
    for part in _apart(parts):
        if present.parts:
            gap = text[present.end : part.start]
            if not (glue.parts.fullmatch(gap) and _fits(present, part, glue)):
                yield present
                present = _Phrase()
        _add(present, part)
    if present.parts:
        yield present


def _apart(parts: Iterable[Part]) -> Sequence[Part]:
    """The parts in order; of two that overlap the longer."""
    kept: list[Part] = []
    for part in sorted(parts, key=lambda one: (one.start, -one.end)):
        if kept and part.start < kept[-1].end:
            if part.end - part.start > kept[-1].end - kept[-1].start:
                kept[-1] = part
            continue
        kept.append(part)
    return kept


def _fits(phrase: _Phrase, part: Part, glue: Glue) -> bool:
    if part.exact is not None or phrase.exact is not None:
        return False
    if part.day:
        if phrase.clock and not glue.day_may_follow:
            return False
        dated = [one.dated for one in phrase.parts if one.day]
        return not dated or (part.dated != dated[-1] and len(dated) == 1)
    return not (part.clock and phrase.clock)


def _add(phrase: _Phrase, part: Part) -> None:
    phrase.parts.append(part)
    phrase.half = part.half or phrase.half
    phrase.clock = part.clock or phrase.clock
    phrase.exact = part.exact if part.exact is not None else phrase.exact
    if part.day is None:
        return
    others = [one for one in phrase.parts[:-1] if one.day]
    if others and not _agree(others[-1], part):
        # "Wednesday the 26th" on which it is not Wednesday: one of the two was misheard.
        phrase.valid = False
    if phrase.day is None or part.dated:
        phrase.day = part.day
    if not part.day.exists:
        phrase.valid = False


def _agree(one: Part, other: Part) -> bool:
    first, second = one.day, other.day
    if first is None or second is None or not (first.exists and second.exists):
        return False
    if one.any_week or other.any_week:
        return date(*first).weekday() == date(*second).weekday()
    return first == second


def _share(before: _Phrase, after: _Phrase, text: str, glue: Glue) -> None:
    """From three to four in the afternoon: what one end says holds for the other."""
    if before.clock is None or after.clock is None or (before.day and after.day):
        return
    if after.day and not after.parts[0].clock:
        # "at three and tomorrow at four": another day.
        return
    gap = text[before.end : after.start]
    moved = (
        glue.moved is not None
        and glue.moved_after is not None
        and glue.moved.fullmatch(gap)
        and glue.moved_after.match(text, after.end)
    )
    if not (glue.ends.fullmatch(gap) or moved):
        return
    before.day = after.day = before.day or after.day
    first = before.clock.half or before.half
    second = after.clock.half or after.half
    if first and not second and after.clock.hour <= 12:
        after.half = "pm" if first in ("evening", "noon") else first
    elif second == "pm" and not first and before.clock.hour <= after.clock.hour % 12:
        before.half = second
    start, end = before.minutes, after.minutes
    if not (moved or second or start is None or end is None) and end <= start:
        # From nine to five.
        after.half = "pm"


def _said(text: str, phrase: _Phrase) -> Said:
    shown = phrase.parts[0].shown
    for one, other in pairwise(phrase.parts):
        shown += text[one.end : other.start] + other.shown
    place = Said(kind=Kind.DATE, value="", shown=shown, start=phrase.start, end=phrase.end)
    at = phrase.minutes
    if phrase.clock is None and phrase.exact is None and phrase.day is not None:
        return replace(place, value=phrase.day.iso, valid=phrase.valid)
    if at is None and phrase.clock is not None:
        clock = phrase.clock
        time, days, valid = f"{clock.hour:02}:{clock.minute:02}", 0, False
    else:
        days, of_day = divmod(at or 0, 24 * 60)
        time, valid = f"{of_day // 60:02}:{of_day % 60:02}", phrase.valid
    if phrase.day is None:
        return replace(place, kind=Kind.TIME, value=time, valid=valid)
    day = phrase.day.later(days)
    # A day taken over from the other end of a stretch, or after the last of all, may not exist.
    value = f"{day.iso}T{time}"
    return replace(place, kind=Kind.WHEN, value=value, valid=valid and day.exists)
