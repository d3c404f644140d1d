"""The text of a message as people write it, and where each character of the ear's text went.  Pure.

Values that were found are written as `Said.shown`; the rest by the rules of its language
(`readable_ja`, `readable_en`, `readable_ko`): no spaces between Japanese words, numerals in digits
where they are surely numbers, capitals.  Words are never changed, and punctuation stays as the ear
gave it.  A space in a Japanese text is dropped, not turned into a comma: vosk sets one after every
word, and Whisper also within names.

Each rule is a set of replacements, applied until no rule changes anything.  Each rule uses up what
it replaces (a space, a kanji digit, a small letter), so this ends, and a readable text is readable
as it is.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sipbot import readable_en, readable_ja, readable_ko
from sipbot.readable_rules import Change, Rule, common
from sipbot.said import Kind, Said

_RULES: dict[str, tuple[Rule, ...]] = {
    "ja": (*common, *readable_ja.RULES),
    "en": (*common, *readable_en.RULES),
    "ko": (*common, *readable_ko.RULES),
}

_WORDS = (Kind.DATE, Kind.TIME, Kind.WHEN)
"""Values that are words and may begin a sentence; an address or a number is never changed."""


@dataclass(frozen=True, kw_only=True)
class Readable:
    """A text as people write it."""

    text: str
    said: tuple[Said, ...]
    """The same values: ``text[start:end] == shown``."""
    layers: tuple[tuple[Change, ...], ...] = ()
    """What was replaced, one after the other; each layer's offsets are in the text before it."""

    def moved(self, start: int, end: int) -> tuple[int, int]:
        """Return where text[start:end] of the ear's text stands in this one.

        A piece of something that was replaced as a whole is all of what replaced it.
        """
        for layer in self.layers:
            start, end = _moved(layer, start, end)
        return start, end


def readable(text: str, said: tuple[Said, ...], language: str) -> Readable:
    """Return the text as people write it.

    Args:
        text: as an ear wrote it.
        said: the values found in it, which must not overlap.
        language: ja, en or ko; in others the values and the spaces alone are written anew.

    Raises:
        ValueError: two values overlap.
    """
    values = tuple(sorted(said, key=lambda one: one.start))
    for one, other in itertools.pairwise(values):
        if other.start < one.end:
            raise ValueError(
                f"values overlap: {one.kind} to {one.end}, {other.kind} from {other.start}"
            )
    layers: list[tuple[Change, ...]] = []
    first = [Change(one.start, one.end, one.shown) for one in values]
    text, values = _apply(text, values, first, layers)
    changed = True
    while changed:
        changed = False
        for rule in _RULES.get(language, common):
            changes = [
                one
                for one in (Change(*found) for found in rule(text))
                if text[one.start : one.end] != one.new and _allowed(one, values)
            ]
            changed = changed or bool(changes)
            text, values = _apply(text, values, changes, layers)
    return Readable(text=text, said=values, layers=tuple(layers))


def _allowed(change: Change, values: Sequence[Said]) -> bool:
    """Whether a rule leaves the values alone, but for the capital at the beginning of one."""
    for one in values:
        if change.start < one.end and one.start < change.end:
            capital = (change.start, change.end) == (one.start, one.start + 1)
            return capital and one.kind in _WORDS
    return True


def _apply(
    text: str,
    values: tuple[Said, ...],
    changes: Sequence[Change],
    layers: list[tuple[Change, ...]],
) -> tuple[str, tuple[Said, ...]]:
    if not changes:
        return text, values
    layer = tuple(changes)
    layers.append(layer)
    pieces: list[str] = []
    at = 0
    for change in layer:
        pieces += [text[at : change.start], change.new]
        at = change.end
    new = "".join((*pieces, text[at:]))
    moved = []
    for one in values:
        start, end = _moved(layer, one.start, one.end)
        moved.append(replace(one, start=start, end=end, shown=new[start:end]))
    return new, tuple(moved)


def _moved(layer: Sequence[Change], start: int, end: int) -> tuple[int, int]:
    return _place(layer, start, at_end=False), _place(layer, end, at_end=True)


def _place(layer: Sequence[Change], offset: int, *, at_end: bool) -> int:
    shift = 0
    for change in layer:
        if offset <= change.start:
            break
        if offset < change.end:
            return change.start + shift + (len(change.new) if at_end else 0)
        shift += len(change.new) - (change.end - change.start)
    return offset + shift
