"""Main, an agent or the broker is stopped for a while (SIGSTOP, SIGCONT), with callers on the line.

A stopped process is what a hung disk, a paused machine or a debugger makes of it.  What is said to
an agent that is stopped reaches nobody: the kernel keeps some seconds of it, and the library drops
what comes too late.  So an acceptance counts the speech that a running agent could hear, and the
rest is reported.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sipbot.sip import caller_wire as wire
from sipbot.supervisor import SILENT_S
from tests import ulaw
from tests.bot import Bot, thanks
from tests.own_caller import own_call, steps
from tests.torture.promise import Promise, Scale
from tests.torture.stalls_calls import BEFORE_S, Said, Seen, length_s, missing_s, worst
from tests.torture.stalls_site import Site, Stop, site, stop

AGENTS = 2
CALLERS = 6
VICTIMS = ("agent", "main", "broker")

SHORTEST_S, LONGEST_S = 1.0, 20.0
"""How long a process is stopped."""

REPLACED_AFTER_S = 9.0
"""A stop longer than this outlasts 5 missed pings of 1 s with both cores busy: the agent must have
been replaced by then."""

ANSWERS_LIMIT_S = 3.0
"""Answering again (the issue)."""

MISSING_LIMIT_S = 0.5
"""Of received audio (the issue)."""

DRAIN_LIMIT_S = 30.0
"""Everything is with the subscriber so soon after the broker is back (the issue)."""


class Stops:
    """What was measured over all rounds."""

    def __init__(self) -> None:
        self.answers_s: dict[str, list[float]] = {victim: [] for victim in (*VICTIMS, "hung main")}
        self.outlasted = self.replaced = 0
        self.drained_s: list[float] = []
        self.said_while_stopped_s: list[float] = []
        """To an agent that was stopped, each caller."""
        self.early: list[Said] = []
        """Spoken while main was stopped, by callers who had just been answered."""


async def stopped(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do it and return the rows."""

    def make(own: Path, port: int, models: Path) -> Bot:
        return Bot(own, port, models, agents=AGENTS)

    async with site(folder / "stopped", rng, agents=AGENTS, make=make) as here:
        stops = Stops()
        rounds = scale.of(18, least=3)
        for number in range(rounds):
            await _round(here, stops, VICTIMS[number % len(VICTIMS)])
        for number in range(scale.of(20, least=1)):
            stops.early.append(await _stopped_at_answer(here, f"early-{number}"))
        limit_s = scale.of(SILENT_S - 1, least=6)
        lived = [await _hung_main(here, stops, limit_s, number) for number in range(scale.of(2))]
        rows = await here.rows("SIGSTOP main, agent, broker 1-20 s")
        return rows + _rows(here, stops) + [_hung_row(lived, limit_s)]


async def _round(here: Site, stops: Stops, victim: str) -> None:
    """Stop one process while callers come, speak and go; then see that calls are answered."""
    for_s = here.rng.uniform(SHORTEST_S, LONGEST_S)
    number = here.rng.randrange(AGENTS)
    pid = _pid(here, victim, number)
    before = len(here.callers.journal)
    async with asyncio.TaskGroup() as group:
        for _ in range(CALLERS):
            delay_s = here.rng.uniform(0, 2 + for_s)
            group.create_task(here.callers.call(here.messages.speech(), delay_s=delay_s))
        await asyncio.sleep(here.rng.uniform(1.5, 4))
        done = await stop(pid, for_s)
        port = number if victim == "agent" else None
        stops.answers_s[victim].append(await answering(here, port, since=done.ended))
    if victim == "agent":
        stops.outlasted += for_s >= REPLACED_AFTER_S
        stops.replaced += done.died and for_s >= REPLACED_AFTER_S
        _mark_unheard(here, stops, before, done, number)
    await here.settle()
    if victim == "broker":
        stops.drained_s += drained_s(here.callers.journal[before:], here.onlooker.seen, done)


def drained_s(said: Sequence[Said], seen: Sequence[Seen], done: Stop) -> list[float]:
    """Return how long after its broker went on each message of that time was shown, in seconds.

    Infinite for one that never was.  Of that time is what was accepted while the broker was
    stopped; one that got through before is shown within 0 s.  Pure.
    """
    shown = {one.caller: one.at for one in reversed(seen)}  # the first revision is written last
    meanwhile = [
        one
        for one in said
        if one.accepted and one.hung_up_at and done.began <= one.hung_up_at <= done.ended
    ]
    waits = [shown.get(one.caller, float("inf")) - done.ended for one in meanwhile]
    return [max(0.0, wait_s) for wait_s in waits]


def _pid(here: Site, victim: str, number: int) -> int:
    if victim == "agent":
        pid = here.agent(number)
        assert pid is not None, f"agent {number} is not there"
        return pid
    if victim == "main":
        return here.bot.main
    assert here.broker.process is not None
    return here.broker.process.pid


def unheard(one: Said, done: Stop) -> Said:
    """Return the journal's line of a caller whose agent was stopped, with what it kept from being
    heard.  Pure.
    """
    if one.answered_at is None:
        return one
    begins = one.answered_at + BEFORE_S
    ends = min(begins + one.speech_s, one.hung_up_at or float("inf"))
    # A killed agent takes the rest of the call with it.
    until = float("inf") if done.died and one.answered_at < done.ended else done.ended
    return replace(one, stopped_s=max(0.0, min(ends, until) - max(begins, done.began)))


def _mark_unheard(here: Site, stops: Stops, since: int, done: Stop, agent: int) -> None:
    """Mark what callers said to a stopped agent."""
    journal = here.callers.journal
    for at, one in enumerate(journal[since:], start=since):
        if one.agent == agent:
            journal[at] = unheard(one, done)
            if journal[at].stopped_s > 0:
                stops.said_while_stopped_s.append(journal[at].stopped_s)


async def _stopped_at_answer(here: Site, caller: str) -> Said:
    """Stop main when it has answered, until the caller has said everything and hung up.

    Returns:
        The journal's line, which is in the journal too.
    """
    said = here.messages.speech(3.0)
    wav = said.with_suffix(".wav")
    ulaw.write(wav, ulaw.decode(said.read_bytes()))
    pid, invited_at = here.bot.main, time.time()
    heard = here.bot.folder / f"{caller}.wav"
    plan: dict[str, Any] = {"wav": str(wav), "speak_after_s": BEFORE_S, "linger_s": 0.2}
    story: list[wire.Step] = []
    try:
        async for step in steps(here.bot, caller, heard=heard, **plan):
            story.append(step)
            if isinstance(step, wire.Answered):
                os.kill(pid, signal.SIGSTOP)
    finally:
        os.kill(pid, signal.SIGCONT)
    one = replace(_told(caller, story, length_s(said)), said=said, invited_at=invited_at)
    here.callers.journal.append(one)
    await here.settle()
    return one


async def answering(here: Site, agent: int | None, *, since: float) -> float:
    """Return when a call was answered after this moment, in seconds; infinite for never.

    Args:
        here: the site.
        agent: who must answer; None for any.
        since: time of the harness.
    """
    until = time.monotonic() + 2 * LONGEST_S
    while time.monotonic() < until:
        if here.listens(agent or 0):
            one = await here.callers.call(here.messages.speech(3.0), agent=agent)
            if one.answered_at is not None:
                return one.answered_at - since
        await asyncio.sleep(0.02)
    return float("inf")


async def _hung_main(here: Site, stops: Stops, limit_s: float, number: int) -> str:
    """Let main hang until it is killed, as its supervisor would after `SILENT_S` (test_supervisor
    has that); return what a caller who presses # lives through.
    """
    heard = here.bot.folder / f"heard-{number}.wav"
    said = here.messages.speech(limit_s)
    wav = said.with_suffix(".wav")
    ulaw.write(wav, ulaw.decode(here.messages.speech(3.0).read_bytes()))
    presses = own_call(
        here.bot, f"presses-{number}", heard=heard, wav=str(wav), keys="#", limit_s=limit_s + 15
    )
    async with asyncio.TaskGroup() as group:
        story = group.create_task(presses)
        group.create_task(here.callers.call(said))
        for _ in range(2):
            delay_s = here.rng.uniform(2, limit_s)
            group.create_task(here.callers.call(here.messages.speech(), delay_s=delay_s))
        await here.bot.recording(f"presses-{number}", at_least_s=1.0)
        begun = here.bot.log.stat().st_size
        await stop(here.bot.main, limit_s, then=signal.SIGKILL)
        killed = time.time()
        stops.answers_s["hung main"].append(await answering(here, None, since=killed))
        await here.bot.logged("state", state="ready", since=begun)
    here.callers.journal.append(_told(f"presses-{number}", story.result(), 3.0))
    last = story.result()[-1]
    assert isinstance(last, wire.HungUp)
    thanked, of = ulaw.frames_that_arrived(ulaw.encode(thanks()), ulaw.read(heard))
    thanks_heard = "heard the thanks" if thanked >= of - 1 else "heard no thanks"
    return f"{thanks_heard}, the {last.by} hung up {last.after_s - limit_s:+.0f} s from the kill"


def _told(caller: str, story: list[wire.Step], speech_s: float) -> Said:
    """Return the journal's line for our own caller, who wanted to speak for so long."""
    answered = any(isinstance(step, wire.Answered) for step in story)
    spoke = any(isinstance(step, wire.Spoke) for step in story)
    return Said(
        caller=caller,
        invited_at=0.0,
        heard_back=answered,
        code=200 if answered else 0,
        speech_s=speech_s if spoke else 0.0,
        hung_up_at=time.time() if answered else None,
    )


# -- rows ------------------------------------------------------------------------------------------


def _rows(here: Site, stops: Stops) -> list[Promise]:
    said_s = stops.said_while_stopped_s
    lacking = [
        missing_s(here.bot, one) - one.stopped_s
        for one in here.callers.journal
        if one.accepted and one.said is not None
    ]
    answers = [
        Promise(
            harm=f"SIGSTOP {victim}" if victim in VICTIMS else f"{victim}, SIGKILL, restart",
            promise="answering again",
            tries=len(waits),
            worst=worst(waits),
            limit=ANSWERS_LIMIT_S,
        )
        for victim, waits in stops.answers_s.items()
    ]
    return [
        *answers,
        Promise(
            harm=f"SIGSTOP agent {REPLACED_AFTER_S:g} s and longer",
            promise="agent is replaced",
            tries=stops.outlasted,
            lost=stops.outlasted - stops.replaced,
        ),
        Promise(
            harm="SIGSTOP main, agent, broker 1-20 s",
            promise="received audio is in the recording",
            tries=len(lacking),
            worst=worst(lacking),
            limit=MISSING_LIMIT_S,
            note=f"not counted: said to a stopped agent by {len(said_s)} callers, "
            f"{sum(said_s):.0f} s",
        ),
        Promise(
            harm="SIGSTOP main from the answer to the end of the call",
            promise="what was said after the greeting is in the recording",
            tries=len(stops.early),
            lost=sum(not one.accepted for one in stops.early),
            worst=worst([missing_s(here.bot, one) for one in stops.early]),
            limit=MISSING_LIMIT_S,
        ),
        Promise(
            harm="SIGSTOP broker 1-20 s",
            promise="memos of that time reach the subscriber",
            tries=len(stops.drained_s),
            lost=stops.drained_s.count(float("inf")),
            worst=worst(stops.drained_s),
            limit=DRAIN_LIMIT_S,
        ),
    ]


def _hung_row(lived: list[str], limit_s: float) -> Promise:
    return Promise(
        harm=f"main hangs {limit_s:g} s, SIGKILL, restart",
        promise="caller who presses # while main hangs is thanked after it",
        tries=len(lived),
        lost=sum(not one.startswith("heard the thanks") for one in lived),
        note="; ".join(lived),
    )
