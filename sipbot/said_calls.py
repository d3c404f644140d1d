"""From pieces of digits to numbers: labels, halves that belong together, repetitions, corrections.

Pure.  Pieces are read from left to right; every decision looks at most a few pieces ahead.
"""

from dataclasses import dataclass, replace

from sipbot.numbers import display
from sipbot.said import Kind, Said
from sipbot.said_contrast import Contrast, contrast
from sipbot.said_gaps import breathes, fixes, hints_at_end, is_apology, is_denied, label_of
from sipbot.said_gather import AHEAD, forms, gather, partial, without_phone
from sipbot.said_phones import (
    GROUP_DIGITS_MAX,
    Amended,
    Number,
    amend,
    e164,
    has_trunk_prefix,
    may_be_meant,
    read,
    resembles,
)
from sipbot.said_pieces import Atom, Piece, first_of, groups_of, joined, regrouped
from sipbot.said_tokens import Folded, T, Token

_RECENT = 6
"""Values among which a number that was said wrong twice is sought."""
_REACH_WORDS = 2
"""In a language with spaces, words are that much longer."""
_POSTAL_MAX = 8
"""Digits of a day of birth; postcodes have fewer (UPU, S42)."""
_EXTENSION_MAX = 6
_AFTER_COPULA = frozenset("고구거며라니요에예인네죠지여")
"""What begins the endings after 이, be it the figure two or the copula."""


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
    doubted: bool = False  # another whole number, not alike, was said just before


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
        self._plus = False

    def said(self) -> list[Said]:
        """Return all numbers of the text, in order."""
        at = 0
        while at < len(self._rows):
            at = self._one(at)
        return self._said

    def _one(self, at: int) -> int:
        if made := self._contrast(at):
            return made
        piece = self._rows[at]
        label = label_of(piece.gap, self._wide)
        if label in ("order", "order?", "room", "extension", "postal", "since"):
            upto = self._labelled(at, label)
            if upto:
                return upto
            label = ""
        return self._phones(at, label)

    def _labelled(self, at: int, label: str) -> int:
        """Take an order number or extension; 0 when the label cannot be meant."""
        piece = self._rows[at]
        if is_denied(piece.gap):
            return at + 1
        atoms = without_phone(piece.atoms, self._region)
        rest = piece.atoms[len(atoms) :]
        if len(atoms) > 1 and atoms[-1].weak and self._is_ending(atoms[-1]):
            atoms = atoms[:-1]
        plain = joined(atoms)
        if label == "postal" and len(joined(piece.atoms)) > _POSTAL_MAX:
            return 0
        if label in ("postal", "since"):
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
        while upto < len(self._rows) and self._fixes_label(upto, len(plain)):
            if not is_denied(self._rows[upto].gap):
                groups = groups_of(self._rows[upto - 1].atoms)
                said = self._labelled_fix(said, groups, self._rows[upto])
            upto += 1
        self._said.append(said)
        return upto

    def _fixes_label(self, at: int, length: int) -> bool:
        """Tell whether a piece corrects an order number: a telephone number is another matter."""
        piece = self._rows[at]
        if not fixes(piece.gap, self._wide) or self._contrasted(at, self._groups, plus=self._plus):
            return False
        prose = any(one.kind is T.OTHER for one in piece.gap)
        return len(piece.digits) == length or not (prose or read(piece.atoms, self._region))

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
            sure = said.valid and len(groups) > 1 and len(right) == len(groups[-1]) > 1
        changed = value != old or not sure
        return replace(said, value=value, shown=value, end=end, valid=sure, corrected=changed)

    # Telephone numbers

    def _phones(self, at: int, label: str) -> int:
        found, atoms, after = gather(self._rows, at, self._region)
        for number in found[:-1]:
            self._emit(self._opened(atoms, number, self._rows[at].plus, after), label)
        plus = self._rows[at].plus
        if found:
            current = self._opened(atoms, found[-1], plus, after)
        elif self._is_repeated(at):
            return at + 1
        else:
            current = self._partial(at, label)
        while (amended := self._amended(current)) is not None:
            self._forget(current)
            current = amended
        self._emit(current, label)
        return current.after

    def _opened(self, atoms: list[Atom], number: Number, plus: bool, after: int) -> _Open:
        used = atoms[number.first : number.last + 1]
        start = used[0].start
        ahead = self._folded.text[:start].rstrip()
        if plus and number.first == 0 and ahead.endswith("+"):  # else it was a word, said before
            start = len(ahead) - 1
        return _Open(used, number.digits, number.e164, start, used[-1].end, plus, after)

    def _partial(self, at: int, label: str) -> _Open:
        labelled = label in ("phone", "number")
        atoms, after = partial(self._rows, at, self._region, labelled=labelled)
        start, end = atoms[0].start, atoms[-1].end
        return _Open(atoms, joined(atoms), "", start, end, self._rows[at].plus, after)

    def _is_repeated(self, at: int) -> bool:
        digits = self._rows[at].digits
        return len(digits) >= 2 and bool(self._last) and digits in self._last

    # Corrections

    def _contrasted(self, at: int, groups: list[str], *, plus: bool) -> Contrast | None:
        return contrast(self._rows, self._rest, at, groups, self._region, plus=plus)

    def _contrast(self, at: int) -> int:
        """Correct the last telephone number by ``ends in 62, not 64``; 0: nothing such is said."""
        place = next(
            (
                index
                for index in range(len(self._said) - 1, -1, -1)
                if self._said[index].kind is Kind.PHONE
            ),
            None,
        )
        if place is None:
            return 0
        made = self._contrasted(at, self._groups, plus=self._plus)
        if made is None:
            return 0
        old = self._said[place]
        number = e164(("+" if self._plus else "") + made.digits, self._region)
        if made.digits == self._last:
            return made.after
        self._said = [one for one in self._said[:place] if one.value != old.value] + self._said[
            place:
        ]
        place = self._said.index(old)
        if number:
            shown = display(number, self._region)
            new = replace(old, value=number, shown=shown, corrected=True, valid=True)
            self._groups = regrouped(self._groups, made.digits)
            self._last = made.digits
        else:
            new = replace(old, corrected=True, valid=False)
        self._said[place] = new
        return made.after

    def _amended(self, current: _Open) -> _Open | None:
        at = current.after
        if at >= len(self._rows):
            return None
        gap = self._rows[at].gap
        if not fixes(gap, self._wide, labelled=True):
            return self._hinted(current, at)
        groups = groups_of(current.atoms)
        if self._contrasted(at, groups, plus=current.plus):
            return None
        if any(one.kind is T.FIX and one.value == "but" for one in gap):
            return replace(current, after=at + 1) if current.e164 else None
        found, atoms, after = gather(self._rows, at, self._region)
        if found and found[0].e164 and self._is_new(found[0], current, plus=self._rows[at].plus):
            number = found[0]
            if len(found) > 1:
                self._queue_numbers(atoms, found)
            return replace(
                self._opened(atoms, number, self._rows[at].plus, after),
                start=current.start,
                corrected=number.e164 != current.e164,
                doubted=bool(current.e164) and not resembles(current.digits, number.digits),
            )
        return self._patched(current, at)

    def _queue_numbers(self, atoms: list[Atom], found: list[Number]) -> None:
        """Numbers said after the correcting one in the same breath are said again."""
        for number in found[1:]:
            self._emit(self._opened(atoms, number, plus=False, after=0), "")

    def _hinted(self, current: _Open, at: int) -> _Open | None:
        """Correct a whole number where no word says that it was wrong, but only that can be meant.

        It is said again with a slip mended after an apology, or its end is said anew.
        """
        row = self._rows[at]
        if not current.e164:
            return None
        if hints_at_end(row.gap, self._folded.text):
            ends = current.digits.endswith(row.digits)
            slip = resembles(current.digits[-len(row.digits) :], row.digits)
            if slip and not ends:
                return self._patched(current, at)
            placed = any(one.kind is T.PLACE for one in row.gap)
            told = placed and not ends  # "the last digit is five" of a number that ends in three
            return replace(current, after=at + 1, doubted=True) if told else None
        if not any(one.kind is T.SORRY for one in row.gap):
            return None
        found, atoms, after = gather(self._rows, at, self._region)
        if len(found) != 1 or not resembles(current.digits, found[0].digits):
            return None
        made = self._opened(atoms, found[0], row.plus, after)
        return replace(made, start=current.start, corrected=made.e164 != current.e164)

    def _is_new(self, number: Number, current: _Open, *, plus: bool) -> bool:
        """Tell a whole number from the rest of one that happens to be valid."""
        digits = number.digits
        service = self._region == "KR" and len(digits) == 8 and digits[0] == "1"
        if digits.startswith("0") or not has_trunk_prefix(self._region) or plus or service:
            return True
        if current.digits.startswith("0"):
            return False
        return len(digits) >= len(current.digits) or bool(current.e164)

    def _patched(self, current: _Open, at: int) -> _Open | None:
        """Replace a part of the number by what the next pieces say."""
        gap = self._rows[at].gap
        prose = any(one.kind in (T.OTHER, T.LABEL) for one in gap)
        if current.e164 and prose and len(self._rows[at].digits) == 1:
            return replace(current, after=at + 1, doubted=True)  # "no, make that after five"
        place = next((one.value for one in gap if one.kind is T.PLACE), "")
        soft = is_apology(gap, self._folded.text)
        upto = at + 1
        while upto < min(len(self._rows), at + AHEAD) and breathes(self._rows[upto]):
            upto += 1
        best: tuple[Amended, list[Atom], int] | None = None
        for end in range(upto, at, -1):
            said = [atom for row in self._rows[at:end] for atom in row.atoms]
            made = self._amend(current, said, place, soft=soft)
            if made is None and len(said) > 1 and said[0].weak:
                made = self._amend(current, said[1:], place, soft=soft)
            if made is not None and made[0].sure:
                return self._made(current, *made, end)
            if made is not None and best is None:
                best = *made, end
        return self._made(current, *best) if best else self._spoilt(current, at)

    def _amend(
        self, current: _Open, said: list[Atom], place: str, *, soft: bool
    ) -> tuple[Amended, list[Atom]] | None:
        """Amend by what was said, in the only form of it that makes a number."""
        ways: list[tuple[Amended, list[Atom]]] = []
        for new in forms(said, groups_of(current.atoms)):
            made = amend(
                current.atoms, new, self._region, plus=current.plus, place=place, soft=soft
            )
            if made is not None:
                ways.append((made, new))
        best = min((made.rank for made, _ in ways if made.sure), default=None)
        sure = [way for way in ways if way[0].sure and way[0].rank == best]
        if len({made.digits for made, _ in sure}) > 1:
            return replace(sure[0][0], sure=False), sure[0][1]
        return next(iter([*sure, *ways]), None)

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

    def _forget(self, current: _Open) -> None:
        """The number before a correction, said twice, is wrong both times."""
        if current.e164:
            self._drop(current.e164)

    def _drop(self, value: str) -> None:
        recent = self._said[-_RECENT:]
        self._said[-_RECENT:] = [one for one in recent if one.value != value]

    def _emit(self, current: _Open, label: str) -> None:
        if current.e164 and not self._may_end_before(current):
            shown = display(current.e164, self._region)
            said = self._value(Kind.PHONE, current.e164, shown, current.start, current.end)
            self._last, self._groups, self._plus = (
                current.digits,
                groups_of(current.atoms),
                current.plus,
            )
            self._said.append(replace(said, corrected=current.corrected, doubted=current.doubted))
        elif may_be_meant(current.digits, label, plus=current.plus, fixed=current.corrected):
            groups = groups_of(current.atoms)
            shown = "-".join(groups) if joined(current.atoms) == current.digits else current.digits
            said = self._value(Kind.PHONE, current.digits, shown, current.start, current.end)
            self._last, self._groups, self._plus = current.digits, groups, current.plus
            self._said.append(replace(said, valid=False, corrected=current.corrected))

    def _may_end_before(self, current: _Open) -> bool:
        """Tell whether a last 이 may be the copula, with a number either way (육이팔팔이고요)."""
        if not current.atoms[-1].weak or len(groups_of(current.atoms)[-1]) <= GROUP_DIGITS_MAX:
            return False
        shorter = e164(("+" if current.plus else "") + current.digits[:-1], self._region)
        return bool(shorter) and self._folded.text[current.end : current.end + 1] in _AFTER_COPULA

    def _value(self, kind: Kind, value: str, shown: str, start: int, end: int) -> Said:
        first, last = self._folded.span(start, end)
        return Said(kind=kind, value=value, shown=shown, start=first, end=last)
