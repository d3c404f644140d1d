"""The desk where operators' commands arrive: each is obeyed once, and claims end at their time.

Data path: broker -> mqtt -> [desk] -> ledger -> outbox -> broker

A command is acknowledged to the broker only when the ledger has it, or when nobody will ever answer
it; so what a crash interrupts comes again from a broker that keeps the session.  None is dropped
because too many come: the broker has to wait.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from sipbot.accounts import Accounts
from sipbot.command import Refused, Request, read
from sipbot.decision import Answer
from sipbot.errors import LedgerError
from sipbot.ledger_commands import Commands
from sipbot.link import Heard
from sipbot.permission import permitted
from sipbot.topics import Topics

AT_ONCE = 50
"""Commands obeyed in one transaction: twice as many are hardly faster (1,060 and 1,110 a second,
measured), and a call's row waits for each transaction to end."""

WAITING_MAX = 1000
"""Commands that wait for the ledger, from which on no more are read from the broker: it has to wait
in its turn.  Most brokers hand out few at a time until they are acknowledged (Mosquitto 20); this
bounds the memory, at 32 MB, where one hands out all."""

ROOM_AT = WAITING_MAX // 2
"""Reading goes on when no more than these wait."""

TRIES = 3
"""A command that the ledger refuses so often while it takes another answer is not tried again: it
would hold up all that come after it, after every start anew."""

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
        accounts: those in force, asked at each command; None where there are none.
        now: the clock, UTC-aware.
    """

    def __init__(
        self,
        topics: Topics,
        commands: Commands,
        *,
        accounts: Callable[[], Accounts | None] = lambda: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.unanswered = 0
        """Commands that nobody could answer, since the start."""
        self.on_fault: Callable[[str], None] | None = None
        """Called in the event loop with what happened when a command was given up by a fault of
        sipbot's."""
        self._topics = topics
        self._commands = commands
        self._accounts = accounts
        self._now = now
        self._waiting: asyncio.Queue[_Asked] = asyncio.Queue()
        self._room = asyncio.Event()
        self._claimed = asyncio.Event()
        self._refusing = False

    # Event loop, from the session with the broker.
    def hear(self, heard: Heard) -> Awaitable[object] | None:
        """Take a message that came to a command's topic.

        Returns:
            None while there is room for more; else what to await before the next one.
        """
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
            return None
        client, verb = place.client, place.verb
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
            return None
        request = permitted(request, place.sender, self._accounts())
        self._waiting.put_nowait((request, heard))
        if self._waiting.qsize() < WAITING_MAX:
            return None
        self._room.clear()
        return self._room.wait()

    async def run(self) -> None:
        """Obey until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._obey(), name="commands")
            group.create_task(self._end_leases(), name="leases")
            group.create_task(self._sweep(), name="old commands")

    async def _obey(self) -> None:
        while True:
            asked = await self._some()
            answers = await self._decided([request for request, _ in asked])
            for (request, heard), answer in zip(asked, answers, strict=True):
                heard.acknowledge()
                _tell(request, answer)
            if any(answer is not None and answer.status == "accepted" for answer in answers):
                self._claimed.set()

    async def _some(self) -> list["_Asked"]:
        """Return what waits, at least one, in the order in which it came."""
        some = [await self._waiting.get()]
        while len(some) < AT_ONCE and not self._waiting.empty():
            some.append(self._waiting.get_nowait())
        if self._waiting.qsize() <= ROOM_AT:
            self._room.set()
        return some

    async def _decided(self, requests: Sequence[Request | Refused]) -> list[Answer | None]:
        try:
            answers = await self._commands.obey_all(requests, self._now())
        except Exception as error:  # noqa: BLE001 - which of them did it is seen one by one
            self._refused(_problem(error))
            return [await self._insist(request) for request in requests]
        self._served()
        return answers

    async def _insist(self, request: Request | Refused) -> Answer | None:
        """Obey a command, however long the ledger refuses everything; give up what it alone is."""
        tries = 0
        while True:
            try:
                answer = await self._commands.obey(request, self._now())
            except LedgerError as error:
                problem, tries = str(error), tries + 1
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop all others
                problem, tries = _problem(error), TRIES
            else:
                self._served()
                return answer
            self._refused(problem)
            if tries >= TRIES:
                tries = 0  # where the ledger refuses the next one, too, it is not the command
                with suppress(LedgerError):
                    answer = await self._commands.give_up(request, self._now())
                    self._fault(request, problem)
                    return answer
            await asyncio.sleep(AGAIN_S)

    def _refused(self, problem: str) -> None:
        if not self._refusing:
            _log.error("the ledger refuses; commands wait, claims do not end", problem=problem)
        self._refusing = True

    def _served(self) -> None:
        if self._refusing:
            _log.info("commands are obeyed again")
        self._refusing = False

    def _fault(self, request: Request | Refused, problem: str) -> None:
        log = _log.bind(client=request.client, verb=request.verb, problem=problem)
        log.error("a command is given up by a fault of sipbot's")
        if self.on_fault is not None:
            self.on_fault(f"{request.verb} of an operator of {request.client}: {problem}")

    async def _end_leases(self) -> None:
        """End claims at their time, those that ended while nobody ran at once."""
        while True:
            self._claimed.clear()
            try:
                following = await self._commands.end_leases(self._now())
            except LedgerError as error:
                self._refused(str(error))
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


_Asked = tuple[Request | Refused, Heard]


def _tell(request: Request | Refused, answer: Answer | None) -> None:
    log = _log.bind(client=request.client, verb=request.verb)
    if answer is None:
        log.info("a command came again")
        return
    log.info(
        "command",
        req=answer.req,
        memo=answer.memo,
        by=answer.by,
        status=answer.status,
        code=answer.code,
        rev=answer.rev,
    )


def _problem(error: Exception) -> str:
    """Say what went wrong; the words of a strange error may be those of a caller."""
    if isinstance(error, LedgerError):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, line {place.lineno}"
