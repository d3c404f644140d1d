"""Lets rows of the audit log go when they are older than the settings say.

Data path: config -> [audit_keep] -> ledger

Who worked when is people's data, too: it is kept for as long as somebody may ask, and no longer.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from sipbot.accounts_file import AccountsFile
from sipbot.accounts_watch import AccountsWatch
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.ledger_console import ConsoleRows

LOOK_EVERY_S = 3600.0
"""Between two looks; a day's rows are then gone within the hour."""

STEP_ROWS = 200
"""Let go of in one transaction: a call's row may have to wait for it."""

STEP_S = 1.0
"""Between two steps, so that a year's rows at once are a trickle."""

Part = tuple[str, Coroutine[None, None, None]]


class Wish(Protocol):
    """How long it shall be kept; the table ``[console]`` says it."""

    @property
    def audit_days(self) -> int:
        """Days."""


_log = structlog.get_logger()


class AuditKeep:
    """Looks now and then; everything here runs in main's event loop.

    Args:
        rows: of the ledger whose only writer we are.
        days: how long rows are kept.
        clock: UTC-aware.
    """

    def __init__(
        self,
        rows: ConsoleRows,
        days: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = rows
        self._kept = timedelta(days=days)
        self._clock = clock

    async def run(self) -> None:
        """Let old rows go until cancelled."""
        while True:
            try:
                more = await self.step() == STEP_ROWS
            except LedgerError as error:
                _log.warning("old rows of the audit log stay", problem=str(error))
                more = False
            await asyncio.sleep(STEP_S if more else LOOK_EVERY_S)

    async def step(self) -> int:
        """Let some old rows go; return how many.

        Raises:
            LedgerError: the ledger refuses; they stay.
        """
        gone = await self._rows.let_go(self._clock() - self._kept, STEP_ROWS)
        if gone:
            _log.info("old rows of the audit log are gone", rows=gone)
        return gone


def of_people(
    wish: Wish,
    accounts: AccountsFile,
    ledger: Ledger,
    tell: Callable[[str, str | None, str], None],
) -> list[Part]:
    """Return what main runs for those who work here: a look at their accounts, and this.

    Args:
        wish: of the settings.
        accounts: theirs.
        ledger: has what they did.
        tell: id of an alert, problem (None when it is over), remedy.
    """
    keep = AuditKeep(ledger.console, wish.audit_days)
    return [("accounts", AccountsWatch(accounts, tell).run()), ("audit", keep.run())]
