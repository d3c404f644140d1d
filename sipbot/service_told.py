"""Tells a client that its service is below what was promised, and that it is back, each once.

Data path: kpi -> service -> service_watch -> [service_told] -> ledger -> outbox -> notice_target

Only where the client's file has ``on = ["service"]`` in a [[notify]].  What was told is kept in the
same transaction as the messages, so that a crash repeats none of them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from sipbot.kpi import Figures
from sipbot.ledger_notices import Notices, Told
from sipbot.notice import Notice, target_of
from sipbot.notice_form import NotifyForm
from sipbot.plan import Dialplan
from sipbot.service import Lapse, met
from sipbot.service_words import fallen_text, met_text, settled

MARK = "told:"
"""Before client and figure in the ledger's table `meta`: since when it has been below, in s."""

_log = structlog.get_logger()


class ServiceTold:
    """What clients know of their service; everything runs in the event loop.

    Every method raises LedgerError when the ledger refuses.

    Args:
        ledger: keeps messages and what was told.
    """

    def __init__(self, ledger: Notices) -> None:
        self._ledger = ledger
        self._since: dict[str, dict[str, datetime]] | None = None
        """Client → figure → since when it has been below, as the client was told; None until an
        earlier run's were asked for."""
        self._well: dict[str, dict[str, datetime]] = {}
        """Client → figure of those → since when it has been met again."""

    async def look(
        self, plan: Dialplan, found: Figures | None, below: Sequence[Lapse], now: datetime
    ) -> None:
        """Tell what a client does not know yet.

        Args:
            plan: the client's.
            found: its figures; None: nothing was promised.
            below: those of them that are below their targets.
            now: UTC-aware.
        """
        known = (await self._known()).get(plan.client, {})
        channels = [one for one in plan.channels if "service" in one.on]
        promised = plan.form.targets.limits() if plan.form.targets else {}
        await self._forget(plan.client, known.keys() - (promised if channels else {}).keys())
        if found is None or not channels:
            return
        fallen = [one for one in below if one.key not in known]
        fine = met(plan, found) - {one.key for one in below}
        well = self._well.get(plan.client, {})
        well = {key: well.get(key, now) for key in known if key in fine}
        self._well[plan.client] = well
        back = sorted(key for key, since in well.items() if settled(since, now))
        if fallen:
            marks = {one.key: now for one in fallen}
            await self._say(
                plan, channels, now, marks, lambda to: fallen_text(plan, fallen, to, now)
            )
        if back:
            values = [(found[key], known[key]) for key in back]
            gone: dict[str, datetime | None] = dict.fromkeys(back)
            await self._say(plan, channels, now, gone, lambda to: met_text(plan, values, to, now))

    async def forget_all_but(self, clients: Collection[str]) -> None:
        """Forget what was told to clients that are gone."""
        for client in sorted((await self._known()).keys() - set(clients)):
            await self._forget(client, self._since_of(client).keys())

    async def _known(self) -> dict[str, dict[str, datetime]]:
        if self._since is None:
            found: dict[str, dict[str, datetime]] = {}
            for name, at in (await self._ledger.marks(MARK)).items():
                client, key = name.removeprefix(MARK).split(":")
                found.setdefault(client, {})[key] = datetime.fromtimestamp(at, UTC)
            self._since = found
        return self._since

    def _since_of(self, client: str) -> dict[str, datetime]:
        return self._since.get(client, {}) if self._since is not None else {}

    async def _forget(self, client: str, keys: Collection[str]) -> None:
        """Forget figures that are promised no more, or of which nobody is told any more."""
        if keys:
            await self._keep(client, (), dict.fromkeys(keys))

    async def _say(
        self,
        plan: Dialplan,
        channels: Sequence[NotifyForm],
        now: datetime,
        marks: Mapping[str, datetime | None],
        text: Callable[[NotifyForm], tuple[str, str]],
    ) -> None:
        about = "fell" if any(marks.values()) else "met"
        told = []
        for one in channels:
            subject, body = text(one)
            message = Told(
                client=plan.client,
                channel=one.name,
                target=target_of(one.target),
                key=f"service:{about}:{int(now.timestamp())}:{one.name}",
                notice=Notice(ts=now, subject=subject, body=body),
            )
            told.append(message)
        await self._keep(plan.client, told, marks)
        _log.info("client is told of its service", client=plan.client, figures=sorted(marks))

    async def _keep(
        self, client: str, told: Sequence[Told], marks: Mapping[str, datetime | None]
    ) -> None:
        stored = {
            f"{MARK}{client}:{key}": None if at is None else int(at.timestamp())
            for key, at in marks.items()
        }
        await self._ledger.tell_all(told, stored)
        known = (await self._known()).setdefault(client, {})
        for key, at in marks.items():
            if at is None:
                known.pop(key, None)
                self._well.get(client, {}).pop(key, None)
            else:
                known[key] = at
        if not known:
            del (await self._known())[client]
