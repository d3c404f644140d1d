"""Which digits are telephone numbers, how many there are, and what a correction makes of them.

The rules of numbering plans are libphonenumber's (`sipbot.numbers`), made stricter where it is
known to accept what no telephone has.  Pure.
"""

from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

from sipbot.numbers import canonical, is_e164
from sipbot.said_pieces import Atom, groups_of, joined

DIGITS_MAX = 18
"""E.164 has at most 15; an international prefix of three may stand before."""
_DIGITS_MIN = 7
GROUP_DIGITS_MAX = 4
"""Of one group of a number, in all plans that are read here."""
_LABELLED_MIN = 5
"""Fewer digits after ``number`` are hardly a part of a telephone number."""
_CALLED_MIN = 7
"""Fewer digits after ``call me`` are a time or a count."""
_UNLABELLED_MIN = 8
_WEAK_MAX = 3
_AGAIN_MIN = 4
"""Digits of an end that is said again in one breath; fewer are often alike by chance."""
_STUTTER_MAX = 4
"""Digits before a number that are dropped: the beginning of it, said twice, or another word."""


@dataclass(frozen=True)
class Number:
    """A valid telephone number among atoms."""

    first: int
    last: int
    """Indices of its atoms, both inclusive."""
    digits: str
    e164: str


@lru_cache(4096)
def e164(digits: str, region: str) -> str:
    """Return a valid number in E.164, or an empty string.

    Args:
        digits: as said; with a plus sign where the international prefix was said.
        region: whose national numbers are meant, ISO 3166-1 alpha-2.
    """
    if not _DIGITS_MIN <= len(digits) <= DIGITS_MAX or not digits.lstrip("+").isascii():
        return ""
    if not digits.lstrip("+").isdigit():
        return ""
    if region == "KR" and len(digits) == 8 and digits[0] == "1":
        number = canonical(f"+82{digits}", region)  # 1588-1234: dialled without an area code
    else:
        number = canonical(digits, region)
    if not is_e164(number) or _is_unsure(number):
        return ""
    return number


def _is_unsure(number: str) -> bool:
    """Tell of numbers that libphonenumber accepts and a caller can hardly have.

    JP 020 is pagers and machines (Ministry of Internal Affairs and Communications); Korean 010 has
    had eight digits after it since the end of 011-019 in 2021.
    """
    return number.startswith("+8120") or (number.startswith("+8210") and len(number) != 13)


def has_trunk_prefix(region: str) -> bool:
    """Tell whether national numbers of the region begin with 0."""
    return phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) == "0"


def may_be_meant(digits: str, label: str, *, plus: bool, fixed: bool) -> bool:
    """Tell whether digits that make no number may be meant as one, some of them misheard.

    Args:
        digits: as said.
        label: what the words before them say that they are.
        plus: the international prefix was said before them.
        fixed: they are what a correction left.
    """
    if not digits.isdigit():
        return False
    if label == "phone":
        return len(digits) >= _LABELLED_MIN
    begins = digits.startswith("0") or plus
    if label == "number":
        return len(digits) >= (_LABELLED_MIN if begins else _CALLED_MIN)
    return len(digits) >= _UNLABELLED_MIN and (begins or fixed)


def read(atoms: list[Atom], region: str, *, plus: bool = False) -> list[Number]:
    """Return the numbers that these atoms are, from first to last; empty when they are none.

    Weak atoms at the edges, a stutter before the number and a repeated end after it may be left
    out; nothing else is, for digits too many mean that something was misheard.
    """
    sign = "+" if plus else ""
    lead, trail = _weak(atoms), _weak(atoms[::-1])
    if len(joined(atoms[: DIGITS_MAX + _WEAK_MAX])) <= DIGITS_MAX + _WEAK_MAX:
        for skip, cut in sorted(
            ((a, b) for a in range(lead + 1) for b in range(trail + 1)), key=sum
        ):
            rest = atoms[skip : len(atoms) - cut]
            if number := e164(sign + joined(rest), region):
                return [Number(skip, len(atoms) - cut - 1, joined(rest), number)]
    return _split(atoms, region, sign, lead, trail)


def _weak(atoms: list[Atom]) -> int:
    count = 0
    while count < min(_WEAK_MAX, len(atoms)) and atoms[count].weak:
        count += 1
    return count


def _split(atoms: list[Atom], region: str, sign: str, lead: int, trail: int) -> list[Number]:
    """Cut atoms between groups so that every part is a number."""
    total = len(atoms)
    cuts = [0, *(at for at in range(1, total) if atoms[at].group != atoms[at - 1].group), total]
    if len(cuts) == 2 and total <= 4 * DIGITS_MAX:
        cuts = _halves(atoms)
    cuts = sorted({*cuts, *range(lead + 1), *range(total - trail, total + 1)})
    ways: dict[int, _Way] = {}
    ends = {cut for cut in cuts if cut >= total - trail}
    for place in range(len(cuts) - 1, -1, -1):
        if cuts[place] not in ends:
            _step(atoms, cuts, place, ways, ends, region, sign if cuts[place] == 0 else "")
    for skip in range(lead + 1):
        if skip in ways:
            return _walk(ways, skip)
    for cut in cuts[1:]:
        head = joined(atoms[: min(cut, _STUTTER_MAX + 1)])
        if len(head) > _STUTTER_MAX:
            break
        if cut in ways:
            digits = ways[cut].number.digits
            if digits.startswith(head) or (_begins(digits, region) and head[0] != "0"):
                return _walk(ways, cut)
    return []


@dataclass(frozen=True)
class _Way:
    """A number and where the next one begins; None: it is the last."""

    number: Number
    after: int | None


def _walk(ways: dict[int, _Way], begin: int) -> list[Number]:
    found: list[Number] = []
    at: int | None = begin
    while at is not None and at in ways:
        found.append(ways[at].number)
        at = ways[at].after
    return found


def _begins(digits: str, region: str) -> bool:
    return has_trunk_prefix(region) and digits.startswith("0")


def _halves(atoms: list[Atom]) -> list[int]:
    """Cuts of a number that was said twice, or whose end was, without a pause."""
    digits = joined(atoms)
    again = next(
        (
            length
            for length in range(len(digits) // 2, _AGAIN_MIN - 1, -1)
            if digits[-length:] == digits[-2 * length : -length]
        ),
        0,
    )
    length = 0
    for at, atom in enumerate(atoms):
        if again and length == len(digits) - again:
            return [0, at, len(atoms)]
        length += len(atom.digits)
    return [0, len(atoms)]


def _step(
    atoms: list[Atom],
    cuts: list[int],
    place: int,
    ways: dict[int, _Way],
    ends: set[int],
    region: str,
    sign: str,
) -> None:
    """Note which number begins at a cut when all that follows it is numbers too."""
    begin = cuts[place]
    digits = ""
    for after in range(place + 1, len(cuts)):
        start, end = cuts[after - 1], cuts[after]
        digits += joined(atoms[start : min(end, start + DIGITS_MAX + 1)])
        if len(digits) > DIGITS_MAX:
            return
        number = e164(sign + digits, region)
        last = end in ends or _repeats(atoms, end, digits)
        if not number or not (last or end in ways):
            continue
        same = end in ways and ways[end].number.e164 == number
        if begin not in ways or same or (end in ends and ways[begin].after is None):
            one = Number(begin, end - 1, digits, number)
            ways[begin] = _Way(one, end if end in ways else None)
        if same:
            return


def _repeats(atoms: list[Atom], begin: int, digits: str) -> bool:
    """Tell whether the rest only says the end of a number again."""
    rest = joined(atoms[begin : begin + 9])
    return begin + 9 > len(atoms) - 1 and 2 <= len(rest) <= 8 and digits.endswith(rest)


@dataclass(frozen=True)
class Amended:
    """What a correction makes of digits."""

    digits: str
    sure: bool
    rank: int = 0
    """How natural it is: 0 is best."""


def amend(
    old: list[Atom],
    new: list[Atom],
    region: str,
    *,
    plus: bool = False,
    place: str = "",
    soft: bool = False,
) -> Amended | None:
    """Return the number after a correction of a part of it; None when nothing valid comes out.

    Args:
        old: what was said before the correction.
        new: what was said after it.
        region: whose numbers are meant.
        plus: the number began with the international prefix.
        soft: between them stood an apology only, after which the number may go on.
        place: "tail", "middle" or "head" when the caller named the part.
    """
    sign, digits, said = "+" if plus else "", joined(old), joined(new)
    if len(digits) > DIGITS_MAX or len(said) > DIGITS_MAX:
        return None
    groups = groups_of(old)
    if place in ("middle", "head"):
        return _at_place(groups, said, region, sign, place)
    complete = bool(e164(sign + digits, region))
    bounds = _bounds(groups)
    first = _first_length(new)
    ranked: list[tuple[tuple[int, int], str]] = []
    for cut in range(1, len(digits) + 1):
        whole = digits[:cut] + said
        if e164(sign + whole, region):
            rank = _rank(digits[cut:], cut, said, first, bounds, complete)
            goes_on = soft and not complete and cut == len(digits)
            ranked.append(((5, 0) if goes_on else rank, whole))
    if not ranked:
        return None
    best = min(rank for rank, _ in ranked)
    wholes = {whole for rank, whole in ranked if rank == best}
    whole = min(wholes)
    sure = len(wholes) == 1 and best[0] < 9
    if complete and best[0] == 0 and place != "tail":
        sure = sure and not _another_fits(groups, said)
    return Amended(whole, sure, best[0])


def _rank(
    wrong: str, cut: int, said: str, first: int, bounds: list[int], complete: bool
) -> tuple[int, int]:
    """Tell how natural it is to replace so many last digits: 0 is best, 9 is a guess.

    Of parts that resemble what replaces them the longest is meant.
    """
    dropped = len(wrong)
    if complete and dropped == len(said):
        return 0, 0
    if complete:
        return (1, 0) if cut in bounds and dropped else (9, 0)
    right = said[:dropped]
    crossing = cut not in bounds and any(cut < bound for bound in bounds)
    alike = _alike(wrong, right) >= dropped - 1 if crossing else resembles(wrong, right)
    if dropped > 1 and len(right) == dropped and alike:
        return (0 if dropped == first or cut in bounds else 1), -(
            dropped == first
        ) * DIGITS_MAX - dropped
    if dropped == first and dropped:
        return 2, 0
    if bounds and cut == bounds[-1]:
        return 3, 0
    if dropped == len(said):
        return 4, 0
    return (5, 0) if cut in bounds else (9, 0)


def _first_length(atoms: list[Atom]) -> int:
    """Return how many digits stand before the first hyphen, else before the first space."""
    for at, atom in enumerate(atoms):
        if at and atom.parted:
            return len(joined(atoms[:at]))
    return len(groups_of(atoms)[0])


def resembles(wrong: str, right: str) -> bool:
    """Tell whether one is the other with a slip: a digit exchanged, or neighbours turned round.

    A group of four counts with any of its digits turned round; in a longer row that is chance.
    """
    if len(wrong) != len(right) or len(wrong) < 2:
        return False
    if _alike(wrong, right) >= len(wrong) - 1:
        return True
    if sorted(wrong) != sorted(right):
        return False
    apart = [at for at, (a, b) in enumerate(zip(wrong, right, strict=True)) if a != b]
    return len(wrong) <= GROUP_DIGITS_MAX or (len(apart) == 2 and apart[1] - apart[0] == 1)


def _bounds(groups: list[str]) -> list[int]:
    """Where groups begin, without the first."""
    out: list[int] = []
    length = 0
    for group in groups[:-1]:
        length += len(group)
        out.append(length)
    return out


def _at_place(groups: list[str], said: str, region: str, sign: str, place: str) -> Amended | None:
    at = 0 if place == "head" else len(groups) // 2
    if len(groups) != 3:
        return None
    whole = "".join([*groups[:at], said, *groups[at + 1 :]])
    return Amended(whole, sure=True) if e164(sign + whole, region) else None


def _another_fits(groups: list[str], said: str) -> bool:
    """Tell whether the corrected part may be another group than the last: then nobody knows."""
    last = "".join(groups)[-len(said) :]
    alike = _alike(last, said)
    return any(
        len(group) == len(said) and _alike(group, said) >= max(len(said) - 1, alike + 2)
        for group in groups[:-1]
    )


def _alike(one: str, other: str) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))


def replaced(groups: list[str], wrong: str, right: str) -> str | None:
    """Return the digits with a group replaced by another; None unless there is one such place."""
    digits = "".join(groups)
    if groups.count(wrong) == 1:
        at = groups.index(wrong)
        return "".join([*groups[:at], right, *groups[at + 1 :]])
    if digits.count(wrong) == 1:
        return digits.replace(wrong, right)
    if digits.endswith(wrong) and groups.count(wrong) == 0:
        return digits[: -len(wrong)] + right
    return None
