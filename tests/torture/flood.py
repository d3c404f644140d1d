"""More than anybody can take: INVITEs of a stranger, INVITEs that nobody acknowledges, too many.

Through the edge, as callers reach more than one agent.
"""

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from sipbot.records import EndState
from sipbot.sip.stack import LINES
from tests.bot import running, until
from tests.brokers import ROOT
from tests.free_ports import free_ports
from tests.torture.hostile_messages import BODY, message
from tests.torture.hostile_site import MAD_TRUNK, STRANGER, HostileBot, Probes, exits_row, send
from tests.torture.promise import Promise, Scale
from tests.torture.telephone import Answer, Telephone, microphone, port_of, telephone

# The acceptance table's: A1a (flood), A1b (unacknowledged), L2 (more callers than lines).
FLOOD_S, PER_S, TRUNK_CALLS, GROWN_MB = 60, 200, 30, 20.0
UNACKNOWLEDGED, FREE_LIMIT_S = 40, 10.0
BUSY_LIMIT_S = 0.2

AGENTS = 5
ALL_LINES = AGENTS * LINES

AGAIN_S = 0.6
"""From a refusal to the next call, of as many callers as there are lines: 33 INVITEs a second, for
the edge takes 50 of one address."""

COUNTED_S = 1.0
"""For so long the edge counts: the calls before a rush must not be of the same second."""

HELD_S = 2.0
"""How long callers stay who fill all lines."""


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do all three to one bot."""
    bot = HostileBot(folder, free_ports(), ROOT / "models", agents=AGENTS)
    async with running(bot):
        rows = await strangers(bot, scale.of(FLOOD_S), scale.of(TRUNK_CALLS, 2))
        rows += await unacknowledged(bot)
        rows += await too_many(bot)
    return rows


async def strangers(bot: HostileBot, for_s: int, calls: int) -> list[Promise]:
    """Let a stranger send INVITEs all the time while the trunk calls."""
    harm = f"{PER_S} INVITE/s for {for_s} s from a stranger"
    probes, exits, memory_kb = Probes(bot=bot), bot.exits, bot.memory_kb()
    many = [message("INVITE", "desk", f"flood{n}", body=BODY) for n in range(PER_S * for_s)]
    async with asyncio.TaskGroup() as group:
        group.create_task(send(STRANGER, bot.target, many, 1 / PER_S))
        for _ in range(calls):
            await probes.one()
            await asyncio.sleep(for_s / calls / 2)
    grown = Promise(
        harm=harm,
        promise="agents do not grow",
        tries=AGENTS,
        worst=round((bot.memory_kb() - memory_kb) / 1024, 1),
        limit=GROWN_MB,
        unit="MB",
    )
    ledger = await probes.ledger_row(harm)
    return [probes.row(harm), grown, exits_row(harm, len(many), bot.exits - exits, ""), ledger]


async def unacknowledged(bot: HostileBot) -> list[Promise]:
    """Begin calls that nobody acknowledges, and wait until all lines are free again."""
    harm = f"{UNACKNOWLEDGED} INVITEs of the trunk that it never acknowledges"
    exits = bot.exits
    many = [message("INVITE", "desk", f"deaf{n}", body=BODY) for n in range(UNACKNOWLEDGED)]
    began = time.monotonic()
    await send(MAD_TRUNK, bot.target, many, 0.0)
    await until(lambda: _answered(bot, "deaf"))
    freed = await _all_at_once(bot, began + 6 * FREE_LIMIT_S)
    answered = [at for at in freed if at]
    return [
        Promise(
            harm=harm,
            promise="all lines are free again",
            tries=ALL_LINES,
            lost=ALL_LINES - len(answered),
            worst=round(max(answered, default=time.monotonic()) - began, 1),
            limit=FREE_LIMIT_S,
            note=f"the first after {min(answered, default=began) - began:.1f} s",
        ),
        exits_row(harm, UNACKNOWLEDGED, bot.exits - exits, ""),
    ]


async def _all_at_once(bot: HostileBot, until_at: float) -> list[float]:
    """Let a caller for each line call until answered, and stay until all are.

    Returns:
        When each was answered, of the monotonic clock; 0 for who never was.
    """

    async def one(phone: Telephone, ear: int) -> float:
        while time.monotonic() < until_at:
            if (await phone.call(ear)).code == 200:
                return time.monotonic()
            await asyncio.sleep(AGAIN_S)
        return 0.0

    async with AsyncExitStack() as stack:
        ear = port_of(await stack.enter_async_context(microphone()))
        names = [f"free{n}" for n in range(ALL_LINES)]
        phones = [await stack.enter_async_context(telephone(n, bot.target)) for n in names]
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(one(phone, ear)) for phone in phones]
        async with asyncio.TaskGroup() as group:
            for phone, call in zip(phones, calls, strict=True):
                if call.result():
                    group.create_task(phone.hang_up())
    return [call.result() for call in calls]


def _answered(bot: HostileBot, prefix: str) -> bool:
    return any(row.offer.from_.user.startswith(prefix) for row in bot.rows())


@dataclass(frozen=True, kw_only=True)
class _Rush:
    """What came of callers who called at the same moment."""

    answers: dict[str, Answer]


async def _rush(bot: HostileBot, prefix: str, callers: int, hold_s: float) -> _Rush:
    """Let so many call at once; those who are answered stay for a while and hang up."""
    async with AsyncExitStack() as stack:
        ear = await stack.enter_async_context(microphone())
        names = [f"{prefix}{n}" for n in range(callers)]
        phones = [await stack.enter_async_context(telephone(n, bot.target)) for n in names]
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(phone.call(port_of(ear))) for phone in phones]
        answers = [call.result() for call in calls]
        await asyncio.sleep(hold_s)
        async with asyncio.TaskGroup() as group:
            for phone, answer in zip(phones, answers, strict=True):
                if answer.code == 200:
                    group.create_task(phone.hang_up())
    return _Rush(answers=dict(zip(names, answers, strict=True)))


async def too_many(bot: HostileBot) -> list[Promise]:
    """Let twice as many call as there are lines."""
    harm = f"{2 * ALL_LINES} callers at once on {ALL_LINES} lines"
    await asyncio.sleep(COUNTED_S)
    rush = await _rush(bot, "rush-", 2 * ALL_LINES, HELD_S)
    served = [name for name, answer in rush.answers.items() if answer.code == 200]
    refused = [answer.after_s for answer in rush.answers.values() if answer.code in (486, 503)]
    for name in rush.answers:
        await bot.ended(name)
    rows = [row for row in bot.rows() if row.offer.from_.user in rush.answers]
    told = [row for row in rows if row.state is EndState.REFUSED_CAPACITY]
    return [
        Promise(
            harm=harm,
            promise="half are served, half are refused at once",
            tries=2 * ALL_LINES,
            lost=abs(len(served) - ALL_LINES) + abs(len(refused) - ALL_LINES),
            worst=round(max(refused, default=0.0), 3),
            limit=BUSY_LIMIT_S,
        ),
        Promise(
            harm=harm,
            promise="all are in the ledger, once",
            tries=2 * ALL_LINES,
            lost=abs(len(told) - len(refused)),
            duplicated=len(rows) - len(rush.answers),
        ),
    ]
