"""The wall clock jumps while calls run and while deliveries wait.

Debian's libfaketime gives every process of the bot a wall clock that the harness sets; clocks that
only rise (CLOCK_MONOTONIC) are left alone, as the kernel leaves them alone when NTP steps the time.
So are the times of files (NO_FAKE_STAT): a jump does not change those that are there; besides,
libfaketime holds a lock that all processes of the bot share while it fakes them.
The harness, the callers and the broker keep the true time.
"""

import asyncio
import itertools
import os
import random
import subprocess
import sys
import time
from datetime import UTC
from pathlib import Path

from tests.bot import Bot
from tests.brokers import ROOT
from tests.torture.promise import Promise, Scale
from tests.torture.stalls_calls import missing_s, worst
from tests.torture.stalls_site import Site, site, stop

JUMPS_S = (3600.0, -3600.0, 86_400.0, -86_400.0, -2.0, -2.0)
"""An hour and a day either way, and the small steps back of NTP."""

DURATION_LIMIT_S = 2.0
"""How far a memo's duration may be from the caller's: SIPp's 200, our BYE, two busy cores."""

STAMP_LIMIT_S = 5.0
"""How far a time in the ledger may be from the clock that was in force."""

DELIVERY_LIMIT_S = 60.0
"""No delivery waits longer (`sipbot.ledger_deliveries.LONGEST_WAIT_S`)."""

BROKER_STOPPED_S = 14.0
"""Longer than the bot waits for a PUBACK (10 s), so that deliveries fail and back off."""

AGENTS = 2


class Clock:
    """The wall clock of the bot's processes.

    Args:
        file: read by libfaketime whenever a process asks for the time.
    """

    def __init__(self, file: Path) -> None:
        self.offset_s = 0.0
        self.past: list[tuple[float, float]] = []
        """When (true time) an offset came into force, and the offset, in seconds."""
        self._file = file
        self.jump(0.0)

    def jump(self, by_s: float) -> None:
        """Set the clock forward, or back."""
        self.offset_s += by_s
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{self.offset_s:+.3f}", encoding="ascii")
        draft.replace(self._file)
        self.past.append((time.time(), self.offset_s))

    def showed(self, began: float, ended: float) -> list[float]:
        """Return the offsets that were in force between two true times."""
        changes = [*self.past, (float("inf"), 0.0)]
        return [
            offset
            for (since, offset), (until, _) in itertools.pairwise(changes)
            if since <= ended and until >= began
        ]

    def environment(self) -> dict[str, str]:
        """Return what makes a process use this clock."""
        library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
        if library is None:
            raise FileNotFoundError("libfaketime is missing: apt-get install faketime")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


class ClockedBot(Bot):
    """A bot whose processes live by a `Clock`."""

    clock: Clock

    def _launch(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sipbot", "run", "--config", self.folder / "config.toml"],
                cwd=ROOT,
                env={**os.environ, **self.clock.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


async def clocks(scale: Scale, rng: random.Random, folder: Path) -> list[Promise]:
    """Do it and return the rows."""
    clock = Clock(folder / "clock")

    def make(own: Path, port: int, models: Path) -> Bot:
        bot = ClockedBot(own, port, models, agents=AGENTS)
        bot.clock = clock
        return bot

    harm = "wall clock +-1 h, +-1 day, -2 s"
    async with site(folder / "clock-site", rng, agents=AGENTS, make=make) as here:
        for number in range(scale.of(18, least=2)):
            await _calls(here, clock, _jumps(rng, number))
        waits = [
            await _backing_off(here, clock, by_s)
            for by_s in rng.sample((-3600.0, -86_400.0, -2.0, 3600.0), scale.of(4))
        ]
        rows = await here.rows(harm)
        rows += [_durations(here, harm), _stamps(here, clock, harm), _audio(here, harm)]
        rows.append(
            Promise(
                harm="clock jumps while the outbox backs off",
                promise="due deliveries go out once the broker is back",
                tries=len(waits),
                worst=worst(waits),
                limit=DELIVERY_LIMIT_S,
                note=f"broker stopped for {BROKER_STOPPED_S:g} s each",
            )
        )
        return rows


def _jumps(rng: random.Random, number: int) -> tuple[float, ...]:
    """One big jump or two small steps; every kind comes in turn."""
    if number % len(JUMPS_S) in {4, 5}:
        return (-2.0, -2.0)
    # The first two rounds, which even a short run has, are the two directions of an hour.
    return (JUMPS_S[number % len(JUMPS_S)], *rng.sample((-2.0,), number % 2))


async def _calls(here: Site, clock: Clock, jumps: tuple[float, ...]) -> None:
    """Let the clock jump while calls ring, speak and end."""
    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            said = here.messages.speech()
            group.create_task(here.callers.call(said, delay_s=here.rng.uniform(0, 3)))
        for by_s in jumps:
            await asyncio.sleep(here.rng.uniform(1, 4))
            clock.jump(by_s)


async def _backing_off(here: Site, clock: Clock, by_s: float) -> float:
    """Let it jump while deliveries fail; return how long they took after the broker came back."""
    assert here.broker.process is not None
    async with asyncio.TaskGroup() as group:
        stopped = group.create_task(stop(here.broker.process.pid, BROKER_STOPPED_S))
        calls = [group.create_task(here.callers.call(here.messages.speech(3.0))) for _ in range(3)]
        await asyncio.sleep(BROKER_STOPPED_S - here.rng.uniform(0.2, 2))
        clock.jump(by_s)
    names = {call.result().caller for call in calls}
    await here.settle()
    first = {seen.caller: seen.at for seen in reversed(here.onlooker.seen) if seen.caller in names}
    if len(first) < len(names):
        return float("inf")
    return max(first.values()) - stopped.result().ended


def _durations(here: Site, harm: str) -> Promise:
    """A memo's duration is the caller's, whatever the clock did."""
    memos = {m.call.from_.removeprefix("sip:").split("@")[0]: m for m in here.bot.memos()}
    off, negative = [], 0
    for one in here.callers.journal:
        memo = memos.get(one.caller)
        if memo is None or one.answered_at is None or one.hung_up_at is None:
            continue
        up_s, call = memo.call.duration_s, memo.call
        assert call.answered_at is not None
        negative += (
            up_s is None or up_s < 0 or not (call.started_at <= call.answered_at <= call.ended_at)
        )
        off.append(abs((up_s or 0.0) - (one.hung_up_at - one.answered_at)))
    return Promise(
        harm=harm,
        promise="a memo's duration is the caller's and its times are in order",
        tries=len(off),
        lost=negative,
        worst=worst(off),
        limit=DURATION_LIMIT_S,
    )


def _stamps(here: Site, clock: Clock, harm: str) -> Promise:
    """A row's time is UTC, of the clock that the bot saw."""
    when = {row.offer.from_.user: row.offer.received_at for row in here.bot.rows()}
    off = [
        min(
            abs(when[one.caller].timestamp() - one.invited_at - offset)
            for offset in clock.showed(one.invited_at, one.invited_at + STAMP_LIMIT_S)
        )
        for one in here.callers.journal
        if one.caller in when
    ]
    return Promise(
        harm=harm,
        promise="ledger has the time of the clock in force, in UTC",
        tries=len(off),
        lost=sum(moment.tzinfo is not UTC for moment in when.values()),
        worst=worst(off),
        limit=STAMP_LIMIT_S,
        note=f"{len(clock.past) - 1} jumps",
    )


def _audio(here: Site, harm: str) -> Promise:
    lacking = [missing_s(here.bot, one) for one in here.callers.journal if one.accepted]
    return Promise(
        harm=harm,
        promise="received audio is in the recording",
        tries=len(lacking),
        worst=worst(lacking),
        limit=0.5,
    )
