"""How many lines a machine carried when it was measured (``make bench-lines``).  Pure.

Data path: benchmarks/results/lines-*.json -> [carried] -> cli_capacity

What callers need decides, not what the processor could still do: every call answered, and soon, and
recordings as they were spoken.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from sipbot.errors import UsageError

ANSWER_MS = 500.0
"""From INVITE to 200, for 99 of 100 callers: the time after which SIP repeats an INVITE (T1, RFC
3261 section 17.1.1.1)."""

COMPLETE = 0.998
"""Frames of the worst recording that are as they were sent: 40 ms of 20 s may be missing."""

YARDSTICK = "bare"
"""Name of the bare agents, measured beside sipbot; nobody runs them."""


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What one number of callers at the same time came to; of more that the file says, this."""

    who: str
    """What was measured: ``sipbot`` and ``sipbot, ears on``."""
    lines: int
    answered: int
    answer_ms_p99: float | None
    complete_min: float | None
    load: float
    """Average of the minute before: with a busy machine the figures say less."""

    @property
    def good(self) -> bool:
        """Whether no caller would have noticed that there are others."""
        answered = self.answer_ms_p99 is not None and self.answer_ms_p99 <= ANSWER_MS
        complete = self.complete_min is not None and self.complete_min >= COMPLETE
        return self.answered == self.lines and answered and complete


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What it was measured on."""

    processor: str
    cores: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the benchmark."""

    began_at: datetime
    """UTC-aware."""
    machine: Machine
    levels: tuple[Level, ...]


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """What came out for one form of sipbot."""

    who: str
    lines: int | None
    """Most lines up to which every level was good; None when not even the smallest was."""
    failed: int | None
    """Lines of the first level that was not good; None when all were."""
    load: float
    """The highest before any of its levels."""


def decode(text: bytes, name: str) -> Measured:
    """Return what a results file says.

    Args:
        text: of the file.
        name: of the file, for messages.

    Raises:
        UsageError: it is no such file, or it has no level.
    """
    try:
        measured = msgspec.json.decode(text, type=Measured)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        why = str(error)
    else:
        if measured.levels:
            return measured
        why = "no level was measured"
    raise UsageError(f"{name}: {why}. Name a file that make bench-lines has written")


def carried(levels: Iterable[Level]) -> list[Carried]:
    """Return for each form of sipbot how many lines it carried; the yardstick is left out."""
    by_who: dict[str, list[Level]] = {}
    for level in levels:
        if level.who != YARDSTICK:
            by_who.setdefault(level.who, []).append(level)
    return [_carried(who, its) for who, its in by_who.items()]


def _carried(who: str, levels: list[Level]) -> Carried:
    failed = min((one.lines for one in levels if not one.good), default=None)
    good = [one.lines for one in levels if failed is None or one.lines < failed]
    return Carried(
        who=who,
        lines=max(good, default=None),
        failed=failed,
        load=max(one.load for one in levels),
    )
