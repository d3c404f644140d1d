"""Agents that are replaced after some calls, while callers go on calling through the edge."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.bot import Bot, running, until
from tests.brokers import RunningBroker
from tests.torture.telephone import microphone, port_of, telephone

pytestmark = [pytest.mark.sip, pytest.mark.peer, pytest.mark.broker, pytest.mark.asr]

RECYCLE_AFTER, CALLERS, CALLS_EACH = 5, 3, 10

HELD_S = 0.3
"""How long a caller stays: long enough that the calls of two callers overlap."""


async def test_every_caller_is_answered_while_agents_are_replaced_after_five_calls(
    tmp_path: Path, vosk_models: Path, mosquitto: RunningBroker
) -> None:
    bot = Bot(tmp_path, mosquitto.port, vosk_models, agents=2, edge="auto")
    config = tmp_path / "config.toml"
    wanted = f"[sip]\nrecycle_after_calls = {RECYCLE_AFTER}\n"
    config.write_text(re.sub(r"\[sip\]\n", wanted, config.read_text("utf-8")), encoding="utf-8")
    async with running(bot):
        before = set(bot.agents())
        async with asyncio.TaskGroup() as group:
            callers = [group.create_task(calls(bot, f"caller{n}-")) for n in range(CALLERS)]
        codes = [code for caller in callers for code in caller.result()]
        for n in range(CALLERS):
            for m in range(CALLS_EACH):
                await bot.ended(f"caller{n}-{m}")
        await until(lambda: b'"agent ended as it was asked to"' in bot.log.read_bytes())
        crashed = bot.log.read_bytes().count(b'"agent ended"')
        rows = bot.rows()
        after = set(bot.agents())
    assert CALLERS * CALLS_EACH * [200] == codes
    assert CALLERS * CALLS_EACH == len(rows)
    assert (0, True) == (crashed, bool(before - after))


async def calls(bot: Bot, name: str) -> list[int]:
    """Call again and again, each time once, and return the final responses."""
    codes = []
    for n in range(CALLS_EACH):
        at = ("127.0.0.1", bot.port)
        async with telephone(f"{name}{n}", at) as one, microphone() as ear:
            answer = await one.call(port_of(ear))
            codes.append(answer.code)
            if answer.code == 200:
                await asyncio.sleep(HELD_S)
                await one.hang_up()
    return codes
