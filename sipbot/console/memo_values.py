"""What the page of a memo says, worked out from the memo.  Pure.

Data path: store -> [memo_values] -> pages_memo -> browser

The words for values are those of `sipbot memos show`, so that both say the same of a memo.
"""

from collections.abc import Iterator
from typing import cast

import msgspec

from sipbot.callback import is_end_of
from sipbot.console.text_marks import Shown
from sipbot.console.words import Words
from sipbot.memo import Memo, Stage
from sipbot.memo_answers import NUMBER, Evidence
from sipbot.memo_found import Found
from sipbot.memo_parts import Listenable, listenable, number_of
from sipbot.said import Kind
from sipbot.said_when import calendar_form

SOURCES = {"keys": "by_keys", "speech": "by_speech", "caller_id": "by_network"}
"""Source of an evidence to the key of its word."""

_DATES = frozenset({Kind.DATE, Kind.TIME, Kind.WHEN})


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the recording that can be played."""

    number: int
    """In `memo_parts.listenable`, from 1."""
    from_s: float
    to_s: float

    @property
    def seconds(self) -> int:
        """How long, in whole seconds, at least one."""
        return max(1, round(self.to_s - self.from_s))


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or what was understood unasked."""

    item: str
    label: str
    value: str
    reading: str = ""
    part: Part | None = None


def part_of(one: Listenable, memo: Shown) -> Part | None:
    """Return the piece of the recording that something points to; None when it points nowhere."""
    number = number_of(one, _as_memo(memo))
    if number is None or one.audio_from_s is None or one.audio_to_s is None:
        return None
    return Part(number=number, from_s=one.audio_from_s, to_s=one.audio_to_s)


def spans(memo: Shown) -> Iterator[tuple[float, float, str]]:
    """Yield the pieces of the recording that a picture of it marks: from, to, what."""
    for gone in memo.discarded:
        yield gone.audio_from_s, gone.audio_to_s, "discarded"
    for one in listenable(_as_memo(memo)):
        if one.audio_from_s is not None and one.audio_to_s is not None:
            kind = "number" if isinstance(one, Evidence) else "value"
            yield one.audio_from_s, one.audio_to_s, kind


def answers(memo: Shown, words: Words) -> list[Row]:
    """Return what was answered and what was understood unasked; the number has its own place."""
    unasked = {one.item: one for one in memo.gleaned}
    rows = []
    for item in dict.fromkeys((*memo.answers, *unasked)):
        one = unasked.get(item)
        value = memo.answers.get(item) or (one.text if one else "")
        if item == NUMBER:
            continue
        same = one is not None and one.text == value
        rows.append(
            Row(
                item=item,
                label=words.of(item),
                value=value,
                reading=(one.reading or "") if one is not None and same else "",
                part=part_of(one, memo) if one is not None and same else None,
            )
        )
    return rows


def heading(memo: Shown, words: Words) -> str:
    """Return who called, as a title: a name, else a company, else a number."""
    known = memo.answers.get("name") or memo.caller.name or memo.answers.get("company")
    if known:
        return known
    number = memo.callback.shown or memo.callback.number
    return number or words["withheld" if memo.caller.anonymous else "no_name"]


def caller(memo: Shown, words: Words) -> str:
    """Return who called, as far as the network says."""
    shown = [one.shown for one in memo.callback.evidence if one.source == "caller_id" and one.shown]
    number = shown[0] if shown and memo.caller.number else memo.caller.number
    known = " ".join(part for part in (number, memo.caller.name) if part)
    return known or (words["withheld"] if memo.caller.anonymous else "–")


def no_text(memo: Shown, words: Words) -> str:
    """Return why there is no text."""
    if "text" in memo.erased:
        return words["erased"]
    if memo.stage is Stage.RECOGNITION_FAILED:
        return words["failed"].format(problem=memo.recognition.problem or "–")
    return words["silence" if memo.stage is Stage.TRANSCRIBED else "unread"]


def remarks(one: Evidence, memo: Shown, words: Words) -> list[str]:
    """Return what is to be known of an evidence."""
    said = []
    if is_end_of(one, memo.callback.number):
        said.append(words["end_of_number"])
    elif not one.valid:
        said.append(words["impossible" if one.number.isdecimal() else "not_a_number"])
    if one.doubted:
        said.append(words["doubted"])
    read_back = any(asked.item == NUMBER and asked.confirmed for asked in memo.asked)
    if one.source == "keys" and read_back:
        said.append(words["read_back"])
    return said


def disagree(memo: Shown) -> bool:
    """Tell whether several numbers were given, and none is sure."""
    given = memo.callback.number
    others = [one for one in memo.callback.evidence if not is_end_of(one, given)]
    return len({one.number for one in others}) > 1 and not memo.callback.confirmed


def sign(one: Evidence, memo: Shown) -> str:
    """Return how an evidence stands to the number: ``same``, ``end`` or ``other``."""
    if one.number == memo.callback.number:
        return "same"
    return "end" if is_end_of(one, memo.callback.number) else "other"


def meant(one: Found, memo: Shown) -> str:
    """Return what a value means where it does not say so itself: the day that "tomorrow" was."""
    language = (memo.language or "").split("-", 1)[0].lower()
    told = calendar_form(one, language) if one.kind in _DATES else one.value
    return "" if told == one.shown else told


def why(reason: str, words: Words) -> str:
    """Return why a memo is urgent, or of its category."""
    said = reason.removeprefix("said ")
    if said != reason:
        return words["because_said"].format(word=said)
    return words.of(reason, "because_")


def read_by(memo: Shown, words: Words) -> str:
    """Return which ear wrote the text, and what is still to come."""
    told = [memo.recognition.engine or "–"]
    told += [words.of(memo.recognition.rule)] if memo.recognition.rule else []
    if memo.recognition.ears_pending:
        told.append(words["pending"].format(ears=", ".join(memo.recognition.ears_pending)))
    return ", ".join(told)


def _as_memo(memo: Shown) -> Memo:
    """A masked memo has the same parts at the same places under the same names."""
    return cast("Memo", memo)
