"""Callers whom a dialplan connects with a person: by a whole sipbot, to real telephones."""

from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from sipbot.records import EndedBy, EndState
from sipbot.sip import caller_wire, wire
from tests.agents import person
from tests.bot import Bot, running, until
from tests.brokers import RunningBroker, subscribed
from tests.own_caller import own_call, steps
from tests.sipp import sipp

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

DIALPLAN = """
schema = 1
client = "boss"
say_name = "boss"
numbers = ["boss"]
language = "ko"

[answer]
greeting = "greeting.wav"
thanks = "thanks.wav"
start = "boss"

[step.boss]
do = "transfer"
to = "{to}"
prompt = "greeting.wav"
"""


def transferring(bot: Bot, to: str) -> Bot:
    """Give a bot that has not started a client who transfers."""
    path = bot.folder / "dialplans" / "boss.toml"
    path.write_text(DIALPLAN.format(to=to), encoding="utf-8")
    return bot


@pytest.mark.parametrize("to", ["sip:person@127.0.0.1:{port}", "+81312345678"])
async def test_caller_whom_nobody_can_take_leaves_a_message(
    make_bot: Callable[[], Bot], tmp_path: Path, message_wav: Path, to: str
) -> None:
    async with sipp("person_refuses", code=486, headers="") as busy:
        bot = transferring(make_bot(), to.format(port=busy.port))
        async with running(bot):
            caller = {"wav": str(message_wav), "speak_after_s": None, "keys": "#"}
            await own_call(bot, "caller", "boss", heard=tmp_path / "heard.wav", **caller)
            said = await bot.logged("not transferred")
            row, memo = await bot.ended("caller"), await bot.memo("caller")
    called = to.startswith("sip:")
    assert (486 if called else 503) == said["code"]
    assert called or "[[sip.account]]" in said["reason"]
    assert EndState.MEMO == row.state
    assert memo.audio.duration_s >= 3.0  # what the caller says


async def test_caller_who_speaks_with_a_person_is_transferred_and_leaves_no_memo(
    make_bot: Callable[[], Bot], mosquitto: RunningBroker, tmp_path: Path, message_wav: Path
) -> None:
    async with person(tmp_path) as other:
        bot = transferring(make_bot(), f"sip:person@127.0.0.1:{other.port}")
        async with running(bot), subscribed(mosquitto.port, "sipbot/1/test/client/+/live/+") as bus:
            story = steps(bot, "caller", "boss", heard=tmp_path / "heard.wav", wav=str(message_wav))
            async with aclosing(story):
                await anext(story)
                offered = (await other.answer()).offer
                other.parent.say(wire.HangUp(call=other.call))
                last = [step async for step in story][-1]
            row = await bot.ended("caller")
            live = [one.json["type"] for one in await bus.until('"hung_up"')]
            memos, counts = bot.memos(), bot.counts()
    assert ("caller", ["boss"]) == (
        offered.from_.name,
        [one.party.user for one in offered.diversions],
    )
    assert isinstance(last, caller_wire.HungUp)
    assert "callee" == last.by
    assert (EndState.TRANSFERRED, EndedBy.SIPBOT) == (row.state, row.ended_by)
    assert ["answered", "transferring", "connected", "hung_up"] == live
    assert ([], {EndState.TRANSFERRED: 1}) == (memos, counts)


async def test_caller_who_speaks_with_a_person_while_main_is_killed_is_transferred(
    make_bot: Callable[[], Bot], tmp_path: Path, message_wav: Path
) -> None:
    async with person(tmp_path) as other:
        bot = transferring(make_bot(), f"sip:person@127.0.0.1:{other.port}")
        async with running(bot):
            story = steps(bot, "caller", "boss", heard=tmp_path / "heard.wav", wav=str(message_wav))
            async with aclosing(story):
                await anext(story)
                await other.answer()
                await bot.logged("a person has answered")
                agent = bot.agent(0)
                bot.kill()
                await bot.start()
                kept, unfinished = bot.agent(0), (await bot.row("caller")).state
                other.parent.say(wire.HangUp(call=other.call))
                last = [step async for step in story][-1]
            row = await bot.ended("caller")
            await until(lambda: bot.counts() == {EndState.TRANSFERRED: 1})
    assert agent == kept
    assert unfinished is None
    assert isinstance(last, caller_wire.HungUp)
    assert EndState.TRANSFERRED == row.state
