"""The desk where operators' commands arrive: each is obeyed once, and claims end at their time.

Data path: broker -> mqtt -> [desk] -> ledger -> outbox -> broker

A command is acknowledged to the broker only when the ledger has it, or when nobody will ever answer
it; so what a crash interrupts comes again from a broker that keeps the session.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from sipbot.command import Refused, Request, read
from sipbot.errors import LedgerError
from sipbot.ledger_commands import Commands
from sipbot.link import Heard
from sipbot.topics import Topics

WAITING_MAX = 1000
"""Commands that wait for the ledger: each takes it some milliseconds.  Brokers hand out few at a
time (Mosquitto 20) until they are acknowledged; this bounds the memory where one hands out all."""

KEPT = timedelta(days=7)
"""How long a command is remembered: a copy that comes later than an hour after it was sent is
expired by its own time, and a week is how far back one asks who did what."""

SWEEP_EVERY_S = 3600.0

AGAIN_S = 1.0
"""Between two questions to a ledger that refuses."""

LOOK_EVERY_S = 30.0
"""The longest wait for the end of a claim: the clock may be set meanwhile."""

_log = structlog.get_logger()


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class CommandDesk:
    """Obeys what operators ask for.

    Args:
        topics: of the site.
        commands: the ledger's part.
        now: the clock, UTC-aware.
    """

    def __init__(
        self, topics: Topics, commands: Commands, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.unanswered = 0
        """Commands that nobody could answer, since the start."""
        self._topics = topics
        self._commands = commands
        self._now = now
        self._waiting: asyncio.Queue[tuple[Request | Refused, Heard]] = asyncio.Queue(WAITING_MAX)
        self._claimed = asyncio.Event()

    # Event loop, from the session with the broker.
    def hear(self, heard: Heard) -> None:
        """Take a message that came to a command's topic."""
        place = self._topics.asked(heard.topic)
        if place is None or heard.retained:
            # A retained command is nobody's wish of today: whoever subscribes would obey it again.
            _log.warning(
                "a command is ignored",
                topic=heard.topic,
                retained=heard.retained,
                size_bytes=len(heard.payload),
            )
            heard.acknowledge()
            return
        client, verb = place
        request = read(client, verb, heard.payload)
        if request is None:
            self.unanswered += 1
            _log.warning(
                "a command has no readable req and is not answered",
                client=client,
                verb=verb,
                size_bytes=len(heard.payload),
                unanswered=self.unanswered,
            )
            heard.acknowledge()
            return
        try:
            self._waiting.put_nowait((request, heard))
        except asyncio.QueueFull:
            self.unanswered += 1
            _log.error("too many commands wait for the ledger", unanswered=self.unanswered)

    async def run(self) -> None:
        """Obey until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._obey(), name="commands")
            group.create_task(self._end_leases(), name="leases")
            group.create_task(self._sweep(), name="old commands")

    async def _obey(self) -> None:
        while True:
            request, heard = await self._waiting.get()
            log = _log.bind(client=request.client, verb=request.verb)
            while True:
                try:
                    answer = await self._commands.obey(request, self._now())
                except LedgerError as error:
                    _log.error("the ledger refuses; a command waits", problem=str(error))
                    await asyncio.sleep(AGAIN_S)
                else:
                    break
            heard.acknowledge()
            if answer is None:
                log.info("a command came again")
                continue
            log.info(
                "command",
                req=answer.req,
                memo=answer.memo,
                by=answer.by,
                status=answer.status,
                code=answer.code,
                rev=answer.rev,
            )
            self._claimed.set()

    async def _end_leases(self) -> None:
        """End claims at their time, those that ended while nobody ran at once."""
        while True:
            self._claimed.clear()
            try:
                following = await self._commands.end_leases(self._now())
            except LedgerError as error:
                _log.error("the ledger refuses; claims do not end", problem=str(error))
                await asyncio.sleep(AGAIN_S)
                continue
            wait_s = LOOK_EVERY_S
            if following is not None:
                wait_s = min(wait_s, max(0.0, (following - self._now()).total_seconds()))
            try:
                async with asyncio.timeout(wait_s):
                    await self._claimed.wait()
            except TimeoutError:
                _log.debug("a claim may have ended")

    async def _sweep(self) -> None:
        while True:
            try:
                forgotten = await self._commands.sweep(self._now() - KEPT)
            except LedgerError as error:
                _log.error("the ledger refuses; old commands stay", problem=str(error))
            else:
                _log.debug("old commands forgotten", commands=forgotten)
            await asyncio.sleep(SWEEP_EVERY_S)
