"""``python -m benchmarks``: measure everything, print the table, write JSON."""

import asyncio
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.bench_bot import ROOT, SAMPLES, running
from benchmarks.committing import committing
from benchmarks.crashing import crashing
from benchmarks.dialplans import dialplans
from benchmarks.endings import endings
from benchmarks.finalising import finalising
from benchmarks.machine import load, machine
from benchmarks.recognising import recognising
from benchmarks.report import Run, show, write_json, write_markdown
from benchmarks.reporting import reporting
from benchmarks.sipp import answering
from benchmarks.talking import idle_memory, talking

LEVELS = (1, 2, 4)
"""Calls at the same time; one agent carries 4."""

ROUNDS = {1: 5, 2: 3, 4: 3}
"""A round is 11 s; one caller needs more of them for as many samples."""

SECOND_LEVELS = {1: 2, 4: 1}
"""The second ear reads one recording after the other."""

TURNS = 3

_say = Console(stderr=True).print

Parts = Annotated[
    str,
    typer.Option(
        help="What to measure: any of dialplans, sipp, talk, crash, endings, recognise, commit, "
        "second, finalise, reports."
    ),
]


def main(
    *,
    calls: Annotated[int, typer.Option(min=1, max=4, help="Most calls at the same time.")] = 4,
    out: Annotated[Path | None, typer.Option(help="Where to write the JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Page to write the table into.")] = None,
    parts: Parts = "dialplans,commit,sipp,talk,crash,endings,recognise,second",
) -> None:
    """Measure sipbot on this machine; takes about 6 minutes. Exit code 1 when a figure is missed.

    Example: python -m benchmarks --calls 4 --out benchmarks/results/today.json
    """
    now = datetime.now(UTC)
    path = out or ROOT / "benchmarks" / "results" / f"{now:%Y%m%d-%H%M%S}.json"
    run = Run(machine=machine(ROOT), broker="", began_at=now, load_before=load())
    try:
        asyncio.run(measure(run, [n for n in LEVELS if n <= calls], parts.split(",")))
    finally:  # what was measured before an interruption was measured
        show(run)
        write_json(run, path)
        if markdown is not None:
            write_markdown(run, markdown)
        _say(f"every sample: {path}")
    raise typer.Exit(1 if run.missed else 0)


async def measure(run: Run, levels: list[int], parts: list[str]) -> None:
    """Measure the parts in the order in which they disturb each other least."""
    began = time.monotonic()
    try:
        if "dialplans" in parts:
            await _dialplans(run)
        if set(parts) & {"commit", "sipp", "talk", "crash"}:
            await _first(run, levels, parts)
        if "reports" in parts:
            _say("packs of an agency of thirty clients")
            run.figures += await reporting(ROOT / "benchmarks" / "results")
        if "endings" in parts:
            _say("ends of speech on noisy lines")
            run.figures += endings()
        if "recognise" in parts:
            await _recognise(run, levels)
        if "finalise" in parts:
            _say("texts after the end of messages of 10 to 120 s")
            run.figures += await finalising("live", "ko")
            run.figures += await finalising("second", "ja")
        if "second" in parts:
            await _second(run, levels)
    finally:
        run.took_s = round(time.monotonic() - began, 1)


async def _dialplans(run: Run) -> None:
    _say("files of ten thousand clients")
    with tempfile.TemporaryDirectory() as folder:
        run.figures += await dialplans(Path(folder))


async def _first(run: Run, levels: list[int], parts: list[str]) -> None:
    """Everything that needs a running sipbot with the live ear."""
    async with running("ko", second=False) as bot:
        run.broker, run.machine = bot.broker, machine(bot.folder)
        run.figures += idle_memory(bot)
        if "commit" in parts:
            run.figures.append(await committing(bot.folder))
        for level in levels if "sipp" in parts else []:
            _say(f"INVITE → 200 with {level} at a time")
            run.figures.append(await answering(bot, level))
        for level in levels if "talk" in parts else []:
            _say(f"messages, {level} at a time, {ROUNDS[level]} rounds")
            run.figures += (await talking(bot, level, ROUNDS[level])).figures("live")
        if "crash" in parts:
            _say("kill -9 of the agent")
            run.figures += await crashing(bot)


async def _recognise(run: Run, levels: list[int]) -> None:
    _say("recognition beside the bare loop")
    run.figures += await recognising("live", "ko", SAMPLES / "caller-ko.wav", levels, TURNS)
    run.figures += await recognising("second", "ja", SAMPLES / "caller-ja.wav", [1], TURNS)


async def _second(run: Run, levels: list[int]) -> None:
    _say("messages for the second ear")
    async with running("ja", second=True) as bot:
        for level in levels:
            rounds = SECOND_LEVELS.get(level)
            if rounds is not None:
                run.figures += (await talking(bot, level, rounds)).figures("second")


if __name__ == "__main__":
    # as Ctrl-C: the measured sipbot and its broker are ended too
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    typer.run(main)
