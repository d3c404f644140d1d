"""Rows of digits in a text, as they were said, and what was said between them.  Pure."""

from dataclasses import dataclass, field, replace

from sipbot.said_amounts import value_of
from sipbot.said_tokens import Folded, T, Token, Tongue

_SOFT = frozenset({T.SEP, T.FILLER, T.POINT})
"""They part the groups of one number and do not end it."""
_QUIET = frozenset({T.SEP, T.FILLER, T.POINT, T.BREAK})
_APART_MAX = 2
_CARRIED_MAX = 64
"""Words before an exclamation that are remembered; no label reaches farther."""


@dataclass(frozen=True, slots=True)
class Atom:
    """The smallest part of a number that was said as one: ``five``, ``twenty two``, ``1234``."""

    digits: str
    start: int
    """In the folded text."""
    end: int
    group: int
    weak: bool = False
    literal: bool = False
    apart: str = ""
    """The digits when ``twenty two``, written without a hyphen, is meant as 20 and 2."""
    parted: bool = False
    """A hyphen, a comma or の stood before it, and not only a space."""
    comma: bool = False
    """A comma stood before it: another number may begin."""


@dataclass(slots=True)
class Piece:
    """Atoms with nothing but hyphens, commas and hesitation between them."""

    gap: list[Token]
    """What was said since the piece before."""
    atoms: list[Atom] = field(default_factory=list)
    plus: bool = False
    """The international prefix was said before it."""

    @property
    def digits(self) -> str:
        """All its digits, and letters of an order number."""
        return joined(self.atoms)


def joined(atoms: list[Atom]) -> str:
    """Return the digits of atoms in a row."""
    return "".join(atom.digits for atom in atoms)


def groups_of(atoms: list[Atom]) -> list[str]:
    """Return the digits group by group, as they were said."""
    groups: list[str] = []
    last: int | None = None
    for atom in atoms:
        if atom.group == last:
            groups[-1] += atom.digits
        else:
            groups.append(atom.digits)
        last = atom.group
    return groups


def regrouped(groups: list[str], digits: str) -> list[str]:
    """Return digits in groups as long as those before."""
    if len("".join(groups)) != len(digits):
        return [digits]
    at = 0
    out: list[str] = []
    for group in groups:
        out.append(digits[at : at + len(group)])
        at += len(group)
    return out


def taken_apart(atoms: list[Atom]) -> list[list[Atom]]:
    """Return the atoms with ``twenty two`` as 20 and 2, when it is written as if it were.

    An ear that writes hyphens parts the two on purpose; another may mean either, so of more than
    one such place nobody knows.
    """
    places = [at for at, atom in enumerate(atoms) if atom.apart]
    if not places or len(places) > _APART_MAX:
        return []
    out: list[list[Atom]] = []
    for chosen in range(1, 1 << len(places)):
        row = list(atoms)
        for bit, at in enumerate(places):
            if chosen >> bit & 1:
                row[at] = replace(row[at], digits=row[at].apart)
        out.append(row)
    return out


def first_of(atoms: list[Atom], digits: int) -> list[Atom]:
    """Return the atoms of so many digits, the last one cut where it must be."""
    out: list[Atom] = []
    for atom in atoms:
        if digits <= 0:
            break
        out.append(replace(atom, digits=atom.digits[:digits]))
        digits -= len(atom.digits)
    return out


def pieces(
    found: list[Token], taken: frozenset[int], folded: Folded, tongue: Tongue
) -> tuple[list[Piece], list[Token]]:
    """Return the pieces of a text and what was said after the last one."""
    return _Builder(found, taken, folded, tongue).build()


class _Builder:
    def __init__(
        self, found: list[Token], taken: frozenset[int], folded: Folded, tongue: Tongue
    ) -> None:
        self._found = found
        self._taken = taken
        self._text = folded.text
        self._tongue = tongue
        self._pieces: list[Piece] = []
        self._open: Piece | None = None
        self._gap: list[Token] = []
        self._held: list[Token] = []
        """Separators that belong to the open piece only if digits follow."""
        self._group = 0
        self._ordered = False

    def build(self) -> tuple[list[Piece], list[Token]]:
        at = 0
        while at < len(self._found):
            one = self._found[at]
            if at in self._taken:
                self._ends([Token(T.UNIT, one.start, one.end)])
                at += 1
            elif one.kind in (T.DIGIT, T.SCALE, T.TIMES):
                at = self._numerals(at)
            elif self._is_letter(at):
                self._add([Atom(self._letter(at), one.start, one.end, self._next_group())])
                at += 1
            else:
                self._between(one)
                at += 1
        self._ends([])
        return _without_exclamations(self._pieces, self._gap), self._gap

    def _between(self, one: Token) -> None:
        if one.kind is T.LABEL:
            self._ordered = one.value in ("order", "order?", "room") or (
                self._ordered and one.value == "number"
            )
        if self._open is not None and one.kind in _SOFT:
            self._held.append(one)
        else:
            self._ends([one])

    def _is_letter(self, at: int) -> bool:
        if not self._ordered:
            return False
        one = self._found[at]
        if one.kind is T.LETTER:
            return True
        single = one.end - one.start == 1 and self._text[one.start] in "ai"
        follows = self._found[at + 1].kind if at + 1 < len(self._found) else T.OTHER
        return single and one.kind is T.GLUE and follows in (T.DIGIT, T.LETTER, T.SEP, T.FILLER)

    def _letter(self, at: int) -> str:
        one = self._found[at]
        return one.value or self._text[one.start : one.end].upper()

    def _ends(self, gap: list[Token]) -> None:
        if self._open is not None:
            self._open = None
            self._gap = [*self._held]
            self._held = []
        self._gap.extend(gap)

    def _next_group(self) -> int:
        self._group += 1
        return self._group

    def _add(self, atoms: list[Atom]) -> None:
        if self._open is None:
            plus = bool(self._gap) and self._gap[-1].kind is T.PLUS
            self._open = Piece(self._gap, plus=plus)
            self._gap = []
            self._pieces.append(self._open)
        self._held = []
        self._open.atoms.extend(atoms)

    def _numerals(self, at: int) -> int:
        """Take the numerals from `at` that stand together, as one group or more."""
        upto = at
        while upto < len(self._found) and self._together(upto, at):
            upto += 1
        row = self._found[at:upto]
        comma = any(self._text[one.start] in ",、" for one in self._held)
        group = self._next_group()
        atoms = (self._english if self._tongue.together else self._eastern)(row, group)
        if atoms:
            parted = any(one.kind is T.SEP for one in self._held)
            atoms[0] = replace(atoms[0], comma=comma, parted=parted)
            self._add(atoms)
        else:
            self._ends([Token(T.OTHER, row[0].start, row[-1].end)])
        return upto

    def _together(self, at: int, begin: int) -> bool:
        one = self._found[at]
        if at in self._taken:
            return False
        if at == begin:
            return True
        before = self._found[at - 1]
        if self._is_hyphen(at) or self._is_and(at):
            return True
        if before.kind is T.AND:
            return True  # of which `_is_and` has said that it is inside a numeral
        if one.kind not in (T.DIGIT, T.SCALE, T.TIMES):
            return False
        if before.kind is T.TIMES or (one.kind is T.SCALE and self._tongue.together):
            return True
        if before.literal and one.literal:
            return False
        if self._tongue.together:
            return not (one.literal or before.literal)
        return before.end == one.start

    def _is_hyphen(self, at: int) -> bool:
        """Tell whether this is the hyphen of ``twenty-two``."""
        if not self._tongue.together or at + 1 >= len(self._found) or at == 0:
            return False
        before, one, after = self._found[at - 1 : at + 2]
        if one.kind is not T.SEP or self._text[one.start : one.end] != "-":
            return False
        return _is_tens(before) and _is_unit(after) and after.start == one.end

    def _is_and(self, at: int) -> bool:
        """Tell whether this is the ``and`` of ``two thousand and five``."""
        if not self._tongue.together or self._found[at].kind is not T.AND:
            return False
        before, after = self._found[at - 1], self._found[at + 1 : at + 2]
        tail = bool(after) and after[0].kind is T.DIGIT and not after[0].literal
        return before.kind is T.SCALE and tail and after[0].value[0] != "0"

    def _eastern(self, row: list[Token], group: int) -> list[Atom]:
        if any(one.kind is T.SCALE for one in row):
            if len(row) > 16 or any(len(one.value) > 15 for one in row):
                return []
            digits = str(int(value_of(row, self._tongue)))
            return [Atom(digits, row[0].start, row[-1].end, group)]
        atoms: list[Atom] = []
        times = 1
        start: int | None = None
        for one in row:
            if one.kind is T.TIMES:
                times, start = int(one.value), one.start
                continue
            digits = one.value[0] * times + one.value[1:]
            begin = one.start if start is None else start
            weak = one.weak and times == 1
            atoms.append(Atom(digits, begin, one.end, group, weak, one.literal))
            times, start = 1, None
        return atoms

    def _english(self, row: list[Token], group: int) -> list[Atom]:
        atoms: list[Atom] = []
        times = 1
        start: int | None = None
        before: Token | None = None
        for one in row:
            if one.kind is T.TIMES:
                times, start = int(one.value), one.start
            elif one.kind is T.SCALE:
                _scale(atoms, one)
            elif one.kind is T.DIGIT and before is not None and before.kind is T.AND and atoms:
                _add_to(atoms, one)
            elif one.kind is T.DIGIT:
                begin = one.start if start is None else start
                if before is not None and _is_tens(before) and _is_unit(one) and atoms:
                    last = atoms.pop()
                    digits = last.digits[:-1] + one.value
                    spaced = self._text[last.end : one.start].isspace()
                    apart = last.digits + one.value if spaced else ""
                    atoms.append(Atom(digits, last.start, one.end, group, apart=apart))
                else:
                    digits = one.value[0] * times + one.value[1:]
                    weak = one.weak and times == 1
                    atoms.append(Atom(digits, begin, one.end, group, weak, one.literal))
                times, start = 1, None
            if one.kind is not T.SEP:
                before = one
        return atoms


def _without_exclamations(rows: list[Piece], rest: list[Token]) -> list[Piece]:
    """Leave out a lone weak word (``Oh, sorry``) among words that are no digits."""
    out: list[Piece] = []
    carried: list[Token] = []
    for at, piece in enumerate(rows):
        after = rows[at + 1].gap if at + 1 < len(rows) else rest
        around = [one for one in (*piece.gap, *after) if one.kind not in _QUIET]
        if len(piece.atoms) == 1 and piece.atoms[0].weak and around:
            carried = [*carried, *piece.gap][-_CARRIED_MAX:]
        else:
            piece.gap = [*carried, *piece.gap]
            carried = []
            out.append(piece)
    return out


def _is_tens(one: Token) -> bool:
    return (
        one.kind is T.DIGIT
        and not one.literal
        and len(one.value) == 2
        and one.value[0] > "1"
        and (one.value[1] == "0")
    )


def _is_unit(one: Token) -> bool:
    return one.kind is T.DIGIT and not one.literal and len(one.value) == 1 and one.value != "0"


def _scale(atoms: list[Atom], one: Token) -> None:
    """Write out hundreds and thousands: ``eight hundred`` is 800."""
    noughts = len(one.value) - 1
    if atoms and len(atoms[-1].digits) <= 3 and atoms[-1].digits.strip("0"):
        last = atoms.pop()
        atoms.append(Atom(last.digits + "0" * noughts, last.start, one.end, last.group))


def _add_to(atoms: list[Atom], one: Token) -> None:
    """Put what follows ``hundred and`` into the place of its noughts: 100 and 5 are 105."""
    last = atoms.pop()
    digits = last.digits[: -len(one.value)] + one.value
    atoms.append(Atom(digits, last.start, one.end, last.group))
