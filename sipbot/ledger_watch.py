"""Whether the ledger refuses, told by those who ask it: then no caller can be taken.

Data path: switchboard, gauges -> [ledger_watch] -> status, alerts
"""

from collections.abc import Callable

from sipbot.errors import LedgerError

ALERT = "ledger"


class LedgerWatch:
    """Remembers who was refused last.  Belongs to the event loop.

    Args:
        trouble: tells what a person should look at: id, problem (None when it is over), remedy.
    """

    def __init__(self, trouble: Callable[[str, str | None, str], None]) -> None:
        self._trouble = trouble
        self._refused: dict[str, str] = {}
        """Who is refused, and how."""

    @property
    def refuses(self) -> bool:
        """Whether somebody was refused and has not been served since."""
        return bool(self._refused)

    def refused(self, who: str, error: LedgerError) -> None:
        """The ledger refused somebody; the alert says so until all are served again."""
        problem = str(error)
        if self._refused.get(who) != problem:
            self._refused[who] = problem
            self._trouble(ALERT, problem, "Is the disk full, or another program writing there?")

    def served(self, who: str) -> None:
        """The ledger did what it was asked."""
        if self._refused.pop(who, None) is not None and not self._refused:
            self._trouble(ALERT, None, "")
