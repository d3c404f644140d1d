"""The ledger: every call, every memo, every delivery.  SQLite is the only queue there is.

One thread owns the one connection that writes; the main process is the only one to open it.  Other
processes read through `ReadOnlyLedger`.  A call's end state, its memo and the memo's delivery are
one transaction, so no crash can leave one without the others.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import sqlalchemy as sa

from sipbot import ledger_deliveries as deliveries
from sipbot import ledger_figures as figures
from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot import ledger_usage as usage
from sipbot import ledger_writes as writes
from sipbot.errors import LedgerError
from sipbot.ledger_archive import ArchiveRows
from sipbot.ledger_audio_store import AudioStoreRows
from sipbot.ledger_call_notices import CallNotices
from sipbot.ledger_calls_back import CallsBack
from sipbot.ledger_commands import Commands
from sipbot.ledger_console import ConsoleRows
from sipbot.ledger_deliveries import MQTT, Delivery, Retry, Undelivered
from sipbot.ledger_erasures import Erasures
from sipbot.ledger_escalations import Escalations
from sipbot.ledger_handovers import Handovers
from sipbot.ledger_kpi import Kpis
from sipbot.ledger_masked import MaskedClients
from sipbot.ledger_notices import Notices
from sipbot.ledger_payloads import OldPayloads
from sipbot.ledger_queries import CallEntry, CallsBefore, Found
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.ledger_refusals import Refusal, Refusals
from sipbot.ledger_review import ReviewRows
from sipbot.ledger_thread import LedgerThread, Rank
from sipbot.memo import Memo, Status
from sipbot.quota import Ask
from sipbot.records import CallOffer, EndedBy, EndState
from sipbot.status import Counts

__all__ = [
    "MQTT",
    "CallEntry",
    "CallsBefore",
    "Delivery",
    "Ledger",
    "ReadOnlyLedger",
    "Retry",
    "Undelivered",
]

Result = TypeVar("Result")


class Ledger:
    """The writer's side; open it with `Ledger.open`.

    Every method raises LedgerError when SQLite refuses (disk full, file damaged, lock held too
    long); nothing of that method is then stored.
    """

    on_delivery: Callable[[], None] | None = None
    """Called in the event loop after a delivery was stored; the outbox sets it to be nudged."""
    on_counted: Callable[[str], None] | None = None
    """Called in the event loop after a call of this client has ended or one of its memos has
    changed: what counts against its quota may be another number now."""
    on_unreadable: Callable[[list[str]], None] | None = None
    """Called in the event loop with the ids of memos that nobody can read."""

    def __init__(
        self, path: Path, engine: sa.Engine, thread: LedgerThread, targets: tuple[str, ...]
    ) -> None:
        self.path, self._engine = path, engine
        self._thread = thread
        self._targets = targets
        self._refused = Refusals(engine)
        self.archive = ArchiveRows(self._run)
        self.audio_store = AudioStoreRows(self._run)
        self.commands = Commands(self._run, targets, self._announce)
        self.call_notices = CallNotices(self._run)
        self.calls_back = CallsBack(self._run, targets, self._announce)
        self.console = ConsoleRows(self._run)
        self.erasures = Erasures(self._run, targets, self._announce, self._in_thread)
        self.escalations = Escalations(self._run, targets, self._announce)
        self.handovers = Handovers(self._run, targets, self._announce)
        self.kpis = Kpis(self._run)
        self.masked = MaskedClients(self._run)
        self.notices = Notices(self._run, self._announce)
        self.reviews = ReviewRows(self._run)
        self.old_payloads = OldPayloads(self._run)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, targets: tuple[str, ...] = (MQTT,)) -> AsyncIterator[Self]:
        """Open the ledger, creating or upgrading its tables first.

        Args:
            path: the file.
            targets: each is told every revision of a memo.

        Raises:
            LedgerError: the file cannot be written, is damaged, or is of a newer release.
        """
        thread, engine = LedgerThread(), schema.writer(path)
        ledger = cls(path, engine, thread, targets)
        try:
            await ledger._run(lambda connection: schema.migrate(connection, path))
            yield ledger
        finally:
            await thread.run(engine.dispose)
            thread.close()

    # -- calls -----------------------------------------------------------------------------------

    async def add_call(
        self,
        offer: CallOffer,
        client: str | None,
        rule: str,
        number: str | None,
        *,
        caller: str | None = None,
    ) -> bool:
        """Store a call that was accepted for a client, before it is answered.

        An agent that has lost its parent tells the next one again what the first may have stored.

        Args:
            offer: the INVITE.
            client: the client it is for.
            rule: which header decided.
            number: the number that was called, canonical.
            caller: the number that called, canonical; None when withheld or unknown.

        Returns:
            False when the call has a row already; nothing is changed then.
        """
        return await self._run(
            lambda c: writes.insert_call(c, offer, client, rule, number, caller), Rank.CALLER
        )

    async def refuse_call(
        self,
        offer: CallOffer,
        state: EndState,
        code: int,
        *,
        rule: str = "",
        client: str | None = None,
        number: str | None = None,
        caller: str | None = None,
    ) -> bool:
        """Store a call that was refused, with its end state, in one transaction.

        Refusals that come together share a transaction, or a flood of them would keep the calls
        that are answered waiting.

        Returns:
            False when the call has a row already, ended or not; nothing is changed then.
        """
        at = datetime.now(UTC)
        refusal = Refusal(offer, state, code, at, rule, client, number, caller)
        stored = await self._refused.keep(refusal, partial(self._in_thread, rank=Rank.CALLER))
        if stored and client is not None:
            self._counted(client)
        return stored

    async def call_answered(self, call: str, at: datetime) -> None:
        """Store when the call was answered; the first time counts."""
        await self._run(lambda connection: writes.call_answered(connection, call, at))

    async def end_call(
        self,
        call: str,
        state: EndState,
        at: datetime,
        by: EndedBy,
        code: int | None,
        memo: Memo | None,
        *,
        answered_at: datetime | None = None,
    ) -> bool:
        """Store the end of a call, its memo and the memo's delivery, in one transaction.

        Returns:
            False when the call had ended before; nothing is changed then.

        Raises:
            LedgerError: the call is unknown, or state and memo contradict each other.
        """
        if (state is EndState.MEMO) != (memo is not None) or (memo and memo.call.id != call):
            raise LedgerError(
                f"call {call}: end state {state.value} with memo {memo.id if memo else None}: "
                "a call ends in state memo exactly when it has a memo of its own"
            )

        def work(connection: sa.Connection) -> tuple[bool, str | None]:
            if not writes.end_call(connection, call, state, at, by, code, answered_at):
                return False, None
            if memo is not None:
                writes.store(connection, None, memo, at, self._targets)
            return True, queries.client_of(connection, call)

        ended, client = await self._run(work, Rank.CALLER)
        if ended and memo is not None:
            self._announce()
        if client is not None:
            self._counted(client)
        return ended

    # -- memos -----------------------------------------------------------------------------------

    async def revise_memo(self, memo_id: str, change: Callable[[Memo], Memo | None]) -> Memo | None:
        """Read a memo, change it, store the next revision and its delivery, in one transaction.

        Args:
            memo_id: the memo's whole id.
            change: pure; returns the next revision, or None to leave the memo alone.

        Returns:
            The new revision, or None when `change` left it alone.

        Raises:
            LedgerError: the memo is unknown, or the new revision is not the old one's successor.
        """

        # The ledger's thread; `change` runs here too, hence pure.
        def work(connection: sa.Connection) -> Memo | None:
            old = queries.memo(connection, memo_id)
            if old is None or old.id != memo_id:
                raise LedgerError(f"memo {memo_id} is not in {self.path}")
            new = change(old)
            if new is not None:
                writes.store(connection, old, new, datetime.now(UTC), self._targets)
            return new

        new = await self._run(work)
        if new is not None:
            self._announce()
            self._counted(new.client)
        return new

    # -- deliveries ------------------------------------------------------------------------------

    async def due_deliveries(self, now: datetime, limit: int, target: str = MQTT) -> list[Delivery]:
        """Return the deliveries to make now, in order per client."""
        return await self._run(lambda c: deliveries.due(c, target, now, limit))

    async def next_due(self, target: str = MQTT) -> datetime | None:
        """Return when the target's next delivery is due; None when nothing waits."""
        return await self._run(lambda c: deliveries.next_due(c, target))

    async def delivered(self, made: Sequence[int], at: datetime) -> int:
        """Store that the target has acknowledged deliveries.

        Returns:
            How many undelivered older revisions of their memos this made pointless.
        """
        return await self._run(lambda c: sum(deliveries.delivered(c, one, at) for one in made))

    async def deferred(
        self, delivery: int, error: str, due_at: datetime, *, refused: bool = False
    ) -> None:
        """Store that a delivery failed and when to try again; `refused`: by a target that works."""
        await self._run(
            lambda c: deliveries.failed(c, delivery, error, due_at=due_at, refused=refused)
        )

    async def died(self, delivery: int, error: str, at: datetime) -> None:
        """Store that the target refused a delivery for the last time: a dead letter."""
        await self._run(lambda c: deliveries.failed(c, delivery, error, dead_at=at, refused=True))

    async def take_back(self, target: str, memo: Memo, error: str, due_at: datetime) -> bool:
        """Store that a memo the target had is refused, so it waits again; False: it never had."""
        return await self._run(lambda c: deliveries.take_back(c, target, memo, error, due_at))

    async def make_due(self, now: datetime, target: str = MQTT, *, suspect: int) -> None:
        """Make the target's waiting deliveries due now, but for those refused `suspect` times."""
        await self._run(lambda c: deliveries.make_due(c, target, now, suspect))

    async def retry(
        self, identifiers: Sequence[int], now: datetime, *, all_dead: bool = False
    ) -> Retry:
        """Make deliveries, dead or waiting, due now as if they had never been refused."""
        return await self._run(lambda c: deliveries.retry(c, identifiers, now, all_dead=all_dead))

    async def dead_letters(self) -> int:
        """Return how many deliveries are dead."""
        return await self._run(deliveries.dead)

    # -- questions -------------------------------------------------------------------------------

    async def call(self, call: str) -> CallEntry | None:
        """Return one call."""
        return await self._run(lambda c: queries.call(c, call))

    async def unfinished_calls(self) -> list[CallEntry]:
        """Return the calls without an end state, oldest first: what a crash has left."""
        return await self._run(queries.unfinished_calls)

    async def known_calls(self) -> set[str]:
        """Return the id of every call that has a row."""
        return await self._run(queries.known_calls)

    async def calls_before(self, caller: str, client: str) -> CallsBefore:
        """Return how often this number has called this client before."""
        return await self._run(lambda c: queries.calls_before(c, caller, client))

    async def memos_before(self, caller: str, client: str, limit: int) -> list[Memo]:
        """Return the latest memos that this number has left for this client, newest first."""
        return (await self._find(lambda c: queries.memos_before(c, caller, client, limit))).memos

    async def memo(self, identifier: str) -> Memo | None:
        """Return the memo with this id, or whose id begins or ends so."""
        return await self._run(lambda c: queries.memo(c, identifier))

    async def memos(
        self, limit: int, client: str | None = None, status: Status | None = None
    ) -> list[Memo]:
        """Return the latest memos, newest first."""
        return (await self._find(lambda c: queries.latest_memos(c, limit, client, status))).memos

    async def open_memos(
        self, after: str = "", *, told: str | None = None, pending: bool = False
    ) -> Found:
        """Return a page of the memos that are not done; see `ledger_queries.open_memos`."""
        return await self._find(lambda c: queries.open_memos(c, after, told=told, pending=pending))

    async def open_recordings(self) -> dict[str, str]:
        """Return memo id to call id of the memos that are not done, oldest first."""
        return await self._run(queries.open_recordings)

    # -- figures and quotas ----------------------------------------------------------------------

    async def answers(self) -> None:
        """Return when the ledger's thread has ended what it is doing now."""
        await self._thread.sign()

    async def waiting(self) -> figures.Waiting:
        """Return how many deliveries wait, and since when."""
        return await self._run(figures.waiting)

    async def counts(self, now: datetime, today_since: datetime) -> Counts:
        """Return memos by status and ended calls by end state, all and since midnight."""
        return await self._run(lambda c: figures.counts(c, now, today_since))

    async def calls_that_count(self, asks: Sequence[Ask]) -> list[int]:
        """Return how many calls count for each question, in their order."""
        return await self._run(lambda c: usage.calls_that_count(c, asks))

    async def quota_alerts(self) -> frozenset[str]:
        """Return the clients of whose quota somebody was alerted."""
        return await self._run(usage.alerted)

    async def keep_quota_alert(self, client: str, *, raised: bool) -> None:
        """Store whether an alert about this client's quota is up."""
        await self._run(lambda c: usage.keep_alert(c, client, raised=raised))

    # -- machinery -------------------------------------------------------------------------------

    async def _run(
        self, work: Callable[[sa.Connection], Result], rank: Rank = Rank.OTHERS
    ) -> Result:
        """Run `work` in the ledger's thread, in one transaction."""

        def transaction() -> Result:
            with self._engine.begin() as connection:
                return work(connection)

        return await self._in_thread(transaction, rank)

    async def _in_thread(self, work: Callable[[], Result], rank: Rank = Rank.OTHERS) -> Result:
        """Run `work` in the ledger's thread."""

        def careful() -> Result:
            with schema.refusals(self.path):
                return work()

        return await self._thread.run(careful, rank)

    async def _find(self, work: Callable[[sa.Connection], Found]) -> Found:
        found = await self._run(work)
        if found.unreadable and self.on_unreadable is not None:
            self.on_unreadable(found.unreadable)
        return found

    def _announce(self) -> None:
        if self.on_delivery is not None:
            self.on_delivery()

    def _counted(self, client: str) -> None:
        if self.on_counted is not None:
            self.on_counted(client)
