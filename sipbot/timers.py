"""The times a call waits for.  They belong to the event loop that the call's task runs in."""

import asyncio
from collections.abc import Callable

from sipbot.script_events import Event, TimeUp

_LOOK_EVERY_S = 0.05
"""Nobody notices at a stop that lasts seconds."""


class Timers:
    """What is still to happen to one call.

    Args:
        happen: called in the event loop with what happens.
    """

    def __init__(self, happen: Callable[[Event], None]) -> None:
        self._happen = happen
        self._pending: list[asyncio.TimerHandle] = []
        self._waiting: asyncio.TimerHandle | None = None

    def after(self, delay_s: float, event: Event) -> asyncio.TimerHandle:
        """Let something happen after so many seconds."""
        # Runs in the event loop.
        timer = asyncio.get_running_loop().call_later(delay_s, self._happen, event)
        self._pending = [one for one in self._pending if not one.cancelled()]
        self._pending.append(timer)
        return timer

    def wait(self, n: int, for_s: float) -> None:
        """Begin the script's wait `n`; an earlier one is over."""
        self.stop_waiting()
        self._waiting = self.after(for_s, TimeUp(n=n))

    def stop_waiting(self) -> None:
        """The script waits no more."""
        if self._waiting is not None:
            self._waiting.cancel()

    def cancel(self) -> None:
        """Nothing more happens."""
        for timer in self._pending:
            timer.cancel()


async def wait_until(true: Callable[[], bool], limit_s: float) -> None:
    """Wait until something is true, or for `limit_s`."""
    loop = asyncio.get_running_loop()
    until = loop.time() + limit_s
    while not true() and loop.time() < until:
        await asyncio.sleep(_LOOK_EVERY_S)
