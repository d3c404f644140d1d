"""Memory of a process that has had ten thousand calls: as much as after the first five hundred.

glibc gives new threads heaps of their own ("arenas", up to eight a core) and keeps what was freed
in them.  With a thread for each job, the 59 MB that a recogniser fills and frees were filled and
freed in one arena after the other, and the process grew although nothing leaked: what is in use
after each 50 jobs stayed at 241.4 MB while the resident memory rose (mallinfo2, measured).

So ears have threads that stay (`speech.places`), there is one arena for each of them and few for
all others, and what was freed goes back to the system when the ears are idle.  Main's pool of
threads fills arenas in the same way: it grew by 1 MB with every 1,000 calls, while of what was in
use nothing grew (158 MB, with what tracemalloc needs; measured); so it has the few only, and gives
back by the clock.  Other C libraries (musl) have neither call and no arenas; there nothing is to be
done.
"""

import asyncio
import ctypes
from typing import Final

import structlog

SHARED: Final = 2
"""Heaps for the main thread and for all threads that are no ears, which seldom need memory."""

GIVE_BACK_S = 60.0
"""Between two times that main gives back: the callers' pauses are no measure for it (our wish)."""

_M_ARENA_MAX: Final = -8
"""glibc's malloc.h."""

_libc = ctypes.CDLL(None)


def limit(own: int) -> None:
    """Limit the heaps of threads that start from now on; before the first of them.

    Args:
        own: heaps beside the `SHARED` ones: as many as there are ears.
    """
    mallopt, arenas = getattr(_libc, "mallopt", None), SHARED + own
    if mallopt is not None and mallopt(_M_ARENA_MAX, arenas) != 1:
        structlog.get_logger().warning("malloc refused the limit of arenas", arenas=arenas)


def give_back() -> None:
    """Return freed memory to the system; callable from every thread.

    Costs 2 to 5 ms of processor with a model loaded (measured).
    """
    trim = getattr(_libc, "malloc_trim", None)
    if trim is not None:
        trim(0)


async def keep_small() -> None:
    """Give back what was freed, now and then, until cancelled."""
    while True:
        await asyncio.sleep(GIVE_BACK_S)
        await asyncio.to_thread(give_back)
