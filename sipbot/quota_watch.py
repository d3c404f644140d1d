"""Watches what clients use of their quotas, and says so in time.

Data path: ledger -> quota -> [quota_watch] -> alerts, gauges

The ledger is asked again about those clients whose calls have just ended, once a second at most and
behind everything that callers wait for; about everybody only at the start and when a month turns.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from sipbot.alerts import Alerts
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.plan import Dialplan
from sipbot.quota import (
    REMEDY,
    Figures,
    Level,
    Month,
    Use,
    alert_of,
    ask,
    figures,
    month_of,
    problem,
    use,
)

LOOK_EVERY_S = 1.0
"""How often those whose calls have ended are counted: however many end together, once."""

TOGETHER_MAX = 20
"""Clients counted in one turn of the ledger's thread, for which a caller's row may have to wait:
1.1 ms for a client of 30 calls a month (1 000 000 calls in the ledger, a busy machine,
measured)."""

CALLS_A_SECOND = 1_000
"""Counting 76 000 calls of a month takes 0.1 s, 0.4 s with categories left out (likewise): who has
so many is counted every 76 s only, which keeps the ledger's thread free of it."""


class QuotaWatch:
    """Counts the calls of clients that have a quota; everything here runs in the event loop.

    Args:
        ledger: where calls are.
        plans: returns every client's dialplan as it is in force.
        alerts: where a used quota is told.
        clock: the time, UTC-aware: months turn.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        plans: Callable[[], Sequence[Dialplan]],
        alerts: Alerts,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._all_plans = plans
        self._alerts = alerts
        self._clock = clock
        self._seen: Sequence[Dialplan] = ()
        self._plans: dict[str, Dialplan] = {}
        """Clients that have a quota."""
        self._zones: set[ZoneInfo] = set()
        """Of those clients."""
        self._months: dict[ZoneInfo, Month] = {}
        """Which month it is there."""
        self._due: set[str] = set()
        self._not_before: dict[str, datetime] = {}
        self._uses: dict[str, Use] = {}
        self._raised: dict[str, Level] = {}
        """Clients about whom an alert is up; below: an earlier run has raised it."""
        self.figures: Figures | None = None
        """How the clients stand; None until all of them were counted."""
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Watch until cancelled."""
        self._ledger.on_counted = self.counted
        begun = False
        while True:
            try:
                if not begun:
                    await self.begin()
                    begun = True
                await self.look()
            except LedgerError as error:
                self._log.warning("quotas are not counted", problem=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    # Event loop, from the ledger.
    def counted(self, client: str) -> None:
        """What counts for this client may be another number now."""
        self._due.add(client)

    async def begin(self) -> None:
        """Learn which alerts an earlier run has left.

        Raises:
            LedgerError: the ledger refuses.
        """
        left = await self._ledger.quota_alerts()
        self._raised = dict.fromkeys(left, "below")
        self._alerts.adopt(alert_of(client) for client in left)

    async def look(self) -> None:
        """Count whom there is reason to count, and tell who needs to be told.

        Raises:
            LedgerError: the ledger refuses; whoever was not counted is due at the next look.
        """
        changed = self._follow_the_dialplans()
        self._turn_months()
        self._due.intersection_update(self._plans)
        at = self._clock()
        due = sorted(one for one in self._due if self._not_before.get(one, at) <= at)
        for first in range(0, len(due), TOGETHER_MAX):
            await self._count(due[first : first + TOGETHER_MAX])
        for client in sorted(self._raised.keys() - self._plans.keys()):
            await self._clear(client)
        if due or changed:
            self.figures = figures(self._uses.values())

    def _follow_the_dialplans(self) -> bool:
        """Take over who has which quota; return whether anything has changed."""
        plans = self._all_plans()
        if plans is self._seen:
            return False
        before, self._seen = self._plans, plans
        self._plans = {plan.client: plan for plan in plans if plan.quota is not None}
        self._due.update(
            client for client, plan in self._plans.items() if before.get(client) is not plan
        )
        self._uses = {client: one for client, one in self._uses.items() if client in self._plans}
        self._zones = {plan.hours.tz for plan in self._plans.values()}
        return True

    def _turn_months(self) -> None:
        """Find out where another month has begun: everybody there begins anew."""
        at = self._clock()
        months = {tz: month_of(at, tz) for tz in self._zones}
        turned = {tz for tz, month in months.items() if self._months.get(tz) != month}
        self._months = months
        if turned:
            self._due.update(
                client for client, plan in self._plans.items() if plan.hours.tz in turned
            )

    async def _count(self, clients: Sequence[str]) -> None:
        plans = [self._plans[client] for client in clients]
        months = [self._months[plan.hours.tz] for plan in plans]
        # Before the ledger is asked: a call that ends meanwhile is counted at the next look.
        self._due.difference_update(clients)
        try:
            numbers = await self._ledger.calls_that_count(list(map(ask, plans, months)))
            for found in map(use, plans, months, numbers):
                self._uses[found.client] = found
                pause = timedelta(seconds=found.used // CALLS_A_SECOND)
                self._not_before[found.client] = self._clock() + pause
                await self._tell(found)
        except LedgerError:
            self._due.update(clients)
            raise

    async def _tell(self, found: Use) -> None:
        told = self._raised.get(found.client)
        said = problem(found)
        if said is None:
            if told is not None:
                await self._clear(found.client)
            return
        if told == found.level:
            return
        if told is None:
            await self._ledger.keep_quota_alert(found.client, raised=True)
        self._raised[found.client] = found.level
        self._log.warning("quota", client=found.client, used=found.used, limit=found.limit)
        self._alerts.tell(alert_of(found.client), said, REMEDY)

    async def _clear(self, client: str) -> None:
        self._alerts.tell(alert_of(client), None)
        await self._ledger.keep_quota_alert(client, raised=False)
        del self._raised[client]
