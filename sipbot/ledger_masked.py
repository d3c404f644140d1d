"""Whose memos were ever published masked: a broker may still hold some of those.

A client that is taken out of `mqtt.masked` would leave its masked memos on the broker, where
nothing of sipbot's would ever look again (`sipbot.masked_feed` clears them).
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot.ledger_schema import meta

_PREFIX = "masked:"
"""In `meta`, before the client."""

_Run = Callable[[Callable[[sa.Connection], frozenset[str]]], Awaitable[Any]]


class MaskedClients:
    """Of a ledger; see `sipbot.ledger.Ledger` for what its methods raise.

    Args:
        run: runs a function in the ledger's thread, in one transaction.
    """

    def __init__(self, run: _Run) -> None:
        self._run = run

    async def remember(self, clients: Collection[str]) -> frozenset[str]:
        """Store that these clients' memos are masked; return whose ever were, these included."""
        return frozenset(await self._run(lambda c: _remember(c, clients)))


# The ledger's thread.
def _remember(connection: sa.Connection, clients: Collection[str]) -> frozenset[str]:
    rows = [{"name": _PREFIX + client, "value": 1} for client in clients]
    if rows:
        connection.execute(insert(meta).on_conflict_do_nothing(), rows)
    query = sa.select(meta.c.name).where(meta.c.name.startswith(_PREFIX, autoescape=True))
    return frozenset(name.removeprefix(_PREFIX) for name in connection.execute(query).scalars())
