"""Callers whom an operator calls back: by a whole sipbot, to real telephones."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from sipbot.call_back import REACHED_S
from sipbot.memo import Memo
from sipbot.memo_history import Outcome
from sipbot.records import CallOffer, EndState
from sipbot.sip import wire
from tests import ulaw
from tests.agents import Person, person
from tests.bot import Bot, running, thanks, until
from tests.brokers import RunningBroker
from tests.own_caller import own_call
from tests.test_agent_transfer import EXACTLY

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]

CALLER, NUMBER = "0355501234", "+81355501234"

ACCOUNT = """
name = "trunk"
aor = "sip:100@127.0.0.1"
registrar = "sip:127.0.0.1:{port}"
user = "100"
password = "secret"
realm = "trunk.example"
"""

PHONE = """
[[call_back.phone]]
operator = "hanako"
at = "sip:operator@127.0.0.1:{port}"
"""


async def memos(bot: Bot, *words: str) -> None:
    """Run ``sipbot memos …`` and insist on its success."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sipbot", "memos", *words),
        *("--config", str(bot.folder / "config.toml")),
    )
    assert 0 == await process.wait()


@dataclass
class Talk:
    """A whole sipbot, and the two whom it has connected."""

    bot: Bot
    operator: Person
    caller: Person
    to_operator: CallOffer
    to_caller: CallOffer

    async def memo(self) -> Memo:
        """Return the memo once it says how the call back ended."""

        def look() -> Memo | None:
            (memo,) = self.bot.memos()
            return memo if memo.history[-1].what == "call_ended" else None

        return await until(look)


@asynccontextmanager
async def talking(
    folder: Path, mosquitto: RunningBroker, vosk_models: Path, message_wav: Path
) -> AsyncIterator[Talk]:
    """Leave a message, have it called back from the command line, and answer twice."""
    for name in ("bot", "operator"):
        (folder / name).mkdir()
    async with person(folder / "operator") as operator, person(folder) as caller:
        account = ACCOUNT.format(port=caller.port)
        bot = Bot(folder / "bot", mosquitto.port, vosk_models, account=account)
        with (bot.folder / "config.toml").open("a", encoding="utf-8") as config:
            config.write(PHONE.format(port=operator.port))
        async with running(bot):
            said = {"wav": str(message_wav), "keys": "#"}
            await own_call(bot, CALLER, "desk", heard=folder / "heard.wav", **said)
            memo = await bot.memo(CALLER)
            await memos(bot, "call", memo.id, "--by", "hanako", "--number", NUMBER)
            to_operator = (await operator.answer()).offer
            to_caller = (await caller.answer()).offer
            await bot.logged("call back: connected")
            yield Talk(bot, operator, caller, to_operator, to_caller)


async def test_operator_and_caller_talk_and_the_memo_says_since_when_and_how_long(
    mosquitto: RunningBroker, vosk_models: Path, tmp_path: Path, message_wav: Path
) -> None:
    async with talking(tmp_path, mosquitto, vosk_models, message_wav) as talk:
        operator, caller = talk.operator, talk.caller
        ulaw.write(operator.says, long_words())
        await caller.listen(0.1)
        await operator.listen(0.1)
        await caller.say(caller.says)
        await operator.say(operator.says)
        await caller.listen()
        caller.parent.say(wire.HangUp(call=caller.call))
        await operator.parent.next(wire.Ended)
        after, counts = await talk.memo(), talk.bot.counts()
    there = ulaw.frames_that_arrived(ulaw.encode(long_words()), ulaw.read(caller.heard))
    back = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(operator.heard))
    print(f"frames to the caller {there}, to the operator {back}")
    for arrived, of in (there, back):
        assert EXACTLY * of <= arrived
    assert (NUMBER, NUMBER) == (talk.to_operator.from_.name, talk.to_caller.to.user)
    calls = [one for one in after.history if one.call_back is not None]
    assert ["calling", "call_connected", "call_ended"] == [one.what for one in calls]
    assert calls[0].at < calls[1].at < calls[2].at
    last = calls[2].call_back
    assert last is not None
    assert last.talk_s is not None
    assert (NUMBER, "talked") == (last.number, last.ended)
    assert REACHED_S <= last.talk_s
    assert (Outcome.REACHED, "hanako") == (after.result, after.holder)
    assert {EndState.MEMO: 1} == counts


async def test_talk_goes_on_while_main_is_killed_and_the_next_one_writes_its_end(
    mosquitto: RunningBroker, vosk_models: Path, tmp_path: Path, message_wav: Path
) -> None:
    async with talking(tmp_path, mosquitto, vosk_models, message_wav) as talk:
        talk.bot.kill()
        await talk.bot.start()
        await talk.operator.say(talk.operator.says)
        await talk.caller.listen()
        talk.caller.parent.say(wire.HangUp(call=talk.caller.call))
        after = await talk.memo()
    there = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(talk.caller.heard))
    assert EXACTLY * there[1] <= there[0]
    last = after.history[-1].call_back
    assert last is not None
    assert "talked" == last.ended
    assert last.talk_s is not None


def long_words() -> ulaw.Samples:
    """Sound that is longer than the shortest talk."""
    silence = np.zeros(int((REACHED_S + 1) * ulaw.RATE_HZ), np.int16)
    return ulaw.decode(ulaw.encode(ulaw.noisy(silence, seed=7, peak=4000)))
