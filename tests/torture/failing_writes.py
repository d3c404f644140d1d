"""One write fails, or every one from then on, in the middle of a call; see disk.py for the part."""

import asyncio
import contextlib
import errno
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tests import brokers
from tests.bot import running
from tests.brokers import ROOT
from tests.torture.failing import Control, FailingBot, Role, build
from tests.torture.full_disk import all_ended
from tests.torture.listening import Story, dial, messages

MAIN_WRITES = 200
"""More than main writes during a call; in the full measure every n has its turn."""

AGENT_WRITES = 56
"""An agent's writes during a call of 3 s: a step every 60 ms, then the header's."""

EAR_WRITES = 6
"""What the live recogniser brings to the disk in such a call: it does so twice a second."""

MOST = {Role.MAIN: MAIN_WRITES, Role.AGENT: AGENT_WRITES, Role.EAR: EAR_WRITES}

CALL_LIMIT_S = 14.0
"""Longer than a call that is thanked; an apology need not be heard to its end here."""

BOTS_MAX = 6

CALLS_A_BOT = 12
"""Below that, starting another bot takes longer than its calls."""


class Shot(msgspec.Struct, kw_only=True, frozen=True):
    """One failure to be injected during one call."""

    role: Role
    nth: int
    error: int
    forever: bool

    @property
    def name(self) -> str:
        """What was done, for a row."""
        word = "from the n-th write on" if self.forever else "at the n-th write"
        return f"{errno.errorcode[self.error]} {word} in {self.role.name.lower()}"


class Fired(msgspec.Struct, kw_only=True):
    """A shot and what came of it."""

    shot: Shot
    story: Story
    failed: int
    """Writes that failed; 0 when the call had fewer than n."""
    while_speaking: bool = False
    """Whether the first of them failed before the caller had said everything."""


class Run(msgspec.Struct, kw_only=True):
    """One bot's share."""

    bot: FailingBot
    fired: list[Fired]
    after: Story
    """A call after the last shot, undisturbed."""
    restarts: int
    """How often the main process had to be started again."""


def plan(rng: random.Random, number: int) -> list[Shot]:
    """Return the shots: so many n in main, each once and lasting, and likewise in the others.

    Which n, the errno of each and the order are chosen by chance.
    """
    shots = [
        Shot(role=role, nth=nth, error=rng.choice((errno.ENOSPC, errno.EIO)), forever=forever)
        for role, most in MOST.items()
        for nth in rng.sample(range(1, most + 1), min(number, most))
        for forever in (False, True)
    ]
    rng.shuffle(shots)
    return shots


async def shoot(
    shots: Sequence[Shot], rng: random.Random, folder: Path, models: Path, speech: Path
) -> list[Run]:
    """Make a call for every shot, on several bots side by side.

    The bots are stopped when this returns; their folders are left.
    """
    number = max(1, min(BOTS_MAX, len(shots) // CALLS_A_BOT))
    library = build(folder)
    said = messages(folder, speech, [rng.uniform(2.1, 2.6) for _ in range(4)])
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                _one_bot(shots[first::number], folder / f"bot-{first}", models, library, said)
            )
            for first in range(number)
        ]
    return [task.result() for task in tasks]


async def _one_bot(
    shots: Sequence[Shot], folder: Path, models: Path, library: Path, said: list[Path]
) -> Run:
    Path.mkdir(folder)
    fired: list[Fired] = []
    restarts = 0
    with contextlib.closing(Control(folder / "control")) as control:
        async with brokers.running("mosquitto") as broker:
            bot = FailingBot(folder, broker.port, models, library=library, control=control)
            async with running(bot):
                for number, shot in enumerate(shots):
                    fired.append(await _fire(bot, control, shot, f"n{number}", said))
                    if bot.process is not None and bot.process.poll() is not None:
                        restarts += 1
                        await bot.start()
                after = await _undisturbed(bot, said)
                await all_ended(bot)
    return Run(bot=bot, fired=fired, after=after, restarts=restarts)


async def _fire(
    bot: FailingBot, control: Control, shot: Shot, caller: str, said: list[Path]
) -> Fired:
    control.arm(shot.role, shot.nth, error=shot.error, forever=shot.forever)
    story = await _call(bot, caller, said[shot.nth % len(said)])
    failed, at = control.disarm(), control.failed_at
    said_all_at = (story.spoke_at or 0.0) + story.spoke_s
    return Fired(
        shot=shot, story=story, failed=failed, while_speaking=at is not None and at < said_all_at
    )


async def _undisturbed(bot: FailingBot, said: list[Path]) -> Story:
    """Call again until all is well: the first may meet what a failing write has left behind."""
    for attempt in range(3):
        story = await _call(bot, f"after{attempt}", said[0])
        if story.thanked:
            return story
        await asyncio.sleep(2.0)
    return story


async def _call(bot: FailingBot, caller: str, wav: Path) -> Story:
    heard = bot.folder / f"heard-{caller}.wav"
    return await dial(bot, caller, wav, heard=heard, limit_s=CALL_LIMIT_S)


def ledger_problem(folder: Path) -> str:
    """Return what ``sipbot ledger check`` says of a bot that is stopped; empty when it is sound."""
    command = [
        sys.executable,
        "-m",
        "sipbot",
        "ledger",
        "check",
        "--config",
        str(folder / "config.toml"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr
