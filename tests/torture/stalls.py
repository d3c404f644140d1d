"""Processes that hang and clocks that jump: nothing accepted is lost, nothing is held back."""

import random
from pathlib import Path

from tests.torture.promise import Promise, Scale
from tests.torture.stalls_clock import clocks
from tests.torture.stalls_ears import ears
from tests.torture.stalls_stopped import stopped


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Hang and kill recognisers, stop every other process, let the wall clock jump."""
    rows = await ears(scale, rng, folder)
    rows += await stopped(scale, rng, folder)
    return rows + await clocks(scale, rng, folder)
