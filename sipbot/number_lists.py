"""Lists of numbers as people write them in a client's file: in one spelling, and judged."""

import difflib
from collections.abc import Sequence
from functools import lru_cache

from sipbot.dialplan_form import CallersForm
from sipbot.errors import Mistake
from sipbot.numbers import is_e164
from sipbot.patterns import canonical_pattern, is_pattern, is_small_pattern, stands_for_valid
from sipbot.plan import Callers
from sipbot.toml_file import TomlFile
from sipbot.toml_places import Path as KeyPath

_SHORT_CODE_DIGITS = 8
"""Longest literal of digits only; a longer one is a mistyped telephone number."""
_LITERAL_CHARS = 64
_HOW = 'Write it as "+81312345678", as dialled at home, or a name without spaces'


def listed(
    written: tuple[str, ...],
    key: KeyPath,
    file: TomlFile,
    region: str,
    mistakes: list[Mistake],
    *,
    words: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return the canonical numbers and patterns of a list, and note what is wrong with it.

    Args:
        written: the list.
        key: of the list.
        file: where mistakes are.
        region: whose national numbers are meant.
        mistakes: is added to.
        words: what may stand here besides numbers.
    """
    numbers: list[str] = []
    for index, one in enumerate(written):
        number, problem, remedy = (one, "", "") if one in words else _read(one, region)
        if number in words:
            problem = ""
        if number in numbers:
            first = written[numbers.index(number)]
            problem = f'is the same number as "{first}" in this file'
            remedy = "Remove one of the two"
        if problem:
            mistakes.append(file.mistake((*key, index), problem, remedy))
        numbers.append(number)
    return tuple(numbers)


def usable(written: object, region: str) -> tuple[str, ...]:
    """Return what of a list of numbers is right, in the places where it stands; the rest is empty.

    Args:
        written: the value of ``numbers`` of a file that may be wrong in any way.
        region: whose national numbers are meant.
    """
    found: list[str] = []
    for one in written if isinstance(written, list) else ():
        number, problem, _ = _read(one, region) if isinstance(one, str) else ("", "", "")
        found.append("" if problem or number in found else number)
    return tuple(found)


def callers_of(form: CallersForm, file: TomlFile, region: str, mistakes: list[Mistake]) -> Callers:
    """Who may call, with what is wrong noted in `mistakes`."""

    def of(key: str, written: tuple[str, ...]) -> tuple[str, ...]:
        return listed(written, ("callers", key), file, region, mistakes)

    return Callers(
        block=of("block", form.block),
        allow=of("allow", form.allow),
        known=of("known", form.known),
        anonymous=form.anonymous,
    )


def known_word(word: str, known: Sequence[str]) -> str:
    """The remedy for a word that is none of the known ones."""
    near = difflib.get_close_matches(word.lower(), known, n=1)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Write one of {', '.join(known)}" if known else "Remove it; there are none"


@lru_cache(4096)
def _read(written: str, region: str) -> tuple[str, str, str]:
    """The canonical form, and what is wrong with it; many clients block the same callers."""
    number = canonical_pattern(written, region)
    return number, *_judged(written, number, region)


def _judged(written: str, number: str, region: str) -> tuple[str, str]:
    if is_pattern(number):
        return _judged_pattern(number, region)
    if is_small_pattern(written):
        return "has its wildcards in small letters", f'Write "{written.upper()}"'
    if not _can_be_dialled(number):
        return f"is neither a telephone number of {region}, an extension nor a name", _HOW
    return "", ""


def _judged_pattern(pattern: str, region: str) -> tuple[str, str]:
    if not any(char.isdecimal() for char in pattern):
        return "stands for numbers of anybody", "Write the digits that all its numbers begin with"
    telephone = pattern.startswith("+") and stands_for_valid(pattern)
    if not telephone and (pattern.startswith("+") or len(pattern) > _SHORT_CODE_DIGITS):
        problem = f"stands for no telephone number of {region}"
        return problem, f"Count its digits and wildcards; {_HOW[0].lower()}{_HOW[1:]}"
    return "", ""


def _can_be_dialled(number: str) -> bool:
    if is_e164(number):
        return True
    if number.isdecimal():
        return len(number) <= _SHORT_CODE_DIGITS
    legal = number.isascii() and all(char.isalnum() or char in "._*#-" for char in number)
    return legal and any(char.isalnum() for char in number) and len(number) <= _LITERAL_CHARS
