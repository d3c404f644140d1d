"""Digits of one number over pauses and other words: which pieces belong together.  Pure."""

from sipbot.said_gaps import breathes, mergeable
from sipbot.said_phones import Number, has_trunk_prefix, read, resembles
from sipbot.said_pieces import Atom, Piece, groups_of, joined, taken_apart
from sipbot.said_tokens import T

AHEAD = 8
"""Pieces that may be parts of one number: four groups, said twice."""
_ATOMS_MAX = 64
_AREA = 3
"""Digits of an area code where national numbers begin with it (ITU-T E.164, country code 1)."""


def gather(rows: list[Piece], at: int, region: str) -> tuple[list[Number], list[Atom], int]:
    """Read numbers from a piece, or one number from it and the pieces after it.

    Returns:
        The numbers, the atoms that they index, and the piece after them.
    """
    piece = rows[at]
    found = read(piece.atoms, region, plus=piece.plus)
    if found:
        return found, piece.atoms, at + 1
    upto = at + 1
    while upto < min(len(rows), at + AHEAD) and _goes_on(rows[upto], region):
        upto += 1
    for end in range(upto, at + 1, -1):
        atoms = [atom for row in rows[at:end] for atom in row.atoms]
        if len(atoms) > _ATOMS_MAX:
            continue
        found = read(atoms, region, plus=piece.plus)
        if _is_whole(found, atoms):
            return found, atoms, end
    ways = [(read(way, region, plus=piece.plus), way) for way in taken_apart(piece.atoms)]
    ways = [(found, way) for found, way in ways if _is_whole(found, way)]
    if len(ways) == 1:
        return *ways[0], at + 1
    return [], piece.atoms, at + 1


def _goes_on(piece: Piece, region: str) -> bool:
    """Tell whether a piece may belong to the number before it, and is none itself."""
    labelled = any(one.kind is T.LABEL for one in piece.gap)
    return mergeable(piece) and not (labelled and read(piece.atoms, region))


def _is_whole(found: list[Number], atoms: list[Atom]) -> bool:
    """Tell whether only weak atoms were left out of one number, said once or more."""
    if len({number.e164 for number in found}) != 1:
        return False
    return all(atom.weak for atom in (*atoms[: found[0].first], *atoms[found[-1].last + 1 :]))


def partial(rows: list[Piece], at: int, region: str, *, labelled: bool) -> tuple[list[Atom], int]:
    """Return what is no number: digits without other words at the edges, over pauses of one breath.

    Args:
        rows: all pieces of a text.
        at: where it begins.
        region: whose numbers are meant.
        labelled: a word said that it is a telephone number.

    Returns:
        The digits, and the piece after them.
    """
    atoms = list(rows[at].atoms)
    after = at + 1
    area = not has_trunk_prefix(region) and len(joined(atoms)) == _AREA
    if labelled or area or atoms[0].digits.startswith("0"):
        while after < min(len(rows), at + AHEAD) and _breathes(rows[after], region):
            atoms += rows[after].atoms
            after += 1
    ends = after < len(rows) and rows[after].gap[:1] and rows[after].gap[0].kind is T.SEP
    if len(atoms) > 1 and atoms[-1].weak and not ends:
        atoms = atoms[:-1]
    while len(atoms) > 1 and _is_another_word(atoms, region):
        atoms = atoms[1:]
    return atoms, after


def _breathes(piece: Piece, region: str) -> bool:
    return breathes(piece) and not read(piece.atoms, region)


def _is_another_word(atoms: list[Atom], region: str) -> bool:
    """Tell whether the first of these is no digit: a nought is where numbers begin with it."""
    begins = atoms[0].digits == "0" and has_trunk_prefix(region)
    return atoms[0].weak and atoms[0].group != atoms[1].group and not begins


def forms(atoms: list[Atom], groups: list[str]) -> list[list[Atom]]:
    """Return how the digits of a correction may be meant; one only, when its length tells.

    A weak atom at the end may be another word, unless it is a nought, or the last group with a
    slip mended needs it; the groups of a correction are as long as those before it.
    """
    out = [atoms]
    if len(atoms) > 1 and atoms[-1].weak and atoms[-1].digits != "0":
        out.append(atoms[:-1])
    if len(out) > 1 and resembles(groups[-1], joined(atoms)):
        return out[:1]
    lengths = {len(group) for group in groups if len(group) > 1}
    fitting = [form for form in out if len(groups_of(form)[-1]) in lengths]
    return fitting if len(fitting) == 1 else out


def without_phone(atoms: list[Atom], region: str) -> list[Atom]:
    """Return the atoms before a telephone number that follows after a comma."""
    for at in range(1, min(len(atoms), 24)):
        if atoms[at].comma and read(atoms[at:], region):
            digits = atoms[at].digits
            if digits.startswith("0") or not has_trunk_prefix(region):
                return atoms[:at]
    return atoms
