"""Memory of a process that has had ten thousand calls: as much as after the first five hundred.

glibc gives new threads heaps of their own ("arenas", up to eight a core) and keeps what was freed
in them.  With a thread for each job, the 59 MB that a recogniser fills and frees were filled and
freed in one arena after the other, and the process grew although nothing leaked: what is in use
after each 50 jobs stayed at 241.4 MB while the resident memory rose (mallinfo2, measured).

So ears have threads that stay while there is work (`speech.places`), there is one arena for each of
them and few for all others, and what was freed goes back to the system when the ears are idle.
Two things stay behind after malloc_trim (glibc 2.36): what every thread keeps of small pieces for
itself, which holds the pages around them, and the free end of every arena but the first: 604, 644,
670 and 681 MB after four rounds of eight recordings by eight ears.  So the threads end when nothing
is left to do, and others, started for it, give back the ends: 573.3 MB after each round, 571 of
them the model's.  Main's pool of threads fills arenas in the same way: it grew by 1 MB with every
1,000 calls, while of what was in use nothing grew (158 MB, with what tracemalloc needs; measured);
so it has the few only, and gives back by the clock.  Other C libraries (musl) have neither call and
no arenas; there nothing is to be done.
"""

import asyncio
import ctypes
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

SHARED: Final = 2
"""Heaps for the main thread and for all threads that are no ears, which seldom need memory."""

GIVE_BACK_S = 60.0
"""Between two times that main gives back: the callers' pauses are no measure for it (our wish)."""

ENDS_IN_LOOKS, ENDS_LOOK_S = 100, 0.001
"""How long a thread that has ended for Python may take to end; what is not free by then goes back
the next time."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""glibc's malloc.h."""

_KEPT_BYTES: Final = 64 << 20
"""Of a heap's free end while there is work: more than an ear fills (59 MB, measured)."""

_MAPPED_BYTES: Final = 32 << 20
"""Larger pieces are mapped for themselves: where glibc's own moving threshold would come to rest
(mallopt(3); half of an arena's 64 MB)."""

_LARGE_BYTES: Final = 1 << 17
"""Who frees so much in an arena has its free end looked at (64 KB, glibc's malloc.c)."""

_libc = ctypes.CDLL(None)
_libc.malloc.restype, _libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
_libc.free.restype, _libc.free.argtypes = None, [ctypes.c_void_p]

_sweeping = threading.Lock()


def limit(own: int) -> None:
    """Limit the heaps of threads that start from now on; before the first of them.

    Args:
        own: heaps beside the `SHARED` ones: as many as there are ears.
    """
    mallopt, arenas = getattr(_libc, "mallopt", None), SHARED + own
    if mallopt is not None and mallopt(_M_ARENA_MAX, arenas) != 1:
        structlog.get_logger().warning("malloc refused the limit of arenas", arenas=arenas)
    if mallopt is not None and own:
        # Said once, they move no more, and the ends of arenas go back when `sweep` asks for it.
        mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def sweep(ended: Sequence[threading.Thread], heaps: int) -> None:
    """Return what ended threads have freed to the system; for a thread of its own.

    Work that begins meanwhile fetches some pages again, no more.

    Args:
        ended: about to end; waited for.
        heaps: how many they may have used.
    """
    for thread in ended:
        thread.join()
        _wait_for_end(thread)
    mallopt = getattr(_libc, "mallopt", None)
    if mallopt is not None:
        with _sweeping:
            mallopt(_M_TRIM_THRESHOLD, 0)
            _end_each(heaps + SHARED)
            mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    give_back()


def _wait_for_end(thread: threading.Thread) -> None:
    """Python calls a thread ended before its arena is free for another."""
    task = Path(f"/proc/self/task/{thread.native_id}")
    for _ in range(ENDS_IN_LOOKS):
        if not task.exists():
            return
        time.sleep(ENDS_LOOK_S)


def _end_each(heaps: int) -> None:
    """Give back the free ends of so many arenas: as many new threads take those without one."""
    gate = threading.Barrier(heaps)
    threads = [threading.Thread(target=_end_mine, args=(gate,), daemon=True) for _ in range(heaps)]
    try:
        for thread in threads:
            thread.start()
    except RuntimeError:  # no more threads just now; the next time will do
        gate.abort()
    for thread in threads:
        if thread.ident is not None:
            thread.join()


# A thread of `_end_each`.
def _end_mine(gate: threading.Barrier) -> None:
    piece = _libc.malloc(_LARGE_BYTES)
    try:
        gate.wait()  # all have an arena now, each another one
    except threading.BrokenBarrierError:
        pass
    finally:
        _libc.free(piece)


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
