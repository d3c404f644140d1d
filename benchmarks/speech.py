"""``python -m benchmarks.speech``: how right and how fast the ears are, beside the bare engines."""

import asyncio
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.accuracy import accuracy
from benchmarks.bench_bot import ROOT, SAMPLES
from benchmarks.figures import Figure
from benchmarks.finalising import WANTED, finalising
from benchmarks.machine import load, machine
from benchmarks.recognising import models
from benchmarks.recordings import MANIFEST, OWN, Reference, references
from benchmarks.report import Run, above_marker, show, write_json, write_markdown
from benchmarks.throughput import throughput
from sipbot.errors import SipbotError
from sipbot.speech.ears import Role, choose

SPOKEN: dict[Role, str] = {"live": "ko", "second": "ja"}
"""The language that an ear's speed is measured in."""

ROUNDS: dict[Role, dict[int, int]] = {
    "live": {10: 8, 30: 2, 60: 1, 120: 1},
    "second": {10: 4, 30: 2, 60: 1, 120: 1},
}
"""Length of a message in seconds → how often it is said; both ears at once, five and a half minutes
in all.  `python -m benchmarks --parts finalise` says them more often, one ear after the other."""

_say = Console(stderr=True).print


def main(
    *,
    audio: Annotated[
        Path | None,
        typer.Option(help="Folder with manifest.toml and recordings, in place of sipbot's own."),
    ] = None,
    most: Annotated[
        int | None, typer.Option(min=1, help="Read only so many recordings of each language.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write the JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Page to write the tables into.")] = None,
    parts: Annotated[
        str, typer.Option(help="Any of accuracy, throughput, latency.")
    ] = "throughput,latency,accuracy",
) -> None:
    """Measure the ears on this machine, some 13 minutes.  Exit code 1 when a figure is missed.

    Example: python -m benchmarks.speech --audio recordings --most 1
    """
    try:
        said = references(audio / MANIFEST if audio is not None else OWN, most)
        if markdown is not None:
            above_marker(markdown)
    except (SipbotError, ValueError) as error:
        _say(str(error), style="red")
        raise typer.Exit(2) from error
    now = datetime.now(UTC)
    path = out or ROOT / "benchmarks" / "results" / f"speech-{now:%Y%m%d-%H%M%S}.json"
    run = Run(machine=machine(ROOT), broker="", began_at=now, load_before=load())
    try:
        asyncio.run(measure(run, said, parts.split(",")))
    finally:  # what was measured before an interruption was measured
        show(run)
        write_json(run, path)
        if markdown is not None:
            write_markdown(run, markdown)
        _say(f"every sample, every text: {path}")
    raise typer.Exit(1 if run.missed else 0)


async def measure(run: Run, said: Sequence[Reference], parts: Sequence[str]) -> None:
    """Measure what has a clock first, while nothing is warm that would not be in a call."""
    began = time.monotonic()
    roles = [role for role in SPOKEN if SPOKEN[role] in choose(models(), role)]
    try:
        if "throughput" in parts:
            for role in roles:
                _say(f"throughput of the {role} ear beside the bare loop")
                file = SAMPLES / f"caller-{SPOKEN[role]}.wav"
                run.figures += await throughput(role, SPOKEN[role], file)
        if "latency" in parts:
            _say("texts after the end of messages of 10 to 120 s")
            run.figures += await _latency(roles)
        if "accuracy" in parts:
            _say(f"texts of {len(said)} recordings on every line, by both ears and both loops")
            run.accuracy += await accuracy(said)
    finally:
        run.took_s = round(time.monotonic() - began, 1)


async def _latency(roles: Sequence[Role]) -> list[Figure]:
    """Both ears at the same time, as in a call; each length, and all lengths together."""
    async with asyncio.TaskGroup() as group:
        tasks = {
            role: group.create_task(finalising(role, SPOKEN[role], ROUNDS[role])) for role in roles
        }
    found = []
    for role, task in tasks.items():
        samples = tuple(each for figure in task.result() for each in figure.samples)
        name = f"end of any message → text ({role} ear)"
        found += [
            *task.result(),
            Figure(name=name, unit="s", samples=samples, wanted=WANTED[role]),
        ]
    return found


if __name__ == "__main__":
    # as Ctrl-C: the recognisers are ended too
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    typer.run(main)
