"""An agent whose parent dies at a bad moment; the test is the parent."""

import asyncio
import os
import signal
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from sipbot.disk import AUDIO_BYTES_PER_S
from sipbot.records import EndedBy
from sipbot.sip import caller_wire, wire
from sipbot.sip.stack import untold_file
from sipbot.wav import HEADER_BYTES
from tests import ulaw
from tests.agents import calling, last, left_by, real_agent
from tests.bot import greeting, thanks, until
from tests.edges import peer

FRAME_BYTES = 320
"""20 ms at 8 kHz, 16 bit."""

pytestmark = pytest.mark.sip

STOPPED_S = 1.0
"""Longer than the 0.5 s after which pjmedia's clock leaves out what it has missed."""


def alone(folder: Path, recording: str = "") -> wire.Alone:
    """The plan of a call whose every prompt is the same."""
    prompt = folder / "prompt.wav"
    ulaw.write(prompt, thanks())
    return wire.Alone(
        beep=str(prompt), thanks=str(prompt), recording=recording, max_s=0.3, finish_key="#"
    )


async def test_call_offered_to_a_parent_that_dies_is_left_as_refused(tmp_path: Path) -> None:
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav") as story:
            offered = await parent.next(wire.Offered)
            await parent.die()
            hung_up = await last(story)
        code = await agent.ended()
    assert 0 == code
    assert isinstance(hung_up, caller_wire.HungUp)
    assert 503 == hung_up.code
    assert [wire.Refused(offer=offered.offer, code=503, why="draining")] == left_by(agent)


async def test_caller_who_gave_up_before_the_parent_died_is_left_with_the_invite(
    tmp_path: Path,
) -> None:
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", cancel_after_s=0.2) as story:
            offered = await parent.next(wire.Offered)
            parent.say(wire.Ring(call=offered.offer.call))
            await parent.next(wire.Ended)
            await parent.die()
            await last(story)
        await agent.ended()
    assert [wire.Refused(offer=offered.offer, code=487, why="draining")] == left_by(agent)


async def test_end_that_the_parent_has_written_down_is_not_left(tmp_path: Path) -> None:
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(
            agent.port, tmp_path / "heard.wav", speak_after_s=0.0, linger_s=0.0
        ) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path)))
            await parent.next(wire.Ended)
            parent.say(wire.Written(call=call), wire.Ping(n=1))
            await parent.next(wire.Pong)
            await parent.die()
            await last(story)
        await agent.ended()
    assert not untold_file(agent.socket).exists()


async def test_call_that_an_agent_finished_alone_is_left_with_its_end(tmp_path: Path) -> None:
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path)))
            await parent.next(wire.Answered)
            await parent.die()
            await last(story)
        await agent.ended()
    (ended,) = left_by(agent)
    assert isinstance(ended, wire.Ended)
    assert (call, EndedBy.SIPBOT, True) == (ended.call, ended.by, ended.answered)


@pytest.mark.parametrize("begun", [False, True], ids=["not_begun", "over"])
async def test_caller_without_a_parent_hears_the_notice_once_before_anything_is_recorded(
    tmp_path: Path, *, begun: bool
) -> None:
    notice, heard = tmp_path / "notice.wav", tmp_path / "heard.wav"
    recording = tmp_path / "audio.wav"
    ulaw.write(notice, greeting())
    plan = msgspec.structs.replace(alone(tmp_path, str(recording)), notice=str(notice))
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, heard, linger_s=60.0) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan))
            await parent.next(wire.Answered)
            if begun:
                parent.say(wire.Play(call=call, wav=str(notice)))
                await parent.next(wire.PromptEnded)
            await parent.die()
            await last(story)
        await agent.ended()
    sound = ulaw.read(heard).tobytes()
    told, beep = (one[FRAME_BYTES // 2 :][: FRAME_BYTES // 2] for one in (greeting(), thanks()))
    assert (1, True) == (sound.count(told.tobytes()), recording.exists())
    assert sound.find(told.tobytes()) < sound.find(beep.tobytes())


async def test_recording_that_is_closing_when_the_parent_dies_is_not_begun_again(
    tmp_path: Path,
) -> None:
    recording = tmp_path / "audio.wav"
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path, str(recording))))
            await parent.next(wire.Answered)
            parent.say(wire.Record(call=call, path=str(recording)))
            await until(lambda: recording.exists() and recording.stat().st_size > 16_000)
            before = recording.stat().st_size
            parent.say(wire.StopRecording(call=call))
            await parent.die()
            hung_up = await last(story)
        await agent.ended()
    assert isinstance(hung_up, caller_wire.HungUp)
    assert "callee" == hung_up.by
    assert before <= recording.stat().st_size


async def test_recording_reaches_the_disk_in_steps_of_two_frames(tmp_path: Path) -> None:
    recording = tmp_path / "audio.wav"
    sizes: set[int] = set()

    def grown() -> bool:
        sizes.add(recording.stat().st_size if recording.exists() else 0)
        return len(sizes) > 8

    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0):
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path, str(recording))))
            await parent.next(wire.Answered)
            parent.say(wire.Record(call=call, path=str(recording)))
            await until(grown)
        await parent.die()
    # One such step is enough: where a poll has no core, several reach the disk at once.
    assert 2 * FRAME_BYTES in {after - before for before, after in pairwise(sorted(sizes))}


async def test_caller_stays_when_the_recording_cannot_be_made(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "missing" / "audio.wav")
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0):
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path, nowhere)))
            await parent.next(wire.Answered)
            parent.say(wire.Record(call=call, path=nowhere))
            closed = await parent.next(wire.RecordingClosed)
            parent.say(wire.Play(call=call, wav=str(tmp_path / "prompt.wav")))
            said = await parent.next(wire.PromptEnded)
        await parent.die()
    assert (False, 0, call) == (closed.whole, closed.audio_bytes, said.call)


async def test_call_whose_recording_is_closing_is_told_to_a_next_parent(tmp_path: Path) -> None:
    recording = tmp_path / "audio.wav"
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(
            agent.port, tmp_path / "heard.wav", speak_after_s=0.0, linger_s=0.5
        ) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path, str(recording))))
            await parent.next(wire.Answered)
            parent.say(wire.Record(call=call, path=str(recording)))
            await until(recording.exists)
            recording.unlink()  # its header is waited for
            await last(story)
        following = await agent.parent()
        hello = await following.next(wire.Hello)
        ended = await following.next(wire.Ended)
        await parent.die()
        await following.die()
    assert ((call,), call) == (hello.calls, ended.call)


async def test_finish_key_that_a_hung_parent_never_acts_on_ends_the_message_once_it_is_dead(
    tmp_path: Path,
) -> None:
    recording, said = tmp_path / "audio.wav", tmp_path / "said.wav"
    ulaw.write(said, thanks())
    plan = msgspec.structs.replace(alone(tmp_path, str(recording)), max_s=600.0)
    caller = {"wav": str(said), "speak_after_s": 0.5, "keys": "#"}
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", **caller) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan))
            await parent.next(wire.Answered)
            parent.say(wire.Record(call=call, path=str(recording)))
            await parent.next(wire.Key)
            await parent.die()
            hung_up = await last(story)
        await agent.ended()
    thanked, of = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(tmp_path / "heard.wav"))
    assert isinstance(hung_up, caller_wire.HungUp)
    assert "callee" == hung_up.by
    assert of - 1 <= thanked


async def test_finish_key_that_a_parent_acted_on_does_not_end_the_message_once_it_is_dead(
    tmp_path: Path,
) -> None:
    recording, said = tmp_path / "audio.wav", tmp_path / "said.wav"
    ulaw.write(said, thanks())
    plan = msgspec.structs.replace(alone(tmp_path, str(recording)), max_s=600.0)
    caller = {"wav": str(said), "speak_after_s": 0.5, "keys": "#", "linger_s": 60.0}
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", **caller):
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan))
            await parent.next(wire.Answered)
            parent.say(wire.Record(call=call, path=str(recording)))
            await parent.next(wire.Key)
            parent.say(wire.Play(call=call, wav=plan.beep), wire.Ping(n=1))  # the next question
            await parent.next(wire.Pong)
            await parent.die()
            before = recording.stat().st_size
            await until(lambda: recording.stat().st_size > before + AUDIO_BYTES_PER_S)


async def test_lone_call_that_cannot_be_recorded_ends_and_takes_nothing_with_it(
    tmp_path: Path,
) -> None:
    nowhere = tmp_path / "missing" / "audio.wav"
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path, str(nowhere))))
            await parent.next(wire.Answered)
            await parent.die()
            hung_up = await last(story)
        code = await agent.ended()
    assert isinstance(hung_up, caller_wire.HungUp)
    assert "callee" == hung_up.by
    assert 0 == code
    assert [call] == [event.call for event in left_by(agent) if isinstance(event, wire.Ended)]


@pytest.mark.parametrize("drained", [True, False], ids=["after Drain", "after a crash"])
async def test_agent_that_a_next_parent_finds_takes_calls_again(
    tmp_path: Path, *, drained: bool
) -> None:
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0):
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path, str(tmp_path / "audio.wav"))))
            await parent.next(wire.Answered)
            parent.say(*([wire.Drain()] if drained else []), wire.Ping(n=1))
            await parent.next(wire.Pong)
            await parent.die()
            parent = await agent.parent()
            hello = await parent.next(wire.Hello)
            async with calling(agent.port, tmp_path / "heard-2.wav"):
                offered = await parent.next(wire.Offered)
        await parent.die()
    assert (call,) == hello.calls
    assert call != offered.offer.call


@pytest.mark.parametrize("damage", [None, b"RIFF"], ids=["missing", "damaged"])
async def test_prompt_that_cannot_be_played_is_told_and_over_at_once(
    tmp_path: Path, damage: bytes | None
) -> None:
    greeting, recording = tmp_path / "greeting.wav", tmp_path / "audio.wav"
    if damage is not None:
        greeting.write_bytes(damage)
    plan = alone(tmp_path, str(recording))
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0):
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan))
            await parent.next(wire.Answered)
            parent.say(wire.Play(call=call, wav=str(greeting)))
            fault, over = await parent.next(wire.Fault), await parent.next(wire.PromptEnded)
            parent.say(wire.Play(call=call, wav=plan.beep))
            await parent.next(wire.PromptEnded)
            parent.say(wire.Record(call=call, path=str(recording)))
            await until(lambda: recording.exists() and recording.stat().st_size > 8_000)
            await parent.die()
    assert call == fault.call
    assert f"{greeting} cannot be played" in fault.problem
    assert wire.PromptEnded(call=call, wav=str(greeting)) == over


async def test_lone_call_whose_prompts_are_missing_is_recorded_all_the_same(
    tmp_path: Path,
) -> None:
    recording = tmp_path / "audio.wav"
    missing = str(tmp_path / "missing.wav")
    plan = msgspec.structs.replace(alone(tmp_path, str(recording)), beep=missing, thanks=missing)
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan))
            await parent.next(wire.Answered)
            await parent.die()
            hung_up = await last(story)
        await agent.ended()
    assert isinstance(hung_up, caller_wire.HungUp)
    assert ("callee", 200) == (hung_up.by, hung_up.code)
    assert recording.stat().st_size > HEADER_BYTES


async def test_caller_is_recorded_after_the_prompts_though_the_parent_says_nothing_more(
    tmp_path: Path,
) -> None:
    recording, said = tmp_path / "audio.wav", tmp_path / "said.wav"
    ulaw.write(said, ulaw.decode(ulaw.encode(ulaw.noisy(thanks(), seed=5))))
    plan = alone(tmp_path, str(recording))
    then = wire.Sequel(prompts=(plan.beep, plan.beep), recording=str(recording))
    caller = {"wav": str(said), "speak_after_s": 2.0, "linger_s": 0.2}
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", **caller) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan, then=then))
            answered = await parent.next(wire.Answered)
            first = await parent.next(wire.PromptEnded)
            second = await parent.next(wire.PromptEnded)
            closed = await parent.next(wire.RecordingClosed)
            await last(story)
        await parent.die()
    begun = [one.begun for one in (answered, first, second)]
    assert [plan.beep, plan.beep, str(recording)] == [one.path for one in begun if one]
    arrived, sent = ulaw.frames_that_arrived(ulaw.encode(ulaw.read(said)), ulaw.read(recording))
    assert sent == arrived
    assert closed.recorded_s >= sent * ulaw.FRAME / ulaw.RATE_HZ


async def test_parent_that_dies_while_prompts_go_on_by_themselves_leaves_a_call_led_alone(
    tmp_path: Path,
) -> None:
    recording = tmp_path / "audio.wav"
    plan = alone(tmp_path, str(recording))
    then = wire.Sequel(prompts=(plan.beep,) * 9, recording=str(tmp_path / "other.wav"))
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", linger_s=60.0) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan, then=then))
            await parent.next(wire.Answered)
            await parent.die()
            hung_up = await last(story)
        await agent.ended()
    assert isinstance(hung_up, caller_wire.HungUp)
    assert "callee" == hung_up.by
    assert recording.stat().st_size > HEADER_BYTES
    assert not (tmp_path / "other.wav").exists()


async def test_key_leaves_it_to_the_parent_what_comes_after_the_prompt(tmp_path: Path) -> None:
    plan = alone(tmp_path)
    then = wire.Sequel(prompts=(plan.beep,) * 9, recording=str(tmp_path / "audio.wav"))
    caller = {"speak_after_s": 0.0, "keys": "1", "linger_s": 60.0}
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, tmp_path / "heard.wav", **caller):
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=plan, then=then))
            await parent.next(wire.Key)
            over = await parent.next(wire.PromptEnded)
            await parent.die()
    assert wire.PromptEnded(call=call, wav=plan.beep) == over


async def test_prompt_of_an_agent_that_was_stopped_meanwhile_is_heard_to_its_end(
    tmp_path: Path,
) -> None:
    prompt, heard = tmp_path / "long.wav", tmp_path / "heard.wav"
    said = ulaw.encode(ulaw.noisy(np.zeros(2 * ulaw.RATE_HZ, np.int16), seed=1, peak=4000))
    ulaw.write(prompt, ulaw.decode(said))
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        async with calling(agent.port, heard, speak_after_s=60.0) as story:
            call = (await parent.next(wire.Offered)).offer.call
            parent.say(wire.Answer(call=call, alone=alone(tmp_path)))
            await parent.next(wire.Answered)
            parent.say(wire.Play(call=call, wav=str(prompt)))
            await until(lambda: heard.exists() and ulaw.read(heard).any())
            os.kill(agent.process.pid, signal.SIGSTOP)
            await asyncio.sleep(STOPPED_S)
            os.kill(agent.process.pid, signal.SIGCONT)
            await parent.next(wire.PromptEnded)
            parent.say(wire.HangUp(call=call))
            await last(story)
            await parent.die()
        await agent.ended()
    arrived, sent = ulaw.frames_that_arrived(said, ulaw.read(heard))
    # The caller's jitter buffer replaces some frames around the gap, more on a busy machine.
    assert arrived >= 0.75 * sent


async def test_invite_without_sdp_that_is_refused_at_once_does_not_end_the_agent(
    tmp_path: Path,
) -> None:
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        await parent.next(wire.Hello)
        with peer(agent.port, "127.0.0.2") as stranger:
            stranger.send("1")
            said = await stranger.answer()
        refused = await parent.next(wire.Refused)
        assert agent.process.poll() is None
        await parent.die()
    assert (True, "source") == (said.startswith("SIP/2.0 403"), refused.why)


async def test_invite_without_sdp_that_finds_the_parent_dead_does_not_end_the_agent(
    tmp_path: Path,
) -> None:
    with real_agent(tmp_path) as agent:
        parent = await agent.parent()
        await parent.next(wire.Hello)
        with peer(agent.port, "127.0.0.1") as caller:
            os.kill(agent.process.pid, signal.SIGSTOP)
            await parent.die()
            caller.send("1")
            os.kill(agent.process.pid, signal.SIGCONT)
            said = await caller.answer()
        code = await agent.ended()
    assert (True, 0) == (said.startswith("SIP/2.0 503"), code)
