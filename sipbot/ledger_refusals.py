"""Refused calls on their way into the ledger: those that come together are stored together.

A transaction waits for the disk (4 ms, and 40 ms on a busy one, measured), and the ledger's thread
does one after the other.  A trunk that tries a full site again and again, or a flood from where
nobody may call, would so keep those who are being answered waiting behind rows that nobody waits
for (measured: 14 s behind 100 refusals a second).
"""

from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec
import sqlalchemy as sa

from sipbot import ledger_writes as writes
from sipbot.errors import LedgerError
from sipbot.records import CallOffer, EndedBy, EndState

TOGETHER_MAX = 200
"""Refusals in one transaction: a fifth of a millisecond each, which is far below one wait for the
disk, and an end to it."""


class Refusal(msgspec.Struct):
    """One refused call."""

    offer: CallOffer
    state: EndState
    code: int
    at: datetime
    rule: str
    client: str | None
    number: str | None
    caller: str | None
    stored: bool | None = None
    """None until its transaction has ended; then whether the call had no row before."""

    def store(self, connection: sa.Connection) -> bool:
        """Store it; return False when the call has a row already."""
        new = writes.insert_call(
            connection, self.offer, self.client, self.rule, self.number, self.caller
        )
        return new and writes.end_call(
            connection, self.offer.call, self.state, self.at, EndedBy.SIPBOT, self.code
        )


class Refusals:
    """What waits to be stored: filled in the event loop, emptied in the ledger's thread.

    Args:
        engine: the ledger's writer.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._waiting: deque[Refusal] = deque()

    async def keep(
        self, refusal: Refusal, in_thread: Callable[[Callable[[], None]], Awaitable[None]]
    ) -> bool:
        """Store a refusal, alone or together with others; return False when it had a row.

        The thread takes its turns in the order it was asked for them, so a refusal is in the
        transaction of its own turn or of an earlier one.

        Args:
            refusal: what to store.
            in_thread: runs something in the ledger's thread.

        Raises:
            LedgerError: SQLite refused; it is not stored.
        """
        while refusal.stored is None:  # again, when an earlier turn had it and failed
            self._waiting.append(refusal)
            try:
                await in_thread(self._store)
            except LedgerError:
                if refusal.stored is None:
                    raise
        return refusal.stored

    # The ledger's thread.
    def _store(self) -> None:
        batch: list[Refusal] = []
        while self._waiting and len(batch) < TOGETHER_MAX:
            batch.append(self._waiting.popleft())
        if not batch:
            return
        with self._engine.begin() as connection:
            results = [refusal.store(connection) for refusal in batch]
        for refusal, stored in zip(batch, results, strict=True):
            refusal.stored = stored
