"""What `benchmarks.lines` measured, as a page: a table, and a plot of a line's cost.  Pure."""

from collections.abc import Sequence
from typing import Protocol

from benchmarks.lines_heard import Prompts
from sipbot.carried import YARDSTICK
from sipbot.report.plots import Bar, Frame, columns

RATIO = 1.2
"""Wanted: an agent's line costs at most so much of a bare agent's in the same run."""

NOT_MEASURED = "-"


class Measured(Protocol):
    """What is needed of a level (`benchmarks.lines.Level`)."""

    who: str
    lines: int
    answered: int
    answer_ms_p50: float | None
    answer_ms_p99: float | None
    complete_min: float | None
    prompts: Prompts
    cpu_percent_per_line: float
    agents_cpu_percent_per_line: float
    pss_mb_per_line: float
    agents_pss_mb_per_line: float
    load: float


def ratio(level: Measured, levels: Sequence[Measured]) -> float | None:
    """Return what a line costs the agents, of what it costs the bare ones; None: not measured."""
    for bare in levels:
        if bare.who == YARDSTICK and bare.lines == level.lines and level.who != YARDSTICK:
            cost = bare.agents_cpu_percent_per_line
            return level.agents_cpu_percent_per_line / cost if cost else None
    return None


def table(levels: Sequence[Measured]) -> str:
    """Return the levels as a Markdown table, in the order they were measured in."""
    heads = ["lines", "who", "answered", "INVITE to 200, p50 / p99 ms", "complete, worst"]
    heads += ["prompt heard", "gap in it, worst ms"]
    heads += ["% of a core a line, all / agents", "agents' of the bare ones'"]
    heads += ["MB a line, all / agents", "load before"]
    rows = [heads, ["---"] * len(heads), *(_row(level, levels) for level in levels)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(level: Measured, levels: Sequence[Measured]) -> list[str]:
    of_bare = ratio(level, levels)
    return [
        str(level.lines),
        level.who,
        str(level.answered),
        f"{_figure(level.answer_ms_p50)} / {_figure(level.answer_ms_p99)}",
        _figure(level.complete_min),
        _heard(level.prompts),
        _figure(level.prompts.worst_ms),
        f"{level.cpu_percent_per_line:g} / {level.agents_cpu_percent_per_line:g}",
        NOT_MEASURED if of_bare is None else f"{of_bare:.2f}",
        f"{level.pss_mb_per_line:g} / {level.agents_pss_mb_per_line:g}",
        f"{level.load:g}",
    ]


def _heard(prompts: Prompts) -> str:
    return f"{100 * prompts.heard / prompts.sent:.2f} %" if prompts.sent else NOT_MEASURED


def _figure(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:g}"


def plot(levels: Sequence[Measured]) -> str:
    """Return the agents' cost of a line beside the bare agents', as SVG; wanted is the line."""
    bars = [_bar(level, levels) for level in levels if level.who == "sipbot"]
    said = ", ".join(f"{bar.label} lines: {bar.shown}" for bar in bars)
    frame = Frame(
        name="lines",
        title="Processor time of a line, of the bare agents' in the same run",
        desc=f"{said}; at most {RATIO:g} is wanted",
    )
    return columns(frame, bars, target=RATIO)


def _bar(level: Measured, levels: Sequence[Measured]) -> Bar:
    value = ratio(level, levels)
    shown = NOT_MEASURED if value is None else f"{value:.2f}"
    return Bar(label=str(level.lines), value=value, shown=shown)
