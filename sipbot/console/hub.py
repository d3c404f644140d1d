"""Spreads news over the browsers that are looking: each has a queue, and none waits for another.

Data path: main_line -> [hub] -> events -> browsers
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import msgspec

from sipbot import console_wire as wire
from sipbot.console.live_calls import LiveCalls

QUEUE_MAX = 200
"""News that waits for one browser: a minute of 4 callers who speak.  One that is slower is told to
load its page again, for what it shows is old anyhow."""

News = wire.Changed | wire.Live | wire.Site


class Reload(msgspec.Struct, frozen=True):
    """Too much has happened: look at everything anew."""


class Hub:
    """Everything here runs in the event loop."""

    def __init__(self) -> None:
        self.site: wire.Site | None = None
        """How the site is, as last heard."""
        self.clients: Mapping[str, wire.Client] = MappingProxyType({})
        """Clients by id whose dialplans are in force, as last heard."""
        self.behind: Mapping[str, wire.File] = MappingProxyType({})
        """Files that are not in force, by name, as last heard."""
        self.behind_untold = 0
        """How many more there are."""
        self.calls = LiveCalls()
        """Those that go on now."""
        self.calls_changed = asyncio.Event()
        """Set when they are not any more as they were when it was taken from here."""
        self._learning: dict[str, wire.Client] | None = None
        self._learning_files: dict[str, wire.File] | None = None
        self._listeners: set[_Listener] = set()

    @asynccontextmanager
    async def listen(
        self, clients: Callable[[str], bool]
    ) -> AsyncIterator[AsyncIterator[News | Reload]]:
        """Hear the news from now on.

        Args:
            clients: tells whose news may be heard; the site's is for everybody.
        """
        listener = _Listener(clients)
        self._listeners.add(listener)
        try:
            yield listener.news()
        finally:
            self._listeners.discard(listener)

    def tell(self, news: News) -> None:
        """Tell everybody whom it concerns; nobody is waited for."""
        if isinstance(news, wire.Site):
            self.site = news
        elif isinstance(news, wire.Live):
            self.calls.hear(news)
            self.calls_changed.set()
            self.calls_changed = asyncio.Event()
        for listener in self._listeners:
            listener.hear(news)

    def learn(self, part: wire.Clients) -> None:
        """Take a part of the list of clients; the whole counts once it is there.

        The rest of a list that was begun before this console was there is no list: the whole one
        comes next.
        """
        if part.first:
            self._learning = {}
        if self._learning is None:
            return
        self._learning |= {client.client: client for client in part.clients}
        if part.last:
            self.clients = MappingProxyType(self._learning)
            self._learning = None

    def learn_files(self, part: wire.Behind) -> None:
        """Take a part of the list of files that are not in force, likewise."""
        if part.first:
            self._learning_files = {}
        if self._learning_files is None:
            return
        self._learning_files |= {file.name: file for file in part.files}
        if part.last:
            self.behind = MappingProxyType(self._learning_files)
            self.behind_untold = part.untold
            self._learning_files = None


class _Listener:
    def __init__(self, clients: Callable[[str], bool]) -> None:
        self._clients = clients
        self._queue: asyncio.Queue[News | Reload] = asyncio.Queue(QUEUE_MAX)

    def hear(self, news: News) -> None:
        if not isinstance(news, wire.Site) and not self._clients(news.client):
            return
        if self._queue.full():
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(Reload())
        self._queue.put_nowait(news)

    async def news(self) -> AsyncIterator[News | Reload]:
        while True:
            yield await self._queue.get()
