"""Calls back in the main process: which agent gets one, and who tells the end when nobody does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from sipbot import call_backs
from sipbot.call_back import Ended
from sipbot.call_backs import CallBacks, Manner
from sipbot.errors import ChildGoneError, LedgerError
from sipbot.ledger import Ledger
from sipbot.memo import Memo
from sipbot.memo_history import Outcome
from sipbot.sip import wire
from sipbot.to_do import ToDo
from tests.call_back_samples import asked_for, stored


class Phone:
    """What an agent would be told."""

    def __init__(self, calls: int = 0, *, gone: bool = False) -> None:
        self.serving = True
        self.pong = wire.Pong(n=1, calls=calls, rss_bytes=0)
        self.told: asyncio.Queue[wire.Command] = asyncio.Queue()
        self._gone = gone

    def send(self, command: wire.Command) -> None:
        if self._gone:
            raise ChildGoneError("agent 0 is not running")
        self.told.put_nowait(command)

    async def order(self) -> wire.CallBack:
        order = await self.told.get()
        assert isinstance(order, wire.CallBack)
        return order


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with Ledger.open(tmp_path / "sipbot.sqlite3") as opened:
        yield opened


def ended(call: str) -> wire.CallBackEnded:
    return wire.CallBackEnded(
        call=call,
        where="number",
        by="called",
        code=486,
        reason="Busy Here",
        at=datetime.now(UTC),
    )


def hello(*calls: str) -> wire.Hello:
    return wire.Hello(1, "", "", 4, "", calls_back=calls)


def leader(ledger: Ledger, *agents: Phone) -> CallBacks:
    calls_back = CallBacks(
        ledger.calls_back,
        agents=lambda: agents,
        manner=Manner(region="JP", shown_in_from=False),
        languages=lambda: {"yamato": "ja"},
        trouble=lambda *_: None,
    )
    ledger.commands.on_call = calls_back.asked
    return calls_back


@asynccontextmanager
async def running(calls_back: CallBacks) -> AsyncIterator[CallBacks]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(calls_back.run())
        yield calls_back
        task.cancel()


@asynccontextmanager
async def leading(ledger: Ledger, *agents: Phone) -> AsyncIterator[CallBacks]:
    async with running(leader(ledger, *agents)) as calls_back:
        yield calls_back


async def end_of(ledger: Ledger, memo: Memo) -> tuple[str | None, Outcome | None]:
    """Wait until the memo says how the call back ended."""
    while (last := (await stored(ledger, memo)).history[-1]).what != "call_ended":
        await asyncio.sleep(0)
    assert last.call_back is not None
    return last.call_back.ended, last.outcome


async def test_agent_with_most_lines_free_gets_the_order(ledger: Ledger) -> None:
    busy, idle = Phone(calls=2), Phone()
    async with leading(ledger, busy, idle):
        await asked_for(ledger)
        order = await idle.order()
    assert ("201", "+81355501234", "+81312345678") == (order.phone, order.number, order.shown)
    assert order.prompt.endswith("ja/transfer.wav")
    assert busy.told.empty()


async def test_end_that_an_agent_tells_is_written_down_and_the_agent_may_forget_it(
    ledger: Ledger,
) -> None:
    agent = Phone()
    async with leading(ledger, agent) as calls_back:
        memo = await asked_for(ledger)
        order = await agent.order()
        calls_back.hear(agent, ended(order.call))
        written = await agent.told.get()
        end = await end_of(ledger, memo)
    assert (wire.Written(order.call), ("busy", Outcome.BUSY)) == (written, end)


@pytest.mark.parametrize("agents", [0, 1])
async def test_call_back_for_which_there_is_no_agent_ends_at_once(
    ledger: Ledger, agents: int
) -> None:
    async with leading(ledger, *[Phone(gone=True)] * agents):
        memo = await asked_for(ledger)
        assert ("no_line", None) == await end_of(ledger, memo)


async def test_agent_that_dies_during_the_talk_leaves_its_end_to_main(ledger: Ledger) -> None:
    agent = Phone()
    async with leading(ledger, agent) as calls_back:
        memo = await asked_for(ledger)
        order = await agent.order()
        since = datetime.now(UTC) - timedelta(minutes=1)
        await ledger.calls_back.connected(order.call, since, datetime.now(UTC))
        calls_back.agent_gone(agent)
        calls_back.hear(agent, hello())
        assert ("interrupted", Outcome.REACHED) == await end_of(ledger, memo)


async def test_agent_that_only_let_go_of_its_parent_still_leads_its_calls(ledger: Ledger) -> None:
    agent = Phone()
    async with leading(ledger, agent) as calls_back:
        memo = await asked_for(ledger)
        order = await agent.order()
        calls_back.agent_gone(agent)
        calls_back.hear(agent, hello(order.call))
        calls_back.hear(agent, ended(order.call))
        assert ("busy", Outcome.BUSY) == await end_of(ledger, memo)


async def test_agent_that_never_comes_back_has_lost_its_calls(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_backs, "LOST_S", 0.0)
    agent = Phone()
    async with leading(ledger, agent) as calls_back:
        memo = await asked_for(ledger)
        await agent.order()
        calls_back.agent_gone(agent)
        assert ("interrupted", None) == await end_of(ledger, memo)


async def test_end_that_was_told_counts_though_the_ledger_refuses_and_the_agent_dies(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_backs, "ToDo", partial(ToDo, retry_s=0.0))
    agent = Phone()
    refused = asyncio.Event()
    write = ledger.calls_back.ended

    async def refuses_once(call: str, how: Ended, now: datetime) -> None:
        if not refused.is_set():
            refused.set()
            raise LedgerError("database is locked")
        await write(call, how, now)

    async with leading(ledger, agent) as calls_back:
        memo = await asked_for(ledger)
        order = await agent.order()
        monkeypatch.setattr(ledger.calls_back, "ended", refuses_once)
        calls_back.hear(agent, ended(order.call))
        await refused.wait()
        calls_back.agent_gone(agent)
        calls_back.hear(agent, hello())
        await calls_back.recover()
        assert ("busy", Outcome.BUSY) == await end_of(ledger, memo)


async def test_end_of_which_an_agent_left_word_counts_at_the_next_start(ledger: Ledger) -> None:
    memo = await asked_for(ledger)
    (entry,) = await ledger.calls_back.going()
    agent = Phone()
    calls_back = leader(ledger, agent)
    calls_back.hear(agent, ended(entry.id))
    await calls_back.recover()
    async with running(calls_back):
        assert ("busy", Outcome.BUSY) == await end_of(ledger, memo)


async def test_agent_whose_calls_to_people_on_call_go_on_is_not_busy_with_calls_back(
    ledger: Ledger,
) -> None:
    first, last = Phone(calls=1), Phone()
    async with leading(ledger, first, last) as calls_back:
        calls_back.hear(last, hello("on-call.0192aaaa.sato"))
        await asked_for(ledger)
        await last.order()
    assert first.told.empty()
    assert 2 == calls_back.lines()


async def test_next_run_ends_what_no_agent_knows_of_and_calls_nobody(ledger: Ledger) -> None:
    memo = await asked_for(ledger)
    agent = Phone()
    async with leading(ledger, agent) as calls_back:
        await calls_back.recover()
        assert ("interrupted", None) == await end_of(ledger, memo)
    assert agent.told.empty()


async def test_next_run_leaves_to_an_agent_what_it_still_leads(ledger: Ledger) -> None:
    await asked_for(ledger)
    (entry,) = await ledger.calls_back.going()
    agent = Phone()
    async with leading(ledger, agent) as calls_back:
        calls_back.hear(agent, hello(entry.id))
        await calls_back.recover()
        calls_back.asked(entry.id)
        calls_back.hear(agent, ended(entry.id))
        first = await agent.told.get()
    assert wire.Written(entry.id) == first
