"""The results as a table, as JSON and as Markdown; one row a figure, in the order of measuring."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

import sipbot
from benchmarks.figures import Figure
from benchmarks.machine import Machine
from benchmarks.scores import WORSE_AT_MOST, Accuracy, Outcome, middle

COLUMNS = ("figure", "calls", "n", "p50", "p95", "p99", "min – max", "unit", "wanted", "reached")


SPEECH_COLUMNS = (
    *("language", "engine", "line", "errors, %", "bare, %", "worse by", f"≤ {WORSE_AT_MOST:g}"),
    *("kana, %", "bare, %", "numbers", "bare"),
)


class Run(msgspec.Struct, kw_only=True):
    """One run of all benchmarks."""

    machine: Machine
    broker: str
    began_at: datetime
    load_before: float
    """Load average of the minute before; a quiet machine has less than 0.5."""
    figures: list[Figure] = []
    accuracy: list[Accuracy] = []
    """How right texts are: in a table of its own."""
    took_s: float = 0.0

    @property
    def missed(self) -> list[Figure | Accuracy]:
        """The figures that are not as wanted."""
        rows: list[Figure | Accuracy] = [*self.figures, *self.accuracy]
        return [row for row in rows if row.reached is False]


def show(run: Run) -> None:
    """Print the tables."""
    if run.accuracy:
        _show_texts(run)
    table = Table(title="sipbot benchmarks", caption=" · ".join(_circumstances(run)))
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in {"figure", "unit"} else "right")
    for figure in run.figures:
        style = "red" if figure.reached is False else None
        table.add_row(*_cells(figure), style=style)
    Console(width=140).print(table)


def _show_texts(run: Run) -> None:
    table = Table(title="texts", caption="numbers: right / wrong / missing")
    for name in SPEECH_COLUMNS:
        words = name in {"language", "engine", "line"}
        table.add_column(name, justify="left" if words else "right", no_wrap=True)
    for row in run.accuracy:
        table.add_row(*_speech_cells(row), style=None if row.reached else "red")
    Console(width=150).print(table)


def write_json(run: Run, path: Path) -> None:
    """Write everything, every sample included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "version": sipbot.__version__,
        **msgspec.to_builtins(run),
        "figures": [_content(figure) for figure in run.figures],
        "accuracy": [_speech_content(row) for row in run.accuracy],
    }
    path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n")


def above_marker(path: Path) -> str:
    """Return what stays of a page that tables are written into; asked before they are measured.

    Raises:
        ValueError: there is no such page, or it has no place for tables.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    above, marker, _ = text.partition(MARKER)
    if not marker:
        raise ValueError(f"{path} is no page with the line {MARKER!r}; the tables belong below it")
    return above


def write_markdown(run: Run, path: Path) -> None:
    """Replace what stands below the marker of `path` with the table."""
    above = above_marker(path)
    lines = [f"* {each}" for each in _circumstances(run)]
    if run.accuracy:
        lines += ["", _row(SPEECH_COLUMNS), _row(["---"] * len(SPEECH_COLUMNS))]
        lines += [_row(_speech_cells(row)) for row in run.accuracy]
    if run.figures:
        lines += ["", _row(COLUMNS), _row(["---"] * len(COLUMNS))]
        lines += [_row(_cells(figure)) for figure in run.figures]
    path.write_text(above + MARKER + "\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


MARKER = "<!-- written by python -m benchmarks --markdown -->"


def _content(figure: Figure) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(figure)
    reached = figure.reached
    return {**content, "spread": msgspec.to_builtins(figure.spread), "reached": reached}


def _speech_content(row: Accuracy) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.to_builtins(row)
    return {**content, "worse_by": row.worse_by, "reached": row.reached}


def _circumstances(run: Run) -> list[str]:
    on = run.machine
    return [
        f"sipbot {sipbot.__version__}, {run.began_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        f"{on.processor}, {on.cores} cores, {on.memory_gb:g} GB, {on.system}, Python {on.python}",
        *(
            [f"recordings and ledger on {on.file_system}; broker: {run.broker}"]
            if run.broker
            else []
        ),
        *([f"recordings read: {_recordings(run)}"] if run.accuracy else []),
        f"load average before the run {run.load_before:g}; the run took {run.took_s:.0f} s",
    ]


def _cells(figure: Figure) -> list[str]:
    s = figure.spread
    reached = {True: "yes", False: "NO", None: ""}[figure.reached]
    calls = "" if figure.calls is None else str(figure.calls)
    between = f"{_number(s.minimum)} – {_number(s.maximum)}" if s.n > 1 else ""
    high = [_number(s.p95), _number(s.p99)] if s.n > 1 else ["", ""]
    wanted = str(figure.wanted or "")
    numbers = [str(s.n), _number(s.p50), *high, between]
    return [figure.name, calls, *numbers, figure.unit, wanted, reached]


def _recordings(run: Run) -> str:
    """How many of each language."""
    counts = {row.language: len(row.recordings) for row in run.accuracy}
    return ", ".join(f"{count} {language}" for language, count in counts.items())


def _speech_cells(row: Accuracy) -> list[str]:
    ours, bare = middle(row.ours), middle(row.bare)
    return [
        *(row.language, row.engine, row.condition, _rate(row.ours), _rate(row.bare)),
        *(f"{row.worse_by:+.2f}", "yes" if row.reached else "NO"),
        *("" if side.kana is None else f"{side.kana:.2f}" for side in (ours, bare)),
        *(f"{side.right} / {side.wrong} / {side.missing}" for side in (ours, bare)),
    ]


def _rate(outcomes: tuple[Outcome, ...]) -> str:
    rates = sorted(each.rate for each in outcomes)
    between = f" ({rates[0]:.2f} – {rates[-1]:.2f})" if len(rates) > 1 else ""
    return f"{middle(outcomes).rate:.2f}{between}"


def _number(value: float) -> str:
    return f"{value:.4g}"


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"
