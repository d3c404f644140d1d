"""What was wrong and what is right, both said: ``it ends in 2062, not 2064``.  Pure.

Such a sentence may come long after the number, with other matters between, for it names the part
that it means.
"""

from dataclasses import dataclass

from sipbot.said_phones import e164, replaced
from sipbot.said_pieces import Piece, joined
from sipbot.said_tokens import AROUND, T, Token

_ALIEN_MAX = 20
"""Characters of other words between the wrong digits and the right ones."""
_AT_ONCE = 3
"""A negation is one of so many words after what it negates."""
_DIGITS_MIN = 2


@dataclass(frozen=True)
class Contrast:
    """A corrected number, and which pieces said so."""

    digits: str
    """The whole number; empty when nobody knows which part was meant."""
    after: int
    """The piece after the two."""


def contrast(
    rows: list[Piece], rest: list[Token], at: int, groups: list[str], region: str, *, plus: bool
) -> Contrast | None:
    """Return what two pieces from `at` make of a number; None when they do not speak of it.

    Args:
        rows: all pieces of the text.
        rest: what was said after the last one.
        at: the first of the two.
        groups: of the number, as it was said.
        region: whose numbers are meant.
        plus: the number began with the international prefix.
    """
    if at + 1 >= len(rows) or not groups:
        return None
    after = rows[at + 2].gap if at + 2 < len(rows) else rest
    pair = _ordered(rows[at].gap, rows[at + 1].gap, after, rows[at], rows[at + 1])
    if pair is None:
        return None
    digits = "".join(groups)
    words = [*rows[at].gap, *rows[at + 1].gap]
    tail = any(one.kind is T.PLACE and one.value == "tail" for one in words)
    ways = [
        (wrong, right)
        for wrong in _forms(pair[0])
        for right in _forms(pair[1])
        if min(len(wrong), len(right)) >= _DIGITS_MIN
        and (len(wrong) == len(right) or wrong in groups)
    ]
    ways.sort(key=lambda way: len(way[0]) != len(way[1]))
    for wrong, right in ways:
        if wrong in digits:
            whole = _placed(groups, wrong, right, tail=tail)
            valid = whole and e164(("+" if plus else "") + whole, region)
            return Contrast(whole if whole and valid else "", at + 2)
    if any(len(wrong) == len(right) and right in digits for wrong, right in ways):
        return Contrast(digits, at + 2)
    doubt = tail and any(len(wrong) == len(right) > _DIGITS_MIN for wrong, right in ways)
    return Contrast("", at + 2) if doubt else None


def _forms(piece: Piece) -> list[str]:
    """The digits of a piece, and those without a last one that may be another word."""
    whole = piece.digits
    return [whole, joined(piece.atoms[:-1])] if piece.atoms[-1].weak else [whole]


def _placed(groups: list[str], wrong: str, right: str, *, tail: bool) -> str | None:
    digits = "".join(groups)
    if tail and digits.endswith(wrong):
        return digits[: -len(wrong)] + right
    return replaced(groups, wrong, right)


def _ordered(
    before: list[Token], between: list[Token], after: list[Token], first: Piece, second: Piece
) -> tuple[Piece, Piece] | None:
    """Return the wrong piece and the right one; None when nothing contrasts them."""
    if not _is_near(between):
        return None
    if _has(between, "but") or (_negates(after) and not _has(between, "not")):
        return second, first
    if any(one.kind is T.FIX for one in between):
        return first, second
    return (first, second) if _has(before[-_AT_ONCE:], "but") else None


def _has(gap: list[Token], value: str) -> bool:
    return any(one.kind is T.FIX and one.value == value for one in gap)


def _negates(gap: list[Token]) -> bool:
    """Tell whether a negation follows at once, as in Japanese and Korean."""
    for one in gap[:_AT_ONCE]:
        if one.kind is T.FIX:
            return one.value == "not"
        if one.kind not in (T.GLUE, T.FILLER):
            return False
    return False


def _is_near(gap: list[Token]) -> bool:
    alien = 0
    for one in gap:
        if one.kind is T.OTHER:
            alien += one.end - one.start
        elif one.kind not in AROUND:
            return False
    return alien <= _ALIEN_MAX
