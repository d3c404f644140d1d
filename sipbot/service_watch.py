"""Watches clients' service: keeps what was promised, tells when it is not kept, publishes figures.

Data path: ledger -> kpi -> reckoning -> [service_watch] -> alerts, ``client/<c>/stats/<period>``

Everything here runs in the event loop; the figures are reckoned by a process of their own.
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
from sipbot.kpi import Figures
from sipbot.ledger import Ledger
from sipbot.ledger_kpi import subject_of
from sipbot.plan import Dialplan
from sipbot.reckoning import Ask, Reckoner
from sipbot.service_told import ServiceTold

LOOK_EVERY_S = 300.0
"""A service does not fall within minutes, and figures of a month cost a look at all its calls
(our wish)."""

RETRY_S = 10.0
"""When the broker was not there: soon after a start it is (our wish)."""

Reckon = Callable[[Sequence[Ask]], Awaitable[list[Figures]]]
"""Returns the figures of each, in their order; raises LedgerError."""


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
        ledger: keeps what was promised and told.
        reckon: has figures reckoned.
        plans: returns every client's dialplan as it is in force.
        alerts: where a service below its targets is told.
        bus: where figures are published.
        clock: the time, UTC-aware.
        pause: waits between two looks.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        reckon: Reckon,
        plans: Callable[[], Sequence[Dialplan]],
        alerts: Alerts,
        bus: Bus,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ledger = ledger
        self._reckon = reckon
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
        self._told = ServiceTold(ledger.notices)
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
        await self._judge_and_publish(plans, self._raised)
        clients = {plan.client for plan in plans}
        await self._told.forget_all_but(clients)
        for client in sorted(self._raised - clients):
            await self._tell(client, None, self._raised)
        for client in sorted(self._published - clients):
            for name in service.PERIODS:
                await self._say(client, name, b"")
            if not self._deaf:
                self._published.discard(client)
                await self._ledger.kpis.keep_published(client, there=False)

    async def _judge_and_publish(self, plans: Sequence[Dialplan], raised: set[str]) -> None:
        now = self._clock()
        subjects = {plan.client: subject_of(plan) for plan in plans}
        windows = {plan.client: service.window(plan, now) for plan in plans}
        spans = [(client, span) for client, span in windows.items() if span is not None]
        periods = [(plan, name) for plan in plans for name in service.PERIODS]
        spans += [(plan.client, service.period(name, plan, now)) for plan, name in periods]
        asks = [Ask(subject=subjects[client], span=span, now=now) for client, span in spans]
        found = await self._reckon(asks) if asks else []
        looked_back = len(found) - len(periods)
        judged = {one.client: one for one in found[:looked_back]}
        for plan in plans:
            figures = judged.get(plan.client)
            window = windows[plan.client]
            below: list[service.Lapse] = []
            if figures is not None and window is not None:
                unclaimed = await self._ledger.kpis.unclaimed(plan.client, window)
                below = service.lapses(plan, figures, unclaimed)
            await self._tell(plan.client, service.problem(plan, below), raised)
            await self._told.look(plan, figures, below, now)
        for (plan, name), figures in zip(periods, found[looked_back:], strict=True):
            await self._publish(plan.client, name, figures)

    async def _tell(self, client: str, problem: str | None, raised: set[str]) -> None:
        if problem is None and client not in raised:
            return
        if (problem is not None) != (client in raised):
            await self._ledger.kpis.keep_alert(client, raised=problem is not None)
            self._log.info("service", client=client, below_targets=problem is not None)
        (raised.discard if problem is None else raised.add)(client)
        self._alerts.tell(service.alert(client), problem, service.REMEDY)

    async def _publish(self, client: str, period: str, figures: Figures) -> None:
        if client not in self._published:
            # Before the broker has them: a run that ends in between must not leave them there.
            await self._ledger.kpis.keep_published(client, there=True)
            self._published.add(client)
        if not self._deaf:
            await self._say(client, period, msgspec.json.encode(figures))

    async def _say(self, client: str, period: str, payload: bytes) -> None:
        try:
            await self._bus.stats(client, period, payload)
        except FeedError as error:
            self._deaf = True
            self._log.info("figures wait for the broker", reason=str(error))


def service_watch_of(
    ledger: Ledger, plans: Callable[[], Sequence[Dialplan]], alerts: Alerts, bus: Bus
) -> ServiceWatch:
    """Return a watch whose figures are reckoned by a process."""
    reckon = Reckoner(ledger.path).figures
    return ServiceWatch(ledger=ledger, reckon=reckon, plans=plans, alerts=alerts, bus=bus)
