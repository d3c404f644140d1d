"""How long a worker waits for a core: time that the machine owes it, and no sign that it hangs.

The second ear has the lowest priority.  In a soak of 8.9 calls a second on two cores its reading
thread ran for 70 s and waited for 688 s, and was ended twice for "hanging" when the clock on the
wall decided.
"""

from pathlib import Path

_NS_PER_S = 1_000_000_000


class Starving:
    """Looks at one process after the other, as each replaces the last."""

    def __init__(self) -> None:
        self._pid: int | None = None
        self._waited_ns: dict[str, int] = {}

    def since_last_s(self, pid: int | None) -> float:
        """Return how long the process could have run, but had no core, since the last call.

        That is the wait of the thread that waited longest, as the kernel counts it: the second
        figure of ``/proc/<pid>/task/<tid>/schedstat`` (Documentation/scheduler/sched-stats.rst).
        A thread that sleeps, hangs in a lock, or is stopped waits for nothing.  0.0 at the first
        look at a process, when it is gone, and on a kernel that does not count.

        Args:
            pid: of the living worker; None when there is none.
        """
        before = self._waited_ns if pid == self._pid else {}
        self._pid, self._waited_ns = pid, {} if pid is None else _waited_ns(pid)
        longest_ns = max(
            (now - before[thread] for thread, now in self._waited_ns.items() if thread in before),
            default=0,
        )
        return longest_ns / _NS_PER_S


def _waited_ns(pid: int) -> dict[str, int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return {}
    waited_ns = {}
    for task in tasks:
        try:
            figures = (task / "schedstat").read_text(encoding="ascii").split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread has just ended
        waited_ns[task.name] = int(figures[1])
    return waited_ns
