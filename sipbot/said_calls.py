"""From pieces of digits to numbers: labels, halves that belong together, repetitions, corrections.

Pure.  Pieces are read from left to right; every decision looks at most a few pieces ahead.
"""

from dataclasses import dataclass, replace

from sipbot.numbers import display
from sipbot.said import Kind, Said
from sipbot.said_gaps import fixes, is_apology, label_of, mergeable
from sipbot.said_phones import Amended, Number, amend, e164, has_trunk_prefix, read, replaced
from sipbot.said_pieces import Atom, Piece, first_of, groups_of, joined
from sipbot.said_tokens import Folded, T, Token

_AHEAD = 6
"""Pieces that may be parts of one number."""
_REACH_WORDS = 2
"""In a language with spaces, words are that much longer."""
_EXTENSION_MAX = 6
_LABELLED_MIN = 5
"""Fewer digits after ``number`` are hardly a part of a telephone number."""
_CALLED_MIN = 7
"""Fewer digits after ``call me`` are a time or a count."""
_UNLABELLED_MIN = 8
_AFTER_COPULA = frozenset("고구거며라니요에")


@dataclass(frozen=True)
class _Open:
    """A telephone number, or what may become one, and the piece after it."""

    atoms: list[Atom]
    digits: str
    e164: str
    start: int
    end: int
    plus: bool
    after: int
    corrected: bool = False


class Callers:
    """Reads the pieces of one text."""

    def __init__(
        self, folded: Folded, rows: list[Piece], rest: list[Token], region: str, language: str
    ) -> None:
        self._folded = folded
        self._rows = rows
        self._rest = rest
        self._region = region
        self._wide = _REACH_WORDS if language not in ("ja", "ko", "zh") else 1
        self._said: list[Said] = []
        self._last = ""
        """Digits of the last telephone number, as said."""
        self._groups: list[str] = []

    def said(self) -> list[Said]:
        """Return all numbers of the text, in order."""
        at = 0
        while at < len(self._rows):
            at = self._one(at)
        return self._said

    def _one(self, at: int) -> int:
        piece = self._rows[at]
        label = label_of(piece.gap, self._wide)
        if label in ("order", "order?", "room", "extension", "postal"):
            upto = self._labelled(at, label)
            if upto:
                return upto
            label = ""
        return self._phones(at, label)

    def _labelled(self, at: int, label: str) -> int:
        """Take an order number or extension; 0 when the label cannot be meant."""
        piece = self._rows[at]
        atoms = self._without_phone(piece)
        rest = piece.atoms[len(atoms) :]
        if len(atoms) > 1 and atoms[-1].weak and self._is_ending(atoms[-1]):
            atoms = atoms[:-1]
        plain = joined(atoms)
        if label == "postal":
            self._queue(at, rest)
            return 0 if rest else at + 1
        if label == "extension" and (len(plain) > _EXTENSION_MAX or not plain.isdigit()):
            return 0
        figures = sum(char.isdigit() for char in plain)
        if (
            not figures
            or (label == "order?" and len(plain) < 3)
            or (label == "room" and figures > 5)
        ):
            return 0
        kind = Kind.EXTENSION if label == "extension" else Kind.ORDER
        said = self._value(kind, plain, plain, atoms[0].start, atoms[-1].end)
        upto = at + 1
        if rest:
            self._said.append(said)
            self._queue(at, rest)
            return self._phones(at, "")
        while upto < len(self._rows) and fixes(self._rows[upto].gap, self._wide):
            said = self._labelled_fix(said, groups_of(self._rows[upto - 1].atoms), self._rows[upto])
            upto += 1
        self._said.append(said)
        return upto

    def _is_ending(self, atom: Atom) -> bool:
        """Tell whether a last 이 or に belongs to the words after it (일이삼이고)."""
        return not atom.literal and self._folded.text[atom.end : atom.end + 1] in _AFTER_COPULA

    def _queue(self, at: int, rest: list[Atom]) -> None:
        """Read the rest of a piece as a piece of its own."""
        if rest:
            self._rows[at] = Piece([], rest)

    def _labelled_fix(self, said: Said, groups: list[str], new: Piece) -> Said:
        right = new.digits
        end = self._folded.span(new.atoms[-1].start, new.atoms[-1].end)[1]
        old = said.value
        if len(right) >= len(old) or said.kind is Kind.EXTENSION:
            value, sure = right, True
        else:
            value = old[: -len(right)] + right
            sure = len(right) > 1 and groups[-1:] != [] and len(right) <= len(groups[-1])
        return replace(said, value=value, shown=value, end=end, valid=sure, corrected=value != old)

    def _without_phone(self, piece: Piece) -> list[Atom]:
        """Return the atoms before a telephone number that follows after a comma."""
        for at in range(1, min(len(piece.atoms), 24)):
            if piece.atoms[at].comma and read(piece.atoms[at:], self._region):
                digits = piece.atoms[at].digits
                if digits.startswith("0") or not has_trunk_prefix(self._region):
                    return piece.atoms[:at]
        return piece.atoms

    # Telephone numbers

    def _phones(self, at: int, label: str) -> int:
        found, atoms, after = self._gather(at)
        for number in found[:-1]:
            self._emit(self._opened(atoms, number, self._rows[at].plus, after), label)
        plus = self._rows[at].plus
        if found:
            current = self._opened(atoms, found[-1], plus, after)
        elif self._is_repeated(at):
            return self._quoted(at)
        else:
            current = self._partial(at, label)
        while (amended := self._amended(current)) is not None:
            self._forget(current)
            current = amended
        self._emit(current, label)
        return current.after

    def _gather(self, at: int) -> tuple[list[Number], list[Atom], int]:
        """Read numbers from a piece, or one number from it and the pieces after it."""
        piece = self._rows[at]
        found = read(piece.atoms, self._region, plus=piece.plus)
        if found:
            return found, piece.atoms, at + 1
        upto = at + 1
        while upto < min(len(self._rows), at + _AHEAD) and mergeable(self._rows[upto]):
            upto += 1
        for end in range(upto, at + 1, -1):
            atoms = [atom for row in self._rows[at:end] for atom in row.atoms]
            if len(atoms) > 64:
                continue
            found = read(atoms, self._region, plus=piece.plus)
            if len(found) == 1 and self._is_whole(found[0], atoms):
                return found, atoms, end
        return [], piece.atoms, at + 1

    def _is_whole(self, number: Number, atoms: list[Atom]) -> bool:
        """Tell whether only weak atoms were left out."""
        return all(atom.weak for atom in (*atoms[: number.first], *atoms[number.last + 1 :]))

    def _opened(self, atoms: list[Atom], number: Number, plus: bool, after: int) -> _Open:
        used = atoms[number.first : number.last + 1]
        return _Open(used, number.digits, number.e164, used[0].start, used[-1].end, plus, after)

    def _partial(self, at: int, label: str) -> _Open:
        """What is no number: digits without weak ones at the edges, over pauses of one breath."""
        atoms = list(self._rows[at].atoms)
        after = at + 1
        if label in ("phone", "number"):
            while after < min(len(self._rows), at + _AHEAD) and self._breathes(after):
                atoms += self._rows[after].atoms
                after += 1
        strong = [place for place, atom in enumerate(atoms) if not atom.weak]
        if strong:
            atoms = atoms[: strong[-1] + 1]
        while len(atoms) > 1 and atoms[0].weak and atoms[0].group != atoms[1].group:
            atoms = atoms[1:]
        return _Open(
            atoms, joined(atoms), "", atoms[0].start, atoms[-1].end, self._rows[at].plus, after
        )

    def _breathes(self, at: int) -> bool:
        kinds = (T.SEP, T.FILLER, T.BREAK, T.POINT)
        return all(one.kind in kinds for one in self._rows[at].gap) and not read(
            self._rows[at].atoms, self._region
        )

    def _is_repeated(self, at: int) -> bool:
        digits = self._rows[at].digits
        return len(digits) >= 2 and bool(self._last) and digits in self._last

    def _quoted(self, at: int) -> int:
        """A part of the last number is named: to say it again, or to correct it."""
        upto = at + 1
        fixed = upto < len(self._rows) and any(one.kind is T.FIX for one in self._rows[upto].gap)
        if not fixed or not fixes(self._rows[upto].gap, self._wide) or not self._said:
            return upto
        last = self._said[-1]
        if last.kind is not Kind.PHONE:
            return upto
        new = self._rows[upto]
        whole = replaced(self._groups, self._rows[at].digits, new.digits)
        number = e164(whole, self._region) if whole else ""
        end = self._folded.span(new.atoms[-1].start, new.atoms[-1].end)[1]
        self._drop(last.value)
        if whole and number:
            shown = display(number, self._region)
            self._said.append(
                replace(last, value=number, shown=shown, end=end, corrected=True, valid=True)
            )
            self._last = whole
        else:
            self._said.append(replace(last, end=end, corrected=True, valid=False))
        return upto + 1

    # Corrections

    def _amended(self, current: _Open) -> _Open | None:
        at = current.after
        if at >= len(self._rows):
            return None
        gap = self._rows[at].gap
        if not fixes(gap, self._wide, labelled=True):
            return None
        if any(one.kind is T.FIX and one.value == "but" for one in gap):
            return self._negated(current, at)
        quoted = self._requoted(current, at)
        if quoted is not None:
            return quoted
        found, atoms, after = self._gather(at)
        if found and found[0].e164 and self._is_new(found[0], current):
            number = found[0]
            if len(found) > 1:
                self._queue_numbers(atoms, found)
            return replace(
                self._opened(atoms, number, self._rows[at].plus, after),
                start=current.start,
                corrected=number.e164 != current.e164,
            )
        return self._patched(current, at)

    def _queue_numbers(self, atoms: list[Atom], found: list[Number]) -> None:
        """Numbers said after the correcting one in the same breath are said again."""
        for number in found[1:]:
            self._emit(self._opened(atoms, number, plus=False, after=0), "")

    def _is_new(self, number: Number, current: _Open) -> bool:
        """Tell a whole number from the rest of one that happens to be valid."""
        starts = number.digits.startswith("0") or not has_trunk_prefix(self._region)
        return starts or len(number.digits) >= len(current.digits) or bool(current.e164)

    def _patched(self, current: _Open, at: int) -> _Open | None:
        """Replace a part of the number by what the next pieces say."""
        gap = self._rows[at].gap
        place = next((one.value for one in gap if one.kind is T.PLACE), "")
        soft = is_apology(gap, self._folded.text)
        upto = at + 1
        while upto < min(len(self._rows), at + _AHEAD) and mergeable(self._rows[upto]):
            upto += 1
        for end in range(upto, at, -1):
            new = [atom for row in self._rows[at:end] for atom in row.atoms]
            new = self._trimmed(new)
            made = amend(
                current.atoms, new, self._region, plus=current.plus, place=place, soft=soft
            )
            if made is not None:
                return self._made(current, made, new, end)
        return self._spoilt(current, at)

    def _trimmed(self, atoms: list[Atom]) -> list[Atom]:
        while len(atoms) > 1 and atoms[0].weak and atoms[0].group != atoms[1].group:
            atoms = atoms[1:]
        return atoms

    def _made(self, current: _Open, made: Amended, new: list[Atom], after: int) -> _Open:
        sign = "+" if current.plus else ""
        number = e164(sign + made.digits, self._region) if made.sure else ""
        kept = len(made.digits) - len(joined(new))
        return _Open(
            [*first_of(current.atoms, kept), *new],
            made.digits,
            number,
            current.start,
            new[-1].end,
            current.plus,
            after,
            corrected=True,
        )

    def _spoilt(self, current: _Open, at: int) -> _Open | None:
        """A correction nobody can place: what was said before it is not believed any more."""
        digits = self._rows[at].digits
        fix = any(one.kind is T.FIX for one in self._rows[at].gap)
        if len(digits) < 2 and not fix:
            return None
        return replace(
            current,
            e164="",
            end=self._rows[at].atoms[-1].end,
            after=at + 1,
            corrected=True,
        )

    def _negated(self, current: _Open, at: int) -> _Open | None:
        """``… not five five (but five six)``: the piece after ``not`` is wrong."""
        wrong = self._rows[at]
        upto = at + 1
        if upto < len(self._rows) and mergeable(self._rows[upto]):
            right = self._rows[upto]
            whole = replaced(groups_of(current.atoms), wrong.digits, right.digits)
            if whole and e164(whole, self._region):
                made = Amended(whole, sure=True)
                return self._made(current, made, right.atoms, upto + 1)
        return replace(current, after=upto) if current.e164 else None

    def _requoted(self, current: _Open, at: int) -> _Open | None:
        """``… sorry, not 5678, 5679``: the piece after the apology quotes what was wrong."""
        upto = at + 1
        digits = self._rows[at].digits
        if upto >= len(self._rows) or digits not in current.digits or len(digits) < 2:
            return None
        gap = self._rows[upto].gap
        if not any(one.kind is T.FIX for one in gap) or not fixes(gap, self._wide):
            return None
        right = self._rows[upto]
        whole = replaced(groups_of(current.atoms), digits, right.digits)
        if not whole or not e164(whole, self._region):
            return None
        return self._made(current, Amended(whole, sure=True), right.atoms, upto + 1)

    def _forget(self, current: _Open) -> None:
        """The number before a correction, said twice, is wrong both times."""
        if current.e164:
            self._drop(current.e164)

    def _drop(self, value: str) -> None:
        recent = self._said[-_AHEAD:]
        self._said[-_AHEAD:] = [one for one in recent if one.value != value]

    def _emit(self, current: _Open, label: str) -> None:
        if current.e164:
            shown = display(current.e164, self._region)
            said = self._value(Kind.PHONE, current.e164, shown, current.start, current.end)
            self._last, self._groups = current.digits, groups_of(current.atoms)
            self._said.append(replace(said, corrected=current.corrected))
        elif self._is_phone_like(current, label):
            groups = groups_of(current.atoms)
            shown = "-".join(groups) if joined(current.atoms) == current.digits else current.digits
            said = self._value(Kind.PHONE, current.digits, shown, current.start, current.end)
            self._last, self._groups = current.digits, groups
            self._said.append(replace(said, valid=False, corrected=current.corrected))

    def _is_phone_like(self, current: _Open, label: str) -> bool:
        length = len(current.digits)
        if not current.digits.isdigit():
            return False
        if label == "phone":
            return length >= _LABELLED_MIN
        begins = current.digits.startswith("0") or current.plus
        if label == "number":
            return length >= (_LABELLED_MIN if begins else _CALLED_MIN)
        return length >= _UNLABELLED_MIN and (begins or current.corrected)

    def _value(self, kind: Kind, value: str, shown: str, start: int, end: int) -> Said:
        first, last = self._folded.span(start, end)
        return Said(kind=kind, value=value, shown=shown, start=first, end=last)
