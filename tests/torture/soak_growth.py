"""What a soak says about growth: of every process, in memory, descriptors and threads.  Pure."""

import os
from collections.abc import Sequence

from tests.torture.growth import Held, Look, slope
from tests.torture.promise import Promise

GROWTH_MB = 1.0
"""What a process may grow by, at rest, with every 1,000 calls after the warm-up."""

RESOLUTION_MB = 8.0
"""What allocators and thread stacks move to and fro without growing: a rise below it within a run
cannot be told from none, so that in a run of less than 8,000 calls the limit is this rise."""

WAITED_FOR = 3
"""Children of main that it waits for in a thread: both recognisers and the embedded broker."""


def growth_rows(harm: str, looks: Sequence[Look], rests: Sequence[Look]) -> list[Promise]:
    """Judge every process by what it held at rest after the warm-up.

    What it holds between is told too, but not judged: it tells first of all how many recordings
    were being heard at that moment.

    Args:
        harm: what was done.
        looks: of the whole run, while calls came.
        rests: when nothing was left to be done: after the warm-up, in pauses, at the end.
    """
    first, last = rests[0], rests[-1]
    limit = max(GROWTH_MB, RESOLUTION_MB * 1000 / (last.calls - first.calls))
    later = [one for one in rests if 2 * one.calls >= first.calls + last.calls]
    busy = [one for one in looks if one.calls > first.calls]
    rows = [
        Promise(
            harm=harm,
            promise=f"{role} does not grow with its calls",
            tries=len(rests),
            worst=round(slope(rests, role), 3),
            limit=limit,
            unit="MB/1,000 calls",
            note=f"later half {_slope(later, role)}, while busy {_slope(busy, role)}; "
            f"at rest {held.mb:.1f} MB after the warm-up, {last.processes[role].mb:.1f} MB "
            "at the end",
        )
        for role, held in first.processes.items()
    ]
    return [*rows, *_held_rows(harm, first, last)]


def _slope(looks: Sequence[Look], role: str) -> str:
    try:
        return f"{slope(looks, role):.2f}"
    except ValueError:  # a short run has one look there, or none
        return "not measured"


def _held_rows(harm: str, first: Look, last: Look) -> list[Promise]:
    opened = {r: last.processes[r].descriptors - h.descriptors for r, h in first.processes.items()}
    begun = {r: last.processes[r].threads - _threads(r, h) for r, h in first.processes.items()}
    begun = {role: max(0, more) for role, more in begun.items()}
    prompts = "in every process; prompts that agents keep open (24 at most) not counted"
    pool = "in every process; main's pool may fill late"
    return [
        Promise(
            harm=harm,
            promise=f"{what} at rest are as many as after the warm-up",
            tries=len(more),
            worst=max(more.values()),
            limit=0,
            unit=what,
            note=", ".join(f"{role} {n:+}" for role, n in more.items() if n) or bound,
        )
        for what, more, bound in (("descriptors", opened, prompts), ("threads", begun, pool))
    ]


def _threads(role: str, held: Held) -> int:
    """Return how many threads a process may have in the end.

    asyncio's pool, where main does what blocks, fills only when so much blocks at the same time, be
    it late; and main has a thread for itself, the ledger, the texts and each child it waits for.
    """
    pool = min(32, (os.cpu_count() or 1) + 4)
    return max(held.threads, 3 + WAITED_FOR + pool) if role == "main" else held.threads
