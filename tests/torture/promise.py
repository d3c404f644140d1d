"""What was promised, how often it was tried, and what came of it.  Pure."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from rich.table import Table

FULL_ROUNDS = 200
"""The measure of the acceptance table: 200 kills, 500 memos in 10 minutes, 10,000 short calls."""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the result: a promise is kept when nothing is lost, nothing doubled, none late."""

    harm: str
    """What was done: ``SIGKILL agent``."""
    promise: str
    """What must hold: ``accepted message becomes a memo``."""
    tries: int
    lost: int = 0
    duplicated: int = 0
    worst: float | None = None
    """The largest value seen of what has a limit; None when nothing was measured."""
    limit: float | None = None
    """What `worst` may be at most; None when it is only reported."""
    unit: str = "s"
    note: str = ""
    """What the reader must know to judge the row; empty for nothing."""

    @property
    def whole(self) -> bool:
        """Whether nothing is lost or doubled; a row that tried nothing proves nothing.

        What tests judge: how long something took says more about the machine than about sipbot.
        """
        return self.tries > 0 and not (self.lost or self.duplicated)

    @property
    def kept(self) -> bool:
        """Whether the promise was kept: `whole`, and within its limit."""
        late = self.limit is not None and (self.worst is None or self.worst > self.limit)
        return self.whole and not late


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much of the full measure is done."""

    rounds: int = FULL_ROUNDS

    def of(self, full: float, least: int = 1) -> int:
        """Return the share of a figure that is `full` with `FULL_ROUNDS`, at least `least`."""
        return max(least, round(full * self.rounds / FULL_ROUNDS))


Part = Callable[[Scale, random.Random, Path], Awaitable[list[Promise]]]
"""One kind of harm: scale, seeded choices and an empty folder in, rows out."""


def table(rows: Sequence[Promise], *, seed: int, rounds: int) -> Table:
    """Return the rows as a person reads them."""
    shown = Table(title=f"ROUNDS={rounds} SEED={seed}", caption_justify="left", caption_style="")
    for name in ("harm", "promise"):
        shown.add_column(name, overflow="fold")
    for name in ("tries", "lost", "doubled", "worst", "limit", "kept", "note"):
        shown.add_column(name, justify="right", no_wrap=True)
    notes: list[str] = []
    for row in rows:
        shown.add_row(
            *(row.harm, row.promise, f"{row.tries:,}", str(row.lost), str(row.duplicated)),
            *(_figure(row.worst, row.unit), _figure(row.limit, row.unit)),
            *("yes" if row.kept else "[bold red]NO[/]", _footnote(row.note, notes)),
        )
    shown.caption = "\n".join(f"{n}: {note}" for n, note in enumerate(notes, start=1))
    return shown


def _footnote(note: str, notes: list[str]) -> str:
    """Return the number of a note, which joins the others below the table."""
    if not note:
        return ""
    if note not in notes:
        notes.append(note)
    return str(notes.index(note) + 1)


def _figure(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.4g} {unit}".rstrip()
