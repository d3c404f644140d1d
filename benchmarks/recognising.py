"""Recognition throughput of sipbot's recogniser beside a bare loop of the same engine.

Both sides have the model in memory, the same niceness, the same recordings and the same number of
recordings at the same time, and take turns, so that another program on the machine disturbs both
alike.  sipbot's side is the whole path: follow the file, voice activity, partial text, messages.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from benchmarks.bench_bot import MODELS, ROOT
from benchmarks.figures import Figure, Wanted
from benchmarks.machine import cpu_s
from sipbot.models import installed
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ENGINE_OF, ModelRef, Role, choose
from sipbot.speech.worker import NICE
from sipbot.wav import read_facts

WANTED = Wanted(statistic="p50", at_least=0.95)

PATIENCE_S = 120.0


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of each side."""

    ours_s: float
    bare_s: float
    ours_cpu_s: float
    bare_cpu_s: float
    """Processor time: what other programs on the machine take of the clock is not in it."""


class Bench:
    """One recogniser, its bare loop, and the recording that both read again and again."""

    def __init__(
        self, role: Role, language: str, file: Path, bare: asyncio.subprocess.Process
    ) -> None:
        self._role: Role = role
        self._language = language
        self._file = file
        self._bare = bare
        self._over: asyncio.Queue[str] = asyncio.Queue()
        self._turns = 0
        self.client = SpeechClient(role, models(), self._hear)

    @property
    def bare_pid(self) -> int:
        """The process id of the bare loop."""
        return self._bare.pid

    # Event loop, from the recogniser's reader.
    def _hear(self, reply: wire.Reply) -> None:
        match reply:
            case wire.Final(job=job):
                self._over.put_nowait(job)
            case wire.Failed(job=job, problem=problem):
                raise RuntimeError(f"recognition of {job} failed: {problem}")

    async def turn(self, at_once: int) -> Throughput:
        """Let both sides read the recording `readings(at_once)` times, `at_once` at a time.

        Each begins every other turn, or a machine that gets slower would favour one of them.
        """
        assert self.client.pid is not None
        pids = self.bare_pid, self.client.pid
        bare_before_s, ours_before_s = map(cpu_s, pids)
        if self._turns % 2:
            ours_s, bare_s = await self._our_turn(at_once), await self._bare_turn(at_once)
        else:
            bare_s, ours_s = await self._bare_turn(at_once), await self._our_turn(at_once)
        bare_cpu_s, ours_cpu_s = map(cpu_s, pids)
        return Throughput(
            ours_s=ours_s,
            bare_s=bare_s,
            ours_cpu_s=ours_cpu_s - ours_before_s,
            bare_cpu_s=bare_cpu_s - bare_before_s,
        )

    async def _bare_turn(self, at_once: int) -> float:
        assert self._bare.stdin is not None
        assert self._bare.stdout is not None
        self._bare.stdin.write(f"{at_once} {readings(at_once)}\n".encode())
        async with asyncio.timeout(PATIENCE_S):
            return float(await self._bare.stdout.readline())

    async def _our_turn(self, at_once: int) -> float:
        self._turns += 1
        jobs = [f"{self._turns}-{n}" for n in range(readings(at_once))]
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            for job in jobs[:at_once]:
                self._ask(job)
            for job in jobs[at_once:]:
                await self._over.get()
                self._ask(job)
            for _ in range(min(at_once, len(jobs))):
                await self._over.get()
        return time.monotonic() - began

    def _ask(self, job: str) -> None:
        if self._role == "live":
            self.client.follow(job, self._file, self._language)
            self.client.finish(job)
        else:
            self.client.reread(job, self._file, self._language)


@contextlib.asynccontextmanager
async def bench(role: Role, language: str, file: Path) -> AsyncIterator[Bench]:
    """Start both sides and end them."""
    model = choose(models(), role)[language]
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "benchmarks.bare", ENGINE_OF[role], model.path, language],
        *[str(NICE[role]), str(file)],
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},  # as the recogniser
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        both = Bench(role, language, file, process)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(both.client.run())
            assert process.stdout is not None
            async with asyncio.timeout(PATIENCE_S):
                await process.stdout.readline()
                await both.client.ready.wait()
            yield both
            running.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def recognising(
    role: Role, language: str, file: Path, levels: list[int], turns: int
) -> list[Figure]:
    """Return the ratio of throughputs at each level; above 1, sipbot is faster than the loop."""
    engine = ENGINE_OF[role]
    found: list[Figure] = []
    async with bench(role, language, file) as both:
        await both.turn(levels[0])  # page caches, the engines' first allocations
        for level in levels:
            timed = [await both.turn(level) for _ in range(turns)]
            ratios = tuple(round(each.bare_s / each.ours_s, 4) for each in timed)
            audio_s = readings(level) * read_facts(file).duration_s
            rates = tuple(round(audio_s / each.ours_s, 3) for each in timed)
            found += [
                Figure(
                    name=f"recognition / bare loop ({engine})",
                    unit="",
                    samples=ratios,
                    calls=level,
                    wanted=WANTED,
                ),
                Figure(
                    name=f"recognition ({engine})", unit="s audio/s", samples=rates, calls=level
                ),
            ]
    return found


def readings(at_once: int) -> int:
    """Return how often a turn reads the recording: twice alone, else once for each at once."""
    return max(2, at_once)


def models() -> tuple[ModelRef, ...]:
    """The installed models."""
    return tuple(
        ModelRef(name=m.name, engine=m.engine, languages=m.languages, path=str(m.path.absolute()))
        for m in installed(MODELS)
    )
