"""The store of recordings is away while messages come, and is killed at its work, as main is.

Real calls to a real bot whose recordings are encrypted, a real S3 server, and a subscriber on the
bus who must notice nothing.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from sipbot.age_file import Identity
from sipbot.audio_keys import write_keys
from sipbot.audio_store import object_key
from sipbot.recordings import AUDIO, SEALED
from tests import s3_server
from tests.brokers import running
from tests.s3_server import KEY, NAME, SECRET, S3Server
from tests.torture.broker import OUTAGE_MEMOS, OUTAGE_S, end_states, shared
from tests.torture.broker_calls import CLIENTS, Calls, DeafBot, place
from tests.torture.operators import SHOWN_WITHIN_S, Journal, compare, settled, subscriber
from tests.torture.promise import FULL_ROUNDS, Promise, Scale

SITE = "test"

KILLS = 20
"""Of the store, and as many of main: as of the archive."""

CAUGHT_UP_S = 90.0
"""After the store is back: the outbox looks for it every minute (`away.AGAIN_MOST_S`)."""

ENCRYPTED_S = 180.0
"""After a main that died: it looks for what is still plain 30 s after its start, and for what the
store has not 45 s after it (`audio_vault.FIRST_S`, `audio_store_target.FIRST_S`)."""


async def run(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do both harms to one bot; about 15 minutes at full scale."""
    calls, journal = Calls(), Journal()
    with s3_server.running(folder / "store") as store:
        async with (
            running("mosquitto") as broker,
            storing_bot(folder / "bot", broker.port, store) as bot,
            subscriber(broker.port, journal),
        ):
            rows = await outage(bot, calls, journal, store, scale, rng)
            rows += await kills(bot, calls, journal, store, scale, rng)
            rows.append(end_states("all of it", calls, bot))
    return rows


@contextlib.asynccontextmanager
async def storing_bot(folder: Path, mqtt_port: int, store: S3Server) -> AsyncIterator[DeafBot]:
    """Run a bot that has a store, and leave no process of it behind."""
    bot = DeafBot.prepare(folder, mqtt_port)
    write_keys(folder / "audio.agekey", [Identity.new()], datetime.now(UTC))
    with (folder / "config.toml").open("a", encoding="utf-8") as config:
        config.write(
            '\n[privacy]\naudio_key_file = "audio.agekey"\n'
            f'\n[audio_store]\nurl = "http://127.0.0.1:{store.port}"\nbucket = "{NAME}"\n'
            f'access_key = "{KEY}"\nsecret_key = "{SECRET}"\n'
        )
    try:
        await bot.start()
        yield bot
    finally:
        await bot.clear_away()


async def outage(
    bot: DeafBot, calls: Calls, journal: Journal, store: S3Server, scale: Scale, rng: random.Random
) -> list[Promise]:
    """Take messages while the store is away, and look into it once it is back."""
    away_s = OUTAGE_S * scale.rounds / FULL_ROUNDS
    each = shared(scale.of(OUTAGE_MEMOS, least=len(CLIENTS)), rng)
    await place(bot, calls, "before", [1] * len(CLIENTS))
    await _caught_up(bot, calls, store, ENCRYPTED_S)
    store.kill()
    began = time.monotonic()
    await place(bot, calls, "during", each, call_s=away_s / max(each))
    await asyncio.sleep(began + away_s - time.monotonic())
    await settled(journal, len(calls.all()), SHOWN_WITHIN_S)
    shown = compare(calls.all(), journal.users())
    harm = f"store away {time.monotonic() - began:.0f} s, {sum(each)} calls"
    back_at = time.monotonic()
    await asyncio.to_thread(store.start)
    await _caught_up(bot, calls, store, ENCRYPTED_S)
    caught_up_s = time.monotonic() - back_at
    return [
        Promise(
            harm=harm,
            promise="accepted message shown on the bus before the store is back",
            tries=len(calls.all()),
            lost=shown.lost,
            duplicated=shown.duplicated,
        ),
        held(bot, calls, store, harm),
        Promise(
            harm=harm,
            promise="caught up after it is back",
            tries=1,
            worst=round(caught_up_s, 1),
            limit=CAUGHT_UP_S,
        ),
    ]


async def kills(
    bot: DeafBot, calls: Calls, journal: Journal, store: S3Server, scale: Scale, rng: random.Random
) -> list[Promise]:
    """Kill the store while callers speak, and main while their recordings go there, in turn."""
    deaths = scale.of(KILLS, least=2)
    for number in range(deaths):
        async with asyncio.TaskGroup() as group:
            group.create_task(place(bot, calls, f"killed{number}", [1] * len(CLIENTS)))
            group.create_task(_killed(store, rng.uniform(0, 4), rng.uniform(0, 3)))
        await asyncio.sleep(rng.uniform(0, 2))
        os.kill(bot.main, signal.SIGKILL)
        await bot.up()
    await settled(journal, len(calls.all()), SHOWN_WITHIN_S)
    await _caught_up(bot, calls, store, ENCRYPTED_S)
    return [held(bot, calls, store, f"SIGKILL the store, and main, {deaths} times each")]


async def _killed(store: S3Server, up_s: float, down_s: float) -> None:
    await asyncio.sleep(up_s)
    store.kill()
    await asyncio.sleep(down_s)
    await asyncio.to_thread(store.start)


def held(bot: DeafBot, calls: Calls, store: S3Server, harm: str) -> Promise:
    """Return whether the store has the recording of every accepted message, as the disk has it."""
    wanted, there = _wanted(bot), set(store.objects())
    callers = {memo.call.from_.partition("@")[0].removeprefix("sip:") for memo in bot.memos()}
    differ = [
        key
        for key, path in wanted.items()
        if key not in there or not path.is_file() or path.read_bytes() != store.read(key)
    ]
    others = {one for one in there if one.startswith(f"{SITE}/")} - _sealed(bot)
    return Promise(
        harm=harm,
        promise="store has the recording of every memo, byte for byte as it is here, and no other",
        tries=len(wanted),
        lost=len(differ) + len(set(calls.all()) - callers),
        duplicated=len(others),
    )


def _wanted(bot: DeafBot) -> dict[str, Path]:
    """Object → file, of the recordings of all memos."""
    spool = bot.folder / "var" / "spool"
    of_memos = [memo.call.id for memo in bot.memos()]
    return {object_key(SITE, call, AUDIO): spool / call / f"{AUDIO}{SEALED}" for call in of_memos}


def _sealed(bot: DeafBot) -> set[str]:
    """What the store would be called to have: every encrypted file here."""
    files = (bot.folder / "var" / "spool").glob(f"*/*{SEALED}")
    return {f"{SITE}/{one.parent.name}/{one.name}" for one in files}


async def _caught_up(bot: DeafBot, calls: Calls, store: S3Server, limit_s: float) -> None:
    """Wait until nothing waits and every memo's recording is there, or for so long."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        now = await bot.ask()
        if now is not None and not (now.numbers.lines_in_use or now.numbers.deliveries_waiting):
            wanted = _wanted(bot)
            if len(wanted) >= len(calls.all()) and wanted.keys() <= set(store.objects()):
                return
        await asyncio.sleep(0.5)
