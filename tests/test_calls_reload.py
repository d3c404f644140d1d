"""Dialplans change while callers are on the line, and while sipbot does not run."""

import hashlib
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from sipbot import cli_status
from sipbot.control import socket_path
from sipbot.records import EndState
from sipbot.sip import caller_wire as wire
from tests.bot import Bot, running
from tests.brokers import RunningBroker, subscribed
from tests.own_caller import own_call, steps

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]


def rewrite(bot: Bot, old: str, new: str) -> str:
    """Change the file of the client desk, and return its hash."""
    path = bot.folder / "dialplans" / "desk.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_call_on_the_line_keeps_its_form_and_the_next_call_has_the_new_one(
    make_bot: Callable[[], Bot], mosquitto: RunningBroker, tmp_path: Path, message_wav: Path
) -> None:
    plan = {"wav": str(message_wav), "keys": "#"}
    async with running(make_bot()) as bot, subscribed(mosquitto.port, "sipbot/1/test/info") as info:
        story = steps(bot, "before", heard=tmp_path / "before.wav", **plan)
        async with aclosing(story):
            async for step in story:
                if isinstance(step, wire.Speaking):
                    changed = rewrite(bot, 'numbers = ["desk"]', 'numbers = ["moved"]')
                    await bot.logged("dialplan in force", client="desk", sha256=changed)
        unmapped = await own_call(bot, "after", heard=tmp_path / "after.wav", **plan)
        await own_call(bot, "moved", "moved", heard=tmp_path / "moved.wav", **plan)
        rows = [await bot.ended(caller) for caller in ("before", "after", "moved")]
        told = {(await info.next()).json["clients"]["desk"] for _ in range(2)}
    assert not any(isinstance(step, wire.Answered) for step in unmapped)
    assert [
        ("desk", EndState.MEMO),
        (None, EndState.REFUSED_UNMAPPED),
        ("desk", EndState.MEMO),
    ] == [(row.client, row.state) for row in rows]
    assert changed in told


async def test_broken_file_is_told_on_the_bus_and_by_status_and_the_next_start_answers_all_the_same(
    make_bot: Callable[[], Bot], mosquitto: RunningBroker, tmp_path: Path, message_wav: Path
) -> None:
    async with (
        running(make_bot()) as bot,
        subscribed(mosquitto.port, "sipbot/1/test/alert/dialplan-desk") as alerts,
    ):
        good = hashlib.sha256((bot.folder / "dialplans/desk.toml").read_bytes()).hexdigest()
        rewrite(bot, "[record]", "[recrod]")
        raised = (await alerts.next()).json
        found = await cli_status.ask(socket_path(bot.folder / "var"))
        await bot.stop()
        since = bot.log.stat().st_size
        bot._launch()
        state = await bot.logged("state", since=since, state="degraded")
        while state["reasons"][0] == "starting" or len(state["reasons"]) > 1:
            since = bot.log.read_bytes().rfind(b'"event": "state"')
            state = await bot.logged("state", since=since - 200)
        told = await own_call(
            bot, "one", heard=tmp_path / "heard.wav", wav=str(message_wav), keys="#"
        )
        row = await bot.ended("one")
    (behind,) = found.dialplans
    assert "desk.toml:11:2: recrod" in raised["problem"]
    assert ("degraded", [behind.words]) == (found.state, list(found.reasons))
    assert ("desk", good) == (behind.name, behind.sha256)
    assert [behind.words] == state["reasons"]
    assert any(isinstance(step, wire.Speaking) for step in told)
    assert EndState.MEMO == row.state
