"""What stands between two rows of digits, and what it says of them.  Pure."""

from sipbot.said_pieces import Piece
from sipbot.said_tokens import AROUND, T, Token

_ALIEN_MAX = 24
"""Characters of other words inside one number, when only both halves together are valid."""
_FIX_ALIEN_MAX = 16
"""Characters of other words beside the words of a correction."""
_REACH = {"order": 12, "extension": 12, "postal": 12, "since": 0, "order?": 0, "room": 0}
"""How many characters of other words may stand between such a label and its number."""
_REACH_PHONE = 60
_APOLOGIES = (
    "すみ",
    "すい",
    "申",
    "ごめん",
    "もうし",
    "あー",
    "sorry",
    "excuse",
    "pardon",
    "죄송",
    "미안",
    "실례",
)
"""After them a number may simply go on."""


def label_of(gap: list[Token], wide: int) -> str:
    """Return what the digits after a gap are by the words in it; empty when none says it.

    Args:
        gap: what was said since the digits before.
        wide: how much longer words are than in Japanese.
    """
    label, alien = "", 0
    for one in gap:
        if one.kind is T.LABEL:
            keeps = label in ("order", "extension") and alien <= _reach(label, wide)
            if not (one.value == "number" and keeps):
                label = one.value
            alien = 0
        elif one.kind is T.CANCEL:
            label = ""
        elif one.kind is T.UNIT and label == "postal":
            label = ""  # since the 9th of October
        elif one.kind in (T.OTHER, T.UNIT, T.MONEY, T.LETTER):
            alien += one.end - one.start
        elif one.kind is T.BREAK and label in ("order?", "room"):
            label = ""
    return label if label and alien <= _reach(label, wide) else ""


def _reach(label: str, wide: int) -> int:
    return _REACH.get(label, _REACH_PHONE) * wide


def fixes(gap: list[Token], wide: int, *, labelled: bool = False) -> bool:
    """Tell whether what stands between two pieces says that the first was wrong.

    Args:
        gap: what was said between them.
        wide: how much longer words are than in Japanese.
        labelled: "the number is" may be said again after the words of a correction.
    """
    fix = any(one.kind is T.FIX for one in gap)
    if not fix and not any(one.kind is T.SORRY for one in gap):
        return False
    alien = 0
    placed = any(one.kind is T.PLACE for one in gap)
    if placed:
        first = next(at for at, one in enumerate(gap) if one.kind in (T.FIX, T.SORRY))
        gap = gap[first:]  # which part is meant is said: whatever stood before matters not
    for one in gap:
        if one.kind is T.OTHER:
            alien += one.end - one.start
        elif one.kind is T.LABEL and one.value in ("phone", "number") and fix and labelled:
            continue
        elif one.kind not in AROUND or (one.kind is T.AGAIN and not fix):
            return False
    return alien <= (_FIX_ALIEN_MAX * wide if fix or placed else 0)


def is_denied(gap: list[Token]) -> bool:
    """Tell whether the words before a number say that it is the wrong one: ``not 4417``."""
    for one in reversed(gap):
        if one.kind is T.FIX:
            return one.value == "but"
        if one.kind not in (T.GLUE, T.FILLER, T.LABEL):
            return False
    return False


def breathes(piece: Piece) -> bool:
    """Tell whether only a pause stands before a piece."""
    return not piece.plus and all(
        one.kind in (T.SEP, T.FILLER, T.BREAK, T.POINT) for one in piece.gap
    )


def mergeable(piece: Piece) -> bool:
    """Tell whether a piece may go on with the number of the piece before it."""
    alien = 0
    for one in piece.gap:
        if one.kind is T.LABEL and one.value in ("phone", "number"):
            continue  # area code 919, number 999 9577
        if one.kind in (T.OTHER, T.LETTER):
            alien += one.end - one.start
        elif one.kind not in AROUND or one.kind in (T.FIX, T.SORRY, T.AGAIN, T.PLACE, T.PLUS):
            return False
    return alien <= _ALIEN_MAX and not piece.plus


def is_apology(gap: list[Token], text: str) -> bool:
    """Tell whether a gap only asks for patience, and says nowhere that something was wrong."""
    words = [text[one.start : one.end] for one in gap if one.kind is T.SORRY]
    return not any(one.kind is T.FIX for one in gap) and all(
        word.startswith(_APOLOGIES) for word in words
    )


_EXCLAMATIONS = frozenset(
    {"あ", "あっ", "あー", "えっ", "おっと", "っと", "oh", "ah", "아", "앗", "어"}
)


def hints_at_end(gap: list[Token], text: str) -> bool:
    """Tell whether the end of a number may be said anew: ``the last part is``, or a mere ``ah``."""
    quiet = (T.SEP, T.FILLER, T.BREAK, T.GLUE)
    if any(one.kind is T.PLACE for one in gap):
        return all(one.value == "tail" for one in gap if one.kind is T.PLACE) and all(
            one.kind in (*quiet, T.PLACE) for one in gap
        )
    words = [text[one.start : one.end] for one in gap if one.kind in (T.FILLER, T.GLUE)]
    return all(one.kind in quiet for one in gap) and bool(words) and _EXCLAMATIONS.issuperset(words)
