"""Calls while the disk fills up, is full, and has room again; see disk.py for the part."""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal

import msgspec

from sipbot.disk import RESERVE_FILES
from tests import brokers
from tests.bot import running, until
from tests.brokers import ROOT
from tests.torture.failing import Control, FailingBot, build
from tests.torture.listening import Story, dial, messages
from tests.torture.small_disk import NOTHING, SmallDisk, Told, mounted, wanted_bytes

AGENTS = 2
CALLERS = 6
"""Two lines stay free, so that no caller is refused because all are busy."""

FULL_S = 9.0
"""How long the disk stays full: a refused caller hears 6 s of apology."""

BACK_LIMIT_S = 40.0
"""When no call is taken so long after there is room again, it is lost."""

ENDED_LIMIT_S = 90.0
"""A call that could not be written down is tried again every 10 s."""

Harm = Literal["no byte", "no inode", "below the reserve", "inodes below the reserve"]

HARMS: tuple[Harm, ...] = ("no byte", "inodes below the reserve", "below the reserve", "no inode")


REALLY: tuple[Harm, ...] = ("no byte", "no inode")

SPEAKER_LIMIT_S = 60.0
"""Two of five calls are by callers who hang up by themselves: the next one comes long before."""

CAUGHT_AFTER_S = (0.6, 1.4)
"""So long after a message of at least 2.2 s began, some of it is on the disk and some is not."""


class Full(msgspec.Struct, kw_only=True):
    """One time the disk was full; instants are of the monotonic clock."""

    harm: Harm
    at: float
    room_at: float = 0.0
    alert_s: float | None = None
    """From full to the first alert; None when none came."""
    cleared_s: float | None = None
    """From room to the end of the alert."""
    taken_s: float | None = None
    """From room to the INVITE of the first caller who was thanked."""
    status: str = ""
    alerts: list[str] = []
    """Every alert that was raised while it was full."""

    @property
    def really(self) -> bool:
        """Whether nothing at all could be written."""
        return self.harm in REALLY


class Watch:
    """What a subscriber sees of the alerts."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, str, bool]] = []
        """When, which alert, raised or cleared."""

    async def run(self, subscriber: brokers.Subscriber, over: asyncio.Event) -> None:
        """Write down alerts until it is over."""
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                heard = await subscriber.next()
                name = heard.topic.rpartition("/")[2]
                self.seen.append((time.monotonic(), name, bool(heard.payload)))

    def first(self, since: float, names: tuple[str, ...], *, raised: bool) -> float | None:
        """Return the seconds to the first such news, or None."""
        for at, name, up in self.seen:
            if at >= since and name in names and up == raised:
                return at - since
        return None

    def raised(self, since: float, until_: float) -> list[str]:
        """Return the alerts raised between two instants."""
        return sorted({name for at, name, up in self.seen if up and since <= at <= until_})


class Run(msgspec.Struct, kw_only=True):
    """What a run on a small disk has left."""

    stories: list[Story]
    begun: list[Story]
    """The same, and those that are not over yet."""
    times: list[Full]
    disk: str
    bot: FailingBot


@contextlib.asynccontextmanager
async def small_bot(
    folder: Path, mqtt_port: int, models: Path, *, mount: bool = True
) -> AsyncIterator[tuple[FailingBot, SmallDisk]]:
    """Start a bot whose ``var`` is on a small disk.

    Args:
        folder: empty.
        mqtt_port: where its broker listens.
        models: folder with the speech models.
        mount: False for the disk that needs no privilege.
    """
    (folder / "var").mkdir()
    with contextlib.ExitStack() as stack:
        disk = stack.enter_context(mounted(folder / "var")) if mount else None
        control = None
        if disk is None:
            control = stack.enter_context(contextlib.closing(Control(folder / "control")))
            disk = Told(control)
        library = build(folder) if control else None
        bot = FailingBot(folder, mqtt_port, models, library=library, control=control, agents=AGENTS)
        async with running(bot):
            yield bot, disk


async def fill_and_empty(
    bot: FailingBot, disk: SmallDisk, rng: random.Random, speech: Path, times: int
) -> Run:
    """Fill the disk `times` times under calls, each time until calls are taken again."""
    said = messages(bot.folder, speech, [rng.uniform(2.2, 4.0) for _ in range(8)])
    run = Run(stories=[], begun=[], times=[], disk=disk.kind, bot=bot)
    over, watch = asyncio.Event(), Watch()
    async with (
        brokers.subscribed(bot.mqtt_port, "sipbot/1/test/alert/#") as subscriber,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(watch.run(subscriber, over))
        for number in range(CALLERS):
            group.create_task(_keep_calling(run, number, random.Random(rng.random()), said, over))
        for number in range(times):
            await asyncio.sleep(rng.uniform(3.0, 5.0))
            run.times.append(await _once(run, disk, watch, HARMS[number % len(HARMS)], rng))
        over.set()
        await brokers.publish(bot.mqtt_port, "sipbot/1/test/alert/over", "")
    return run


async def _keep_calling(
    run: Run, number: int, rng: random.Random, said: list[Path], over: asyncio.Event
) -> None:
    turn = 0
    while not over.is_set():
        turn += 1
        name = f"c{number}-{turn}"
        story = await dial(
            run.bot,
            name,
            rng.choice(said),
            heard=run.bot.folder / f"heard-{name}.wav",
            hangs_up=rng.random() < 0.4,
            agent=number % AGENTS,
            begun=run.begun.append,
        )
        run.stories.append(story)
        if story.code >= 400:
            await asyncio.sleep(rng.uniform(0.3, 0.8))  # nobody redials within the same second


async def _once(run: Run, disk: SmallDisk, watch: Watch, harm: Harm, rng: random.Random) -> Full:
    """Fill the disk in steps, look at what is said of it, and make room again."""
    wanted = wanted_bytes(run.bot.lines)
    for share in (1.3, 1.15):
        disk.fill(free_bytes=int(wanted * share))
        await asyncio.sleep(rng.uniform(0.2, 0.8))
    if harm in REALLY:  # somebody must be caught by it who can be told nothing any more
        await _reached(lambda: _speaks_on(run), SPEAKER_LIMIT_S)
    full = Full(harm=harm, at=time.monotonic())
    match harm:
        case "no byte":
            disk.fill(free_bytes=NOTHING)
        case "no inode":
            disk.fill(free_files=NOTHING)
        case "below the reserve":
            disk.fill(free_bytes=wanted - (1 << 20))
        case "inodes below the reserve":
            disk.fill(free_files=RESERVE_FILES - 1)
    await _reached(lambda: watch.first(full.at, ("disk", "recording-unsafe"), raised=True), 30.0)
    full.alert_s = watch.first(full.at, ("disk", "recording-unsafe"), raised=True)
    full.status = await asyncio.to_thread(status, run.bot)
    await asyncio.sleep(max(0.0, full.at + FULL_S - time.monotonic()))
    full.room_at = time.monotonic()
    disk.empty()
    await _reached(lambda: _taken(run, full), BACK_LIMIT_S)
    full.taken_s = _taken(run, full)
    full.cleared_s = watch.first(full.room_at, ("disk",), raised=False)
    full.alerts = watch.raised(full.at, time.monotonic())
    return full


async def _reached(look: Callable[[], float | None], limit_s: float) -> None:
    with contextlib.suppress(AssertionError):  # that it never came is a row, not an error
        await until(lambda: look() is not None, limit_s)


def _speaks_on(run: Run) -> float | None:
    """Return since when somebody speaks who will hang up by himself, and not soon; or None."""
    now = time.monotonic()
    for story in run.begun:
        at = story.spoke_at
        least_s, most_s = CAUGHT_AFTER_S
        if story.hangs_up and at is not None and least_s <= now - at <= most_s:
            return at
    return None


def _taken(run: Run, full: Full) -> float | None:
    begun = [s.began_at for s in run.stories if s.began_at >= full.room_at and s.thanked]
    return min(begun) - full.room_at if begun else None


def status(bot: FailingBot) -> str:
    """Return the state that ``sipbot status`` tells."""
    done = subprocess.run(
        [
            *[sys.executable, "-m", "sipbot", "status", "--json"],
            *["--config", str(bot.folder / "config.toml")],
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    return str(json.loads(done.stdout or b'{"state": "says nothing"}')["state"])


async def all_ended(bot: FailingBot) -> None:
    """Wait until every call has its end state, if they ever do."""
    with contextlib.suppress(AssertionError):  # the rows tell
        await until(
            lambda: len(rows := bot.rows()) >= bot.invites and all(row.state for row in rows),
            ENDED_LIMIT_S,
        )
