"""kill -9 of an agent: how long until it listens again, and until a call is answered?

The call is placed at once after the kill by a program that has to start first (0.3 s), and again
at once when it is refused, as a trunk does.  An INVITE that meets a closed port comes again 500 ms
later (T1 of RFC 3261 section 17.1.1.2).  The figure is what a caller lives through.
"""

import asyncio
import itertools
import os
import signal
import time

from benchmarks.bench_bot import Bot
from benchmarks.figures import Figure, Wanted
from benchmarks.machine import listening_udp
from sipbot.place import place
from sipbot.sip import caller_wire as wire

KILLS = 4
"""The fifth short life within a minute would be a crash loop and wait on purpose."""

LOOK_S = 0.005
PATIENCE_S = 15.0

WANTED = Wanted(statistic="maximum", at_most=2.0)

_users = itertools.count(313_000_000)


async def crashing(bot: Bot) -> list[Figure]:
    """Kill the agent several times, with a caller each time, and measure.

    Raises:
        TimeoutError: no agent came back.
    """
    listening_s, answered_s, refused = [], [], []
    for _ in range(KILLS):
        pid = bot.processes["agent"]
        killed_at = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        async with asyncio.TaskGroup() as group:
            restart = group.create_task(_listening_again(bot, pid))
            answer = group.create_task(_answered(bot))
        answered_at, refusals = answer.result()
        listening_s.append(round(restart.result() - killed_at, 4))
        answered_s.append(round(answered_at - killed_at, 4))
        refused.append(float(refusals))
    return [
        Figure(name="agent killed → listening again", unit="s", samples=tuple(listening_s)),
        Figure(
            name="agent killed → next call answered",
            unit="s",
            samples=tuple(answered_s),
            wanted=WANTED,
        ),
        Figure(name="agent killed → calls refused until then", unit="", samples=tuple(refused)),
    ]


async def _listening_again(bot: Bot, dead: int) -> float:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if bot.processes.get("agent", dead) != dead and listening_udp(bot.sip_port):
                return time.monotonic()
            await asyncio.sleep(LOOK_S)


async def _answered(bot: Bot) -> tuple[float, int]:
    """Call until somebody answers; return when, and how many calls were refused before."""
    async with asyncio.timeout(PATIENCE_S):
        for refusals in itertools.count():
            answered_at = await _call(bot)
            if answered_at is not None:
                return answered_at, refusals
    raise AssertionError("the count has no end")


async def _call(bot: Bot) -> float | None:
    """Place one call that says nothing; return when it was answered, None when it was not."""
    user = f"0{next(_users)}"
    plan = wire.CallPlan(
        uri=bot.uri,
        identity=f"<sip:{user}@127.0.0.1>",
        speak_after_s=0.0,
        linger_s=0.0,
        heard_wav=str(bot.folder / f"heard-{user}.wav"),
    )
    answered_at = None
    async for step in place(plan, address="127.0.0.1"):
        if isinstance(step, wire.Answered):
            answered_at = time.monotonic()
    return answered_at
