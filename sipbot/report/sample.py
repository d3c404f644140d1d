"""Which memos of a week somebody should look at again, and who has worked on them.  Pure.

Data path: weekly -> [sample] -> cli_report_review
"""

import hashlib
from collections.abc import Iterable, Sequence

from sipbot.memo_history import SYSTEM, HistoryEntry

_WORK = frozenset({"claimed", "called_back", "done"})


def operator_of(history: Sequence[HistoryEntry]) -> str | None:
    """Return who worked on a memo last; None when nobody did."""
    worked = [one.by for one in history if one.what in _WORK and one.by != SYSTEM]
    return worked[-1] if worked else None


def sampled(memos: Iterable[tuple[str, str]], seed: str, number: int) -> list[tuple[str, str]]:
    """Return so many memos of each operator, chosen by chance, but always the same ones.

    A hash decides, so that nobody can ask again until the memo they like comes up.

    Args:
        memos: ids, each with its operator.
        seed: another one chooses others.
        number: of each operator.
    """
    by_operator: dict[str, list[str]] = {}
    for memo, operator in memos:
        by_operator.setdefault(operator, []).append(memo)
    return [
        (memo, operator)
        for operator, theirs in sorted(by_operator.items())
        for memo in sorted(theirs, key=lambda one: _lot(seed, one))[:number]
    ]


def _lot(seed: str, memo: str) -> bytes:
    return hashlib.sha256(f"{seed} {memo}".encode()).digest()
