"""Sees to it that clients get their reports at the times that their files say, each once.

Data path: dialplan -> [report_watch] -> report_order -> ledger -> outbox -> report_target

It looks every few seconds instead of sleeping until the next time: clocks are set, files change,
and a site that was off finds what it has missed in the same way.  The order of a report and the
moment up to which this client was looked after are stored in one transaction, so that a crash makes
neither two of them nor none.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import structlog

from sipbot import report_order, report_target
from sipbot.alerts import Alerts
from sipbot.archive_store import Server
from sipbot.errors import LedgerError, without_words
from sipbot.ledger_notices import Notices, Told, Waiting
from sipbot.notice import Attachment
from sipbot.notice_target import NoticeTarget
from sipbot.notice_watch import NoticeSettings, ways_to
from sipbot.plan import Dialplan
from sipbot.publisher import Publisher
from sipbot.reckoning import Reckoner
from sipbot.report.files import reader_of
from sipbot.report_form import KINDS, ReportKind
from sipbot.report_order import Order, ReportAsk, key_of, mark_of
from sipbot.report_target import ReportTarget
from sipbot.report_times import following, latest, period_of

LOOK_EVERY_S = 10.0
"""How late a report is ordered at most; making it takes as long (our wish)."""

UNDECIDED = "reports-undecided"
"""Alert: with an archive, somebody has to say which of its sites sends."""

_log = structlog.get_logger()


class ReportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known to send reports."""

    notices: NoticeSettings
    wanted: Literal["site", "archive", "off", "undecided"]
    dialplans: Path
    region: str
    var: Path
    archive: Server | None = None


class _Wanted(NamedTuple):
    """A kind of report that a client gets."""

    plan: Dialplan
    kind: ReportKind
    at: str
    """As its file says it."""


class _Span(NamedTuple):
    """Between two moments at which a report is due there is nothing to do."""

    since: datetime
    until: datetime


class ReportWatch:
    """Orders reports; everything runs in the event loop.

    Args:
        ledger: where orders are stored.
        settings: where they go.
        reckoner: has them made by a process of its own.
        alerts: where trouble is told.
        plans: returns every client's dialplan as it is in force.
        clock: the time, UTC-aware.

    Attributes:
        publishers: for the outbox, by the names that deliveries have for them.
    """

    def __init__(
        self,
        ledger: Notices,
        settings: ReportSettings,
        reckoner: Reckoner,
        alerts: Alerts,
        plans: Callable[[], Sequence[Dialplan]],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._reckoner = reckoner
        self._trouble = alerts.tell
        self._plans = plans
        self._clock = clock
        self._seen: Sequence[Dialplan] | None = None
        self._by_client: dict[str, Dialplan] = {}
        self._wanted: dict[str, _Wanted] = {}
        """By the mark that the ledger has for it."""
        self._marks: dict[str, datetime] = {}
        """Up to when each was looked after, as the ledger has it."""
        self._quiet: dict[str, _Span] = {}
        self._turn = asyncio.Lock()
        """One report is made at a time: callers have the processor."""
        on = settings.wanted in ("site", "archive")
        ways = ways_to(settings.notices) if on else {}
        self.publishers: dict[str, Publisher] = {}
        for name, send in ways.items():
            alert = report_target.alert_of(name)
            way = NoticeTarget(name, send, alerts.tell, alert=alert)
            publisher = ReportTarget(name, ledger, self._make, self._name_of, way, clock)
            self.publishers[report_order.target_of(name)] = publisher
        left = [UNDECIDED, *map(report_target.alert_of, ways_to(settings.notices))]
        alerts.adopt(left)  # an earlier run may have raised them
        for alert in left:
            alerts.tell(alert, None)

    async def run(self) -> None:
        """Watch until cancelled."""
        begun = False
        while True:
            try:
                if not begun:
                    await self.begin()
                    begun = True
                await self.look()
            except LedgerError as error:
                _log.warning("no reports are ordered now", problem=str(error))
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not end all calls
                _log.error("no reports are ordered now", problem=without_words(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def begin(self) -> None:
        """Take over what an earlier run has left.

        Raises:
            LedgerError: the ledger refuses.
        """
        marks = await self._ledger.marks(report_order.MARK)
        self._marks = {name: datetime.fromtimestamp(at, UTC) for name, at in marks.items()}
        prefix, there = report_order.PREFIX, self.publishers.keys()
        if there and await self._ledger.bury_lost(prefix, there, self._clock()):
            _log.error("reports whose target is in the settings no more")

    async def look(self) -> None:
        """Order what is due.

        Raises:
            LedgerError: the ledger refuses; the next look goes on.
        """
        plans = self._plans()
        if plans is not self._seen:
            await self._follow(plans)
            self._seen = plans
        now = self._clock()
        for mark, wanted in self._wanted.items():
            quiet = self._quiet.get(mark)
            if quiet is None or not quiet.since <= now < quiet.until:
                await self._look_at(mark, wanted, now)

    async def _follow(self, plans: Sequence[Dialplan]) -> None:
        """Take over who gets which reports; who gets none any more is forgotten."""
        self._by_client = {plan.client: plan for plan in plans}
        wanted = {
            mark_of(kind, plan.client): _Wanted(plan, kind, plan.form.report.at(kind))
            for plan in plans
            for kind in KINDS
            if plan.form.report is not None and plan.form.report.at(kind)
        }
        undecided = self._settings.wanted == "undecided" and bool(wanted)
        problem = "reports do not go out: this site has an archive, and others may have it too"
        remedy = 'Write notify.reports in config.toml: "archive" at one site, "off" at the others'
        self._trouble(UNDECIDED, problem if undecided else None, remedy)
        self._wanted = wanted if self.publishers else {}
        self._quiet.clear()
        waiting = await self._ledger.waiting(report_order.PREFIX)
        withdrawn = [one for one in waiting if not self._is_wanted(one)]
        if withdrawn:
            await self._ledger.withdraw([one.id for one in withdrawn])
            names = [f"{one.client} {one.req} {one.target}" for one in withdrawn]
            _log.warning("reports that are not wanted any more", reports=names)
        gone = self._marks.keys() - self._wanted.keys()
        if gone:
            await self._ledger.tell_all((), dict.fromkeys(gone))
            for mark in gone:
                del self._marks[mark]

    def _is_wanted(self, waiting: Waiting) -> bool:
        plan = self._by_client.get(waiting.client)
        target = waiting.target.removeprefix(report_order.PREFIX)
        kind = waiting.req.split(":")[1]
        gets = plan is not None and _gets(plan, target, kind)
        return gets and bool(self.publishers)

    async def _look_at(self, mark: str, wanted: _Wanted, now: datetime) -> None:
        plan, kind, at = wanted
        tz, until = plan.hours.tz, self._marks.get(mark)
        due, later = latest(kind, at, tz, now), following(kind, at, tz, now)
        if until is None or until > later:
            # New, or marked by a clock that was ahead: from now on.
            await self._store(mark, now.replace(microsecond=0), ())
        elif due > until:
            await self._store(mark, due, _orders(wanted, due, now))
        self._quiet[mark] = _Span(due, later)

    async def _store(self, mark: str, until: datetime, told: Sequence[Told]) -> None:
        await self._ledger.tell_all(told, {mark: int(until.timestamp())})
        self._marks[mark] = until
        for one in told:
            _log.info("report ordered", client=one.client, report=one.key, target=one.target)

    # From the outbox, when a report is to be sent: what is in force then counts.
    def _name_of(self, client: str, target: str, order: Order) -> str | None:
        plan = next((one for one in self._plans() if one.client == client), None)
        return plan.say_name if plan is not None and _gets(plan, target, order.kind) else None

    async def _make(self, client: str, order: Order) -> list[Attachment]:
        given = self._settings
        async with self._turn:
            ask = ReportAsk(
                client=client,
                order=order,
                now=self._clock(),
                dialplans=str(given.dialplans),
                region=given.region,
                var=str(given.var),
                archive=given.archive,
            )
            return await self._reckoner.report(ask)


def _gets(plan: Dialplan, target: str, kind: str) -> bool:
    form = plan.form.report
    return any(
        kind == one and form is not None and bool(form.at(one)) and _leads(plan, target, one)
        for one in KINDS
    )


def _leads(plan: Dialplan, target: str, kind: ReportKind) -> bool:
    return any(one.target == target and kind in one.on for one in plan.channels)


def _orders(wanted: _Wanted, due: datetime, now: datetime) -> list[Told]:
    plan, kind, _ = wanted
    form = plan.form.report
    assert form is not None  # else nothing was wanted
    period = period_of(kind, due, plan.hours.tz)
    return [
        Told(
            client=plan.client,
            channel=one.name,
            target=report_order.target_of(one.target),
            key=key_of(kind, period),
            notice=Order(
                ts=now,
                kind=kind,
                period=period,
                files=form.files,
                language=one.language or reader_of(plan),
                channel=one.name,
            ),
        )
        for one in plan.channels
        if kind in one.on
    ]
