"""News for a browser that is looking: rows that change, a memo that changes, what became urgent.

Data path: main_line -> hub -> [events] -> browser

Server-sent events (WHATWG HTML, section 9.2).  What has changed since the page was made comes
first, so nothing is lost between the two; each event carries the number from which a browser that
was away goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import structlog
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sipbot import console_wire as wire
from sipbot.accounts import may
from sipbot.console.cards import Wanted
from sipbot.console.guard import Me, who
from sipbot.console.hub import QUEUE_MAX, News, Reload
from sipbot.console.pages_list import row_of, wanted_of
from sipbot.console.store import Change
from sipbot.console.viewer import Viewer
from sipbot.errors import LedgerError
from sipbot.memo import Status
from sipbot.topics import ID

ALIVE_S = 20.0
"""Between two signs of life: proxies close what is silent for a minute (nginx), and who has been
logged out must not go on listening for long."""

COUNTS_AFTER_S = 0.3
"""Figures follow when nothing else has changed for so long; in a storm of changes every
`COUNTS_AT_LEAST` of them."""

COUNTS_AT_LEAST = 50

router = APIRouter(include_in_schema=False)

_log = structlog.get_logger()


class _LeftError(Exception):
    """Raised when the browser has gone, or may not listen any more."""


@router.get("/events")
async def events(request: Request, me: Me) -> Response:
    """Tell a browser what changes, for as long as it listens."""
    query = request.query_params
    memo = query.get("memo", "")
    # The browser's own word for where it was is the newer one.
    since = request.headers.get("last-event-id") or query.get("since", "")
    return EventStream(
        request,
        Viewer(request, me),
        wanted=wanted_of(query),
        memo=memo if ID.fullmatch(memo) else "",
        since=since,
    )


class EventStream(Response):
    """An answer without end.

    Args:
        request: by which it was asked for.
        viewer: who listens.
        wanted: which rows it shows.
        memo: the memo it shows; empty on the list.
        since: up to which change its page is.
    """

    media_type = "text/event-stream"

    def __init__(
        self, request: Request, viewer: Viewer, *, wanted: Wanted, memo: str, since: str
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._request = request
        self._viewer = viewer
        self._wanted = wanted
        self._memo = memo
        self._since = since
        self._stale = False
        self._untold = 0
        """Changes whose figures the browser does not have."""
        self._wake = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send until the browser leaves."""
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        try:
            async with self._heard() as news, asyncio.TaskGroup() as group:
                group.create_task(self._hear(news), name="news")
                group.create_task(_gone(receive), name="browser")
                await self._tell(send)
        except* (_LeftError, OSError):
            _log.debug("a browser listens no more", account=self._viewer.me.name)
        except* LedgerError as problems:
            # The browser comes back by itself, and is told then what it missed.
            _log.warning("news end", problem=str(problems.exceptions[0]))
        # An answer whose end is missing is a fault to the server; who has gone is sent nothing.
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _heard(self) -> Any:  # noqa: ANN401 - the hub's context manager
        account = self._viewer.me
        return self._viewer.parts.hub.listen(lambda client: may(account, "see", client))

    async def _hear(self, news: AsyncIterator[News | Reload]) -> None:
        async for one in news:
            match one:
                case wire.Changed():
                    await self._viewer.parts.store.look(one.memo, one.rev)
                case Reload():
                    self._stale = True
                case _:
                    continue
            self._wake.set()

    async def _tell(self, send: Send) -> None:
        await _send(send, "retry: 2000\n\n")
        # While nobody listened, nobody has taken up what changed.
        await self._viewer.parts.store.sync()
        while True:
            self._wake.clear()
            await self._still(send)
            await _send(send, "".join(self._news()))
            try:
                async with asyncio.timeout(COUNTS_AFTER_S if self._untold else ALIVE_S):
                    await self._wake.wait()
            except TimeoutError:
                await self._idle(send)
            if self._untold >= COUNTS_AT_LEAST:
                await self._figures(send)

    async def _still(self, send: Send) -> None:
        """Go on only while the account has its rights; asked before everything that is told.

        Raises:
            _LeftError: it has them no more.
        """
        if who(self._request) != self._viewer.me:
            await _send(send, _event("reload", ""))
            raise _LeftError

    async def _idle(self, send: Send) -> None:
        if self._untold:
            await self._figures(send)
        else:
            await _send(send, ": still here\n\n")

    async def _figures(self, send: Send) -> None:
        await self._still(send)
        self._untold = 0
        viewer = self._viewer
        counts = viewer.parts.store.counts(viewer.clients, self._wanted, viewer.me.name)
        await _send(send, _event("counts", msgspec.json.encode(counts).decode()))

    def _news(self) -> Iterator[str]:
        """Make events of what has changed since the last time."""
        store = self._viewer.parts.store
        changes = None if self._stale else store.since(self._viewer.clients, self._since)
        self._stale, self._since = False, store.seq
        # Who missed so much loads the page faster than we can make rows one by one.
        if changes is None or len(changes) > QUEUE_MAX:
            yield _event("reload", "", store.seq)
            return
        for change in changes:
            self._untold += 1
            if change.rang and change.card.status is Status.OPEN:
                yield _event("urgent", self._urgent(change), change.seq)
            if not self._memo:
                yield self._row(change)
            elif change.memo == self._memo:
                yield _event("memo", change.memo, change.seq)

    def _urgent(self, change: Change) -> str:
        """Return what a notice says: not who called, for it may stand on a locked screen."""
        told = {"memo": change.memo, "client": self._viewer.client_name(change.client)}
        return msgspec.json.encode(told).decode()

    def _row(self, change: Change) -> str:
        now = self._viewer.parts.store.now()
        if not self._wanted.takes(change.card, self._viewer.me.name, now):
            return _event("gone", change.memo, change.seq)
        return _event("row", row_of(self._viewer, self._wanted, change.card, now), change.seq)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    raise _LeftError


async def _send(send: Send, text: str) -> None:
    if text:
        message = {"type": "http.response.body", "body": text.encode(), "more_body": True}
        await send(message)


def _event(name: str, data: str, number: str = "") -> str:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() or [""])
    return f"event: {name}\n{f'id: {number}' + chr(10) if number else ''}{lines}\n"
