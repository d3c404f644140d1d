"""Main's side of other sites' memos: reads them in the archive, sends commands to their owners.

Data path: console -> console_link -> [other_sites] -> archive_store, broker -> console

A memo has one owner, the site that recorded it, and only that site changes it
(docs/decisions/0026).  So what an operator does with another site's memo goes to that site over the
bus, under the operator's name, and the archive has what became of it within seconds.

Everything here runs in main's event loop, beside the ledger's commands: an archive or a broker that
does not answer keeps nobody waiting but who asked.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import structlog

from sipbot import console_wire as wire
from sipbot.accounts import Accounts
from sipbot.archive_store import ArchiveStore, Server
from sipbot.ask import ask
from sipbot.command import Refused, read
from sipbot.errors import ArchiveError, FeedError
from sipbot.lines import LIMIT_BYTES
from sipbot.link import Broker
from sipbot.permission import permitted

OPEN_MAX = 200
"""Memos of other sites in one answer: more than anybody reads before something changes."""

ANSWER_BYTES = LIMIT_BYTES // 2
"""Of an answer: it is JSON once more on its way, where quotes and line ends take twice the room."""

AT_ONCE = 4
"""Questions that are asked at the same time; each has a connection of its own."""

WAITING_MAX = 50
"""More are refused: the archive is slow, and who asked has gone on by then."""

ARCHIVE_S = 10.0
"""How long somebody waits for the archive (`console.main_line.ABROAD_S` is longer)."""

BUSY = "too much is asked of other sites at once: try again in a moment"

Result = TypeVar("Result")
Asking = wire.Obey | wire.AskOthers | wire.AskOther

_log = structlog.get_logger()


class OtherSites:
    """What the console may ask of other sites.

    Args:
        server: the archive; None where there is none, and every question is refused.
        broker: on which the sites hear commands.
        accounts: those in force, asked at each command; None where there are none.
    """

    def __init__(
        self, server: Server | None, broker: Broker, accounts: Callable[[], Accounts | None]
    ) -> None:
        self._server = server
        self._broker = broker
        self._accounts = accounts
        self._asked: asyncio.Queue[tuple[Asking, Callable[[wire.Answered], None]]] = asyncio.Queue(
            WAITING_MAX
        )

    def ask(self, asked: Asking, say: Callable[[wire.Answered], None]) -> None:
        """Have a question answered; called in the event loop.

        Args:
            asked: the question.
            say: is called with the answer, in the event loop.
        """
        if self._asked.full():
            say(wire.Answered(n=asked.n, problem=BUSY))
        else:
            self._asked.put_nowait((asked, say))

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            for n in range(AT_ONCE):
                group.create_task(self._work(), name=f"other sites {n}")

    async def _work(self) -> None:
        while True:
            asked, say = await self._asked.get()
            say(await self._answered(asked))

    async def _answered(self, asked: Asking) -> wire.Answered:
        try:
            match asked:
                case wire.Obey():
                    return await self._obeyed(asked)
                case wire.AskOthers():
                    return await self._open(asked)
                case wire.AskOther():
                    return await self._memo(asked)
        except (ArchiveError, FeedError) as error:
            _log.warning("another site cannot be asked", problem=str(error))
            return wire.Answered(n=asked.n, problem=str(error))
        except Exception as error:  # noqa: BLE001 - a mistake of ours must not stop the calls
            problem = f"a fault of sipbot's: {type(error).__name__}"
            _log.error("a question about another site is given up", problem=problem)
            return wire.Answered(n=asked.n, problem=problem)

    async def _obeyed(self, asked: wire.Obey) -> wire.Answered:
        payload = bytes(asked.payload)
        request = read(asked.client, asked.verb, payload)
        if request is None:
            return wire.Answered(n=asked.n, problem="the command is too long")
        # The owner asks its own accounts again; ours say who is logged in here.
        request = permitted(request, None, self._accounts())
        if isinstance(request, Refused):
            return wire.Answered(n=asked.n, problem=request.problem)
        by, req = request.command.by, request.command.req
        answer = await ask(self._broker, asked.site, asked.client, asked.verb, by, req, payload)
        _log.info(
            "command to another site",
            client=asked.client,
            verb=asked.verb,
            by=by,
            to=asked.site,
            status=answer.status,
        )
        return wire.Answered(n=asked.n, answer=answer)

    async def _open(self, asked: wire.AskOthers) -> wire.Answered:
        found = await self._of_archive(
            lambda store: store.open_elsewhere(asked.clients, OPEN_MAX + 1)
        )
        some, room = [], ANSWER_BYTES
        for one in found[:OPEN_MAX]:
            room -= len(msgspec.json.encode(one))
            if room < 0:
                break
            some.append(one)
        return wire.Answered(n=asked.n, others=tuple(some), more=len(some) < len(found))

    async def _memo(self, asked: wire.AskOther) -> wire.Answered:
        found = await self._of_archive(lambda store: store.memo_elsewhere(asked.site, asked.memo))
        if found is None:
            return wire.Answered(n=asked.n)
        payload = found.payload.encode()
        if len(payload) > ANSWER_BYTES:
            problem = f"memo {asked.memo} of {asked.site} is too long to be shown here"
            return wire.Answered(n=asked.n, problem=problem)
        return wire.Answered(n=asked.n, memo=msgspec.Raw(payload))

    async def _of_archive(self, question: Callable[[ArchiveStore], Awaitable[Result]]) -> Result:
        if self._server is None:
            raise ArchiveError("there is no archive: name it in archive.url of config.toml")
        try:
            async with asyncio.timeout(ARCHIVE_S):
                store = await ArchiveStore.open(self._server)
                try:
                    return await question(store)
                finally:
                    await store.close()
        except TimeoutError:
            raise ArchiveError(
                f"{self._server.url}: no answer within {ARCHIVE_S:g} s: sipbot doctor tries it"
            ) from None
