"""Says how the site is: to the bus, the service manager, the metrics and the log.

Data path: gauges -> status -> [herald] -> mqtt, systemd, Prometheus
"""

import asyncio
import os
from collections.abc import Callable

import msgspec
import structlog

from sipbot import heap
from sipbot.gauges import Gauges
from sipbot.ledger import Ledger
from sipbot.metrics import ADDRESS, Metrics
from sipbot.mqtt import Feed
from sipbot.notify import Notifier
from sipbot.topics import Numbers, SiteState

LOOK_EVERY_S = 1.0
"""How often the site is looked at."""

NUMBERS_EVERY_S = 60.0
"""How often figures are published while the state stays as it is: a monitor that draws graphs asks
the metrics; on the bus a minute shows that somebody is still counting (our wish)."""


class Herald:
    """Looks at the site every second and tells what has changed.

    Args:
        gauges: reads the site.
        ledger: must answer for us to be alive.
        feed: the bus.
        notifier: the service manager.
        metrics: for Prometheus; None when switched off.
        trouble: raises an alert: id, problem (None when it is over), remedy.
    """

    def __init__(
        self,
        *,
        gauges: Gauges,
        ledger: Ledger,
        feed: Feed,
        notifier: Notifier,
        metrics: Metrics | None,
        trouble: Callable[[str, str | None, str], None],
    ) -> None:
        self._gauges = gauges
        self._ledger = ledger
        self._feed = feed
        self._notifier = notifier
        self._metrics = metrics
        self._trouble = trouble
        self._said: tuple[SiteState, tuple[str, ...]] | None = None
        self._said_at_s = 0.0
        self._ready = False
        self._stopping = False
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Tell until cancelled."""
        self._serve_metrics()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._notifier.watch(self._ledger.answers), name="watchdog")
                group.create_task(heap.keep_small(), name="heap")
                while True:
                    await self._look()
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            if self._metrics is not None:
                self._metrics.stop()

    async def stopping(self) -> None:
        """An orderly stop has begun; this is the last word until the next start."""
        self._stopping = True
        self._notifier.stopping()
        await self._say("stopping", (), None)

    async def _look(self) -> None:
        status = await self._gauges.gather()
        if self._stopping:
            status = msgspec.structs.replace(status, state="stopping", reasons=())
        if self._metrics is not None:
            self._metrics.show(status)
        if self._stopping:
            return
        if not self._ready and self._gauges.answering:
            self._ready = self._notifier.ready()
        now = asyncio.get_running_loop().time()
        heard = self._gauges.state()
        if heard != self._said or now - self._said_at_s >= NUMBERS_EVERY_S:
            await self._say(*heard, status.numbers)

    async def _say(
        self, state: SiteState, reasons: tuple[str, ...], numbers: Numbers | None
    ) -> None:
        if (state, reasons) != self._said:
            self._log.info("state", state=state, reasons=reasons)
            self._notifier.status(f"{state}: {', '.join(reasons)}" if reasons else state)
        self._said, self._said_at_s = (state, reasons), asyncio.get_running_loop().time()
        await self._feed.set_state(state, reasons, numbers)

    def _serve_metrics(self) -> None:
        if self._metrics is None:
            return
        try:
            self._metrics.start()
        except OSError as error:
            # Calls matter more than figures about them.
            problem = f"metrics.port = {self._metrics.port}: cannot listen: {error.strerror}"
            self._log.error("no metrics", problem=problem)
            remedy = "Set another port, or 0 for none, and start again"
            self._trouble("metrics", problem, remedy)
        else:
            self._log.info("metrics", url=f"http://{ADDRESS}:{self._metrics.port}/metrics")


def herald_of(
    port: int,
    gauges: Gauges,
    ledger: Ledger,
    feed: Feed,
    trouble: Callable[[str, str | None, str], None],
) -> Herald:
    """Return what main runs.

    Args:
        port: of the metrics; 0: there are none.
        gauges, ledger, feed, trouble: as for `Herald`.
    """
    return Herald(
        gauges=gauges,
        ledger=ledger,
        feed=feed,
        notifier=Notifier.from_environment(os.environ, os.getpid()),
        metrics=Metrics(port) if port else None,
        trouble=trouble,
    )
