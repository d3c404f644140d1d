"""The broker dies, stays away, forgets; and operators are away while it does not.

Two harms are done to a real bot that takes real calls (`broker_calls`); where thousands of memos
are wanted in minutes they are made without calls (`broker_rounds`), and those rows say so.
"""

import asyncio
import math
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

from tests.brokers import PATIENCE_S, running
from tests.free_ports import free_ports
from tests.torture.broker_calls import CALL_MIN_S, CLIENTS, Calls, DeafBot, deaf_bot, place
from tests.torture.broker_rounds import SITES, away, kills
from tests.torture.operators import (
    SHOWN_WITHIN_S,
    Journal,
    compare,
    disorder,
    mosquitto_sub,
    settled,
    subscriber,
)
from tests.torture.promise import FULL_ROUNDS, Promise, Scale

OUTAGE_S, OUTAGE_MEMOS = 600, 500
DRAIN_LIMIT_S = 30.0
"""The measures of the acceptance table."""

EMBEDDED_KILLS = 20
"""Our wish: several for each place in the outbox where a death can be noticed."""

LONG_LIFE_S = 12.5
"""A child that lived so long is not in a crash loop (`sipbot.child.YOUNG_S`), whose pauses are on
purpose."""


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do every harm to brokers; about 20 minutes at full scale."""
    rows = await outage(scale, rng, folder / "outage")
    for number, site in enumerate(SITES):
        rows += await kills(site, scale, rng, folder / f"kills-{number}")
    for number, site in enumerate(SITES):
        rows += await away(site, scale, rng, folder / f"away-{number}")
    return rows + await own_broker(scale, rng, folder / "own")


# -- ten minutes without a broker ------------------------------------------------------------------


async def outage(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Take messages by real calls while the broker is away, and count after it is back."""
    calls, before, fresh, stayed = Calls(), Journal(), Journal(), Journal()
    away_s = OUTAGE_S * scale.rounds / FULL_ROUNDS
    each = shared(scale.of(OUTAGE_MEMOS, least=len(CLIENTS)), rng)
    async with (
        running("mosquitto") as broker,
        deaf_bot(folder, broker.port) as bot,
        subscriber(broker.port, before),
        mosquitto_sub(broker.port, stayed),
    ):
        await place(bot, calls, "before", [1] * len(CLIENTS))
        await _all_told(bot, before)
        await broker.kill()
        began = time.monotonic()
        await place(bot, calls, "during", each, call_s=away_s / max(each))
        await asyncio.sleep(began + away_s - time.monotonic())
        back_at = time.monotonic()
        await broker.start()
        async with mosquitto_sub(broker.port, fresh):
            drained = await _all_told(bot, before)
            drained_s = before.last_at - back_at
            await place(bot, calls, "after", [1] * len(CLIENTS))
            await _all_told(bot, before)
            for journal in (fresh, stayed):
                await settled(journal, len(calls.all()), SHOWN_WITHIN_S)
        harm = f"broker away {back_at - began:.0f} s, {sum(each)} calls, back empty"
        who = (
            ("a subscriber that was there before", before),
            ("mosquitto_sub that was there before", stayed),
            ("mosquitto_sub that came when it was back", fresh),
        )
        rows = [_shown(harm, name, calls, journal) for name, journal in who]
        rows.append(_in_order(harm, calls, bot, before))
        worst = drained_s if drained else None
        promise = "drained after the broker is back"
        rows.append(Promise(harm=harm, promise=promise, tries=1, worst=worst, limit=DRAIN_LIMIT_S))
        return [*rows, end_states(harm, calls, bot)]


def shared(number: int, rng: random.Random) -> list[int]:
    """Share calls out to the clients; who gets those left over is drawn."""
    least, left = divmod(number, len(CLIENTS))
    more = rng.sample(CLIENTS, left)
    return [least + (client in more) for client in CLIENTS]


async def _all_told(bot: DeafBot, journal: Journal) -> bool:
    """Wait until the bot is quiet and every revision in its ledger has been told; say if it was."""
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while time.monotonic() < deadline:
        now = await bot.ask()
        quiet = now is not None and not now.numbers.lines_in_use and not _unended(bot)
        if quiet and _told(bot) == {c: len(events) for c, events in journal.events.items()}:
            return True
        await asyncio.sleep(0.2)
    return False


def _unended(bot: DeafBot) -> bool:
    return any(row.state is None for row in bot.rows()) or any(
        memo.stage.value == "recorded" for memo in bot.memos()
    )


def _told(bot: DeafBot) -> dict[str, int]:
    """Client to how many events it must have had: one for each revision."""
    revs: dict[str, int] = {}
    for memo in bot.memos():
        revs[memo.client] = revs.get(memo.client, 0) + memo.rev
    return revs


def _shown(harm: str, who: str, calls: Calls, journal: Journal) -> Promise:
    found = compare(calls.all(), journal.users())
    return Promise(
        harm=harm,
        promise=f"accepted message shown to {who}",
        tries=len(calls.all()),
        lost=found.lost,
        duplicated=found.duplicated + len(journal.contradictions),
        note=f"{journal.repeated} known revisions came again and were dropped",
    )


def _in_order(harm: str, calls: Calls, bot: DeafBot, journal: Journal) -> Promise:
    """Judge the feed: seq rises by one, after its memo, and memos come as they were accepted."""
    wrong, tries = len(journal.early), 0
    for client, wanted in _told(bot).items():
        events = journal.events.get(client, [])
        tries += wanted
        wrong += disorder([event.seq for event in events]) + (wanted != len(events))
        new = [journal.memos[e.memo].call.user for e in events if e.type == "new"]
        wrong += new != calls.accepted[client]
    return Promise(
        harm=harm,
        promise="feed without gap, in the order of acceptance per client, each after its memo",
        tries=tries,
        lost=wrong,
        note=f"{len(CLIENTS)} clients",
    )


def end_states(harm: str, calls: Calls, bot: DeafBot) -> Promise:
    """Compare row by row: every caller has a user of its own."""
    rows = Counter(row.offer.from_.user for row in bot.rows() if row.state is not None)
    return Promise(
        harm=harm,
        promise="every INVITE has one end state",
        tries=calls.invites,
        # One that was not accepted is known by the number of INVITEs alone.
        lost=max(0, calls.invites - len(rows)) + sum(user not in rows for user in calls.all()),
        duplicated=sum(count - 1 for count in rows.values()),
        note=f"{rows.total():,} end states",
    )


# -- the bot's own broker --------------------------------------------------------------------------


async def own_broker(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Kill the embedded broker of a running bot that takes messages."""
    calls, journal, deaths = Calls(), Journal(), scale.of(EMBEDDED_KILLS, least=2)
    pauses = [rng.uniform(0.2, 5) + (LONG_LIFE_S if n % 3 == 2 else 0) for n in range(deaths)]
    each = [math.ceil((sum(pauses) + deaths) / CALL_MIN_S)] * len(CLIENTS)
    async with (
        deaf_bot(folder, free_ports(), embedded=True) as bot,
        subscriber(bot.mqtt_port, journal),
    ):
        gone_s: list[float] = []
        async with asyncio.TaskGroup() as group:
            group.create_task(place(bot, calls, "own", each))
            for pause_s in pauses:
                await asyncio.sleep(pause_s)
                gone_s.append(await _kill_own(bot))
        await _own_drained(bot)
        await settled(journal, len(calls.all()), SHOWN_WITHIN_S)
        harm = f"SIGKILL the bot's embedded broker, {deaths} times"
        return [
            _shown(harm, "a subscriber that reconnects", calls, journal),
            Promise(
                harm=harm, promise="listens again", tries=deaths, worst=max(gone_s)
            ),  # reported only: nobody is promised a time
            end_states(harm, calls, bot),
        ]


async def _kill_own(bot: DeafBot) -> float:
    """Kill the child; return how long it was until its successor let somebody in, in seconds."""
    pid = await bot.broker_pid()
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while await bot.broker_pid() == pid or not await _listens(bot.mqtt_port):
            await asyncio.sleep(0.01)
    return time.monotonic() - began


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def _own_drained(bot: DeafBot) -> None:
    deadline = time.monotonic() + SHOWN_WITHIN_S
    while time.monotonic() < deadline:
        now = await bot.ask()
        if now and not now.numbers.deliveries_waiting and not _unended(bot):
            return
        await asyncio.sleep(0.2)
