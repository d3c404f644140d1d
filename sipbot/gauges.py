"""Reads the figures of a running site from its parts.

Data path: agents, switchboard, recognisers, ledger, disk -> [gauges] -> status -> herald -> world
"""

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import structlog

import sipbot
from sipbot.alerts import Alerts
from sipbot.calls_out import CallsOut
from sipbot.child import Child
from sipbot.disk import Room, look
from sipbot.errors import LedgerError
from sipbot.ledger import Ledger
from sipbot.ledger_figures import Waiting
from sipbot.mqtt import Feed
from sipbot.quota_watch import QuotaWatch
from sipbot.reading import Reading
from sipbot.reload import Reload
from sipbot.sip.client import AgentClient
from sipbot.speech.client import SpeechClient
from sipbot.status import ChildStatus, Counts, Facts, Status, judge, shown_alerts
from sipbot.switchboard import Switchboard
from sipbot.topics import Numbers, SiteState

COUNTS_EVERY_S = 60.0
"""How old the ledger's counts may be: Prometheus asks once a minute unless told otherwise.
Counting goes through an index of all calls and keeps the ledger's thread for 0.1 s at 500 000 calls
(measured, 2 busy cores); the rest takes milliseconds and is asked anew every time."""

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Parts(msgspec.Struct, kw_only=True):
    """What is looked at."""

    site: str
    boot: str
    var: Path
    ledger: Ledger
    agents: Sequence[AgentClient]
    live: SpeechClient
    second: SpeechClient | None
    broker: Child | None
    """The embedded broker; None when the broker is somebody else's."""
    feed: Feed
    reading: Reading
    switchboard: Switchboard
    quotas: QuotaWatch
    reload: Reload
    alerts: Alerts
    calls_out: CallsOut
    console: Child | None = None
    """The web console; None when it is switched off."""
    edge: Child | None = None
    """What keeps our Kamailio; None where there is none of ours."""


class Gauges:
    """Looks at a running site; everything here runs in the event loop.

    Args:
        parts: what to look at.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.stopping = False
        """Set once an orderly stop has begun."""
        self._numbers = Numbers(lines=self.lines, lines_in_use=0)
        self._counts: Counts | None = None
        self._since = self._started_at = datetime.now(UTC)
        self._state: SiteState | None = None
        self._log = structlog.get_logger()

    @property
    def lines(self) -> int:
        """Calls that can be up at the same time."""
        return sum(agent.lines for agent in self._parts.agents)

    @property
    def lines_in_use(self) -> int:
        """Lines that calls have now: one each, calls back two."""
        parts = self._parts
        calls = sum(call.on_the_line for call in parts.switchboard.calls.values())
        return min(self.lines, calls + parts.calls_out.lines)

    @property
    def answering(self) -> bool:
        """Whether a caller would be answered: at least one agent is up."""
        return any(agent.hello is not None for agent in self._parts.agents)

    def state(self) -> tuple[SiteState, tuple[str, ...]]:
        """Return how the site is and why, for whoever reads it on the bus or beside its link.

        Lines and children as of now; what the ledger and the disk said is as of the last `gather`.
        That the broker is not connected is left out: nobody could read it there.
        """
        numbers = msgspec.structs.replace(self._numbers, lines_in_use=self.lines_in_use)
        if self.stopping:
            return "stopping", ()
        return judge(self._facts(numbers, broker_connected=True))

    async def gather(self, *, recount: bool = False) -> Status:
        """Look at everything.

        Args:
            recount: count calls and memos anew, however young the last counts are.
        """
        parts, at = self._parts, datetime.now(UTC)
        self._numbers = await self._measure(at)
        await self._count(at, recount=recount)
        connected = parts.feed.connected.is_set()
        state, reasons = judge(self._facts(self._numbers, broker_connected=connected))
        if self.stopping:
            state, reasons = "stopping", ()
        if state != self._state:
            self._state, self._since = state, at
        return Status(
            site=parts.site,
            version=sipbot.__version__,
            boot=parts.boot,
            started_at=self._started_at,
            at=at,
            state=state,
            reasons=reasons,
            since=self._since,
            broker_connected=connected,
            numbers=self._numbers,
            counts=self._counts,
            children=self._children(),
            dialplans=parts.reload.behind,
            alerts=shown_alerts(parts.alerts.up, parts.reload.alerts),
            quotas=parts.quotas.figures,
        )

    def _facts(self, numbers: Numbers, *, broker_connected: bool) -> Facts:
        parts = self._parts
        ears = {"live": parts.live, "second": parts.second}
        plans = parts.switchboard.dialplans.all
        heard = {each: bool(parts.reading.ears(each)) for each in {p.language for p in plans}}
        return Facts(
            numbers=numbers,
            agents_down=tuple(agent.number for agent in parts.agents if agent.hello is None),
            deaf=tuple(
                f"{plan.client} ({plan.language})" for plan in plans if not heard[plan.language]
            ),
            behind=tuple(each.words for each in parts.reload.behind),
            ears_down=tuple(
                role for role, ear in ears.items() if ear is not None and not ear.ready.is_set()
            ),
            damaged=tuple(
                sorted(
                    {model for ear in ears.values() if ear is not None for model in ear.problems}
                )
            ),
            broker_connected=broker_connected,
            commands_refused=parts.feed.deaf is not None,
            disk_full=bool(parts.switchboard.refusing),
            console_down=parts.console is not None and not parts.console.ready.is_set(),
            edge_down=parts.edge is not None and not parts.edge.ready.is_set(),
            ledger_refuses=parts.switchboard.ledger_watch.refuses,
        )

    async def _measure(self, at: datetime) -> Numbers:
        parts = self._parts
        room = await self._room()
        waiting: Waiting | None = None
        oldest_s: float | None = None
        try:
            waiting = await parts.ledger.waiting()
        except LedgerError as error:
            self._log.warning("the ledger gives no figures", problem=str(error))
            parts.switchboard.ledger_watch.refused("figures", error)
        else:
            parts.switchboard.ledger_watch.served("figures")
            age_s = (at - waiting.since).total_seconds() if waiting.since else 0.0
            oldest_s = round(max(age_s, 0.0), 1)
        ears = [ear for ear in (parts.live, parts.second) if ear is not None]
        quotas = parts.quotas.figures
        return Numbers(
            lines=self.lines,
            lines_in_use=self.lines_in_use,
            recognition_backlog_s=round(sum(ear.backlog_s for ear in ears), 1),
            deliveries_waiting=waiting.deliveries if waiting else None,
            dead_letters=waiting.dead if waiting else None,
            oldest_undelivered_s=oldest_s,
            disk_free_bytes=room.free_bytes if room else None,
            disk_days_left=round(room.hours / 24 / self.lines, 2) if room else None,
            quotas_warned=quotas.warned if quotas else None,
            quotas_used_up=quotas.used_up if quotas else None,
        )

    async def _room(self) -> Room | None:
        try:
            return await asyncio.to_thread(look, self._parts.var)  # a network disk may hang
        except OSError as error:
            self._log.warning("the disk gives no figures", problem=str(error))
            return None

    async def _count(self, at: datetime, *, recount: bool) -> None:
        old = self._counts
        if old is not None and not recount and at - old.at < timedelta(seconds=COUNTS_EVERY_S):
            return
        midnight = at.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        try:
            self._counts = await self._parts.ledger.counts(at, midnight)
        except LedgerError as error:
            self._counts = None
            self._log.warning("the ledger gives no counts", problem=str(error))

    def _children(self) -> tuple[ChildStatus, ...]:
        parts = self._parts
        found = [_process("main", os.getpid(), None)]
        for agent in parts.agents:
            pid = agent.hello.pid if agent.hello is not None else None
            found.append(_process(f"agent-{agent.number}", pid, agent.restarts))
        for role, ear in (("live", parts.live), ("second", parts.second)):
            if ear is not None:
                found.append(_process(f"{role}-recogniser", ear.pid, ear.restarts))
        if parts.broker is not None:
            found.append(_process("broker", parts.broker.pid, parts.broker.restarts))
        if parts.console is not None:
            found.append(_process("console", parts.console.pid, parts.console.restarts))
        if parts.edge is not None:
            found.append(_process("edge", parts.edge.pid, parts.edge.restarts))
        return tuple(found)


def _process(name: str, pid: int | None, restarts: int | None) -> ChildStatus:
    return ChildStatus(name=name, pid=pid, rss_bytes=_rss_bytes(pid), restarts=restarts)


def _rss_bytes(pid: int | None) -> int | None:
    """Return the resident memory of a process; None when it has just ended (proc(5), statm)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    except OSError:
        return None
