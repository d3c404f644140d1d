"""Agents that are configured no longer: who is on the line with one, and what it left, is kept."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from sipbot.errors import ChildGoneError
from sipbot.lines import encode
from sipbot.records import EndState
from sipbot.retired import RetiredAgent, retired_in
from sipbot.sip import caller_wire, wire
from sipbot.sip.asked import Noted
from sipbot.sip.stack import asked_file, untold_file
from tests.agents import ALLOW, calling, stack_on
from tests.bot import Bot, running
from tests.brokers import RunningBroker
from tests.free_ports import free_ports
from tests.memo_samples import an_offer


class Heard:
    """What a retired agent's parent is told."""

    def __init__(self, folder: Path, number: int = 7) -> None:
        self.events = list[wire.Event]()
        self.socket = folder / f"agent-{number}.sock"
        self.agent = RetiredAgent(
            number,
            stack=stack_on(free_ports()),
            allow=ALLOW,
            run_folder=folder,
            on_event=self.events.append,
            on_gone=lambda _: None,
        )

    def write_down(self, call: str) -> None:
        """Say that what became of this call is in the ledger."""
        with contextlib.suppress(ChildGoneError):
            self.agent.send(wire.Written(call=call))


def refused(call: str) -> wire.Refused:
    return wire.Refused(offer=an_offer(call), code=486, why="capacity")


def test_numbers_beyond_those_in_service_are_retired(tmp_path: Path) -> None:
    names = ("agent-0.sock", "agent-1.untold", "agent-2.sock", "agent-2.asked", "agent-9.asked")
    for name in (*names, "control.sock", ".agent-5.asked.part"):
        (tmp_path / name).touch()
    assert [2, 9] == retired_in(tmp_path, 2)


def test_without_a_folder_no_agent_is_retired(tmp_path: Path) -> None:
    assert [] == retired_in(tmp_path / "run", 1)


async def test_what_a_retired_agent_has_left_and_noted_is_heard_and_removed_once_written(
    tmp_path: Path,
) -> None:
    heard = Heard(tmp_path)
    left, noted = refused("left"), refused("noted")
    untold, asked = untold_file(heard.socket), asked_file(heard.socket)
    untold.write_bytes(encode(left))
    asked.write_bytes(encode(Noted(key="branch", at_s=0.0, refused=noted)))
    heard.socket.touch()
    await heard.agent.run()
    there = untold.exists()
    for one in (left, noted):
        heard.write_down(one.offer.call)
    assert [left, noted] == heard.events
    assert (True, True) == (heard.agent.found.is_set(), there)
    assert (False, False, False) == (untold.exists(), asked.exists(), heard.socket.exists())


async def test_what_is_not_written_down_yet_is_heard_again_at_the_next_start(
    tmp_path: Path,
) -> None:
    first, second = Heard(tmp_path), Heard(tmp_path)
    left, noted = refused("left"), refused("noted")
    untold_file(first.socket).write_bytes(encode(left))
    asked_file(first.socket).write_bytes(encode(Noted(key="branch", at_s=0.0, refused=noted)))
    await first.agent.run()
    first.write_down("left")
    await second.agent.run()
    assert [left, noted] == second.events


@pytest.mark.sip
@pytest.mark.asr
@pytest.mark.broker
async def test_caller_of_an_agent_that_is_taken_out_of_service_is_recorded_to_the_end(
    tmp_path: Path, vosk_models: Path, mosquitto: RunningBroker, long_message_wav: Path
) -> None:
    folder = tmp_path / "bot"
    folder.mkdir()
    bot = Bot(folder, mosquitto.port, vosk_models, agents=2)
    async with running(bot):
        plan = {"wav": str(long_message_wav), "keys": "#", "speak_after_s": 0.4}
        async with calling(bot.port + 1, tmp_path / "heard.wav", **plan) as story:
            async for step in story:
                if isinstance(step, caller_wire.Speaking):
                    break
            await bot.recording("somebody", at_least_s=1.0)
            bot.kill()
            config = folder / "config.toml"
            text = config.read_text(encoding="utf-8")
            config.write_text(text.replace("lines = 8", "lines = 4"), encoding="utf-8")
            await bot.start()
            async for _ in story:
                pass
        memo, row = await bot.memo("somebody", "transcribed"), await bot.ended("somebody")
        while retired_in(folder / "var" / "run", 1):
            await asyncio.sleep(0.1)
    assert (EndState.MEMO, False) == (row.state, memo.call.cut_off)
    assert memo.audio.duration_s > 5.0
