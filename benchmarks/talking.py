"""Callers who leave messages: BYE to memo, completeness, memory and processor share.

BYE's moment is the earliest it can have been: the end of the message plus the pause that the caller
was told to make.  The caller sends BYE at its next look at the clock, up to 5 ms later, so every
BYE → memo figure is too large by up to that.  Caller and subscriber share this machine's monotonic
clock; the caller's starts are placed on it by the line of its story that came through the pipe
fastest.
"""

import asyncio
import itertools
import time
import wave
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np

from benchmarks.bench_bot import Bot
from benchmarks.completeness import Samples, completeness
from benchmarks.figures import Figure, Wanted
from benchmarks.machine import cpu_s, rss_mb
from sipbot.place import place
from sipbot.sip import caller_wire as wire

LINGER_S = 0.3
"""Between the last word and BYE; longer than the jitter buffer holds anything on loopback."""

LOOK_S = 0.25
"""How often memory is looked at while callers speak."""

RECORDED = Wanted(statistic="p95", at_most=0.2)
COMPLETE = Wanted(statistic="minimum", at_least=0.998)


def _transcribed(calls: int) -> Wanted:
    return Wanted(statistic="p95", at_most=1.0 if calls == 1 else 2.0)


_users = itertools.count(312_000_000)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one caller lived through."""

    user: str
    bye_at: float
    """Monotonic, seconds."""


class Level(msgspec.Struct, kw_only=True):
    """Everything measured with one number of calls at the same time."""

    calls: int
    recorded_s: list[float] = []
    transcribed_s: list[float] = []
    complete: list[float] = []
    rss_mb: dict[str, float] = {}
    """Role → the most that was seen."""
    cpu_percent: dict[str, float] = {}
    """Role → share of one core."""

    def figures(self, ear: str) -> list[Figure]:
        """Return the rows.

        Args:
            ear: ``live`` or ``second``: who wrote the text that ``transcribed`` waits for.
        """
        found = [
            Figure(
                name=f"BYE → transcribed ({ear} ear)",
                unit="s",
                samples=tuple(self.transcribed_s),
                calls=self.calls,
                wanted=_transcribed(self.calls) if ear == "live" else None,
            )
        ]
        if ear == "live":
            found.insert(0, self._figure("BYE → recorded", "s", self.recorded_s, RECORDED))
            found.append(self._figure("recorded / sent audio", "", self.complete, COMPLETE))
        found += [self._figure(f"memory of {r}", "MB", [v]) for r, v in self.rss_mb.items()]
        found += [self._figure(f"processor, {r}", "%", [v]) for r, v in self.cpu_percent.items()]
        return found

    def _figure(
        self, name: str, unit: str, samples: list[float], wanted: Wanted | None = None
    ) -> Figure:
        return Figure(name=name, unit=unit, samples=tuple(samples), calls=self.calls, wanted=wanted)


async def talking(bot: Bot, calls: int, rounds: int) -> Level:
    """Let `calls` callers speak at the same time, `rounds` times over.

    They begin and end together, which no real callers do: every end is the worst case.

    Raises:
        CallError: a call could not be placed.
        TimeoutError: a memo did not come.
    """
    level = Level(calls=calls)
    message = _samples(bot.message)
    before, began = _cpu(bot), time.monotonic()
    spoken_s = 0.0
    for _ in range(rounds):
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(_look(bot, level.rss_mb))
            callers = [group.create_task(_call(bot)) for _ in range(calls)]
            told = [await caller for caller in callers]
            looking.cancel()
        spoken_s += time.monotonic() - start
        for one in told:
            await _note(bot, level, one, message)
    wall_s = time.monotonic() - began
    level.cpu_percent = {
        role: round(100 * (used - before[role]) / wall_s, 2)
        for role, used in _cpu(bot).items()
        if role in before
    }
    return level


async def _note(bot: Bot, level: Level, told: Told, message: Samples) -> None:
    recorded = await bot.bus.memo(told.user, "recorded")
    transcribed = await bot.bus.memo(told.user, "transcribed")
    level.recorded_s.append(recorded.at - told.bye_at)
    level.transcribed_s.append(transcribed.at - told.bye_at)
    path = Path(unquote(urlsplit(recorded.memo["audio"]["url"]).path))
    level.complete.append(completeness(message, _samples(path)).ratio)


async def _call(bot: Bot) -> Told:
    user = f"0{next(_users)}"
    heard = bot.folder / f"heard-{user}.wav"
    plan = wire.CallPlan(
        uri=bot.uri,
        identity=f"<sip:{user}@127.0.0.1>",
        wav=str(bot.message),
        linger_s=LINGER_S,
        heard_wav=str(heard),
    )
    began_at, spoke_s = float("inf"), 0.0
    async for step in place(plan, address="127.0.0.1"):
        began_at = min(began_at, time.monotonic() - step.after_s)
        if isinstance(step, wire.Spoke):
            spoke_s = step.after_s
    return Told(user=user, bye_at=began_at + spoke_s + LINGER_S)


async def _look(bot: Bot, most_mb: dict[str, float]) -> None:
    """Note the most memory that each process uses, until cancelled."""
    processes = bot.processes
    while True:
        for role, pid in processes.items():
            most_mb[role] = max(most_mb.get(role, 0.0), round(rss_mb(pid), 1))
        await asyncio.sleep(LOOK_S)


def idle_memory(bot: Bot) -> list[Figure]:
    """Return the memory of each process before any call."""
    return [
        Figure(name=f"memory of {role}", unit="MB", samples=(round(rss_mb(pid), 1),), calls=0)
        for role, pid in bot.processes.items()
    ]


def _cpu(bot: Bot) -> dict[str, float]:
    return {role: cpu_s(pid) for role, pid in bot.processes.items()}


def _samples(path: Path) -> Samples:
    with wave.open(str(path), "rb") as audio:
        return np.frombuffer(audio.readframes(audio.getnframes()), "<i2")
