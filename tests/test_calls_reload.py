"""Dialplans change while callers are on the line, and while sipbot does not run."""

import hashlib
from contextlib import aclosing
from pathlib import Path

import pytest

from sipbot.records import EndState
from sipbot.sip import caller_wire as wire
from tests.bot import Bot, running, until
from tests.brokers import RunningBroker, subscribed
from tests.own_caller import own_call, steps
from tests.torture.broker_calls import DeafBot

pytestmark = [pytest.mark.sip, pytest.mark.broker, pytest.mark.peer]


def rewrite(bot: Bot, old: str, new: str) -> str:
    """Change the file of the client desk, and return its hash."""
    path = bot.folder / "dialplans" / "desk.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_call_on_the_line_keeps_its_form_and_the_next_call_has_the_new_one(
    mosquitto: RunningBroker, tmp_path: Path, message_wav: Path
) -> None:
    plan = {"wav": str(message_wav), "keys": "#"}
    bot = DeafBot.prepare(tmp_path, mosquitto.port)
    async with running(bot), subscribed(mosquitto.port, "sipbot/1/test/info") as info:
        before = (await info.next()).json["clients"]["desk"]
        story = steps(bot, "before", heard=tmp_path / "before.wav", **plan)
        async with aclosing(story):
            async for step in story:
                if isinstance(step, wire.Speaking):
                    changed = rewrite(bot, 'numbers = ["desk"]', 'numbers = ["moved"]')
                    await bot.logged("dialplan in force", client="desk", sha256=changed)
        unmapped = await own_call(bot, "after", heard=tmp_path / "after.wav", **plan)
        await own_call(bot, "moved", "moved", heard=tmp_path / "moved.wav", **plan)
        rows = [await bot.ended(caller) for caller in ("before", "after", "moved")]
        after = (await info.next()).json["clients"]["desk"]
    assert not any(isinstance(step, wire.Answered) for step in unmapped)
    assert [
        ("desk", EndState.MEMO),
        (None, EndState.REFUSED_UNMAPPED),
        ("desk", EndState.MEMO),
    ] == [(row.client, row.state) for row in rows]
    assert before != changed == after


async def test_broken_file_is_told_and_the_last_good_form_answers_after_a_restart_too(
    mosquitto: RunningBroker, tmp_path: Path, message_wav: Path
) -> None:
    bot = DeafBot.prepare(tmp_path, mosquitto.port)
    topic = "sipbot/1/test/alert/dialplan-desk"
    async with running(bot), subscribed(mosquitto.port, topic) as alerts:
        good = hashlib.sha256((bot.folder / "dialplans/desk.toml").read_bytes()).hexdigest()
        await until((bot.folder / "var/dialplans/desk.toml").exists)
        rewrite(bot, "[record]", "[recrod]")
        raised = (await alerts.next()).json
        before = await bot.ask()
        await bot.stop()
        await bot.start()
        after = await bot.ask()
        await own_call(bot, "one", heard=tmp_path / "heard.wav", wav=str(message_wav), keys="#")
        row = await bot.ended("one")
    assert before is not None
    assert after is not None
    (behind,) = before.dialplans
    assert "desk.toml:13:1: recrod" in raised["problem"]
    assert ("desk", good) == (behind.name, behind.sha256)
    assert behind.words in before.reasons
    assert behind.words in after.reasons
    assert "degraded" == after.state
    assert EndState.MEMO == row.state
