"""A bot that takes messages by real calls while its broker comes and goes; part of `broker`.

The acceptances are SIPp's: each caller is a From user of its own, written down by the scenario when
its message has been spoken, right before its BYE.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from sipbot import cli_status
from sipbot.control import socket_path
from sipbot.errors import ControlError
from sipbot.status import Status
from tests import ulaw
from tests.bot import DIALPLAN, LOOK_EVERY_S, PATIENCE_S, Bot
from tests.brokers import ROOT
from tests.sipp import fragment, sipp

CLIENTS = ("aoba", "fuji", "kiku", "momo", "sora")
"""Each is called by one caller after the other."""

SPOKEN_S = 3
"""Longer than the 2 s that make a message."""

CALL_MIN_S = 4.5
"""Greeting and message, by `message.xml`."""

AGENTS = 2
"""Eight lines for five callers: nobody is refused."""

_ACCEPTED = '  <nop><action><log message="accepted @CALLER@"/></action></nop>\n'


class DeafBot(Bot):
    """A bot without a speech model: its state is degraded, and it takes messages all the same."""

    @classmethod
    def prepare(cls, folder: Path, mqtt_port: int, *, embedded: bool = False) -> "DeafBot":
        """Lay it out in a folder of its own; `embedded`: with a broker of its own."""
        models = folder / "models"
        models.mkdir(parents=True)
        bot = cls(folder, mqtt_port, models, agents=AGENTS)
        for client in CLIENTS:
            text = DIALPLAN.format(
                name=client,
                after_s=0,
                greeting="greeting.wav",
                beep="false",
                no_speech_s=60,
                end_silence_s=10,
            )
            (folder / "dialplans" / f"{client}.toml").write_text(text, encoding="utf-8")
        if embedded:
            config = folder / "config.toml"
            text = config.read_text(encoding="utf-8")
            config.write_text(text.replace('host = "127.0.0.1"\n', 'host = ""\n'), encoding="utf-8")
        return bot

    async def start(self) -> None:
        """Start it and wait until it is up."""
        self._launch()
        await self.up()

    async def up(self) -> None:
        """Wait until it answers calls and has reached its broker."""
        async with asyncio.timeout(PATIENCE_S):
            while not ((now := await self.ask()) and now.broker_connected and _up(now)):
                await asyncio.sleep(LOOK_EVERY_S)

    async def ask(self) -> Status | None:
        """Return what `sipbot status` would; None before it can be asked."""
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")[-4000:]
        with contextlib.suppress(ControlError):
            return await cli_status.ask(socket_path(self.folder / "var"))
        return None

    async def broker_pid(self) -> int:
        """Wait for the embedded broker's pid."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                now = await self.ask()
                for child in now.children if now else ():
                    if child.name == "broker" and child.pid is not None:
                        return child.pid
                await asyncio.sleep(LOOK_EVERY_S)


def _up(status: Status) -> bool:
    agents = [child for child in status.children if child.name.startswith("agent-")]
    return len(agents) == AGENTS and all(child.pid is not None for child in agents)


class Calls(msgspec.Struct):
    """What the callers wrote down."""

    accepted: dict[str, list[str]] = {}
    """Client to its callers whose message was accepted, in their order."""
    invites: int = 0
    """INVITEs sent, retransmissions not counted."""

    def all(self) -> list[str]:
        """Every caller whose message was accepted."""
        return [user for users in self.accepted.values() for user in users]


def message(folder: Path) -> Path:
    """Write a few seconds of speech as raw mu-law and return the file; noise is no message."""
    path = folder / "message.ul"
    if not path.exists():
        spoken = ulaw.read(ROOT / "tests" / "data" / "ko_03_8k.wav")[: SPOKEN_S * ulaw.RATE_HZ]
        # One packet more than is counted: SIPp 3.6.1 does not send the last one of a file.
        path.write_bytes(ulaw.encode(np.append(spoken, np.zeros(ulaw.FRAME, np.int16))))
    return path


async def place(
    bot: Bot, calls: Calls, name: str, each: Sequence[int], call_s: float = CALL_MIN_S
) -> None:
    """Place so many calls to each client, all clients at the same time.

    Args:
        bot: who is called.
        calls: where the callers write.
        name: new for every use; part of the callers' users.
        each: how many, client by client.
        call_s: how long one call lasts, at least `CALL_MIN_S`.
    """
    async with asyncio.TaskGroup() as group:
        for number, (client, count) in enumerate(zip(CLIENTS, each, strict=True)):
            port = bot.port + number % AGENTS
            group.create_task(_place(bot, calls, (client, name), port, (count, call_s)))


async def _place(
    bot: Bot, calls: Calls, who: tuple[str, str], port: int, much: tuple[int, float]
) -> None:
    (client, name), (count, call_s) = who, much
    filled_in: dict[str, Any] = {
        "name": "Caller",
        "headers": "",
        "middle": "",
        "end": _ACCEPTED + fragment("hang_up"),
        "caller": f"{client}-{name}-[call_number]",
        "before_ms": 500,
        "speak_ms": round(max(call_s, CALL_MIN_S) * 1000) - 1000,
        "audio": message(bot.folder),
    }
    target = ("-s", client, f"127.0.0.1:{port}")
    async with sipp(
        "message", *target, source="127.0.0.1", calls=count, at_once=1, trace=False, **filled_in
    ) as run:
        await run.done(count * (call_s + CALL_MIN_S) + PATIENCE_S)
        calls.invites += int(run.statistics()["TotalCallCreated"])
        users = [line.split("accepted ")[1] for line in run.logs().splitlines() if line]
    calls.accepted.setdefault(client, []).extend(users)


@contextlib.asynccontextmanager
async def deaf_bot(
    folder: Path, mqtt_port: int, *, embedded: bool = False
) -> AsyncIterator[DeafBot]:
    """Run a bot and leave no process of it behind."""
    bot = DeafBot.prepare(folder, mqtt_port, embedded=embedded)
    try:
        await bot.start()
        yield bot
    finally:
        await bot.clear_away()
