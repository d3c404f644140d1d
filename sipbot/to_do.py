"""Work about calls that must not be lost: each in its own task, and again until it is done.

Data path: switchboard, calls -> [to_do] -> spool, ledger

One alert stands for all that is being tried again, and another for what is not; each is there as
long as there is such work.
"""

import asyncio
from collections.abc import Callable

import structlog

from sipbot.call_tools import Work
from sipbot.errors import SipbotError

RETRY_S = 10.0
"""Between two tries: a full disk or a locked ledger takes a person or a minute."""

FAILED = "call-failed"
"""Alert: something about a call could not be done and is tried again."""

DROPPED = "call-dropped"
"""Alert: something about a call was not done and is not tried again before the next start."""


class ToDo:
    """Does work, and does it again when disk or ledger have refused it.

    Args:
        trouble: tells what a person should look at: id, problem (None when it is over), remedy.
        retry_s: between two tries.
    """

    def __init__(
        self, trouble: Callable[[str, str | None, str], None], *, retry_s: float = RETRY_S
    ) -> None:
        self._trouble = trouble
        self._retry_s = retry_s
        self._queue: asyncio.Queue[Work] = asyncio.Queue()
        self._failing: set[Work] = set()
        """What waits for another try, or is at it."""
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Do what there is to do until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._careful(await self._queue.get()))

    def add(self, work: Work) -> None:
        """Do this, and again until it is done; called in the event loop."""
        self._queue.put_nowait(work)

    def again(self, work: Work, error: Exception) -> None:
        """Tell that something failed, and do this about it later; called in the event loop.

        Args:
            work: what is to be done.
            error: what happened.
        """
        self._failing.add(work)
        self._say(FAILED, error, "It is tried again; see the log for the call")
        # Runs in the event loop.
        asyncio.get_running_loop().call_later(self._retry_s, self._queue.put_nowait, work)

    async def _careful(self, work: Work) -> None:
        """One call's trouble must not end the others."""
        try:
            await work()
        except SipbotError as error:
            self.again(work, error)
            return
        except Exception as error:  # noqa: BLE001 - a mistake of ours; the next start mends the call
            self._say(DROPPED, error, "It is not tried again: start sipbot anew, which ends calls")
        if work in self._failing:
            self._failing.discard(work)
            if not self._failing:
                self._trouble(FAILED, None, "")

    def _say(self, alert: str, error: Exception, remedy: str) -> None:
        self._log.error("a call could not be led to its end", exc_info=error)
        self._trouble(alert, f"{type(error).__name__}: {error}", remedy)
