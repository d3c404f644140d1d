"""What the processes of a bot hold on to: memory, descriptors, threads (Linux, proc(5))."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.machine import ROLES, cpu_s
from tests.bot import Bot, _commands, _parent


@dataclass(frozen=True, kw_only=True)
class Held:
    """What one process holds at one moment."""

    pid: int
    mb: float
    """Memory that has been written to (10^6 bytes): what a leak makes grow.  Pages that the kernel
    can read again from a file are not counted.  Those that a forked process shares with its parent
    are, and so from the beginning: main copies a page that it was forked with when it first writes
    there (in the midst of a soak of 3,000 calls 38 MB were still uncopied), and a copy that was due
    anyway is no growth."""
    descriptors: int
    """Without prompts: an agent keeps them open for the next caller (`PLAYERS_MAX` at most),
    one more whenever more callers hear the same one than ever before."""
    threads: int
    cpu_s: float
    """Processor time used so far."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """Every process of a bot at one moment."""

    calls: int
    """How many calls were over by then."""
    processes: Mapping[str, Held]
    """Role → what it holds."""


def pids(bot: Bot) -> dict[str, int]:
    """Return the processes of a running bot: role → pid; agents are numbered."""
    assert bot.process is not None
    main = bot.main
    found = {"supervisor": bot.process.pid, "main": main}
    for pid, argv in _commands():
        role = next((ROLES[word] for word in (*argv, " ".join(argv[2:4])) if word in ROLES), None)
        if role is not None and _parent(pid) == main:
            number = re.search(r"agent-(\d+)\.sock$", argv[-1])
            found[f"agent {number[1]}" if number else role] = pid
    return found


def look(bot: Bot, calls: int) -> Look:
    """Look at every process of a bot."""
    return Look(calls=calls, processes={role: _held(pid) for role, pid in pids(bot).items()})


def _held(pid: int) -> Held:
    folder = Path(f"/proc/{pid}")
    rollup = (folder / "smaps_rollup").read_text(encoding="ascii")
    written = re.findall(r"^(?:Private_Dirty|Shared_Dirty|Swap):\s+(\d+) kB$", rollup, re.MULTILINE)
    kb = sum(map(int, written))
    return Held(
        pid=pid,
        mb=kb * 1024 / 1e6,
        descriptors=sum(not _prompt(one) for one in (folder / "fd").iterdir()),
        threads=len(list((folder / "task").iterdir())),
        cpu_s=cpu_s(pid),
    )


def _prompt(descriptor: Path) -> bool:
    try:
        path = descriptor.readlink()
    except FileNotFoundError:  # closed since it was listed
        return True
    return path.suffix == ".wav" and "prompts" in path.parts


def slope(looks: Sequence[Look], role: str) -> float:
    """Return by how many MB a process grows with every 1,000 calls.

    The median of the slopes between all pairs of looks (Theil and Sen): up to 29 % of them may be
    far off, as they are while a worker reads a long recording, without moving it.

    Raises:
        ValueError: fewer than two looks at different numbers of calls.
    """
    points = [(one.calls, one.processes[role].mb) for one in looks if role in one.processes]
    calls, mb = np.array(points, float).reshape(-1, 2).T
    first, second = np.triu_indices(len(calls), 1)
    apart = calls[second] != calls[first]
    if not apart.any():
        raise ValueError(f"{role}: {len(points)} looks say nothing about growth")
    rises = (mb[second] - mb[first])[apart] / (calls[second] - calls[first])[apart]
    return float(np.median(rises)) * 1000
