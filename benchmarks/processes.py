"""What a tree of processes uses, by the roles of its members, from /proc (Linux, proc(5))."""

import contextlib
import os
from collections import defaultdict
from pathlib import Path

import msgspec

from benchmarks.machine import ROLES

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

_OTHERS = {"kamailio": "edge", "sipbot.edge": "edge", "benchmarks.bare_agent": "agent"}


class Use(msgspec.Struct, kw_only=True):
    """What the processes of one role use together."""

    processes: int = 0
    cpu_s: float = 0.0
    pss_mb: float = 0.0
    """Proportional set size: pages that several share count for each by its part; 10^6 bytes."""


def tree(roots: list[int]) -> dict[int, str]:
    """Return these processes and all below them: pid → role."""
    parents: dict[int, int] = {}
    words: dict[int, str] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = (folder / "stat").read_text().rpartition(") ")[2].split()
                parents[int(folder.name)] = int(fields[1])
                said = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                words[int(folder.name)] = said.decode(errors="replace")
    found, edge = set(roots), set(roots)
    while edge:
        edge = {pid for pid, parent in parents.items() if parent in edge} - found
        found |= edge
    return {pid: _role(words[pid]) for pid in found if pid in words}


def _role(words: str) -> str:
    known = {**ROLES, **_OTHERS}
    return next((role for word, role in known.items() if word in words), "main")


def uses(processes: dict[int, str], *, memory: bool) -> dict[str, Use]:
    """Return what they have used so far, by role; `memory` costs milliseconds for each."""
    found: dict[str, Use] = defaultdict(Use)
    for pid, role in processes.items():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            use = found[role]
            use.processes += 1
            use.cpu_s += (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
            if memory:
                use.pss_mb += _pss_mb(pid)
    return dict(found)


def _pss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0
