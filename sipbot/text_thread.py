"""One thread for all that is thought about texts: understanding them, and masking them.

Data path: ears -> reading -> [text thread] -> memo -> ledger -> outbox -> [text thread] -> broker

Such work is Python that keeps a core busy for up to seconds a text, and after a crash many texts
come at once.  In the threads that everything else shares, callers would hear ringing behind it:
what is done before an answer waits for the disk there.  More than one thread would not be faster
either, for only one at a time runs Python.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

NAME = "texts"
"""How the thread is called, as debuggers show it."""


class TextThread:
    """The thread; `close` ends it."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=NAME)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` in the thread, after what was asked for before; return what it returns."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """End the thread after what it is doing; blocks until then.  What waits is dropped."""
        self._pool.shutdown(cancel_futures=True)
