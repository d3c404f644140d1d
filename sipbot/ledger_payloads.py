"""Forgets what deliveries of an earlier release have kept after they were made.

Since then a delivery loses its payload in the transaction that stores it as made
(`sipbot.ledger_deliveries.delivered`): each was a whole memo, so the ledger kept what a caller had
said as often as the memo had revisions.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot.ledger_schema import deliveries, meta

AT_ONCE = 200
"""Deliveries looked at in one transaction: 600 kB of memos of 3 kB, so that no call's row waits."""

_PLACE = "payloads-forgotten"
"""In `meta`: up to which delivery; `_ALL` when that is done."""

_ALL = -1

_Run = Callable[[Callable[[sa.Connection], bool]], Awaitable[Any]]


class OldPayloads:
    """Of a ledger; see `sipbot.ledger.Ledger` for what its methods raise.

    Args:
        run: runs a function in the ledger's thread, in one transaction.
    """

    def __init__(self, run: _Run) -> None:
        self._run = run

    async def forget(self) -> bool:
        """Look at some deliveries; False when there are no more, now and at the next start."""
        return bool(await self._run(_forget))


# The ledger's thread.
def _forget(connection: sa.Connection) -> bool:
    place = connection.execute(sa.select(meta.c.value).where(meta.c.name == _PLACE)).scalar() or 0
    if place == _ALL:
        return False
    until = place + AT_ONCE
    made = deliveries.c.delivered_at.is_not(None)
    query = sa.update(deliveries).where(deliveries.c.id > place, deliveries.c.id <= until, made)
    connection.execute(query.values(payload=""))
    newest = connection.execute(sa.select(sa.func.max(deliveries.c.id))).scalar() or 0
    value = _ALL if until >= newest else until
    stored = insert(meta).values(name=_PLACE, value=value)
    connection.execute(
        stored.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": value})
    )
    return value != _ALL
