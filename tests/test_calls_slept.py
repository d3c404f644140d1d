"""A call whose main process slept or died, or whose agent died: what is known of its end counts."""

import contextlib
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from sipbot import script_events as script
from sipbot import steps
from sipbot.call_tools import Gone, Tools
from sipbot.caller import WITHHELD
from sipbot.calls import Happening, LiveCall
from sipbot.ledger import Ledger
from sipbot.reading import Reading
from sipbot.records import EndedBy, EndState
from sipbot.sip import wire
from sipbot.speech.client import SpeechClient
from sipbot.spool import Note, Spool
from sipbot.steps import Course
from sipbot.text_thread import TextThread
from sipbot.wav import HEADER_BYTES
from tests import ulaw
from tests.bot import thanks
from tests.courses import BEEP, GREETING, course
from tests.offers import offer

INVITE = offer()
NOTE = Note(offer=INVITE, client="boss", rule="request-uri", number="9000", caller=None)


class Deaf:
    """An agent that takes every command, and remembers it."""

    def __init__(self) -> None:
        self.told: list[wire.Command] = []

    def send(self, command: wire.Command) -> None:
        self.told.append(command)


@contextlib.asynccontextmanager
async def tools_in(folder: Path) -> AsyncIterator[Tools]:
    """What every call needs, with a row for `INVITE`."""
    async with Ledger.open(folder / "sipbot.sqlite3") as ledger:
        await ledger.add_call(INVITE, NOTE.client, NOTE.rule, NOTE.number)
        spool = Spool(folder / "spool")
        live = SpeechClient("live", (), lambda _: None)
        yield Tools(
            ledger=ledger,
            spool=spool,
            reading=Reading(
                ledger=ledger, spool=spool, live=live, second=None, models=(), texts=TextThread()
            ),
            tell=lambda *_: None,
            trouble=lambda *_: None,
            audio_url=lambda call, _: call,
        )


def live_call(tools: Tools, script_of: Course | None) -> LiveCall:
    """A call with an agent; one without a course is of an earlier run."""
    return LiveCall(
        note=NOTE,
        course=script_of,
        language="ja",
        region="JP",
        caller=WITHHELD,
        agent=Deaf() if script_of else None,
        tools=tools,
        beside=lambda _: None,
    )


def ended(*, transferred: bool = False) -> wire.Ended:
    """The caller hung up after the answer."""
    return wire.Ended(
        call=INVITE.call,
        by=EndedBy.CALLER,
        code=200,
        reason="",
        answered=True,
        transferred=transferred,
    )


async def test_call_that_was_connected_while_main_slept_past_the_ringing_is_transferred(
    tmp_path: Path,
) -> None:
    to_boss = course(
        steps.Transfer(name="boss", to="sip:100@127.0.0.1"), start="boss", greeting=None
    )
    async with tools_in(tmp_path) as tools:
        call = live_call(tools, to_boss)
        for happening in (
            script.Offered(),
            wire.Answered(call=call.call),
            script.TimeUp(n=2),  # of the ringing
            wire.Transferred(call=call.call),
            ended(transferred=True),
        ):
            call.happen(happening)

        await call.run()

        row = await tools.ledger.call(call.call)
    assert row is not None
    assert EndState.TRANSFERRED == row.state
    assert call.script.visited == ("boss", steps.RECORD)


async def test_caller_who_left_during_the_greeting_of_a_run_that_died_was_answered(
    tmp_path: Path,
) -> None:
    async with tools_in(tmp_path) as tools:
        call = live_call(tools, None)
        await call.resume(None, ended())

        await call.run()

        row = await tools.ledger.call(call.call)
    assert row is not None
    assert EndState.ABANDONED_GREETING == row.state


@pytest.mark.parametrize("hung_up", [False, True])
async def test_message_that_was_whole_when_the_agent_died_is_not_cut_off(
    tmp_path: Path,
    hung_up: bool,
) -> None:
    at_once = course(steps.Record(name=steps.RECORD, beep=False), greeting=None)
    async with tools_in(tmp_path) as tools:
        call = live_call(tools, at_once)
        tools.spool.prepare(NOTE)
        recording = tools.spool.audio(call.call)
        ulaw.write(recording, thanks())
        audio_bytes = recording.stat().st_size - HEADER_BYTES
        closed = wire.RecordingClosed(
            call=call.call, path=str(recording), audio_bytes=audio_bytes, recorded_s=0.0
        )
        happened: list[Happening] = [script.Offered(), wire.Answered(call=call.call), closed]
        happened += [ended()] if hung_up else []
        for happening in (*happened, Gone(), script.Judged(spoke=True)):
            call.happen(happening)

        await call.run()

    assert call.memo is not None
    by = EndedBy.CALLER if hung_up else EndedBy.CRASH
    assert (by, False) == (call.memo.call.ended_by, call.memo.call.cut_off)


@pytest.mark.parametrize(("a_look_takes_s", "state"), [(0.0, "no_message"), (1.0, "memo")])
async def test_silence_of_an_agent_that_hung_before_it_died_is_not_taken_for_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, a_look_takes_s: float, state: str
) -> None:
    monotonic = itertools.count(0.0, a_look_takes_s).__next__
    monkeypatch.setattr("sipbot.call_ear.time", SimpleNamespace(monotonic=monotonic))
    at_once = course(steps.Record(name=steps.RECORD, beep=False), greeting=None)
    async with tools_in(tmp_path) as tools:
        call = live_call(tools, at_once)
        tools.spool.prepare(NOTE)
        ulaw.write(tools.spool.audio(call.call), thanks())
        for happening in (
            script.Offered(),
            wire.Answered(call=call.call),
            Gone(),
            script.Judged(spoke=False),
        ):
            call.happen(happening)

        await call.run()

        row = await tools.ledger.call(call.call)
    assert row is not None
    assert state == row.state
    assert call.memo is None or call.memo.call.cut_off


async def test_main_that_slept_takes_over_what_the_agent_has_begun_without_it(
    tmp_path: Path,
) -> None:
    two_questions = course(
        steps.Ask(name="who", item="name", then="what"),
        steps.Ask(name="what", item="wish", then=steps.RECORD),
        start="who",
    )
    async with tools_in(tmp_path) as tools:
        call = live_call(tools, two_questions)
        recording = tools.spool.audio(call.call)
        tools.spool.prepare(NOTE)
        ulaw.write(recording, thanks())
        answered_s = time.monotonic() - 60.0
        greeting = wire.Begun(path=GREETING.wav, at_s=answered_s)
        recorder = wire.Begun(path=str(recording), at_s=answered_s + 2.0)
        for happening in (
            script.Offered(),
            wire.Answered(call=call.call, begun=greeting),
            wire.PromptEnded(call=call.call, wav=GREETING.wav, begun=recorder),
            script.SpeechEnded(text="jane"),
            script.SpeechEnded(text="my order"),
            ended(),
            script.Judged(spoke=True),
        ):
            call.happen(happening)

        await call.run()

        kept, agent = tools.spool.kept(call.call), call.agent
        row = await tools.ledger.call(call.call)
    assert isinstance(agent, Deaf)
    sequel = wire.Sequel(prompts=(GREETING.wav,), recording=str(recording))
    assert [sequel] == [one.then for one in agent.told if isinstance(one, wire.Answer)]
    assert [BEEP.wav] == [one.wav for one in agent.told if isinstance(one, wire.Play)]
    assert [] == [one for one in agent.told if isinstance(one, wire.Record)]
    (name, wish) = kept.answers
    assert 0.0 == name.from_s
    assert wish.from_s is not None
    assert 58.0 <= wish.from_s
    assert row is not None
    assert row.ended_at is not None
    assert row.answered_at is not None
    assert 60.0 <= (row.ended_at - row.answered_at).total_seconds()
