"""An agent that calls an operator and then somebody else; the test is the parent."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sipbot.sip import wire
from sipbot.sip.stack import StackSettings
from tests import ulaw
from tests.agents import (
    Parent,
    Person,
    RealAgent,
    calling,
    left_by,
    person,
    real_agent,
    stack_on,
)
from tests.bot import greeting, thanks
from tests.free_ports import free_ports
from tests.sipp import sipp
from tests.test_agent_transfer import EXACTLY, with_account

pytestmark = [pytest.mark.sip, pytest.mark.peer]

NUMBER = "+81355501234"
CLIENT = "+81312345678"


@dataclass
class Desk:
    """An agent, its parent, and an operator at a telephone."""

    agent: RealAgent
    parent: Parent
    operator: Person

    def call_back(self, number: str, **more: Any) -> None:
        """Order a call back."""
        wanted: dict[str, Any] = {
            "phone": f"sip:operator@127.0.0.1:{self.operator.port}",
            "shown": CLIENT,
            "phone_ring_s": 20.0,
            "ring_s": 20.0,
            "call": "cb",
        }
        self.parent.say(wire.CallBack(number=number, **(wanted | more)))


@asynccontextmanager
async def desk(folder: Path, stack: StackSettings | None = None) -> AsyncIterator[Desk]:
    """Start an agent and an operator's telephone."""
    (folder / "operator").mkdir()
    async with person(folder / "operator") as operator:
        with real_agent(folder, stack or stack_on(free_ports())) as agent:
            one = Desk(agent, await agent.parent(), operator)
            await one.parent.next(wire.Hello)
            try:
                yield one
            finally:
                await one.parent.die()


async def test_operator_and_caller_hear_each_other_and_who_hangs_up_ends_both(
    tmp_path: Path,
) -> None:
    async with person(tmp_path) as other, desk(tmp_path) as bot:
        ulaw.write(other.says, greeting())
        bot.call_back(f"sip:other@127.0.0.1:{other.port}")
        to_operator = (await bot.operator.answer()).offer
        to_other = (await other.answer()).offer
        step = await bot.parent.next(wire.CallBackStep)
        await other.listen(0.1)
        await bot.operator.listen(0.1)
        await bot.operator.say(bot.operator.says)
        await other.say(other.says)
        await other.listen()
        await bot.operator.listen()
        other.parent.say(wire.HangUp(call=other.call))
        ended = await bot.parent.next(wire.CallBackEnded)
        theirs = await bot.operator.parent.next(wire.Ended)
    there, of_there = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(other.heard))
    back, of_back = ulaw.frames_that_arrived(ulaw.encode(greeting()), ulaw.read(bot.operator.heard))
    print(f"{there}/{of_there} frames to the caller, {back}/{of_back} back")
    assert EXACTLY * of_there <= there
    assert EXACTLY * of_back <= back
    assert ("sipbot", CLIENT, ()) == (
        to_operator.from_.user,
        to_other.from_.name,
        to_other.diversions,
    )
    assert ("talk", "called", 200) == (ended.where, ended.by, ended.code)
    assert step.at == ended.connected_at
    assert ended.talk_s is not None
    assert theirs.answered


async def test_number_is_called_at_the_trunk_with_the_clients_number(tmp_path: Path) -> None:
    async with sipp("person_refuses", code=486, headers="") as trunk:
        async with desk(tmp_path, with_account(trunk.port)) as bot:
            bot.call_back(NUMBER, shown_in_from=True)
            await bot.operator.answer()
            ended = await bot.parent.next(wire.CallBackEnded)
            await bot.operator.parent.next(wire.Ended)
        messages = await trunk.seen("P-Asserted-Identity")
    assert ("number", "called", 486) == (ended.where, ended.by, ended.code)
    assert f"INVITE sip:{NUMBER}@127.0.0.1:{trunk.port} SIP/2.0" in messages
    assert f'From: "{CLIENT}" <sip:{CLIENT}@127.0.0.1>' in messages
    assert f"P-Asserted-Identity: <sip:{CLIENT}@127.0.0.1>" in messages
    assert "Diversion" not in messages


async def test_telephone_that_only_rings_is_cancelled_when_the_operator_leaves(
    tmp_path: Path,
) -> None:
    async with sipp("person_rings") as ringing, desk(tmp_path) as bot:
        bot.call_back(f"sip:other@127.0.0.1:{ringing.port}")
        await bot.operator.answer()
        await ringing.seen("SIP/2.0 180")
        bot.operator.parent.say(wire.HangUp(call=bot.operator.call))
        ended = await bot.parent.next(wire.CallBackEnded)
        await ringing.done()
    assert ("number", "operator") == (ended.where, ended.by)
    assert ended.rang_s is not None


async def test_last_free_line_is_left_to_a_caller(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        bot = await stack.enter_async_context(desk(tmp_path))
        for number in range(2):
            heard = tmp_path / f"heard-{number}.wav"
            await stack.enter_async_context(calling(bot.agent.port, heard))
            await bot.parent.next(wire.Offered)
        bot.call_back(NUMBER)
        ended = await bot.parent.next(wire.CallBackEnded)
    assert ("line", "sipbot", 486) == (ended.where, ended.by, ended.code)


async def test_second_call_back_of_an_agent_rings_no_operator_for_whom_it_has_no_second_line(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as bot:
        bot.call_back("sip:nobody@127.0.0.1:9")
        await bot.operator.parent.next(wire.Offered)
        bot.call_back("sip:nobody@127.0.0.1:9", phone="sip:other@127.0.0.1:9", call="cb2")
        ended = await bot.parent.next(wire.CallBackEnded)
    assert ("cb2", "line") == (ended.call, ended.where)


async def test_talk_goes_on_when_the_parent_dies_and_the_next_one_hears_its_end(
    tmp_path: Path,
) -> None:
    async with person(tmp_path) as other, desk(tmp_path) as bot:
        bot.call_back(f"sip:other@127.0.0.1:{other.port}")
        await bot.operator.answer()
        await bot.parent.die()  # while the other is called
        await other.answer()
        parent = await bot.agent.parent()
        hello = await parent.next(wire.Hello)
        await parent.die()
        await other.listen(0.1)
        await bot.operator.say(bot.operator.says)
        await other.listen()
        bot.operator.parent.say(wire.HangUp(call=bot.operator.call))
        code = await bot.agent.ended()
        (left,) = left_by(bot.agent)
    there, of_there = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(other.heard))
    assert EXACTLY * of_there <= there
    assert ("cb",) == hello.calls_back
    assert 0 == code
    assert isinstance(left, wire.CallBackEnded)
    assert ("cb", "talk", "operator") == (left.call, left.where, left.by)
