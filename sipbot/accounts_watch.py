"""Tells by an alert that accounts.toml is wrong and what is in force instead."""

import asyncio
from collections.abc import Callable

from sipbot.accounts_file import AccountsFile

LOOK_EVERY_S = 5.0
"""Somebody who has just edited the file is still there to read it."""

ALERT = "accounts-file"


class AccountsWatch:
    """Looks at the file.

    Args:
        file: the accounts.
        tell: id of the alert, problem (None when it is over), remedy.
    """

    def __init__(self, file: AccountsFile, tell: Callable[[str, str | None, str], None]) -> None:
        self._file = file
        self._tell = tell

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Say how the file is."""
        trouble = None if self._file.in_force() is None else self._file.trouble
        problem = None
        if trouble is not None:
            others = len(trouble.mistakes) - 1
            more = f" (and {others} more)" if others else ""
            problem = f"{trouble.mistakes[0]}{more}; the last good form is in force"
        self._tell(ALERT, problem, "sipbot accounts check")
