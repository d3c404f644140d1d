"""The composition root: opens every part, runs them in one TaskGroup, and stops them in order.

Data path: agents -> switchboard -> (ledger, recognisers) -> outbox -> feed -> broker.

Orderly stop: no new calls, live calls finish within a limit, what is due is delivered, ``stopping``
is said.  A call that outlasts the limit is finished by its agent, and is a memo at the next start.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from functools import cached_property
from typing import Self

import structlog
import uuid6

from sipbot import audio_vault, bus_key, config, control, edge, handover_desk, ports, reviews_desk
from sipbot.accounts_file import AccountsFile
from sipbot.agents import Agents
from sipbot.alerts import Alerts, every_alert
from sipbot.audit_keep import of_people
from sipbot.broker_child import embedded_broker
from sipbot.call_tools import Tools
from sipbot.calls_out import CallsOut
from sipbot.config import Settings
from sipbot.console_link import ConsoleLink, card_of
from sipbot.control import Control
from sipbot.control_answers import handlers as answers_of
from sipbot.desk import CommandDesk
from sipbot.disk_guard import DiskGuard
from sipbot.ear_watch import EarWatch, models_of, reads_again
from sipbot.elsewhere import Elsewhere, follow
from sipbot.from_settings import (
    archive_of,
    audio_keys_of,
    audio_url_of,
    broker_of,
    bucket_of,
    console_of,
    door_of,
    edge_for,
    listening,
    manner_of,
    masked_url_of,
    notices_of,
    phones_by,
    places_of,
    reports_of,
    stacks_of,
)
from sipbot.gauges import Gauges, Parts
from sipbot.herald import herald_of
from sipbot.in_force import InForce
from sipbot.lanes import outbox_of
from sipbot.ledger import Ledger
from sipbot.masked_feed import MaskedFeed
from sipbot.mqtt import Feed
from sipbot.notice_watch import NoticeWatch
from sipbot.other_sites import OtherSites
from sipbot.plan import Dialplan
from sipbot.quota_watch import QuotaWatch
from sipbot.reading import Reading
from sipbot.reconcile import bring_into_step
from sipbot.reload import Reload, Start
from sipbot.service_watch import service_watch_of
from sipbot.sip import wire as sip_wire
from sipbot.sip.client import AgentClient
from sipbot.speech import wire as speech
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ModelRef, Role
from sipbot.spool import Spool, spool_of
from sipbot.sweep import Sweep, sweep_of
from sipbot.switchboard import Switchboard
from sipbot.text_thread import TextThread
from sipbot.timers import wait_until
from sipbot.topics import LivePayload, Topics
from sipbot.troubles import Troubles

STOP_CALLS_S = 20.0
"""How long a stop waits for callers; most messages are shorter (the research's are 8 to 14 s), and
the others are finished by their agent alone."""

STOP_FEED_S = 5.0
"""How long a stop waits for refused calls' rows, then the broker; the next start does the rest."""

FIND_EVERY_S = 0.02
"""Between two looks for agents at the start; a caller of an earlier run waits for it."""

NEWS_MAX = 1000
"""Live events waiting for a slow broker; the oldest go first, for they are worth least."""


class App:
    """One running sipbot; open it with `App.open`, then `run`.

    Args:
        settings: checked.
        dialplans: as they were found.
        ledger: open.
    """

    def __init__(self, settings: Settings, dialplans: Start, ledger: Ledger) -> None:
        self.settings = settings
        self.ledger = ledger
        self.boot = str(uuid6.uuid7())
        self._log = structlog.get_logger()
        self._stop = asyncio.Event()
        self._news: asyncio.Queue[tuple[str, str, LivePayload]] = asyncio.Queue(NEWS_MAX)
        self.broker = broker_of(settings)
        self.accounts = AccountsFile(settings.console.accounts)
        allowed = self.accounts.in_force
        desk = self.desk = CommandDesk(Topics(settings.site), ledger.commands, accounts=allowed)
        self.feed = Feed(self.broker, site=settings.site, boot=self.boot, on_command=desk.hear)
        self.alerts = Alerts(self.feed, left=every_alert(settings.sip.agents, settings.sip.names))
        self.alerts.adopt(dialplans.left)
        tell = self.alerts.tell
        troubles = self.troubles = Troubles(tell)
        self.feed.on_deaf, desk.on_fault = troubles.commands_refused, troubles.command_failed
        where, door = (self.broker.host, self.broker.port), door_of(settings)
        own = not settings.mqtt.host
        self._embedded = embedded_broker(*where, door, troubles) if own else None
        self.reload = Reload(
            dialplans, put=self._put_in_force, publish=self.feed.say_clients, trouble=tell
        )
        self.feed.set_clients(self.reload.hashes)
        wanted = (settings.models, settings.speech)
        models = models_of(*wanted)
        self.spool = Spool(spool_of(settings.var.absolute()), audio_keys_of(settings))
        self.texts = texts = TextThread()
        self.live = self._ear("live", models)
        self.second = self._ear("second", models) if reads_again(*wanted) else None
        self.reading = Reading(ledger, self.spool, self.live, self.second, models, texts)
        who, url, kept = settings.mqtt.masked, masked_url_of(settings), self.spool.recordings
        masked = MaskedFeed(self.feed, who, kept, self.reading, tell, texts, url=url)
        self.notices = NoticeWatch(
            ledger.notices, notices_of(settings), self.reading, texts, self.alerts, self._plans
        )
        self.elsewhere = Elsewhere(archive_of(settings), bucket_of(settings), ledger, kept, tell)
        self.reports = reports_of(settings, ledger, self.alerts, self._plans)
        others = {**self.notices.publishers, **self.reports.publishers}
        self.outbox = outbox_of(ledger, self.feed, masked, others, self.elsewhere, troubles)
        masked.remember, ledger.on_unreadable = ledger.masked.remember, troubles.memo_unreadable
        self._disk = self._disk_guard()
        self.switchboard = self._switchboard(dialplans)
        self.fleet = self._fleet()
        self.agents = self.fleet.all
        self.edge = self._edge()
        self.calls_out = self._calls_out()
        self.quotas = QuotaWatch(ledger=ledger, plans=self._plans, alerts=self.alerts)
        self.service = service_watch_of(ledger, self._plans, self.alerts, self.feed)
        ears = [ear for ear in (self.live, self.second) if ear is not None]
        self._ear_watch = EarWatch(*wanted, ears, plans=self._plans, trouble=tell)
        self.console = self._console() if settings.console.port else None
        self.gauges = Gauges(self._parts_to_look_at())
        self.herald = herald_of(settings.metrics.port, self.gauges, ledger, self.feed, tell)

    @classmethod
    async def open(cls, stack: AsyncExitStack, settings: Settings, dialplans: Start) -> Self:
        """Open the ledger and put everything together; `stack` closes it again.

        Raises:
            SipbotError: a folder or the ledger cannot be used.
        """
        control.own_folder(settings.var)
        await control.refuse_if_running(control.socket_path(settings.var))
        bus_key.make(settings.var)
        await ports.check(*listening(settings))
        ledger = await stack.enter_async_context(Ledger.open(places_of(settings).ledger))
        await follow(ledger, archive_of(settings), bucket_of(settings))
        app = cls(settings, dialplans, ledger)
        stack.callback(app.texts.close)  # before the ledger closes
        await edge.prepare(app.edge, config.DEFAULT_FILE)
        return app

    async def run(self) -> None:
        """Answer calls until `stop`."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part, name=name) for name, part in self._parts()]
            await self._agents_found()
            # The cores are the callers' until agents are connected: models load for seconds.
            tasks += [group.create_task(part, name=name) for name, part in self._hearing()]
            await bring_into_step(self.ledger, self.spool, self.alerts.tell)
            await self.switchboard.recover()
            await self.calls_out.recover()
            tasks.append(group.create_task(self.calls_out.escalation.run(), name="escalation"))
            if self.console is not None:  # callers first
                tasks.append(group.create_task(self.console.run(), name="console"))
            await self._stop.wait()
            await self._wind_down()
            for task in tasks:
                task.cancel()

    def stop(self) -> None:
        """Begin an orderly stop; a second call changes nothing. Called in the event loop."""
        self._stop.set()

    # -- parts ---------------------------------------------------------------------------------

    def _parts(self) -> list[tuple[str, Coroutine[None, None, None]]]:
        """Every part that runs from the beginning, in data-path order."""
        parts = [(f"agent {agent.number}", agent.run()) for agent in self.fleet.everyone]
        parts += [*edge.parts(self.edge), ("switchboard", self.switchboard.run())]
        parts += [("outbox", self.outbox.run()), ("calls back", self.calls_out.back.run())]
        if self._embedded is not None:
            parts.append(("broker", self._embedded.run()))
        parts += [("feed", self._run_feed()), ("news", self._spread_news())]
        parts += [("alerts", self.alerts.run()), ("disk", self._disk.run())]
        parts += of_people(self.settings.console, self.accounts, self.ledger, self.alerts.tell)
        parts += [("dialplans", self.reload.run()), ("quotas", self.quotas.run())]
        parts += [("herald", self.herald.run()), ("control", self._control().run())]
        parts += [("desk", self.desk.run()), ("notices", self.notices.run())]
        parts += [("service", self.service.run()), ("sweep", self.sweep.run())]
        parts += [*self.elsewhere.parts(), ("reports", self.reports.run())]
        kept, told = self.spool.recordings, (self.alerts.tell, self.elsewhere.sealed)
        return parts + audio_vault.parts(self.ledger, self.reading, kept, *told)

    @cached_property
    def sweep(self) -> Sweep:
        """Deletes what was kept long enough, and what commands name."""
        places = places_of(self.settings)
        return sweep_of(places, self.ledger, self.reload, self.switchboard, self.alerts.tell)

    def _hearing(self) -> list[tuple[str, Coroutine[None, None, None]]]:
        """The ears and who watches them."""
        parts = [("live ear", self.live.run()), ("ear watch", self._ear_watch.run())]
        if self.second is not None:
            parts.append(("second ear", self.second.run()))
        return parts

    def _parts_to_look_at(self) -> Parts:
        return Parts(
            site=self.settings.site,
            boot=self.boot,
            var=self.settings.var,
            ledger=self.ledger,
            agents=self.agents,
            live=self.live,
            second=self.second,
            broker=self._embedded,
            feed=self.feed,
            reading=self.reading,
            switchboard=self.switchboard,
            quotas=self.quotas,
            reload=self.reload,
            alerts=self.alerts,
            console=self.console.child if self.console else None,
            edge=self.edge.child if self.edge else None,
            calls_out=self.calls_out,
        )

    def _switchboard(self, dialplans: Start) -> Switchboard:
        tools = Tools(
            ledger=self.ledger,
            spool=self.spool,
            reading=self.reading,
            tell=self._tell,
            audio_url=audio_url_of(self.settings),
            trouble=self.alerts.tell,
        )
        plans = dialplans.in_force.plans
        return Switchboard(dialplans=plans, tools=tools, look_at_disk=self._disk.look)

    def _disk_guard(self) -> DiskGuard:
        return DiskGuard(
            self.settings.var,
            lines=lambda: self.gauges.lines,
            longest_s=lambda: max([0.0, *(p.longest_s for p in self.switchboard.dialplans.all)]),
            refuse=self._refuse,
            trouble=self.alerts.tell,
        )

    def _plans(self) -> Sequence[Dialplan]:
        return self.switchboard.dialplans.all

    # Both in the event loop, from an agent's client.
    def _hear(self, agent: AgentClient, event: sip_wire.Event) -> None:
        self.switchboard.hear(agent, event)
        self.calls_out.hear(agent, event)

    def _agent_gone(self, agent: AgentClient) -> None:
        self.switchboard.agent_gone(agent)
        self.calls_out.agent_gone(agent)

    def _fleet(self) -> Agents:
        return Agents(
            stacks_of(self.settings),
            allow=self.settings.sip.allow,
            run_folder=self.settings.var.absolute() / "run",
            recycle_after_calls=self.settings.sip.recycle_after_calls,
            on_event=self._hear,
            on_gone=self._agent_gone,
            looping=self.troubles.looping,
        )

    def _edge(self) -> edge.Edge | None:
        agents, hear = self.fleet.in_force, self.switchboard.hear
        record, looping = self.ledger.console.record, self.troubles.looping("edge")
        return edge_for(self.settings, agents, hear, record, looping)

    def _calls_out(self) -> CallsOut:
        calls_out = CallsOut(
            self.ledger,
            self.spool,
            agents=lambda: self.agents,
            plans=lambda: self.switchboard.dialplans,
            manner=manner_of(self.settings),
            phones=phones_by(self.settings, self.accounts.in_force),
            folder=self.settings.var.absolute() / "on-call",
            trouble=self.alerts.tell,
        )
        calls_out.escalation.notify = self.notices
        return calls_out

    def _console(self) -> ConsoleLink:
        return ConsoleLink(
            console_of(self.settings),
            self.ledger,
            status=lambda: self.gauges.gather(),  # noqa: PLW0108 - gauges come later
            in_force=lambda: self.reload.in_force,
            on_crash_loop=self.troubles.looping("console"),
            accounts=self.accounts.in_force,
            card=lambda client: card_of(self.switchboard.dialplans.of(client)),
            others=OtherSites(archive_of(self.settings), self.broker, self.accounts.in_force),
        )

    def _ear(self, role: Role, models: tuple[ModelRef, ...]) -> SpeechClient:
        # Event loop, from the recogniser's reader.
        def take(reply: speech.Reply) -> None:
            board = self.switchboard
            (board.heard_live if role == "live" else board.heard_second)(reply)

        looping = self.troubles.looping(f"{role}-recogniser")
        return SpeechClient(role, models, take, on_crash_loop=looping)

    async def _run_feed(self) -> None:
        if self._embedded is not None:
            await self._embedded.ready.wait()
        await self.feed.run()

    async def _agents_found(self) -> None:
        """Wait until it is known which calls outlived an earlier run.

        An agent that is still serving is connected at once; only then is a row without an end state
        the trace of a crash.  An agent that does not start has no calls.
        """
        while not (self._stop.is_set() or all(one.found.is_set() for one in self.fleet.everyone)):
            await asyncio.sleep(FIND_EVERY_S)

    # -- what commands ask -----------------------------------------------------------------------

    def _control(self) -> Control:
        return Control(
            control.socket_path(self.settings.var),
            {
                **answers_of(self.outbox, self.gauges, self.elsewhere.compare),
                **self.sweep.handlers(),
                **reviews_desk.handlers(self.ledger),
                **handover_desk.handlers(self.ledger, places_of(self.settings)),
            },
        )

    # -- stopping -------------------------------------------------------------------------------

    async def _wind_down(self) -> None:
        self._log.info("stopping", calls=self.gauges.lines_in_use)
        self.gauges.stopping = True
        self.fleet.drain()  # first: a broker that hangs must not let more callers in
        await self.herald.stopping()
        await wait_until(lambda: not self.switchboard.calls, STOP_CALLS_S)
        await wait_until(lambda: not any(agent.refused for agent in self.agents), STOP_FEED_S)
        try:
            async with asyncio.timeout(STOP_FEED_S):
                await self.outbox.run_once()
        except TimeoutError:
            self._log.warning("not everything due is taken; it stays due")
        self.feed.stop()
        await wait_until(lambda: not self.feed.connected.is_set(), STOP_FEED_S)

    # -- what the world is told -----------------------------------------------------------------

    def _tell(self, client: str, call: str, payload: LivePayload) -> None:
        if payload.type == "partial" and not self.settings.speech.partials:
            return
        if self.console is not None:
            self.console.live(client, call, payload)
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait((client, call, payload))

    async def _spread_news(self) -> None:
        while True:
            await self.feed.live(*await self._news.get())

    # Both in the event loop, from the disk's guard and from the dialplans' reload.
    def _refuse(self, why: str) -> None:
        self.switchboard.refusing = why

    def _put_in_force(self, in_force: InForce) -> None:
        self.switchboard.dialplans = in_force.plans
