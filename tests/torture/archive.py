"""The archive is away while messages come, and is killed at its work: it lacks nothing afterwards.

Real calls to a real bot, a real PostgreSQL that is killed with all its children, and a subscriber
on the bus who must notice nothing.
"""

import asyncio
import contextlib
import json
import math
import random
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg

from sipbot.memo import Memo
from tests import postgres
from tests.archives import a_server
from tests.bot import Bot
from tests.brokers import running
from tests.torture.broker import OUTAGE_MEMOS, OUTAGE_S, end_states, shared
from tests.torture.broker_calls import CALL_MIN_S, CLIENTS, Calls, DeafBot, place
from tests.torture.operators import SHOWN_WITHIN_S, Journal, compare, settled, subscriber
from tests.torture.promise import FULL_ROUNDS, Promise, Scale

KILLS = 20
"""Our wish: several for each place of a delivery where a death can be noticed."""

CAUGHT_UP_S = 90.0
"""How long it may take: the outbox looks for it every minute (`archive_target.AGAIN_MOST_S`), and
then has 30 s as for the broker."""


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do both harms to one bot; about 15 minutes at full scale."""
    calls, journal = Calls(), Journal()
    with postgres.running() as archive:
        server = await asyncio.to_thread(a_server, archive, "test")
        async with (
            running("mosquitto") as broker,
            archived_bot(folder, broker.port, server.url) as bot,
            subscriber(broker.port, journal),
        ):
            rows = await outage(bot, calls, journal, archive, server.url, scale, rng)
            rows += await kills(bot, calls, journal, archive, server.url, scale, rng)
            rows.append(end_states("all of it", calls, bot))
    return rows


@contextlib.asynccontextmanager
async def archived_bot(folder: Path, mqtt_port: int, url: str) -> AsyncIterator[DeafBot]:
    """Run a bot that has an archive, and leave no process of it behind."""
    bot = DeafBot.prepare(folder, mqtt_port)
    with (folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(f"\n[archive]\nurl = {json.dumps(url)}\n")
    try:
        await bot.start()
        yield bot
    finally:
        await bot.clear_away()


async def outage(
    bot: DeafBot,
    calls: Calls,
    journal: Journal,
    archive: postgres.Postgres,
    url: str,
    scale: Scale,
    rng: random.Random,
) -> list[Promise]:
    """Take messages while the archive is away, and look into it once it is back."""
    away_s = OUTAGE_S * scale.rounds / FULL_ROUNDS
    each = shared(scale.of(OUTAGE_MEMOS, least=len(CLIENTS)), rng)
    await place(bot, calls, "before", [1] * len(CLIENTS))
    await _caught_up(bot, url, SHOWN_WITHIN_S)
    archive.kill()
    began = time.monotonic()
    await place(bot, calls, "during", each, call_s=away_s / max(each))
    await asyncio.sleep(began + away_s - time.monotonic())
    await settled(journal, len(calls.all()), SHOWN_WITHIN_S)
    shown = compare(calls.all(), journal.users())
    harm = f"archive away {time.monotonic() - began:.0f} s, {sum(each)} calls"
    back_at = time.monotonic()
    await asyncio.to_thread(archive.start)
    await _caught_up(bot, url, SHOWN_WITHIN_S)
    caught_up_s = time.monotonic() - back_at
    return [
        Promise(
            harm=harm,
            promise="accepted message shown on the bus before the archive is back",
            tries=len(calls.all()),
            lost=shown.lost,
            duplicated=shown.duplicated,
        ),
        *await held(bot, calls, url, harm),
        Promise(
            harm=harm,
            promise="caught up after it is back",
            tries=1,
            worst=round(caught_up_s, 1),
            limit=CAUGHT_UP_S,
        ),
    ]


async def kills(
    bot: DeafBot,
    calls: Calls,
    journal: Journal,
    archive: postgres.Postgres,
    url: str,
    scale: Scale,
    rng: random.Random,
) -> list[Promise]:
    """Kill the archive again and again while messages come."""
    deaths = scale.of(KILLS, least=2)
    pauses = [(rng.uniform(1, 8), rng.uniform(0, 3)) for _ in range(deaths)]
    each = [math.ceil(sum(map(sum, pauses)) / CALL_MIN_S)] * len(CLIENTS)

    async def harmed() -> None:
        for up_s, down_s in pauses:
            await asyncio.sleep(up_s)
            archive.kill()
            await asyncio.sleep(down_s)
            await asyncio.to_thread(archive.start)

    async with asyncio.TaskGroup() as group:
        group.create_task(place(bot, calls, "killed", each))
        group.create_task(harmed())
    await settled(journal, len(calls.all()), SHOWN_WITHIN_S)
    await _caught_up(bot, url, SHOWN_WITHIN_S)
    return await held(bot, calls, url, f"SIGKILL the archive, {deaths} times")


async def held(bot: Bot, calls: Calls, url: str, harm: str) -> list[Promise]:
    """Return whether the archive has every call and memo of the ledger, as it is, once."""
    rows = await _rows(url, "SELECT call, state FROM sipbot.calls")
    memos = await _rows(url, "SELECT id, payload::text FROM sipbot.memos")
    ours = {row.offer.call: row.state for row in bot.rows()}
    left = {memo.id: memo for memo in bot.memos()}
    found = {memo: Memo.model_validate_json(payload) for memo, payload in memos}
    accepted = {memo.call.from_.partition("@")[0].removeprefix("sip:") for memo in found.values()}
    return [
        Promise(
            harm=harm,
            promise="archive has every call of the ledger, as it ended, once",
            tries=len(ours),
            lost=sum(dict(rows).get(call) != state for call, state in ours.items()),
            duplicated=len(rows) - len(ours),
        ),
        Promise(
            harm=harm,
            promise="archive has every memo, word for word, once",
            tries=len(left),
            lost=sum(found.get(memo) != one for memo, one in left.items())
            + len(set(calls.all()) - accepted),
            duplicated=len(memos) - len(left),
        ),
    ]


async def _caught_up(bot: DeafBot, url: str, limit_s: float) -> None:
    """Wait until every call has ended and the archive has as many, or for so long."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        now = await bot.ask()
        if now is not None and not (now.numbers.lines_in_use or now.numbers.deliveries_waiting):
            rows = dict(await _rows(url, "SELECT call, state FROM sipbot.calls"))
            ours = {row.offer.call: row.state for row in bot.rows()}
            if rows == ours and None not in ours.values():
                return
        await asyncio.sleep(0.5)


async def _rows(url: str, query: str) -> list[tuple[str, str]]:
    """Ask the archive; blocks nobody."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        return await (await connection.execute(query.encode())).fetchall()
