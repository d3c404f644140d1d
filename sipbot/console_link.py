"""Main's side of the web console: keeps it alive, obeys its operators, tells what has changed.

Data path: console -> [console_link] -> ledger; ledger, switchboard, gauges -> [console_link] ->
console

Everything here runs in main's event loop.  The console is never waited for: what it misses while it
is away, its next life reads from the ledger.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import structlog

from sipbot import console_wire as wire
from sipbot.accounts import Accounts
from sipbot.audit import AuditEntry
from sipbot.child import Child
from sipbot.client_card import ClientCard
from sipbot.command import Request, read
from sipbot.console_plans import clients_of, clients_told, files_told
from sipbot.dialplan import Dialplans
from sipbot.errors import ChildGoneError, LedgerError
from sipbot.in_force import InForce, Refusal
from sipbot.ledger import Ledger
from sipbot.lines import LIMIT_BYTES
from sipbot.other_sites import OtherSites
from sipbot.permission import permitted
from sipbot.plan import Dialplan
from sipbot.status import Status
from sipbot.topics import LivePayload
from sipbot.unread import works_for

STATUS_EVERY_S = 5.0
"""How old the state of the site may be in a browser; the memos are told at once."""

ASKED_MAX = 1000
"""Requests that wait for the ledger: twice what a console of ours leaves without an answer
(`sipbot.console.main_line.WAITING_MAX`), for its places are free again after a time-out."""

AT_ONCE = 50
"""Rows of the audit log stored in one transaction."""

BUSY = "more is asked for than the ledger can do now: nothing was done; try again in a minute"

CARDS_BYTES = 8 * LIMIT_BYTES
"""Sent and not read yet: a short question has a long answer, so somebody who only asks must not
fill our memory.  Ten of the longest cards, thousands of usual ones."""

DIALPLANS_MAX = 200
"""Files out of force that the console is told: some 500 bytes each, and a line has a megabyte."""

AGAIN_S = 1.0
"""Between two questions to a ledger that refuses."""

_log = structlog.get_logger()

Asked = wire.Obey | wire.Record | wire.Acknowledge


def card_of(plan: Dialplan | None) -> ClientCard | None:
    """Return the knowledge card of a client's dialplan in force; None where there is none."""
    return plan.card if plan is not None else None


class ConsoleLink:
    """The web console, seen from main.

    Args:
        settings: for the console.
        ledger: whose only writer we are.
        status: looks at the site.
        in_force: the dialplans, and the files that are not.
        on_crash_loop: see `sipbot.child.Child`.
        accounts: those in force, asked at each command; None where there are none.
        card: returns a client's knowledge card; None for a client without one.
        others: answers what is asked about other sites' memos.
    """

    def __init__(
        self,
        settings: wire.ConsoleSettings,
        ledger: Ledger,
        *,
        status: Callable[[], Awaitable[Status]],
        in_force: Callable[[], InForce],
        on_crash_loop: Callable[[int], None],
        accounts: Callable[[], Accounts | None],
        card: Callable[[str], ClientCard | None],
        others: OtherSites,
    ) -> None:
        self._others = others
        self._accounts = accounts
        self._card = card
        self._ledger = ledger
        self._status = status
        self._in_force = in_force
        self._told_plans: Dialplans | None = None
        self._told_refused: Mapping[str, Refusal] | None = None
        self._asked: asyncio.Queue[Asked] = asyncio.Queue(ASKED_MAX)
        self._nudged = asyncio.Event()
        self.child = Child(
            [sys.executable, "-m", "sipbot.console", msgspec.json.encode(settings).decode()],
            name="console",
            decoder=wire.to_main,
            is_ready=lambda message: isinstance(message, wire.Ready),
            on_message=self._hear,
            ping=lambda n: wire.Ping(n=n),
            on_crash_loop=on_crash_loop,
        )
        before = ledger.on_delivery

        # Event loop, from the ledger.
        def both() -> None:
            self._nudged.set()
            if before is not None:
                before()

        ledger.on_delivery = both

    async def run(self) -> None:
        """Keep the console alive until cancelled; callers come first, so begin this last."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.child.run(), name="console")
            group.create_task(self._obey(), name="console's commands")
            group.create_task(self._tell_changes(), name="console's changes")
            group.create_task(self._tell_site(), name="console's state")
            group.create_task(self._others.run(), name="console's other sites")

    def live(self, client: str, call: str, payload: LivePayload) -> None:
        """Tell what happens in a call; nobody waits for it."""
        self._say(wire.Live(client=client, call=call, payload=payload))

    # Event loop, from the child's reader.
    def _hear(self, message: wire.FromConsole) -> None:
        match message:
            case wire.AskOthers() | wire.AskOther():
                self._abroad(message)
            case wire.Obey(site=owner) if owner:
                self._abroad(message)
            case wire.Obey() | wire.Record() | wire.Acknowledge():
                if not self._asked.full():
                    self._asked.put_nowait(message)
                elif self.child.waiting_bytes > CARDS_BYTES:
                    self.child.kill("asks for more than it reads the answers of")
                else:
                    self._say(wire.Answered(n=message.n, problem=BUSY))
            case wire.AskCard():
                self._say(self._shown(message))
            case wire.Ready():
                _log.info("console", pid=message.pid, port=message.port)
                self._told_plans = self._told_refused = None
            case wire.Pong():
                pass  # a sign of life is for the child's keeper

    def _abroad(self, asked: wire.Obey | wire.AskOthers | wire.AskOther) -> None:
        """Have another site's memos asked about; an answer may be as long as a line."""
        if self.child.waiting_bytes > CARDS_BYTES:
            self._say(wire.Answered(n=asked.n, problem="too much is asked for at once"))
        else:
            self._others.ask(asked, self._say)

    def _shown(self, asked: wire.AskCard) -> wire.Answered:
        """Return one card: all of them would be too much for one line, and mostly for nothing."""
        if self.child.waiting_bytes > CARDS_BYTES:
            return wire.Answered(n=asked.n, problem="too much is asked for at once")
        return wire.Answered(n=asked.n, card=self._card(asked.client))

    async def _obey(self) -> None:
        """Do what operators ask for, in the order in which they asked."""
        while True:
            some = [await self._asked.get()]
            while len(some) < AT_ONCE and not self._asked.empty():
                some.append(self._asked.get_nowait())
            records = [one for one in some if isinstance(one, wire.Record)]
            if records:
                problem = await self._record([one.entry for one in records])
                for record in records:
                    self._say(wire.Answered(n=record.n, problem=problem))
            for one in some:
                if not isinstance(one, wire.Record):
                    self._say(await self._obeyed(one))

    async def _record(self, entries: Sequence[AuditEntry]) -> str:
        try:
            await self._ledger.console.record(entries, datetime.now(UTC))
        except LedgerError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop the calls
            return _fault("a row of the audit log is given up", error)
        return ""

    async def _obeyed(self, asked: wire.Obey | wire.Acknowledge) -> wire.Answered:
        try:
            if isinstance(asked, wire.Acknowledge):
                return wire.Answered(n=asked.n, problem=await self._acknowledge(asked))
            return await self._obey_one(asked)
        except LedgerError as error:
            return wire.Answered(n=asked.n, problem=str(error))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop the calls
            problem = _fault("a command is given up", error)
            return wire.Answered(n=asked.n, problem=problem)

    async def _obey_one(self, asked: wire.Obey) -> wire.Answered:
        request = read(asked.client, asked.verb, bytes(asked.payload))
        if request is None:
            return wire.Answered(n=asked.n, problem="the command is too long")
        # The console has asked the same; it is also the process that strangers can reach.
        request = permitted(request, None, self._accounts())
        answer = await self._ledger.commands.obey(request, datetime.now(UTC))
        by = request.command.by if isinstance(request, Request) else None
        status = answer.status if answer is not None else None
        _log.info("command", client=asked.client, verb=asked.verb, by=by, status=status)
        return wire.Answered(n=asked.n, answer=answer)

    async def _acknowledge(self, asked: wire.Acknowledge) -> str:
        """Store who has read a client's file; return what is in the way of it."""
        accounts = self._accounts()
        account = accounts.get(asked.operator) if accounts is not None else None
        if account is None or not works_for(account, asked.client):
            return f"{asked.operator}: has no account with {asked.client}'s memos"
        plan = self._in_force().plans.of(asked.client)
        if plan is None or plan.sha256 != asked.sha256:
            return f"{asked.client}: another form of the file is in force by now"
        now = datetime.now(UTC)
        await self._ledger.reviews.acknowledge(asked.client, asked.operator, asked.sha256, now)
        return ""

    async def _tell_changes(self) -> None:
        """Tell each revision once it is stored."""
        told: int | None = None
        while True:
            self._nudged.clear()
            try:
                if told is None:
                    told = await self._ledger.console.newest()
                while revisions := await self._ledger.console.revisions(told):
                    for one in revisions:
                        self._say(
                            wire.Changed(
                                client=one.client, memo=one.memo, rev=one.rev, status=one.status
                            )
                        )
                    told = revisions[-1].delivery
            except LedgerError as error:
                _log.warning("the console is not told what has changed", problem=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                await self._nudged.wait()

    async def _tell_site(self) -> None:
        while True:
            await self.child.ready.wait()
            if not await self._tell_plans():
                continue
            self._say(site(await self._status()))
            await asyncio.sleep(STATUS_EVERY_S)

    async def _tell_plans(self) -> bool:
        """Tell whose dialplans are in force, and which files are not, when that has changed.

        Calls go on between two parts: ten thousand clients take tens of milliseconds.  False when
        there is another console by then, which has not heard the beginning.
        """
        now = self._in_force()
        if now.plans is not self._told_plans:
            self._told_plans = now.plans
            for clients in clients_told(clients_of(now)):
                self._say(clients)
                await asyncio.sleep(0)
                if self._told_plans is not now.plans:
                    return False
        if now.refused is not self._told_refused:
            self._told_refused = now.refused
            for files in files_told(now):
                self._say(files)
                await asyncio.sleep(0)
                if self._told_refused is not now.refused:
                    return False
        return True

    def _say(self, message: wire.FromMain) -> None:
        try:
            self.child.send(message)
        except ChildGoneError:
            # Its next life reads the ledger; who asked has been told that the console is away.
            _log.debug("the console is away", message=type(message).__name__)


def _fault(event: str, error: Exception) -> str:
    """Write a fault down and return it in words: not its own, which may be a caller's."""
    problem = f"a fault of sipbot's: {type(error).__name__}"
    _log.error(event, problem=problem)
    return problem


def site(status: Status) -> wire.Site:
    """Return what the console is told of the site, in a line of bounded length."""
    some = status.dialplans[:DIALPLANS_MAX]
    shortened = msgspec.structs.replace(status, dialplans=some)
    return wire.Site(status=msgspec.Raw(msgspec.json.encode(shortened)))
