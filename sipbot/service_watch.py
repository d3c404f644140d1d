"""Watches clients' service: keeps what was promised, tells when it is not kept, publishes figures.

Data path: ledger -> kpi -> [service_watch] -> alerts, ``client/<c>/stats/<period>``

Everything runs in the event loop; the ledger is asked for one client at a time, behind everything
that callers wait for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import structlog

from sipbot import service
from sipbot.alerts import Alerts
from sipbot.errors import FeedError, LedgerError
from sipbot.ledger import Ledger
from sipbot.plan import Dialplan

LOOK_EVERY_S = 300.0
"""A service does not fall within minutes, and figures of a month cost a look at all its calls
(our wish)."""

RETRY_S = 10.0
"""When the broker was not there: soon after a start it is (our wish)."""

PAUSE_S = 0.1
"""Between two clients, so that the ledger's thread has room for whoever calls."""


class Bus(Protocol):
    """Where figures are published."""

    async def stats(self, client: str, period: str, payload: bytes) -> None:
        """Publish a client's figures, retained.

        Raises:
            FeedError: the broker is not there.
        """


class ServiceWatch:
    """Looks at every client's figures from time to time.

    Args:
        ledger: where calls are.
        plans: returns every client's dialplan as it is in force.
        alerts: where a service below its targets is told.
        bus: where figures are published.
        clock: the time, UTC-aware.
        pause: waits between two clients.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        plans: Callable[[], Sequence[Dialplan]],
        alerts: Alerts,
        bus: Bus,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ledger = ledger
        self._all_plans = plans
        self._alerts = alerts
        self._bus = bus
        self._clock = clock
        self._pause = pause
        self._kept: Sequence[Dialplan] | None = None
        self._raised: set[str] | None = None
        """Clients about whom an alert is up; None until an earlier run's were asked for."""
        self._deaf = False
        """Whether the broker was not there at the latest look."""
        self._published: set[str] = set()
        """Clients of whom the broker may have figures, by this run or an earlier one."""
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                await self.look()
            except LedgerError as error:
                self._log.warning("figures are not reckoned", problem=str(error))
            await self._pause(RETRY_S if self._deaf else LOOK_EVERY_S)

    async def look(self) -> None:
        """Keep what is promised now, and look at every client once.

        Raises:
            LedgerError: the ledger refuses.
        """
        if self._raised is None:
            self._published = set(await self._ledger.kpis.published())
            self._raised = set(await self._ledger.kpis.alerted())
            self._alerts.adopt(service.alert(client) for client in self._raised)
        self._deaf = False
        plans = self._all_plans()
        if plans is not self._kept:
            await self._ledger.kpis.keep_terms(plans, self._clock())
            self._kept = plans
        for plan in plans:
            await self._judge(plan, self._raised)
            await self._publish(plan)
            await self._pause(PAUSE_S)
        clients = {plan.client for plan in plans}
        for client in sorted(self._raised - clients):
            await self._tell(client, None, self._raised)
        for client in sorted(self._published - clients):
            for name in service.PERIODS:
                await self._say(client, name, b"")
            if not self._deaf:
                self._published.discard(client)
                await self._ledger.kpis.keep_published(client, there=False)

    async def _judge(self, plan: Dialplan, raised: set[str]) -> None:
        now = self._clock()
        span = service.window(plan, now)
        problem = None
        if span is not None:
            found = await self._ledger.kpis.figures(plan, span, now)
            problem = service.problem(plan, found)
        await self._tell(plan.client, problem, raised)

    async def _tell(self, client: str, problem: str | None, raised: set[str]) -> None:
        if problem is None and client not in raised:
            return
        if (problem is not None) != (client in raised):
            await self._ledger.kpis.keep_alert(client, raised=problem is not None)
            self._log.info("service", client=client, below_targets=problem is not None)
        (raised.discard if problem is None else raised.add)(client)
        self._alerts.tell(service.alert(client), problem, service.REMEDY)

    async def _publish(self, plan: Dialplan) -> None:
        if plan.client not in self._published:
            # Before the broker has them: a run that ends in between must not leave them there.
            await self._ledger.kpis.keep_published(plan.client, there=True)
            self._published.add(plan.client)
        for name in service.PERIODS:
            if self._deaf:
                return
            now = self._clock()
            found = await self._ledger.kpis.figures(plan, service.period(name, plan, now), now)
            await self._say(plan.client, name, msgspec.json.encode(found))

    async def _say(self, client: str, period: str, payload: bytes) -> None:
        try:
            await self._bus.stats(client, period, payload)
        except FeedError as error:
            self._deaf = True
            self._log.info("figures wait for the broker", reason=str(error))
