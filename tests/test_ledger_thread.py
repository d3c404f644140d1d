"""Whoever is on the line is served before whatever else waits for the ledger."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from sipbot.ledger_thread import LedgerThread, Rank


@pytest.fixture
def thread() -> Iterator[LedgerThread]:
    thread = LedgerThread()
    yield thread
    thread.close()


async def test_caller_is_served_before_what_waited_longer(thread: LedgerThread) -> None:
    done: list[str] = []
    busy = threading.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(thread.run(lambda: busy.wait(60)))
        for name in ("first delivery", "second delivery"):
            group.create_task(thread.run(partial(done.append, name)))
        for name in ("first caller", "second caller"):
            group.create_task(thread.run(partial(done.append, name), Rank.CALLER))
        await asyncio.sleep(0)  # all of them have asked
        busy.set()
    assert ["first caller", "second caller", "first delivery", "second delivery"] == done


async def test_error_is_raised_where_it_is_waited_for(thread: LedgerThread) -> None:
    def fail() -> None:
        raise ZeroDivisionError("in the thread")

    with pytest.raises(ZeroDivisionError, match="in the thread"):
        await thread.run(fail)


async def test_sign_of_life_comes_before_everything_that_waits(thread: LedgerThread) -> None:
    done: list[str] = []
    busy, sign_awaited = threading.Event(), threading.Event()

    async def sign() -> None:
        await thread.sign()
        done.append("sign")

    async with asyncio.TaskGroup() as group:
        group.create_task(thread.run(lambda: busy.wait(60)))
        await asyncio.sleep(0)
        for rank in Rank.CALLER, Rank.OTHERS:
            group.create_task(thread.run(lambda: sign_awaited.wait(60), rank))
        asked = group.create_task(sign())
        await asyncio.sleep(0)  # all of them have asked
        busy.set()
        await asked
        sign_awaited.set()
    assert ["sign"] == done


async def test_work_whose_asker_gave_up_is_not_done(thread: LedgerThread) -> None:
    done: list[str] = []
    busy = threading.Event()
    first = asyncio.ensure_future(thread.run(lambda: busy.wait(60)))
    given_up = asyncio.ensure_future(thread.run(lambda: done.append("given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    busy.set()
    await first
    await thread.run(lambda: None)
    assert [] == done
