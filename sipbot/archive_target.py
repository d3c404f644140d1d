"""The archive as a target of the outbox.

Data path: ledger -> outbox -> [archive_target] -> archive_store -> PostgreSQL

Deliveries to it say only what has changed; what is stored is the row as the ledger has it at that
moment.  It has no topics and no session: nothing is said again, and what a crash repeats changes
nothing.  An archive that is away is waited for, however long.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

from sipbot.archive import CALL, TARGET, TERMS, Batch
from sipbot.archive_store import ArchiveStore, Server
from sipbot.away import Away, Tell
from sipbot.errors import ArchiveError, ArchiveRefusedError, FeedError
from sipbot.ledger_archive import ArchiveRows
from sipbot.publisher import Publisher

LOOK_EVERY_S = 5.0
"""How soon a call without a memo is archived: nobody works from the archive, so the outbox is not
nudged by every call (our wish)."""

ANSWER_S = 45.0
"""Longer than any statement may take at the server, for a network that swallows its answer."""

ALERT = "archive"


class ArchiveTarget:
    """A `sipbot.publisher.Publisher` of rows; belongs to main's event loop.

    Args:
        server: where the archive is.
        rows: what the ledger has for it.
        tell: id of an alert, problem (None when it is over), remedy.
    """

    def __init__(self, server: Server, rows: ArchiveRows, tell: Tell) -> None:
        self._away = Away(ALERT, tell)
        self.connected = self._away.connected
        self.look = self._away.look
        self._server = server
        self._rows = rows
        self._store: ArchiveStore | None = None
        self._refused = False

    @property
    def session(self) -> int:
        """Never rises: see `sipbot.publisher.Publisher`."""
        return 0

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:  # noqa: ARG002 - Publisher
        """Store a memo as it is now.

        Raises:
            FeedError: the archive has not stored it.
        """
        await self._put(await self._rows.of_memo(memo))

    async def publish_feed(self, client: str, payload: bytes) -> None:
        """Nothing: the archive has no events."""

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:  # noqa: ARG002 - Publisher
        """Store what a delivery without a memo names: a call, or what a client is promised.

        Raises:
            FeedError: the archive has not stored it.
        """
        if req.startswith(TERMS):
            await self._put(await self._rows.of_terms(client))
        else:
            await self._put(await self._rows.of_call(req.removeprefix(CALL)))

    async def works(self) -> bool:
        """Whether the latest row was refused for what it holds, by a server that is there."""
        return self._refused

    async def close(self) -> None:
        """End the connection."""
        if self._store is not None:
            store, self._store = self._store, None
            with suppress(ArchiveError):
                await store.close()

    async def _put(self, batch: Batch) -> None:
        self._refused = False
        if not batch:
            return
        try:
            async with asyncio.timeout(ANSWER_S):
                store = await self._connection()
                await store.put(batch)
        except ArchiveRefusedError as error:
            self._refused = True
            raise FeedError(str(error)) from error
        except (ArchiveError, TimeoutError) as error:
            await self._gone(str(error) or f"{self._server.url}: no answer in {ANSWER_S:g} s")
            raise FeedError(self._away.problem) from error
        except asyncio.CancelledError:
            await self.close()  # in the middle of a statement: nobody knows what comes next on it
            raise
        self._away.there()

    async def _connection(self) -> ArchiveStore:
        if self._store is None:
            self._store = await ArchiveStore.open(self._server)
        return self._store

    async def _gone(self, problem: str) -> None:
        self._away.gone(problem)
        await self.close()


class Archiving:
    """What the running sipbot has of the archive; nothing where the settings name none.

    Args:
        server: where the archive is; None: there is none.
        rows: what the ledger has for it.
        tell: id of an alert, problem (None when it is over), remedy.
    """

    def __init__(self, server: Server | None, rows: ArchiveRows, tell: Tell) -> None:
        self._target = None if server is None else ArchiveTarget(server, rows, tell)
        self.nudge: Callable[[], None] = lambda: None
        """Has the outbox look again; called in the event loop."""

    @property
    def publishers(self) -> Mapping[str, Publisher]:
        """The outbox's target."""
        return {} if self._target is None else {TARGET: self._target}

    async def run(self) -> None:
        """Look now and then for calls to archive, until cancelled."""
        if self._target is None:
            return
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                self._target.look()
                self.nudge()
        finally:
            await self._target.close()
