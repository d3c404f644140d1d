"""Due deliveries, in order per client, until each target has them or has refused them too often.

The ledger is the queue; these loops only ask it "what is due?".  A delivery is the whole memo, then
the event that says so; it counts as made when the target has acknowledged both.  A crash between
the two repeats both: readers drop a (memo, rev) they know (``docs/mqtt.md``).  The answer to an
operator's command is a delivery too, after the memo that it speaks of.

A target that is away is waited for, however long.  A delivery that a working target refuses again
and again becomes a dead letter: it stays in the ledger, raises an alert, holds nobody back any
more, and waits for ``sipbot outbox retry`` or for a later revision of its memo.

A ledger that refuses (its disk is full, somebody holds its lock) is asked again until it answers:
callers are still being answered meanwhile, and their messages are on the disk.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from sipbot.backoff import backoff_s
from sipbot.errors import FeedError, LedgerError
from sipbot.ledger import MQTT, Delivery, Ledger, Retry
from sipbot.ledger_deliveries import LONGEST_WAIT_S
from sipbot.memo import Memo
from sipbot.patience import LedgerPatience
from sipbot.publisher import Publisher

__all__ = ["Outbox", "Publisher"]

BATCH = 100
"""Deliveries read from the ledger at a time; bounds memory after a long outage (a memo with every
word of 30 minutes timed is below 600 kB, see sipbot/lines.py)."""

TOLD_AT_ONCE = 20
"""Deliveries that the target has acknowledged and the ledger stores as made in one transaction, at
the latest; as many are repeated after a crash.  Each by itself took 44 ms, nearly all of it the
disk's (measured, 50 operators on 2 cores), and answers to commands wait for one another."""

RETRY_BASE_S = 1.0
RETRY_CAP_S = LONGEST_WAIT_S
"""After a broker that answers has refused a delivery, or the ledger has refused.  A lost connection
does not wait for these: all deliveries are due again on reconnect."""

FORGET_EVERY_S = 0.2
"""Between two steps of `sipbot.ledger_payloads`, once after an upgrade: a million deliveries take
twenty minutes, and nobody waits for them."""

SUSPECT = 2
"""Refusals from which a reconnect makes a delivery due no more.  An MQTT 3.1.1 broker can refuse a
message only by closing the connection (section 3.3.5): the first time that may have been any loss
of a connection, but a message that closes every connection must not close them all at once."""

MAX_REFUSALS = 8
"""Refusals that make a dead letter.  With the waits above this takes 1 to 2 minutes, so it is seen
while somebody still knows what was changed at the broker, and a client's other memos do not wait
longer than that (our wish)."""

_log = structlog.get_logger()


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Outbox:
    """Delivers what the ledger says is due, each target at its own pace.

    Args:
        ledger: the queue.
        publishers: target as named in the ledger → who reaches it.
        on_dead: called in the event loop with the number of dead letters, when it changes and at
            the start.
        on_trouble: called in the event loop with the ledger's words when it begins to refuse, and
            with None when it answers again.
        now: the clock, UTC-aware.
        die: a random number, 0 <= die < 1, for the jitter of retries.
    """

    def __init__(
        self,
        ledger: Ledger,
        publishers: Mapping[str, Publisher],
        *,
        on_dead: Callable[[int], None] = lambda _: None,
        on_trouble: Callable[[str | None], None] = lambda _: None,
        now: Callable[[], datetime] = utc_now,
        die: Callable[[], float] = random.random,
    ) -> None:
        self._ledger = ledger
        self._on_dead = on_dead
        self._now = now
        self._dead: int | None = None
        self._patience = LedgerPatience(on_trouble, partial(_wait_s, die))
        self._lanes = [
            _Lane(
                target,
                ledger,
                publisher,
                patience=self._patience,
                now=now,
                die=die,
                tell_dead=self._tell_dead,
            )
            for target, publisher in publishers.items()
        ]
        ledger.on_delivery = self.nudge

    def nudge(self) -> None:
        """Look again now: a delivery was stored, or a target is back."""
        for lane in self._lanes:
            lane.nudged.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._patience.insist(self._tell_dead), name="dead letters")
            group.create_task(self._forget_payloads(), name="old payloads")
            for lane in self._lanes:
                group.create_task(lane.run(), name=f"outbox {lane.target}")

    async def run_once(self) -> None:
        """Say again what each target may have forgotten, then make every due delivery.

        What cannot be made because the ledger refuses is still due afterwards.
        """
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(self._once(lane), name=f"outbox {lane.target}")

    async def retry(self, identifiers: Sequence[int], *, all_dead: bool = False) -> Retry:
        """Try deliveries again now, as if they had never been refused.

        Raises:
            LedgerError: the ledger cannot be written.
        """
        done = await self._ledger.retry(identifiers, self._now(), all_dead=all_dead)
        _log.info("deliveries tried again", deliveries=done.retried)
        await self._tell_dead()
        self.nudge()
        return done

    async def _once(self, lane: "_Lane") -> None:
        try:
            await lane.run_once()
        except LedgerError as error:
            self._patience.refused(error)
        else:
            self._patience.answered()

    async def _forget_payloads(self) -> None:
        while await self._patience.insist(self._ledger.old_payloads.forget):
            await asyncio.sleep(FORGET_EVERY_S)

    async def _tell_dead(self) -> None:
        dead = await self._ledger.dead_letters()
        if dead != self._dead:
            self._dead = dead
            self._on_dead(dead)


class _Lane:
    """The deliveries to one target; see `Outbox` for the arguments."""

    def __init__(
        self,
        target: str,
        ledger: Ledger,
        publisher: Publisher,
        *,
        patience: LedgerPatience,
        now: Callable[[], datetime],
        die: Callable[[], float],
        tell_dead: Callable[[], Awaitable[None]],
    ) -> None:
        self.target = target
        self.nudged = asyncio.Event()
        self._ledger = ledger
        self._publisher = publisher
        self._patience = patience
        self._now = now
        self._die = die
        self._tell_dead = tell_dead
        self._session = 0
        """To which all open memos were said again."""
        self._restating = 0
        """To which they are being said again, or were."""
        self._said_until = ""
        """Id of the latest of them."""
        self._told: list[int] = []
        """Deliveries that were made and are not stored as made."""
        self._turn = asyncio.Lock()
        self._log = _log.bind(target=target)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            await self._publisher.connected.wait()
            self.nudged.clear()
            if await self._patience.insist(self.run_once):
                await self._wait_for_work()
            else:
                await asyncio.sleep(RETRY_BASE_S)

    async def run_once(self) -> bool:
        """Say again what the target may have forgotten, then make every due delivery.

        Returns:
            False when the target would not take the open memos; try the whole again.

        Raises:
            LedgerError: the ledger refused; what was not stored as delivered is still due.
        """
        async with self._turn:  # an orderly stop asks beside `run`; nothing should go out twice
            await self._settle()  # what the ledger has refused to store
            while self._session != self._publisher.session:
                if not await self._restate():
                    return False
                # A new memo waits neither for a long list nor for a connection that lasts so long.
                await self._deliver_batch(await self._due())
            while self._publisher.connected.is_set():
                due = await self._due()
                if not due:
                    break
                await self._deliver_batch(due)
            return True

    async def _due(self) -> list[Delivery]:
        return await self._ledger.due_deliveries(self._now(), BATCH, self.target)

    async def _restate(self) -> bool:
        """Publish a page of the open memos: a broker that was restarted may hold none of them.

        Those with a delivery still to be made are left to it, or an old revision would follow the
        newer one on the retained topic; dead letters are left alone.

        Returns:
            False when the target would not take them; ask for the rest of the page again.
        """
        session = self._publisher.session
        if self._restating != session:
            await self._ledger.make_due(self._now(), self.target, suspect=SUSPECT)
            self._restating, self._said_until = session, ""
        page = await self._ledger.open_memos(self._said_until, told=self.target)
        for memo in page.memos:
            if not await self._say_again(memo):
                return False
            self._said_until = memo.id
        self._log.info("open memos published again", memos=len(page.memos))
        if page.last is None:
            self._session = session
        else:
            self._said_until = page.last
        return True

    async def _say_again(self, memo: Memo) -> bool:
        """Publish one open memo; False when no other can be published after it."""
        session = self._publisher.session
        if not self._publisher.connected.is_set():
            return False
        try:
            await self._publisher.publish_memo(
                memo.client, memo.id, memo.model_dump_json().encode()
            )
        except FeedError as error:
            log = self._log.bind(memo=memo.id, rev=memo.rev, client=memo.client)
            log.warning("open memo not published again", error=str(error))
            refusal = await self._refusal(session, error)
            if refusal is None:
                return False
            # What the target took once may be too much for it now; as a delivery it is tried,
            # counted and, in the end, put aside like any other.
            due_at = self._now() + timedelta(seconds=self._wait_s(1))
            taken_back = await self._ledger.take_back(self.target, memo, refusal, due_at)
            return taken_back and self._publisher.connected.is_set()
        return True

    async def _deliver_batch(self, due: list[Delivery]) -> None:
        held_back: set[str] = set()
        try:
            for delivery in due:
                if not self._publisher.connected.is_set():
                    break
                if delivery.client not in held_back and not await self._deliver(delivery):
                    held_back.add(delivery.client)
        except asyncio.CancelledError:
            with suppress(LedgerError):  # they are told again, then
                await self._settle()
            raise
        await self._settle()

    async def _deliver(self, delivery: Delivery) -> bool:
        """Make a delivery; False when the client's later ones have to wait for it."""
        log = self._log.bind(memo=delivery.memo, rev=delivery.rev, client=delivery.client)
        log = log.bind(req=delivery.req) if delivery.req is not None else log
        session = self._publisher.session
        try:
            await self._publish(delivery)
        except FeedError as error:
            await self._settle()
            refusal = await self._refusal(session, error)
            if refusal is None:
                await self._defer(delivery, str(error), log)
                return False
            return await self._count_refusal(delivery, refusal, log)
        log.info("delivered", seq=delivery.seq)
        self._told.append(delivery.id)
        closed = self.target == MQTT and delivery.memo is not None and not delivery.payload
        # A crash must not put a closed memo back on the open list for those who subscribe then.
        if closed or len(self._told) == TOLD_AT_ONCE:
            await self._settle()
        return True

    async def _settle(self) -> None:
        """Store what was delivered."""
        if not self._told:
            return
        superseded = await self._ledger.delivered(tuple(self._told), self._now())
        self._told.clear()
        if superseded:
            self._log.info("older revisions superseded", deliveries=superseded)
            await self._tell_dead()

    async def _publish(self, delivery: Delivery) -> None:
        if delivery.req is not None:
            await self._publisher.publish_answer(delivery.client, delivery.req, delivery.payload)
        if delivery.memo is not None:
            await self._publisher.publish_memo(delivery.client, delivery.memo, delivery.payload)
            await self._publisher.publish_feed(delivery.client, delivery.event)

    async def _refusal(self, session: int, error: FeedError) -> str | None:
        """Say how the target refused, or None when the failure was not the delivery's own.

        A connection that broke over the delivery counts: it is how MQTT 3.1.1 refuses, and the
        next attempt comes only after the target has been there again.  A target without sessions
        has words for a refusal; when its connection breaks, it is away, and was not there since.
        """
        if self._publisher.session != session or not self._publisher.connected.is_set():
            return f"{error}: the connection was closed over it" if session else None
        if await self._publisher.works():
            return f"{error}, which takes other messages"
        return None

    async def _defer(
        self, delivery: Delivery, error: str, log: structlog.typing.FilteringBoundLogger
    ) -> None:
        wait_s = self._wait_s(delivery.attempts + 1)
        due_at = self._now() + timedelta(seconds=wait_s)
        await self._ledger.deferred(delivery.id, error, due_at)
        log.warning("delivery deferred", error=error, wait_s=round(wait_s, 1))

    async def _count_refusal(
        self, delivery: Delivery, error: str, log: structlog.typing.FilteringBoundLogger
    ) -> bool:
        refusals = delivery.refusals + 1
        if refusals >= MAX_REFUSALS:
            await self._ledger.died(delivery.id, error, self._now())
            log.error("dead letter", delivery=delivery.id, error=error, refusals=refusals)
            await self._tell_dead()
            return True
        wait_s = self._wait_s(refusals)
        due_at = self._now() + timedelta(seconds=wait_s)
        await self._ledger.deferred(delivery.id, error, due_at, refused=True)
        log.warning("delivery refused", error=error, refusals=refusals, wait_s=round(wait_s, 1))
        return False

    def _wait_s(self, failures: int) -> float:
        return _wait_s(self._die, failures)

    async def _wait_for_work(self) -> None:
        """Return when nudged or when the next delivery is due."""
        next_due = await self._patience.insist(lambda: self._ledger.next_due(self.target))
        wait_s = None if next_due is None else (next_due - self._now()).total_seconds()
        if wait_s is not None:
            # The clock may be set back between two questions: never wait longer than anything may.
            wait_s = min(max(wait_s, 0.0), LONGEST_WAIT_S)
        try:
            async with asyncio.timeout(wait_s):
                await self.nudged.wait()
        except TimeoutError:
            self._log.debug("a delivery is due")


def _wait_s(die: Callable[[], float], failures: int) -> float:
    return backoff_s(failures, base_s=RETRY_BASE_S, cap_s=RETRY_CAP_S, die=die())
