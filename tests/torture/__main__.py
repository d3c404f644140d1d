"""``python -m tests.torture --rounds 200 --seed 1 [--parts kills,broker]``: see the package."""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import cast

import msgspec
from rich.console import Console

from tests.torture.promise import FULL_ROUNDS, Part, Promise, Scale, table

PARTS = (
    "kills",
    "nodes",
    "broker",
    "disk",
    "stalls",
    "soak",
    "overload",
    "reload",
    "hostile",
    "flood",
    "takeovers",
    "archive",
    "store",
)
"""Modules of this package, each with one coroutine ``run`` of the type `Part`."""

TABLE_COLUMNS = 130
"""Fewer fold every word; a narrower terminal wraps lines instead."""

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Do the harm that was asked for; 0 when every promise was kept."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clears away as Ctrl-C does
    options = _options()
    console = Console()
    console.width = max(console.width, TABLE_COLUMNS)
    rows: list[Promise] = []
    for name in options.parts.split(","):
        rows += asyncio.run(_part(name, Scale(rounds=options.rounds), options.seed))
        console.print(table(rows, seed=options.seed, rounds=options.rounds))
        _keep(rows, options.seed, options.rounds)
    return 0 if rows and all(row.kept for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--rounds", type=int, default=FULL_ROUNDS, help="200: the full measure")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10_000), help="to repeat a run"
    )
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    options = parser.parse_args()
    if unknown := set(options.parts.split(",")) - set(PARTS):
        parser.error(f"--parts: {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    if options.rounds < 1:
        parser.error(f"--rounds {options.rounds}: at least 1")
    return options


async def _part(name: str, scale: Scale, seed: int) -> list[Promise]:
    part = cast("Part", import_module(f"tests.torture.{name}").run)
    folder = Path(tempfile.mkdtemp(prefix=f"torture-{name}-"))
    # Each part draws from its own numbers, so that one part alone repeats what it did in the whole.
    rows = await part(scale, random.Random(f"{seed} {name}"), folder)
    if all(row.kept for row in rows):
        shutil.rmtree(folder)
    else:
        print(f"{name}: what is left to look at is in {folder}", file=sys.stderr)
    return rows


def _keep(rows: list[Promise], seed: int, rounds: int) -> None:
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    result = {"seed": seed, "rounds": rounds, "rows": rows}
    (RESULTS / f"{now}.json").write_bytes(msgspec.json.format(msgspec.json.encode(result)))


if __name__ == "__main__":
    sys.exit(main())
