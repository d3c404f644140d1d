"""Asks the archive of all sites from a program that ends, and blocks until it has answered.

Data path: archive_store -> [fleet] -> cli_fleet, report
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sipbot.archive_store import ArchiveStore, Server
from sipbot.ledger_day import Span
from sipbot.ledger_fleet import FleetLedger, wanted_for
from sipbot.ledger_reader import ReadOnlyLedger

Result = TypeVar("Result")


def ask(server: Server, question: Callable[[ArchiveStore], Awaitable[Result]]) -> Result:
    """Return what the archive answers; blocks.

    Raises:
        ArchiveError: it is away, or refuses.
    """

    async def work() -> Result:
        store = await ArchiveStore.open(server)
        try:
            return await question(store)
        finally:
            await store.close()

    return asyncio.run(work())


@contextmanager
def fleet_ledger(
    own: ReadOnlyLedger, clients: Sequence[str], spans: Sequence[Span], server: Server | None
) -> Iterator[ReadOnlyLedger]:
    """Open the ledger that figures are made of: this site's, or one of all sites' calls.

    Args:
        own: this site's.
        clients: whose figures.
        spans: of which stretches of time.
        server: the archive, when those of all sites are wanted.

    Raises:
        SipbotError: the archive refuses.
    """
    if server is None:
        yield own
        return
    wanted = wanted_for(clients, spans)
    found = ask(server, lambda store: store.fleet(wanted))
    with FleetLedger.of(found, own) as ledger:
        yield ledger
