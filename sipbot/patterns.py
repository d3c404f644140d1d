"""Numbers with wildcards, and whose a number is among many clients.  Pure.

``X`` stands for 0-9, ``Z`` for 1-9, ``N`` for 2-9: the letters of Asterisk's dialplans, which
admins of telephone systems know.  Nothing else of them is taken over: no regular expressions, no
"and anything after", so that two patterns can be compared and an overlap is never a surprise.
"""

import re
from collections.abc import Iterator
from typing import Generic, TypeVar

from sipbot.numbers import canonical, is_e164

WILDCARDS = {"X": "0123456789", "Z": "123456789", "N": "23456789"}

_FILLS = "2345678"
"""Digits that every wildcard may stand for; one of them makes most patterns a valid number."""
_WRITTEN = re.compile(r"\+?[0-9XZN\s().\-/]*[XZN][0-9XZN\s().\-/]*")
_SEPARATORS = re.compile(r"[\s().\-/]")
_SMALL = re.compile(r"\+?[0-9\s().\-/]*[0-9]{2}[xzn]+")
_WILD = re.compile("[XZN]")

Owner = TypeVar("Owner")


def is_pattern(number: str) -> bool:
    """Tell whether a canonical number holds wildcards; literals are in lower case."""
    return _WILD.search(number) is not None


def is_small_pattern(written: str) -> bool:
    """Tell whether this is a number whose wildcards were written in lower case."""
    return bool(_SMALL.fullmatch(written))


def almost_a_number(name: str) -> bool:
    """Tell whether a canonical name has so many digits that a telephone number may be meant.

    A name with a year or an extension in it, such as ``desk-2026``, has four; telephone numbers
    that are no extensions have more than five.
    """
    return any(map(str.islower, name)) and sum(map(str.isdigit, name)) >= 6


def canonical_pattern(written: str, region: str) -> str:
    """Return a number or pattern as a person writes it in the form that is compared.

    The country's code is put before the wildcards as it would be before any number they stand for:
    ``03123456XX`` is ``+813123456XX`` in Japan.

    Args:
        written: such as ``03-1234-56XX``, ``+81312345678``, ``1XX`` or ``sato``.
        region: ISO 3166-1 alpha-2, whose national numbers are meant.

    Returns:
        What `sipbot.numbers.canonical` says of a number without wildcards; otherwise digits and
        wildcards, in E.164 with its plus sign when such a number is valid.  Never raises.
    """
    if not _WRITTEN.fullmatch(written):
        return canonical(written, region)
    bare = _SEPARATORS.sub("", written)
    for fill in _FILLS:
        number = canonical(_WILD.sub(fill, bare), region)
        if is_e164(number):
            return _spliced(number, bare)
    return bare


def stands_for_valid(pattern: str) -> bool:
    """Tell whether a canonical pattern stands for a valid telephone number in E.164."""
    return any(is_e164(_WILD.sub(fill, pattern)) for fill in _FILLS)


def sample(pattern: str) -> str:
    """The least number that a canonical pattern stands for; a number is its own sample."""
    return "".join(WILDCARDS.get(char, char)[0] for char in pattern)


def matches(pattern: str, number: str) -> bool:
    """Tell whether a canonical number is one that the canonical pattern stands for."""
    if pattern == number:
        return True
    return len(pattern) == len(number) and all(
        sign == char or char in WILDCARDS.get(sign, "")
        for sign, char in zip(pattern, number, strict=True)
    )


def overlap(one: str, other: str) -> bool:
    """Tell whether there is a number that both canonical patterns stand for."""
    return len(one) == len(other) and all(
        not set(WILDCARDS.get(left, left)).isdisjoint(WILDCARDS.get(right, right))
        for left, right in zip(one, other, strict=True)
    )


class NumberIndex(Generic[Owner]):
    """Whose a number is: exact numbers first, then patterns, found by their fixed beginnings.

    With 10 000 clients a look-up is a handful of dict accesses: one for the exact number, one for
    each length of a beginning that occurs.
    """

    def __init__(self) -> None:
        self._exact: dict[str, Owner] = {}
        self._wild: dict[tuple[int, str], list[tuple[str, Owner]]] = {}
        self._lengths: dict[int, set[int]] = {}

    def add(self, number: str, owner: Owner) -> None:
        """Give a canonical number or pattern to its owner."""
        if not is_pattern(number):
            self._exact[number] = owner
            return
        head = _head(number)
        self._wild.setdefault((len(number), head), []).append((number, owner))
        self._lengths.setdefault(len(number), set()).add(len(head))

    def remove(self, number: str) -> None:
        """Take a canonical number or pattern from its owner; nothing happens when it has none."""
        if not is_pattern(number):
            self._exact.pop(number, None)
            return
        key = (len(number), _head(number))
        self._wild[key] = [each for each in self._wild.get(key, []) if each[0] != number]

    def copy(self) -> "NumberIndex[Owner]":
        """Another index of the same numbers; to change the one does not change the other."""
        other = NumberIndex[Owner]()
        other._exact = dict(self._exact)
        other._wild = {key: list(each) for key, each in self._wild.items() if each}
        other._lengths = {length: set(heads) for length, heads in self._lengths.items()}
        return other

    def find(self, number: str) -> Owner | None:
        """The owner of a canonical number without wildcards."""
        found = self._exact.get(number)
        if found is not None:
            return found
        near = self._near(number, number)
        return next((owner for pattern, owner in near if matches(pattern, number)), None)

    def clashes(self, number: str) -> Iterator[tuple[str, Owner]]:
        """Whatever was added that shares a number with this canonical number or pattern.

        Only what has a fixed beginning as long as that of `number`, or a shorter one, is compared:
        sort by `fixed_digits`, and ask about each before adding it.
        """
        found = self._exact.get(number)
        if found is not None:
            yield number, found
        for pattern, owner in self._near(number, _head(number)):
            if overlap(pattern, number):
                yield pattern, owner

    def sharing(self, number: str) -> Iterator[tuple[str, Owner]]:
        """Whatever was added that shares a number with this one, in whatever order it was added.

        A pattern is compared with everything that begins as it does: 5 ms among 20 000 numbers.
        """
        if not is_pattern(number):
            yield from self.clashes(number)
            return
        head = _head(number)
        for exact, owner in self._exact.items():
            if exact.startswith(head) and overlap(exact, number):
                yield exact, owner
        for (length, other), each in self._wild.items():
            if length == len(number) and (other.startswith(head) or head.startswith(other)):
                yield from (one for one in each if overlap(one[0], number))

    def _near(self, number: str, head: str) -> Iterator[tuple[str, Owner]]:
        for length in sorted(self._lengths.get(len(number), ()), reverse=True):
            yield from self._wild.get((len(number), head[:length]), ())


def fixed_digits(number: str) -> int:
    """How many characters stand before the first wildcard; all of an exact number."""
    return len(_head(number))


def _head(pattern: str) -> str:
    """The fixed beginning of a pattern."""
    found = _WILD.search(pattern)
    return pattern[: found.start()] if found else pattern


def _spliced(number: str, bare: str) -> str:
    """The number with the wildcards where the pattern has them, counted from the end."""
    digits = list(number)
    for place, char in enumerate(reversed(bare), 1):
        if char in WILDCARDS and place <= len(digits):
            digits[-place] = char
    return "".join(digits)
