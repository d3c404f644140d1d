"""kill -9 of each process in the worst moment: what was said becomes one memo, and calls go on."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from sipbot.memo import Stage
from sipbot.records import EndedBy, EndState
from sipbot.sip import caller_wire as wire
from tests import sipp, ulaw
from tests.bot import Bot, running, thanks, until
from tests.brokers import RunningBroker, subscribed
from tests.own_caller import own_call, steps

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]


async def rest(story: AsyncIterator[wire.Step]) -> list[wire.Step]:
    return [step async for step in story]


async def speaking(story: AsyncIterator[wire.Step]) -> None:
    """Come back when the caller begins to speak."""
    async for step in story:
        if isinstance(step, wire.Speaking):
            return
    pytest.fail("the call was over before the caller spoke")


async def test_killed_agent_leaves_what_was_said_as_a_memo_and_the_next_call_is_answered(
    make_bot: Callable[[], Bot], tmp_path: Path, long_message_wav: Path, message: Path
) -> None:
    async with running(make_bot()) as bot:
        story = steps(bot, "cut", heard=tmp_path / "heard.wav", wav=str(long_message_wav))
        async with aclosing(story):
            await speaking(story)
            recording = await bot.recording("cut", at_least_s=4.0)
            on_disk = recording.stat().st_size
            (agent,) = bot.agents()
            os.kill(agent, signal.SIGKILL)
            row, memo = await bot.ended("cut"), await bot.memo("cut", "transcribed")
        await until(bot.listens)
        async with sipp.call(bot, "message", "next", audio=message, speak_ms=3300) as peer:
            await peer.done()
        following = await bot.ended("next")
    assert (EndState.MEMO, EndedBy.CRASH) == (row.state, row.ended_by)
    assert (True, EndedBy.CRASH) == (memo.call.cut_off, memo.call.ended_by)
    assert memo.text
    assert memo.audio.duration_s >= (on_disk - 44) / 2 / ulaw.RATE_HZ
    assert EndState.MEMO == following.state


async def test_killed_live_recogniser_is_replaced_and_the_memo_gets_its_text(
    make_bot: Callable[[], Bot], tmp_path: Path, long_message_wav: Path
) -> None:
    async with running(make_bot()) as bot:
        story = steps(
            bot, "deaf", heard=tmp_path / "heard.wav", wav=str(long_message_wav), keys="#"
        )
        async with aclosing(story):
            await speaking(story)
            await bot.recording("deaf", at_least_s=3.0)
            ear = bot.ear("live")
            os.kill(ear, signal.SIGKILL)
            await rest(story)
        row, memo = await bot.ended("deaf"), await bot.memo("deaf", "transcribed")
        assert ear != bot.ear("live")
    assert EndState.MEMO == row.state
    assert memo.text


async def test_killed_second_ear_is_replaced_and_its_text_still_comes(
    tmp_path: Path, both_models: Path, mosquitto: RunningBroker, long_message_wav: Path
) -> None:
    async with running(Bot(tmp_path, mosquitto.port, both_models, second=True)) as bot:
        await own_call(
            bot, "twice", heard=tmp_path / "heard.wav", wav=str(long_message_wav), keys="#"
        )
        await bot.memo("twice")
        ear = bot.ear("second")
        os.kill(ear, signal.SIGKILL)
        await until(lambda: next((m for m in bot.memos() if not m.recognition.ears_pending), None))
        memo = await bot.memo("twice", "transcribed")
    assert "faster-whisper" == memo.recognition.engine
    assert memo.text


async def test_killed_main_leaves_the_caller_to_the_agent_and_the_memo_to_the_next_start(
    make_bot: Callable[[], Bot],
    mosquitto: RunningBroker,
    tmp_path: Path,
    message_wav: Path,
) -> None:
    bot = make_bot()
    heard = tmp_path / "heard.wav"
    async with running(bot):
        story = steps(bot, "orphan", heard=heard, wav=str(message_wav), keys="#")
        async with aclosing(story):
            await speaking(story)
            recording = await bot.recording("orphan", at_least_s=1.0)
            bot.kill()
            last = (await rest(story))[-1]
        await until(lambda: not bot.agents())
        async with subscribed(mosquitto.port, "sipbot/1/test/client/+/feed") as feed:
            await bot.start()
            memo = await bot.memo("orphan", "transcribed")
            told = await feed.next()
        await bot.stop()
        await bot.start()
        await bot.logged("open memos published again", memos=1)
        memos, row = bot.memos(), await bot.ended("orphan")
    said = ulaw.encode(ulaw.read(message_wav)[: -ulaw.FRAME])
    arrived, sent = ulaw.frames_that_arrived(said, ulaw.read(recording))
    thanked, of = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(heard))
    assert isinstance(last, wire.HungUp)
    assert "callee" == last.by
    assert sent == arrived
    assert of - 1 <= thanked
    assert EndState.MEMO == row.state
    assert [memo.id] == [one.id for one in memos]
    assert "new" == told.json["type"]


async def test_caller_who_speaks_after_the_greeting_while_main_hangs_is_recorded_whole(
    make_bot: Callable[[], Bot], tmp_path: Path, message_wav: Path
) -> None:
    heard = tmp_path / "heard.wav"
    async with running(make_bot()) as bot:
        main = bot.main
        story = steps(
            bot, "early", heard=heard, wav=str(message_wav), speak_after_s=1.0, linger_s=0.2
        )
        try:
            async for step in story:
                match step:
                    case wire.Answered():
                        os.kill(main, signal.SIGSTOP)
                        # Not asked of the ledger, which may be locked now.
                        recording = await until(lambda: next(bot.spool.glob("*/audio.wav"), None))
                    case wire.Spoke():
                        os.kill(main, signal.SIGCONT)
        finally:
            os.kill(main, signal.SIGCONT)
        row, memo = await bot.ended("early"), await bot.memo("early")
    said = ulaw.encode(ulaw.read(message_wav)[: -ulaw.FRAME])
    arrived, sent = ulaw.frames_that_arrived(said, ulaw.read(recording))
    assert sent == arrived
    assert EndState.MEMO == row.state
    assert memo.audio.duration_s >= sent * ulaw.FRAME / ulaw.RATE_HZ


async def test_agent_that_still_has_a_caller_is_adopted_and_answers_new_calls(
    make_bot: Callable[[], Bot], tmp_path: Path, long_message_wav: Path, message: Path
) -> None:
    bot = make_bot()
    async with running(bot):
        story = steps(
            bot, "patient", heard=tmp_path / "heard.wav", wav=str(long_message_wav), keys="#"
        )
        async with aclosing(story):
            await speaking(story)
            await bot.recording("patient", at_least_s=0.5)
            agents = bot.agents()
            bot.kill()
            await bot.start()
            async with sipp.call(bot, "message", "meanwhile", audio=message) as peer:
                await peer.done()
            adopted, unfinished = bot.agents(), (await bot.row("patient")).state
            await rest(story)
        rows = [await bot.ended("patient"), await bot.ended("meanwhile")]
        memo = await bot.memo("patient", "transcribed")
    assert agents == adopted
    assert unfinished is None
    assert [EndState.MEMO] * 2 == [row.state for row in rows]
    assert not memo.call.cut_off
    assert Stage.TRANSCRIBED == memo.stage


async def test_caller_in_the_place_of_one_that_was_served_alone_is_not_hung_up_on(
    make_bot: Callable[[], Bot], tmp_path: Path, message_wav: Path, silence: Path
) -> None:
    """pjsua2 hangs up whatever call has the number of a Call object that is freed too late."""
    bot = make_bot()
    async with running(bot):
        for caller in ("before", "after"):
            if caller == "after":  # numbers go round: the fifth call has the first one's
                async with sipp.call(bot, "message", "between", audio=silence, calls=3) as peer:
                    await peer.done()
            story = steps(
                bot, caller, heard=tmp_path / f"{caller}.wav", wav=str(message_wav), keys="#"
            )
            async with aclosing(story):
                await speaking(story)
                await bot.recording(caller, at_least_s=0.5)
                bot.kill()
                await bot.start()
                await rest(story)
        recording = bot.spool / (await bot.ended("after")).offer.call / "audio.wav"
    said = ulaw.encode(ulaw.read(message_wav)[: -ulaw.FRAME])
    arrived, sent = ulaw.frames_that_arrived(said, ulaw.read(recording))
    assert sent == arrived


async def test_call_that_rings_when_main_dies_gets_503(
    make_bot: Callable[[], Bot], tmp_path: Path
) -> None:
    bot = make_bot()
    async with running(bot):
        story = steps(bot, "ringer", "ringing", heard=tmp_path / "heard.wav")
        async with aclosing(story):
            async for step in story:
                if isinstance(step, wire.Progress) and step.code == 180:
                    break
            bot.kill()
            last = (await rest(story))[-1]
        await bot.start()
        row = await bot.ended("ringer")
    assert isinstance(last, wire.HungUp)
    assert 503 == last.code
    assert EndState.FAILED_INTERNAL == row.state


@pytest.mark.parametrize("adopted", [True, False], ids=["agent still there", "agent gone"])
async def test_invite_refused_while_nobody_leads_gets_its_row_from_the_next_start(
    make_bot: Callable[[], Bot], tmp_path: Path, long_message_wav: Path, *, adopted: bool
) -> None:
    bot = make_bot()
    async with running(bot):
        story = steps(
            bot, "orphan", heard=tmp_path / "heard.wav", wav=str(long_message_wav), keys="#"
        )
        async with aclosing(story):
            await speaking(story)
            await bot.recording("orphan", at_least_s=0.5)
            bot.kill()
            refused = (await own_call(bot, "early", heard=tmp_path / "nothing.wav"))[-1]
            if not adopted:
                await rest(story)
                await until(lambda: not bot.agents())
            await bot.start()
            row = await bot.ended("early")
            await rest(story)
        await bot.ended("orphan")
        counts = bot.counts()
    assert isinstance(refused, wire.HungUp)
    assert 503 == refused.code
    assert (EndState.REFUSED_CAPACITY, "draining") == (row.state, row.rule)
    assert {EndState.REFUSED_CAPACITY: 1, EndState.MEMO: 1} == counts
