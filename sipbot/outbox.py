"""Due deliveries, in order per client, until the broker has them.

The ledger is the queue; this loop only asks it "what is due?".  A delivery is the whole memo on its
retained topic, then the event on the feed; it counts as made when the broker has acknowledged both.
A crash between the two repeats both: readers drop a (memo, rev) they know (``docs/mqtt.md``).
"""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from sipbot.backoff import backoff_s
from sipbot.errors import FeedError
from sipbot.ledger import Delivery, Ledger

BATCH = 100
"""Deliveries read from the ledger at a time; bounds memory after a long outage (a memo with every
word of 30 minutes timed is below 600 kB, see sipbot/lines.py)."""

RETRY_BASE_S = 1.0
RETRY_CAP_S = 60.0
"""After a broker that answers has refused a delivery.  A lost connection does not wait for these:
all deliveries are due again on reconnect.  Cap: nobody should wait for a memo a minute longer than
the broker's trouble lasts (our wish)."""

_log = structlog.get_logger()


class Publisher(Protocol):
    """What the outbox needs of the session with the broker; sipbot/mqtt.py provides it."""

    connected: asyncio.Event
    """Set while the broker is there."""

    @property
    def session(self) -> int:
        """Number of the present connection; rises with every reconnect."""

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        """Publish a memo, retained, and wait for PUBACK; an empty payload clears it.

        Raises:
            FeedError: the broker has not acknowledged.
        """

    async def publish_feed(self, client: str, payload: bytes) -> None:
        """Publish an event and wait for PUBACK.

        Raises:
            FeedError: the broker has not acknowledged.
        """


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Outbox:
    """Delivers what the ledger says is due.

    Args:
        ledger: the queue.
        publisher: the session with the broker.
        now: the clock, UTC-aware.
        die: a random number, 0 <= die < 1, for the jitter of retries.
    """

    def __init__(
        self,
        ledger: Ledger,
        publisher: Publisher,
        *,
        now: Callable[[], datetime] = utc_now,
        die: Callable[[], float] = random.random,
    ) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._now = now
        self._die = die
        self._nudged = asyncio.Event()
        self._session = 0
        ledger.on_delivery = self.nudge

    def nudge(self) -> None:
        """Look again now: a delivery was stored, or the broker is back."""
        self._nudged.set()

    async def run(self) -> None:
        """Deliver until cancelled.

        Raises:
            LedgerError: the ledger cannot be read or written; without it there is nothing to do.
        """
        while True:
            await self._publisher.connected.wait()
            self._nudged.clear()
            if await self.run_once():
                await self._wait_for_work()
            else:
                await asyncio.sleep(RETRY_BASE_S)

    async def run_once(self) -> bool:
        """Say again what the broker may have forgotten, then make every due delivery.

        Returns:
            False when the broker would not take the open memos; try the whole again.
        """
        if self._session != self._publisher.session and not await self._restate():
            return False
        while self._publisher.connected.is_set():
            due = await self._ledger.due_deliveries(self._now(), BATCH)
            if not due:
                break
            await self._deliver_batch(due)
        return True

    async def _restate(self) -> bool:
        """Publish every open memo: a broker that was restarted may hold none of them.

        Those with a delivery still to be made are left to it, or an old revision would follow the
        newer one on the retained topic.
        """
        session = self._publisher.session
        memos = await self._ledger.open_memos(delivered_only=True)
        try:
            for memo in memos:
                await self._publisher.publish_memo(
                    memo.client, memo.id, memo.model_dump_json().encode()
                )
        except FeedError as error:
            _log.warning("open memos not published again", error=str(error))
            return False
        await self._ledger.make_due(self._now())
        self._session = session
        _log.info("open memos published again", memos=len(memos))
        return True

    async def _deliver_batch(self, due: list[Delivery]) -> None:
        held_back: set[str] = set()
        for delivery in due:
            if delivery.client not in held_back and not await self._deliver(delivery):
                held_back.add(delivery.client)

    async def _deliver(self, delivery: Delivery) -> bool:
        log = _log.bind(memo=delivery.memo, rev=delivery.rev, client=delivery.client)
        try:
            await self._publisher.publish_memo(delivery.client, delivery.memo, delivery.payload)
            await self._publisher.publish_feed(delivery.client, delivery.event)
        except FeedError as error:
            wait_s = backoff_s(
                delivery.attempts + 1, base_s=RETRY_BASE_S, cap_s=RETRY_CAP_S, die=self._die()
            )
            await self._ledger.deferred(
                delivery.id, str(error), self._now() + timedelta(seconds=wait_s)
            )
            log.warning("delivery deferred", error=str(error), wait_s=round(wait_s, 1))
            return False
        await self._ledger.delivered(delivery.id, self._now())
        log.info("delivered", seq=delivery.seq)
        return True

    async def _wait_for_work(self) -> None:
        """Return when nudged or when the next delivery is due."""
        next_due = await self._ledger.next_due()
        wait_s = None if next_due is None else (next_due - self._now()).total_seconds()
        try:
            async with asyncio.timeout(None if wait_s is None else max(wait_s, 0.0)):
                await self._nudged.wait()
        except TimeoutError:
            _log.debug("a delivery is due")
