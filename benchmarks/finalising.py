"""How long after the end of a recording its text is there, for each ear and for long messages.

A recording grows as pjmedia's does, at the speed of speech, while the ear follows it; the clock
runs from `finish` to the final text.  The caller hangs up with the last word: nothing is gained
from the silence at the end that the samples have.  For the second ear, the shortest message is said
once more by callers who are silent for a while before they hang up.
"""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench_bot import SAMPLES
from benchmarks.figures import Figure, Wanted
from benchmarks.recognising import models
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import Role
from sipbot.wav import read_facts, read_pcm

STEP_BYTES = 4096
"""What the recorder writes at a time (docs/decisions/0002)."""

TAIL_S = 0.4
"""Silence at the end of the samples; the last repetition goes without it."""

SILENT_S = 1.5
"""How long callers are silent who do not hang up with the last word."""

ROUNDS = {10: 8, 30: 4, 60: 3, 120: 2}
"""Length of the message in seconds → how often it is measured; seven minutes in all."""

PATIENCE_S = 120.0

WANTED = {
    "live": Wanted(statistic="p95", at_most=0.5),
    "second": Wanted(statistic="p95", at_most=2.0),
}


class Waiting:
    """A recogniser and the text that is awaited."""

    def __init__(self, role: Role) -> None:
        self._over: asyncio.Queue[float] = asyncio.Queue()
        self.client = SpeechClient(role, models(), self._hear)

    # Event loop, from the recogniser's reader.
    def _hear(self, reply: wire.Reply) -> None:
        match reply:
            case wire.Final():
                self._over.put_nowait(time.monotonic())
            case wire.Failed(problem=problem):
                raise RuntimeError(f"recognition failed: {problem}")

    async def late_s(self, job: str, path: Path, pcm: bytes, language: str) -> float:
        """Let a message be said and return how long its text takes after that, in seconds."""
        byte_rate = 2 * 8000
        began = time.monotonic()
        with path.open("wb", buffering=0) as file:
            file.write((SAMPLES / f"caller-{language}.wav").read_bytes()[:44])
            self.client.follow(job, path, language)
            for at in range(0, len(pcm), STEP_BYTES):
                file.write(pcm[at : at + STEP_BYTES])
                said_s = min(at + STEP_BYTES, len(pcm)) / byte_rate
                await asyncio.sleep(max(0.0, began + said_s - time.monotonic()))
        ended = time.monotonic()
        self.client.finish(job)
        async with asyncio.timeout(PATIENCE_S):
            return await self._over.get() - ended


def message(language: str, seconds: int) -> bytes:
    """Return so many seconds of the sample, again and again, up to its last word."""
    path = SAMPLES / f"caller-{language}.wav"
    assert read_facts(path).rate_hz == 8000
    once = read_pcm(path)
    whole = bytes(itertools.islice(itertools.cycle(once), seconds * 16000))
    return whole if seconds * 16000 % len(once) else whole[: -int(TAIL_S * 16000)]


def _messages(
    role: Role, language: str, rounds: dict[int, int]
) -> Iterator[tuple[str, bytes, int]]:
    """Yield what a message is called, its samples, and how often it is said."""
    for seconds, times in rounds.items():
        yield f"{seconds} s", message(language, seconds), times
    if role == "second":
        seconds, times = min(rounds.items())
        silence = bytes(2 * round(SILENT_S * 8000))
        yield f"{seconds} s, {SILENT_S} s silent", message(language, seconds) + silence, times


async def finalising(
    role: Role, language: str, rounds: dict[int, int] | None = None
) -> list[Figure]:
    """Measure one ear with messages of every length.

    Args:
        role: which ear.
        language: of the sample.
        rounds: seconds of a message → how often it is measured.
    """
    found = []
    waiting = Waiting(role)
    with tempfile.TemporaryDirectory() as folder:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(waiting.client.run())
            await waiting.client.ready.wait()
            await waiting.late_s("first", Path(folder, "first"), message(language, 5), language)
            for name, pcm, times in _messages(role, language, rounds or ROUNDS):
                late = [
                    await waiting.late_s(f"{name}-{n}", Path(folder, "audio"), pcm, language)
                    for n in range(times)
                ]
                found.append(
                    Figure(
                        name=f"end of {name} → text ({role} ear, {language})",
                        unit="s",
                        samples=tuple(round(each, 3) for each in late),
                        wanted=WANTED[role],
                    )
                )
            running.cancel()
    return found
