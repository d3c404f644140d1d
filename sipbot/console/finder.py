"""Looks for words in all memos, for the console's pages.

Data path: search_file -> [finder] -> pages_search, api_search

In a thread of its own: a word that nobody ever said takes a tenth of a second among 100,000 memos,
in which lists and pages go on.
"""

import asyncio
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from sipbot.errors import LedgerError
from sipbot.ledger_day import Clients
from sipbot.ledger_lists import Body, MemoLists
from sipbot.search_file import RenewedError, SearchFile, When
from sipbot.search_words import Word

PAGE = 100
"""Memos of one page, as of a list."""

BETWEEN_S = 0.05
"""From one step of taking up what is old to the next: 100 memos take 64 ms, of which 6 ms read the
ledger; 100,000 memos take two minutes, or five on a busy machine (measured)."""

IDLE_S = 60.0
"""How often what is new is taken up while nobody looks for anything: then the first who does waits
for a minute's changes only."""

Result = TypeVar("Result")

_log = structlog.get_logger()


class FoundPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of what was found."""

    bodies: list[Body]
    """The latest call first."""
    after: str
    """Where the next page begins; empty when this is the last."""
    read_since: datetime | None
    """Memos of earlier calls were not looked at, their texts are still being read; None: all
    were."""


class Finder:
    """Belongs to the event loop, works in its thread.

    Args:
        ledger: path of the ledger.
        file: path of the search's own file.
        region: of the site.
    """

    def __init__(self, ledger: Path, file: Path, region: str) -> None:
        self._lists = MemoLists(ledger)
        self._file = SearchFile(file, self._lists, region)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")

    async def close(self) -> None:
        """Let ledger and file go."""
        await self._run(self._file.close)
        await self._run(self._lists.close)
        self._pool.shutdown()

    async def keep_up(self) -> None:
        """Take up what is new and, little by little, what is old; goes on until it is cancelled."""
        troubled = False
        while True:
            try:
                more = await self._run(self._take_up)
                troubled = False
            except LedgerError as error:
                if not troubled:
                    _log.error("the search falls behind", problem=str(error))
                more, troubled = False, True
            except Exception as error:  # noqa: BLE001 - the search must not end the console
                # Only what and where: the words may be a caller's.
                where = traceback.extract_tb(error.__traceback__)[-1]
                problem = f"a fault of sipbot's: {type(error).__name__}"
                _log.error(
                    "the search falls behind", problem=problem, at=f"{where.name}:{where.lineno}"
                )
                more = False
            await asyncio.sleep(BETWEEN_S if more else IDLE_S)

    async def find(
        self, clients: Clients, words: tuple[Word, ...], when: When, after: str = ""
    ) -> FoundPage:
        """Return a page of the memos that hold all words, as they are now.

        Args:
            clients: whose memos may be in it.
            words: which.
            when: the calls came.
            after: `FoundPage.after` of the page before; empty for the first.

        Raises:
            LedgerError: ledger or file cannot be read.
        """
        return await self._run(lambda: self._find(clients, words, when, after))

    # The thread of the search, like the next two.
    def _take_up(self) -> bool:
        new = self._file.take_up_new()
        return self._file.take_up_old() or new

    def _find(self, clients: Clients, words: tuple[Word, ...], when: When, after: str) -> FoundPage:
        try:
            return self._look(clients, words, when, after)
        except RenewedError as error:
            _log.warning("the search is made anew", problem=str(error))
            return self._look(clients, words, when, after)

    def _look(self, clients: Clients, words: tuple[Word, ...], when: When, after: str) -> FoundPage:
        while self._file.take_up_new():
            pass
        self._file.take_up_old()
        found = self._file.find(clients, words, when, before=after, limit=PAGE + 1)
        bodies = {one.id: one for one in self._lists.bodies(clients, found.memos[:PAGE])}
        return FoundPage(
            bodies=[bodies[memo] for memo in found.memos[:PAGE] if memo in bodies],
            after=found.memos[PAGE - 1] if len(found.memos) > PAGE else "",
            read_since=found.read_since,
        )

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
