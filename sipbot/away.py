"""What a target of the outbox does while its server is away: wait longer and longer, tell somebody.

Data path: outbox -> [away] -> archive_target, audio_store_target

Such a target has no session: nothing is said again when it is back, and deliveries wait for it,
however long.
"""

import asyncio
from collections.abc import Callable

import structlog

AWAY_S = 300.0
"""After so long somebody is alerted: a server's upgrade is shorter, and nothing is lost meanwhile
(our wish)."""

AGAIN_S, AGAIN_MOST_S = 2.0, 60.0
"""After a failed connection no other is tried for so long, twice as long each time.  Looking for
what is due takes the ledger's one thread, which callers need, for 63 ms when 30,000 rows wait
(measured), and a host that is switched off takes seconds to fail (`archive_store.CONNECT_S`)."""

REMEDY = "Nothing is lost: what it has to get waits here; sipbot doctor"

Tell = Callable[[str, str | None, str], None]

_log = structlog.get_logger()


class Away:
    """Whether a server is there; belongs to main's event loop.

    Args:
        alert: id of the alert when it is not, and its name in the log.
        tell: id of an alert, problem (None when it is over), remedy.
    """

    def __init__(self, alert: str, tell: Tell) -> None:
        self.connected = asyncio.Event()
        self.connected.set()
        self.problem = ""
        """Why it is away, as it was last."""
        self._alert = alert
        self._tell = tell
        self._since: float | None = None
        self._again_s = AGAIN_S

    def gone(self, problem: str) -> None:
        """It could not be reached; `connected` is cleared until it is worth another try."""
        if self._since is None:
            self._since = _now()
            _log.warning(
                "a server is away; what it has to get waits", what=self._alert, problem=problem
            )
        self.problem = problem
        if self.connected.is_set():
            self.connected.clear()
            asyncio.get_running_loop().call_later(self._again_s, self.connected.set)
            self._again_s = min(2 * self._again_s, AGAIN_MOST_S)

    def there(self) -> None:
        """It has done what was asked of it."""
        if self._since is not None:
            _log.info("a server is there again", what=self._alert)
            self._tell(self._alert, None, "")
        self._since, self._again_s = None, AGAIN_S

    def look(self) -> None:
        """Alert somebody when it has been away for long; called now and then."""
        if self._since is not None and _now() - self._since >= AWAY_S:
            self._tell(self._alert, self.problem, REMEDY)


def _now() -> float:
    return asyncio.get_running_loop().time()
