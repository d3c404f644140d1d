"""Memory of a recogniser that has heard a thousand calls: as much as after the first fifty.

glibc gives new threads heaps of their own ("arenas", up to eight a core) and keeps what was freed
in them.  Each job has its own thread, so the 59 MB that a recogniser fills and frees are filled and
freed in one arena after the other, and the process grows although nothing leaks: what is in use
after each 50 jobs stays at 241.4 MB while the resident memory rises (mallinfo2, measured).

So there are few arenas, and what a job has freed goes back to the system when the job ends.  Other
C libraries (musl) have neither call and no arenas; there nothing is to be done.
"""

import ctypes
from typing import Final

import structlog

ARENAS: Final = 2
"""Heaps that all threads share: one for each of two cores, so that ears seldom wait for each other
in malloc (figures: docs/decisions/0011)."""

_M_ARENA_MAX: Final = -8
"""glibc's malloc.h."""

_libc = ctypes.CDLL(None)


def limit() -> None:
    """Let threads that start from now on share `ARENAS` heaps; before the first of them."""
    mallopt = getattr(_libc, "mallopt", None)
    if mallopt is not None and mallopt(_M_ARENA_MAX, ARENAS) != 1:
        structlog.get_logger().warning("malloc refused the limit of arenas", arenas=ARENAS)


def give_back() -> None:
    """Return freed memory to the system; callable from every thread.

    Costs 2 to 5 ms of processor with a model loaded (measured).
    """
    trim = getattr(_libc, "malloc_trim", None)
    if trim is not None:
        trim(0)
