"""The packs of a whole agency: 30 clients, 90 days, 50,000 calls, every client's week.

The command is the one that people give, in a process of its own; what is measured is all of it,
start of Python included.  The agency is the one that the tests hold every figure of against a
second reckoning (`tests.agency`); it takes minutes to make, so it is kept between runs.
"""

import asyncio
import shutil
import sys
import time
from pathlib import Path

from benchmarks.figures import Figure, Wanted
from sipbot.ledger_schema import HEAD
from tests.agency import make

CLIENTS, DAYS, CALLS, SEED = 30, 90, 50_000, 1
WEEK = "2026-W43"
"""The last whole one before a change of clocks and the end of the calls."""

TURNS = 3

ALL_PACKS = Wanted(statistic="maximum", at_most=60.0)


async def reporting(results: Path) -> list[Figure]:
    """Measure, with the agency below `results`."""
    folder = await asyncio.to_thread(_agency, results)
    packs = folder / "packs"
    whole = ["weekly", "--all", "--week", WEEK, "-o", str(packs)]
    one = ["monthly", "client-01", "--month", "2026-10", "-o", str(packs / "statement.html")]
    figures = Figure(
        name=f"weekly packs of {CLIENTS} clients with {CALLS} calls: HTML, CSV and JSON",
        unit="s",
        samples=tuple([await _report(folder, whole) for _ in range(TURNS)]),
        wanted=ALL_PACKS,
    )
    made = len([*packs.glob(f"*-{WEEK}.*")])
    assert made == 3 * CLIENTS, f"{made} files instead of {3 * CLIENTS}"
    statement = Figure(
        name="monthly statement of the busiest of them: HTML",
        unit="s",
        samples=tuple([await _report(folder, one) for _ in range(TURNS)]),
    )
    return [figures, statement]


def _agency(results: Path) -> Path:
    """Return the folder of the agency; another release of the tables needs another one."""
    folder = results / f"agency-{HEAD}"
    if not folder.is_dir():
        made = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(made, ignore_errors=True)
        make(made, clients=CLIENTS, days=DAYS, calls=CALLS, seed=SEED)
        made.rename(folder)
    (folder / "packs").mkdir(exist_ok=True)
    return folder


async def _report(folder: Path, words: list[str]) -> float:
    began = time.monotonic()
    command = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipbot", "report", *words, "--config", "config.toml"), cwd=folder
    )
    assert await command.wait() == 0, f"sipbot report {' '.join(words)}: failed"
    return round(time.monotonic() - began, 2)
