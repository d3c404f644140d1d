"""The ledger's one thread: what a caller waits for is done before everything else that waits.

SQLite has one writer, and a commit waits for the disk (4 ms, and 40 ms on a busy one, measured).
Behind a few hundred deliveries and texts a call's row took 3 to 6 s on a busy machine (`make
torture`, soak): so long the caller heard ringing, and those who spoke at once were not recorded.
"""

import asyncio
import heapq
import itertools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from enum import IntEnum
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

Result = TypeVar("Result")


class Rank(IntEnum):
    """Who is served first; among equals, who asked first."""

    SIGN = -1
    """Nothing to do: whether the thread still takes turns.  Behind all that waited, the answer took
    more than 30 s once on two cores with a load of 35, and a main process that worked was killed as
    one that hangs (`make torture`, soak)."""
    CALLER = 0
    """Somebody is on the line, or was refused: its agent alone knows of it until this is stored.
    Refusals waited 8 s behind deliveries until agent and main process had both been killed, and two
    calls had no row (`make torture`, kills)."""
    OTHERS = 1


class Run(Protocol):
    """Runs work in the ledger's thread, in one transaction."""

    def __call__(self, work: Callable[[sa.Connection], Result]) -> Coroutine[Any, Any, Result]:
        """Return what the work returns."""


_Turn = tuple[Rank, int, Callable[[], Any], "Future[Any]"]


class LedgerThread:
    """One thread and what waits for it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._lock = threading.Lock()
        self._waiting: list[_Turn] = []
        self._count = itertools.count()

    async def run(self, work: Callable[[], Result], rank: Rank = Rank.OTHERS) -> Result:
        """Run `work` in the thread when its turn comes, and return what it returns."""
        done: Future[Result] = Future()
        with self._lock:
            heapq.heappush(self._waiting, (rank, next(self._count), work, done))
        self._pool.submit(self._next)
        return await asyncio.wrap_future(done)

    async def sign(self) -> None:
        """Return when the thread has ended what it is doing, whatever else waits."""
        await self.run(lambda: None, Rank.SIGN)

    def close(self) -> None:
        """End the thread after what waits; blocks until then."""
        self._pool.shutdown()

    # Runs in the ledger's thread, as often as something was asked for.
    def _next(self) -> None:
        with self._lock:
            _, _, work, done = heapq.heappop(self._waiting)
        if not done.set_running_or_notify_cancel():
            return
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            done.set_exception(error)
        else:
            done.set_result(result)
