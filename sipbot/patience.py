"""Asks the ledger again and again while it refuses, and says so.

Data path: ledger -> [patience] -> outbox
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from sipbot.errors import LedgerError

Result = TypeVar("Result")

_log = structlog.get_logger()


class LedgerPatience:
    """Asks the ledger again and again while it refuses, and says so.

    Args:
        on_trouble: called in the event loop with the ledger's words when it begins to refuse, and
            with None when it answers again.
        wait_s: how long to wait after so many refusals in a row, in seconds.
    """

    def __init__(
        self, on_trouble: Callable[[str | None], None], wait_s: Callable[[int], float]
    ) -> None:
        self._on_trouble = on_trouble
        self._wait_s = wait_s
        self._problem: str | None = None

    async def insist(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Return the ledger's answer, however often it refuses before."""
        refusals = 0
        while True:
            try:
                result = await ask()
            except LedgerError as error:
                self.refused(error)
            else:
                self.answered()
                return result
            refusals += 1
            await asyncio.sleep(self._wait_s(refusals))

    def refused(self, error: LedgerError) -> None:
        """The ledger has refused; what was asked stays due."""
        _log.error("the ledger refuses; deliveries wait", error=str(error))
        if self._problem is None:
            self._on_trouble(str(error))
        self._problem = str(error)

    def answered(self) -> None:
        """The ledger has answered."""
        if self._problem is not None:
            _log.info("the ledger answers again")
            self._on_trouble(None)
        self._problem = None
