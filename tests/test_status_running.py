"""How a running sipbot is, as told to people, to Prometheus, to the bus and to systemd."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from sipbot import cli_status
from sipbot.control import socket_path
from sipbot.memo import Stage
from sipbot.memo import Status as MemoStatus
from sipbot.records import EndState
from sipbot.sip import caller_wire as wire
from sipbot.status import Status
from tests.bot import LOOK_EVERY_S, PATIENCE_S, Bot, running, until
from tests.brokers import RunningBroker, subscribed
from tests.free_ports import free_ports
from tests.own_caller import own_call, steps

pytestmark = [pytest.mark.sip, pytest.mark.asr, pytest.mark.broker, pytest.mark.peer]


def ask(bot: Bot, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "sipbot",
            "status",
            "--config",
            bot.folder / "config.toml",
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )


async def status(bot: Bot, when: Callable[[Status], bool] = lambda _: True) -> Status:
    """Ask the running bot, as often as it takes."""
    async with asyncio.timeout(PATIENCE_S):
        while not when(found := await cli_status.ask(socket_path(bot.folder / "var"))):
            await asyncio.sleep(LOOK_EVERY_S)
    return found


def scrape(port: int) -> list[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text: str = answer.read().decode()
        return text.splitlines()


@pytest_asyncio.fixture
async def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """What a service manager with a watchdog of a second is told by the bots of the test."""
    path, words = tmp_path / "notify", []
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        loop.add_reader(listener, lambda: words.append(listener.recv(4096).decode()))
        yield words
        loop.remove_reader(listener)


async def test_status_of_a_running_bot_counts_its_calls_and_names_its_processes(
    make_bot: Callable[[], Bot], tmp_path: Path, message_wav: Path
) -> None:
    async with running(make_bot()) as bot:
        quiet = ask(bot, "--json")
        story = steps(bot, "one", heard=tmp_path / "heard.wav", wav=str(message_wav), keys="#")
        async with aclosing(story):
            await _speaking(story)
            during = await status(bot)
            await _rest(story)
        await bot.memo("one", "transcribed")
        after = await status(bot, lambda found: found.numbers.deliveries_waiting == 0)
        pids = {"main": bot.main, "agent-0": bot.agents()[0], "live": bot.ear("live")}
    assert (0, "ready") == (quiet.returncode, json.loads(quiet.stdout)["state"])
    assert (1, 4) == (during.numbers.lines_in_use, during.numbers.lines)
    assert after.counts is not None
    assert 1 == after.counts.calls[EndState.MEMO] == after.counts.calls_today[EndState.MEMO]
    assert 1 == after.counts.memos[MemoStatus.OPEN]
    assert 0.0 == after.numbers.oldest_undelivered_s
    assert after.numbers.disk_free_bytes
    found = {child.name.removesuffix("-recogniser"): child for child in after.children}
    assert pids == {name: child.pid for name, child in found.items()}
    assert all(child.rss_bytes for child in found.values())
    assert [None, 0, 0] == [child.restarts for child in found.values()]


async def _rest(story: AsyncIterator[wire.Step]) -> list[wire.Step]:
    return [step async for step in story]


async def _speaking(story: AsyncIterator[wire.Step]) -> None:
    async for step in story:
        if isinstance(step, wire.Speaking):
            return
    pytest.fail("the call was over before the caller spoke")


async def test_status_of_a_bot_without_its_broker_says_so_and_fails(
    make_bot: Callable[[], Bot], mosquitto: RunningBroker
) -> None:
    async with running(make_bot()) as bot:
        await mosquitto.kill()
        await status(bot, lambda found: not found.broker_connected)
        told = ask(bot)
    assert 1 == told.returncode
    assert "the broker is not connected" in told.stdout


def test_status_of_a_bot_that_does_not_run_says_how_to_start_it(
    make_bot: Callable[[], Bot],
) -> None:
    bot = make_bot()
    told, read = ask(bot), ask(bot, "--json")
    assert (1, 1) == (told.returncode, read.returncode)
    assert "sipbot run" in told.stderr
    assert {"state": "not_running"} == json.loads(read.stdout)


async def test_bus_and_metrics_tell_the_figures_of_a_running_bot(
    make_bot: Callable[[], Bot], mosquitto: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_ports()
    monkeypatch.setenv("SIPBOT_METRICS__PORT", str(port))
    async with running(make_bot()) as bot:
        await status(bot, lambda found: found.broker_connected)
        async with subscribed(mosquitto.port, "sipbot/1/test/state") as state:
            said = (await state.next()).json
        scraped = scrape(port)
    assert (4, 0) == (said["numbers"]["lines"], said["numbers"]["lines_in_use"])
    assert "sipbot_lines 4.0" in scraped
    assert 'sipbot_child_up{child="agent-0"} 1.0' in scraped


async def test_service_manager_is_told_ready_alive_and_stopping(
    make_bot: Callable[[], Bot], told: list[str]
) -> None:
    async with running(make_bot()) as bot:
        await until(lambda: {"READY=1", "STATUS=ready"} <= set(told))
        told.clear()
        await until(lambda: "WATCHDOG=1" in told)
        early = "STOPPING=1" in told
        await bot.stop()
        await until(lambda: "STOPPING=1" in told)
    assert not early


async def test_call_is_answered_and_its_memo_published_while_the_live_recogniser_hangs(
    make_bot: Callable[[], Bot], mosquitto: RunningBroker, tmp_path: Path, message_wav: Path
) -> None:
    async with running(make_bot()) as bot:
        ear = bot.ear("live")
        os.kill(ear, signal.SIGSTOP)
        try:
            async with subscribed(mosquitto.port, "sipbot/1/test/client/desk/memo/+") as memos:
                told = await own_call(
                    bot, "overload", heard=tmp_path / "heard.wav", wav=str(message_wav), keys="#"
                )
                first = (await memos.next()).json
                row = await bot.ended("overload")
                later = await bot.memo("overload", "transcribed")
        finally:
            if bot.ear("live") == ear:
                os.kill(ear, signal.SIGCONT)
    assert any(isinstance(step, wire.Speaking) for step in told)
    assert EndState.MEMO == row.state
    assert ("recorded", None) == (first["stage"], first["text"])
    assert (first["id"], Stage.TRANSCRIBED) == (later.id, later.stage)
    assert later.text
