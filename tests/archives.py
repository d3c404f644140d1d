"""What several tests of the archive share: databases, and a ledger that is emptied into one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uuid6

from sipbot.archive import TARGET
from sipbot.archive_store import ArchiveStore, Server
from sipbot.archive_target import ArchiveTarget
from sipbot.ledger import Ledger, Undelivered
from sipbot.ledger_deliveries import undelivered
from sipbot.memo import Memo
from sipbot.outbox import Outbox
from sipbot.records import EndedBy, EndState
from tests.memo_samples import AT, a_memo_of, an_offer
from tests.postgres import Postgres

PATIENCE_S = 60.0


def a_server(postgres: Postgres, site: str = "main") -> Server:
    """An empty database with the archive's tables."""
    url = postgres.database(f"a{uuid6.uuid7().hex}")
    server = Server(url=url, password="", site=site)

    async def make() -> None:
        store = await ArchiveStore.open(server, any_release=True)
        await store.init()
        await store.close()

    asyncio.run(make())
    return server


@dataclass
class Site:
    """A ledger, its archive, and the outbox between them."""

    server: Server
    ledger: Ledger
    target: ArchiveTarget
    outbox: Outbox
    alerts: dict[str, str | None] = field(default_factory=dict)

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        """What somebody else sees in the archive."""
        import psycopg

        async with await psycopg.AsyncConnection.connect(self.server.url) as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def call(self, state: EndState | None, caller: str = "+81355501234") -> str:
        """Take a call; end it without a message where a state is said."""
        offer = an_offer()
        await self.ledger.add_call(offer, "yamato", "to", "yamato", caller=caller)
        if state is not None:
            await self.ledger.end_call(offer.call, state, AT, EndedBy.CALLER, 200, None)
        return offer.call

    async def memo(self) -> Memo:
        """Take a call that ends with a memo."""
        offer = an_offer()
        memo = a_memo_of(offer)
        await self.ledger.add_call(offer, "yamato", "to", "yamato", caller="+81355501234")
        await self.ledger.end_call(offer.call, EndState.MEMO, AT, EndedBy.CALLER, 200, memo)
        return memo

    async def told(self) -> None:
        """Wait until nothing waits for the archive."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.waiting():
                await asyncio.sleep(0.05)

    async def waiting(self) -> list[Undelivered]:
        """What is still to be told."""
        found = await self.ledger._run(lambda c: undelivered(c, dead_only=False))
        return [one for one in found if one.target == TARGET]


@asynccontextmanager
async def site(folder: Path, server: Server) -> AsyncIterator[Site]:
    """A site whose outbox is emptied by hand: `Site.outbox.run_once`."""
    alerts: dict[str, str | None] = {}
    async with Ledger.open(folder / "sipbot.sqlite3") as ledger:
        await ledger.archive.follow(wanted=True)
        target = ArchiveTarget(
            server, ledger.archive, lambda alert, problem, _: alerts.update({alert: problem})
        )
        outbox = Outbox(ledger, {TARGET: target})
        try:
            yield Site(server, ledger, target, outbox, alerts)
        finally:
            await target.close()
