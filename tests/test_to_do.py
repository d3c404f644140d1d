"""What could not be done is told as long as it is not done, and is done again."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from functools import partial

from sipbot.call_tools import Work
from sipbot.errors import LedgerError, SpoolError
from sipbot.ledger_watch import LedgerWatch
from sipbot.to_do import ToDo


class Troubles(list[tuple[str, bool]]):
    """Which alerts were raised (True) and cleared."""

    def tell(self, alert: str, problem: str | None, _: str) -> None:
        self.append((alert, problem is not None))


async def done(to_do: ToDo, until: Awaitable[object]) -> None:
    """Let work be done until something has happened, and what follows at once."""
    running = asyncio.create_task(to_do.run())
    await until
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def refused(times: int, then: Callable[[], None]) -> Work:
    """Work that is refused so many times."""
    left = [None] * times

    async def work() -> None:
        if left:
            left.pop()
            raise SpoolError("full")
        then()

    return work


async def test_alert_stays_until_everything_that_failed_is_done() -> None:
    troubles, over = Troubles(), asyncio.Event()
    to_do = ToDo(troubles.tell, retry_s=0.001)

    to_do.add(refused(1, lambda: troubles.append(("one is done", True))))
    to_do.add(refused(3, over.set))
    await done(to_do, over.wait())

    assert 4 == troubles.count(("call-failed", True))
    assert 1 == troubles.count(("call-failed", False))
    assert ("call-failed", False) == troubles[-1]


async def test_work_that_only_leads_to_other_work_clears_no_alert() -> None:
    """As the end of a call does that is refused within the work that finishes the call."""
    troubles, tried = Troubles(), asyncio.Event()
    to_do = ToDo(troubles.tell, retry_s=0.001)
    tries = 0

    async def finish() -> None:
        nonlocal tries
        tries += 1
        to_do.again(partial(finish), SpoolError("full"))
        if tries == 3:
            tried.set()

    to_do.add(finish)
    await done(to_do, tried.wait())

    assert {("call-failed", True)} == set(troubles)


async def test_mistake_of_ours_is_not_said_to_be_tried_again() -> None:
    troubles, over = Troubles(), asyncio.Event()
    to_do = ToDo(troubles.tell, retry_s=0.001)

    async def mistaken() -> None:
        raise KeyError("why")

    to_do.add(mistaken)
    to_do.add(refused(1, over.set))
    await done(to_do, over.wait())

    assert [("call-dropped", True), ("call-failed", True), ("call-failed", False)] == troubles


def test_ledger_refuses_until_everybody_is_served_again() -> None:
    troubles = Troubles()
    watch = LedgerWatch(troubles.tell)
    error = LedgerError("locked")

    watch.refused("calls", error)
    watch.refused("figures", error)
    watch.served("calls")
    still = watch.refuses
    watch.served("figures")

    assert (True, False) == (still, watch.refuses)
    assert [("ledger", True), ("ledger", True), ("ledger", False)] == troubles
