"""Sees to it that people are told of memos by mail and chat, each once, at the time they asked for.

Data path: ledger -> [notice_watch] -> notice_text -> ledger -> outbox -> notice_target

It looks at the ledger every two seconds instead of listening for changes: a memo that came while
sipbot was down, a text that never came and a time of day are all found in the same way.
"""

import asyncio
import hashlib
import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import structlog
import uuid6

from sipbot import kana
from sipbot.alerts import Alerts
from sipbot.dialplan_elsewhere import where_lost
from sipbot.errors import LedgerError, without_words
from sipbot.ledger_notices import AT_ONCE, Kept, Looked, Notices, Told
from sipbot.masked_feed import Facts
from sipbot.masked_memo import masked
from sipbot.masking import mask_of
from sipbot.memo import Memo
from sipbot.notice import Notice, target_of
from sipbot.notice_form import NotifyForm
from sipbot.notice_sender import Sent, put, send, warm_up
from sipbot.notice_target import NoticeTarget, alert_of
from sipbot.notice_text import SUBJECT_MAX, Shown, Style, cut, notice_of
from sipbot.notice_times import channels_for, due_until, is_ready
from sipbot.plan import Dialplan
from sipbot.publisher import Publisher
from sipbot.terminal import printable
from sipbot.text_thread import TextThread

LOOK_EVERY_S = 2.0
"""How late a notification is at most; mail takes longer (our wish)."""

AGAIN = timedelta(seconds=10)
"""Until what could not be told for a mistake of ours is tried again."""

MASKING, TARGETS = "notice-masking", "notice-targets"
"""Alerts: a memo could not be masked; a client's channel leads nowhere."""

_log = structlog.get_logger()


class NoticeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where messages may go."""

    targets: dict[str, str] = {}
    """Name of a ``[[notify.target]]`` to its address, which holds a password."""
    folders: dict[str, Path] = {}
    """Name of a target to the folder that gets its reports."""
    link: str = ""
    """Address of a memo in the web console up to its id; empty: there is none."""


def ways_to(settings: NoticeSettings) -> dict[str, Callable[[Notice], Sent]]:
    """Return what sends a notice to each target; it blocks."""
    return {
        **{name: partial(send, url) for name, url in settings.targets.items()},
        **{name: partial(put, folder) for name, folder in settings.folders.items()},
    }


class NoticeWatch:
    """A `sipbot.notice.Notify`; everything but the texts runs in the event loop.

    Args:
        ledger: where memos wait and messages are stored.
        settings: where messages may go.
        reading: is asked for a client's facts when one of its memos is masked.
        texts: where memos are masked.
        alerts: where trouble is told.
        plans: returns every client's dialplan as it is in force.
        clock: the time, UTC-aware.

    Attributes:
        publishers: for the outbox, by the names that deliveries have for them.
    """

    def __init__(
        self,
        ledger: Notices,
        settings: NoticeSettings,
        reading: Facts,
        texts: TextThread,
        alerts: Alerts,
        plans: Callable[[], Sequence[Dialplan]],
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._plans = plans
        self._targets = settings.targets.keys() | settings.folders.keys()
        self._link = settings.link
        self._reading = reading
        self._texts = texts
        self._trouble = alerts.tell
        self._clock = clock
        self._seen: Sequence[Dialplan] = ()
        self._by_client: dict[str, Dialplan] = {}
        self._told_of: Sequence[Dialplan] | None = None
        """The dialplans whose lost targets were told."""
        self._passed = ""
        """Up to this id memos were looked at in this round; those whose texts are not there yet
        hide no others."""
        self._again: dict[tuple[str, str], datetime] = {}
        """Client and channel that failed → when they are tried again."""
        self.publishers: dict[str, Publisher] = {
            target_of(name): NoticeTarget(name, way, alerts.tell)
            for name, way in ways_to(settings).items()
        }
        left = [MASKING, TARGETS, *map(alert_of, self._targets)]
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
                    if self._targets:
                        # Of its own, as for messages: it must not hold up our end.
                        threading.Thread(target=warm_up, name="notify load", daemon=True).start()
                await self.look()
            except LedgerError as error:
                _log.warning("nobody is told of memos now", problem=str(error))
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not end all calls
                _log.error("nobody is told of memos now", problem=without_words(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def begin(self) -> None:
        """Take the settings' targets over.

        Raises:
            LedgerError: the ledger refuses.
        """
        lost = await self._ledger.begin([target_of(one) for one in self._targets], self._clock())
        if lost:
            _log.error("messages whose target is in the settings no more", messages=lost)

    async def look(self) -> None:
        """Look at new memos, and tell what is due.

        Raises:
            LedgerError: the ledger refuses; the next look goes on.
        """
        self._follow_the_dialplans()
        await self._tell_of_lost_targets()
        if not self._targets:
            return
        await self._look_at_memos()
        for kept in await self._ledger.kept():
            await self._try(kept)

    async def tell(
        self, client: str, channel: str, subject: str, body: str, *, once: str = ""
    ) -> bool:
        """See `sipbot.notice.Notify`."""
        found = self._channel(client, channel)
        if found is None:
            return False
        line = cut(printable(subject), SUBJECT_MAX)
        notice = Notice(ts=self._clock(), subject=line, body=body)
        await self._store(client, found[1], notice, _key(channel, once))
        return True

    async def tell_of(self, channel: str, memo: Memo, why: str, *, once: str = "") -> bool:
        """See `sipbot.notice.Notify`."""
        found = self._channel(memo.client, channel)
        if found is None:
            return False
        plan, form = found
        shown = await self._shown(memo, form)
        notice = notice_of([shown], self._style(plan, form), self._clock(), why)
        await self._store(memo.client, form, notice, _key(channel, once))
        return True

    def _channel(self, client: str, name: str) -> tuple[Dialplan, NotifyForm] | None:
        self._follow_the_dialplans()
        plan = self._by_client.get(client)
        if plan is None:
            return None
        form = next((one for one in plan.channels if one.name == name), None)
        return None if form is None else (plan, form)

    def _follow_the_dialplans(self) -> None:
        plans = self._plans()
        if plans is not self._seen:
            self._seen = plans
            self._by_client = {plan.client: plan for plan in plans}

    async def _tell_of_lost_targets(self) -> None:
        """Say which clients' channels lead nowhere, whenever the dialplans have changed."""
        plans = self._seen
        if plans is self._told_of:
            return
        self._told_of = plans
        lost = [
            (plan, one)
            for plan in plans
            for one in plan.channels
            if one.target not in self._targets
        ]
        if not lost:
            self._trouble(TARGETS, None, "")
            return
        plan, first = lost[0]
        problem = f"channels that lead to no [[notify.target]]: {len(lost)}, as "
        remedy = "Add it to config.toml"
        place = await asyncio.to_thread(where_lost, plan, self._targets)
        if place is None:
            problem += f"{plan.client}: {first.name} → {first.target}"
        else:
            problem += f"{place.file.name}:{place.line}:{place.column}: {place.key} = {place.value}"
            remedy = place.remedy
        remedy = f"{remedy} (config.toml is read at the start); sipbot notify list shows all"
        self._trouble(TARGETS, printable(problem), printable(remedy))

    async def _look_at_memos(self) -> None:
        now = self._clock()
        looked = []
        found = await self._ledger.unnoticed(self._passed)
        more = len(found) == AT_ONCE
        self._passed = max(found) if more else ""
        if more:  # what has just come waits for no round through thousands
            found |= await self._ledger.unnoticed(newest=True)
        for identifier, memo in found.items():
            if memo is None:
                looked.append(Looked(memo=identifier, client=""))
            elif is_ready(memo, now):
                plan = self._by_client.get(memo.client)
                channels = channels_for(memo, plan.channels) if plan else ()
                looked.append(Looked(memo=memo.id, client=memo.client, channels=channels))
        if looked:
            await self._ledger.keep(looked, now)

    async def _try(self, kept: Kept) -> None:
        """Tell what a channel has; one that fails comes again, and keeps no other one waiting."""
        channel = (kept.client, kept.channel)
        again = self._again.get(channel)
        if again is not None and self._clock() < again:
            return
        self._again.pop(channel, None)
        try:
            await self._tell_kept(kept)
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop all others
            problem, where = without_words(error), f"{kept.client}: {kept.channel}"
            _log.error("nobody is told of memos on a channel", channel=where, problem=problem)
            self._again[channel] = self._clock() + AGAIN

    async def _tell_kept(self, kept: Kept) -> None:
        found = self._channel(kept.client, kept.channel)
        if found is None:
            gone = await self._ledger.forget(kept.client, kept.channel)
            _log.warning("a channel is gone", client=kept.client, channel=kept.channel, memos=gone)
            return
        plan, form = found
        until = due_until(form, plan.hours, kept.since, self._clock())
        if until is None:
            return
        memos = await self._ledger.kept_memos(kept.client, kept.channel, until)
        shown = {
            one: one if memo is None else await self._shown(memo, form)
            for one, memo in memos.items()
        }
        style = self._style(plan, form)
        together = [list(shown)] if form.when == "digest" else [[one] for one in shown]
        for some in together:
            notice = notice_of([shown[one] for one in some], style, self._clock())
            # The first memo is told in one message of this channel, and in no second one.
            await self._store(kept.client, form, notice, f"{form.name}:{some[0]}", some)

    async def _store(
        self,
        client: str,
        form: NotifyForm,
        notice: Notice,
        key: str,
        done: Collection[str] = (),
    ) -> None:
        target = target_of(form.target)
        told = Told(client=client, channel=form.name, target=target, key=key, notice=notice)
        if await self._ledger.tell(told, done):
            log = _log.bind(client=client, channel=form.name)
            log.info("people are to be told", memos=list(done), target=form.target)

    def _style(self, plan: Dialplan, form: NotifyForm) -> Style:
        return Style(
            language=form.language or plan.language,
            say_name=plan.say_name,
            zone=plan.hours.tz,
            link=self._link,
        )

    async def _shown(self, memo: Memo, form: NotifyForm) -> Shown | str:
        """Return a memo as a channel may show it; its id when it cannot be masked."""
        if form.what == "full":
            return memo
        try:
            return await self._texts.run(partial(self._masked, memo))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not end all notifications
            # Neither message nor values: both may hold what the caller said.
            _log.error(
                "a memo could not be masked; people are told that it came",
                memo=memo.id,
                problem=without_words(error),
            )
            problem = f"a memo that cannot be masked was told without its contents: {memo.id}"
            self._trouble(MASKING, problem, "Report it with the log; the memo itself is complete")
            return memo.id

    # The thread of the texts.
    def _masked(self, memo: Memo) -> Shown | str:
        facts = self._reading.facts(memo.client)
        if not facts.known:
            return memo.id
        language = (memo.language or "").split("-", 1)[0]
        return masked(memo, mask_of(memo, facts, kana.reading if language == "ja" else None))


def _key(channel: str, once: str) -> str:
    """Return what tells a message from others: no longer than an operator's ``req``."""
    if not once:
        return f"{channel}:{uuid6.uuid7()}"
    return f"{channel}:{hashlib.sha256(once.encode()).hexdigest()[:24]}"
