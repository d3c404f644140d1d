"""Error rates of sipbot's ears beside those of the bare engines, on good lines and bad ones.

Both sides read the same files, made from the recordings once: sipbot's recogniser as after a call
(the live ear follows a closed file, the second ear cuts it into stretches), and a loop over the
same model.  They read at the same time, each in a process of its own: no clock is looked at here.
"""

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.bench_bot import ROOT
from benchmarks.damage import CONDITIONS, Condition, Samples, worn
from benchmarks.recognising import models
from benchmarks.recordings import Reference
from benchmarks.scores import ALL, Accuracy, outcome
from sipbot.child import Limits
from sipbot.kana import reading
from sipbot.speech import wire
from sipbot.speech.client import SpeechClient
from sipbot.speech.ears import ENGINE_OF, ModelRef, Role, choose, for_language
from sipbot.speech.worker import NICE
from sipbot.wav import read_facts, read_pcm

PATIENCE_S = 600.0
"""For one recording, on a machine that has much else to do: here a worker is not ended for being
slow, as sipbot would."""

BARE_TURNS = {"live": 3, "second": 1}
"""vosk adds random noise and gives another text each time; sipbot switches that off
(`vosk_ear.repeatable`), so its own ears are asked once."""

Read = Callable[[Path, str], Awaitable[str]]
"""A file and its language → its text."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One recording on one line."""

    said: Reference
    condition: str
    path: Path


async def accuracy(
    said: Sequence[Reference], conditions: Sequence[Condition] = CONDITIONS
) -> list[Accuracy]:
    """Have everything read by both ears and both loops, and judge it.

    A language that no model knows has no row.
    """
    with tempfile.TemporaryDirectory() as folder:
        cases = [case for one in said for case in prepare(one, conditions, Path(folder))]
        async with asyncio.TaskGroup() as group:  # four readers, or two cores would wait for one
            live = group.create_task(_role("live", cases))
            second = group.create_task(_role("second", cases))
    return [*live.result(), *second.result()]


def prepare(said: Reference, conditions: Sequence[Condition], folder: Path) -> list[Case]:
    """Write what arrives of a recording on each line.

    Raises:
        ValueError: the recording that is to be damaged has another rate than 8 kHz.
    """
    if read_facts(said.narrow).rate_hz != 8000:
        raise ValueError(f"{said.narrow}: must have 8000 samples a second")
    samples = np.frombuffer(read_pcm(said.narrow), "<i2")
    cases = []
    for n, condition in enumerate(conditions):
        path = said.narrow if condition.codec or said.wide is None else said.wide
        if condition.codec:
            path = folder / f"{said.id}-{n}.wav"
            _write(path, worn(samples, condition, said.id))
        cases.append(Case(said=said, condition=condition.name, path=path))
    return cases


def _write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


async def _role(role: Role, cases: Sequence[Case]) -> list[Accuracy]:
    """Have all languages of one role read by both sides."""
    ears = choose(models(), role)
    mine = [case for case in cases if for_language(case.said.language, ears) is not None]
    if not mine:
        return []
    async with asyncio.TaskGroup() as group:
        ours = group.create_task(_our_texts(role, mine))
        bare = group.create_task(_bare_texts(role, mine, ears))
    languages = dict.fromkeys(case.said.language for case in mine)
    return [
        row
        for language in languages
        for row in _rows(language, ENGINE_OF[role], mine, ours.result(), bare.result())
    ]


def _rows(
    language: str,
    engine: str,
    cases: Sequence[Case],
    ours: Sequence[Sequence[str]],
    bare: Sequence[Sequence[str]],
) -> list[Accuracy]:
    """One row for each line, and one for all of them."""
    names = [*dict.fromkeys(case.condition for case in cases), ALL]
    found = []
    for name in names:
        places = [
            place
            for place, case in enumerate(cases)
            if case.said.language == language and name in (case.condition, ALL)
        ]
        said = [cases[place].said for place in places]
        sides = [
            tuple(outcome(said, [texts[place] for place in places], reading) for texts in side)
            for side in (ours, bare)
        ]
        found.append(
            Accuracy(
                language=language,
                engine=engine,
                condition=name,
                recordings=tuple(dict.fromkeys(one.id for one in said)),
                ours=sides[0],
                bare=sides[1],
            )
        )
    return found


async def _our_texts(role: Role, cases: Sequence[Case]) -> list[list[str]]:
    async with our_reader(role) as read:
        return [[await read(case.path, case.said.language) for case in cases]]


async def _bare_texts(
    role: Role, cases: Sequence[Case], ears: dict[str, ModelRef]
) -> list[list[str]]:
    """Return the texts of each turn; a model is loaded when its first language comes."""
    async with contextlib.AsyncExitStack() as stack:
        readers: dict[str, Read] = {}
        turns = []
        for _ in range(BARE_TURNS[role]):
            texts = []
            for case in cases:
                model = for_language(case.said.language, ears)
                assert model is not None
                if model.path not in readers:
                    reader = bare_reader(role, model)
                    readers[model.path] = await stack.enter_async_context(reader)
                texts.append(await readers[model.path](case.path, case.said.language))
            turns.append(texts)
        return turns


@contextlib.asynccontextmanager
async def our_reader(role: Role) -> AsyncIterator[Read]:
    """A recogniser as sipbot runs it, given one closed recording after the other."""
    over: asyncio.Queue[str] = asyncio.Queue()
    asked = 0

    # Event loop, from the recogniser's reader.
    def hear(reply: wire.Reply) -> None:
        match reply:
            case wire.Final(transcript=transcript):
                over.put_nowait(transcript.text)
            case wire.Failed(job=job, problem=problem):
                raise RuntimeError(f"recognition of {job} failed: {problem}")

    patient = Limits(ready_s=PATIENCE_S, missed_pings=round(PATIENCE_S / Limits().ping_s))
    client = SpeechClient(role, models(), hear, limits=patient, least_limit_s=PATIENCE_S)

    async def read(path: Path, language: str) -> str:
        nonlocal asked
        asked += 1
        if role == "live":
            client.follow(str(asked), path, language)
            client.finish(str(asked))
        else:
            client.reread(str(asked), path, language)
        async with asyncio.timeout(PATIENCE_S):
            return await over.get()

    async with asyncio.TaskGroup() as group:
        running = group.create_task(client.run())
        async with asyncio.timeout(PATIENCE_S):
            await client.ready.wait()
        yield read
        running.cancel()


@contextlib.asynccontextmanager
async def bare_reader(role: Role, model: ModelRef) -> AsyncIterator[Read]:
    """A loop over the same model, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "benchmarks.bare_texts", ENGINE_OF[role], model.path],
        str(NICE[role]),
        cwd=ROOT,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},  # as the recogniser
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )

    async def read(path: Path, language: str) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([str(path), language]).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            answer = await process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the bare loop over {model.name} has ended; its error is above")
        return str(json.loads(answer))

    try:
        yield read
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
