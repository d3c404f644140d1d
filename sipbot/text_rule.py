"""Which ear's text a memo shows, and by which rule.  Pure.

The rule is written down and measured in docs/decisions/0010-which-text-wins.md: the second ear's
words replace the live ear's, unless there are none or far too few of them.
"""

from enum import StrEnum

import msgspec

FEW = 1 / 3
"""Letters of the second ear's text for each of the live ear's below which something was lost.  A
choice: two texts of one message are of similar length, and one that was left out because it repeats
itself (`speech.whisper_ear`) leaves next to nothing."""

FEWEST_LETTERS = 12
"""From which the live ear's text says enough to be held against the other; below, a cough that
became two syllables would keep a sentence out."""


class Rule(StrEnum):
    """Why the text that a memo shows is shown; in the memo's ``recognition.rule``."""

    FIRST = "first_text"
    """There was no text before."""
    SECOND_EAR = "second_ear_reads_better"
    """The second ear's words have replaced the live ear's."""
    SECOND_FIRST = "second_ear_was_first"
    """The live ear's words came after the second ear's and are not used."""
    EMPTY = "other_ear_heard_no_words"
    """The other ear heard nothing, or what it heard was no speech."""
    LOOP = "second_ear_only_repeated_itself"
    """All that the second ear wrote was left out, for it repeated itself, as it does over music.
    The live ear's words are shown, for a caller may have said them, and are to be doubted."""
    PARTLY = "second_ear_left_something_out"
    """The second ear's words are shown, and are to be doubted: it repeated itself in a part of the
    message, which was left out, and what the caller said there may be missing."""
    TOO_FEW = "second_ear_lost_words"
    """The second ear has far fewer letters than the live ear, whose text stays."""
    SAME_EAR = "same_ear_again"
    """An ear has read the recording twice; its first text stays."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a new text."""

    replaces: bool
    rule: Rule


def judge(
    shown: str | None,
    new: str,
    *,
    shown_is_second: bool,
    new_is_second: bool,
    looped: bool = False,
) -> Verdict:
    """Return whether a new text replaces the one that is shown.

    Args:
        shown: the memo's text; None when no ear has read it, empty when one heard no words.
        new: what an ear has just read.
        shown_is_second: whether the second ear wrote the text that is shown.
        new_is_second: whether it wrote the new one.
        looped: whether the second ear left something out that repeated itself, of either text.
    """
    looped = looped and (new_is_second or shown_is_second)
    if shown is None:
        return Verdict(replaces=True, rule=_looped(new) if looped else Rule.FIRST)
    if not letters(new) or not letters(shown):
        second = new if new_is_second else shown
        rule = _looped(second) if looped else Rule.EMPTY
        return Verdict(replaces=bool(letters(new)), rule=rule)
    if shown_is_second == new_is_second:
        return Verdict(replaces=False, rule=Rule.SAME_EAR)
    if shown_is_second:
        return Verdict(replaces=False, rule=Rule.PARTLY if looped else Rule.SECOND_FIRST)
    if letters(shown) >= FEWEST_LETTERS and letters(new) < FEW * letters(shown):
        return Verdict(replaces=False, rule=Rule.TOO_FEW)
    return Verdict(replaces=True, rule=Rule.PARTLY if looped else Rule.SECOND_EAR)


def _looped(second: str) -> Rule:
    """Return the rule for a text of the second ear of which something was left out."""
    return Rule.PARTLY if letters(second) else Rule.LOOP


def letters(text: str) -> int:
    """Return how many letters and digits a text has."""
    return sum(char.isalnum() for char in text)
