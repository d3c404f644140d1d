"""Calls that come while the ledger is busy with something else, and how long each waits."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from sipbot.ledger import Ledger
from tests.memo_samples import an_offer

EVERY_S = 0.1


@contextlib.asynccontextmanager
async def calls_meanwhile(ledger: Ledger) -> AsyncIterator[list[float]]:
    """Let calls come while the block runs; yield the seconds that each waited, as they end."""
    waits: list[float] = []

    async def calls() -> None:
        while True:
            asked = time.monotonic()
            await ledger.add_call(an_offer(), "midori", "to", "+81312345600")
            waits.append(time.monotonic() - asked)
            await asyncio.sleep(EVERY_S)

    calling = asyncio.create_task(calls())
    try:
        yield waits
    finally:
        calling.cancel()
