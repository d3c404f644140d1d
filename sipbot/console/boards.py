"""The boards of all clients, kept until the ledger has changed and it is time to look again.

Data path: ledger -> reckoning -> [boards] -> pages_figures

All clients' boards of a period are reckoned at once, by a process that ends, and everybody who
looks shares them; what an account may see of them is up to the page.  Nobody is kept waiting by
the reckoning but who asked for it, and it takes no more than a twentieth of a processor, however
many look and however busy the ledger is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from sipbot import console_wire as wire
from sipbot.board import Board, BoardAsk, Period, before_of, span_of
from sipbot.kpi import Subject, Terms

YOUNG = timedelta(seconds=15)
"""Whoever looks at figures of hours does not miss what came in these (our wish)."""

SHARE = 20
"""Boards live this many times as long as they took to reckon, so one twentieth of a processor."""

OLD = timedelta(minutes=10)
"""Even if the ledger has not changed: days end, and seven days to call again."""

Reckon = Callable[[Sequence[BoardAsk]], Awaitable[list[Board]]]
"""Returns the board of each, in their order; raises LedgerError."""

_State = tuple[int, int] | None
"""Time of change in nanoseconds, and length in bytes, of the ledger's file; None: there is none."""


class Boards:
    """Belongs to the event loop.

    Args:
        ledger: its path; whether it has changed is seen at the file.
        reckon: has boards reckoned.
        clients: returns the clients whose dialplans are in force, by id.
        clock: measures how long it takes, in seconds.
    """

    def __init__(
        self,
        ledger: Path,
        reckon: Reckon,
        clients: Callable[[], Mapping[str, wire.Client]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._reckon = reckon
        self._clients = clients
        self._clock = clock
        self._kept: dict[Period, _Kept] = {}
        self._one_by_one = asyncio.Lock()

    async def of(self, period: Period, now: datetime, *, fresh: bool) -> "Made":
        """Return every client's board.

        Args:
            period: of the figures.
            now: UTC-aware.
            fresh: whether to wait for new ones when those that are kept are out of date; without
                it, only who has nothing to look at meanwhile waits.

        Raises:
            LedgerError: they cannot be reckoned.
        """
        kept = self._kept.get(period)
        if kept is not None and (not fresh or not self._is_due(kept, now)):
            return kept.made
        async with self._one_by_one:
            kept = self._kept.get(period)  # somebody else may have asked meanwhile
            if kept is None or self._is_due(kept, now):
                kept = await self._anew(period, now)
                self._kept[period] = kept
        return kept.made

    def _is_due(self, kept: "_Kept", now: datetime) -> bool:
        age = now - kept.made.at
        if age >= OLD or kept.clients is not self._clients():
            return True
        return age >= max(YOUNG, SHARE * kept.took) and kept.state != self._state()

    async def _anew(self, period: Period, now: datetime) -> "_Kept":
        # Before the ledger is read: what comes meanwhile is a change.
        state, clients, begun = self._state(), self._clients(), self._clock()
        asks = [_ask(one, period, now) for one in clients.values()]
        boards = await self._reckon(asks) if asks else []
        made = Made(at=now, boards={one.client: one for one in boards})
        took = timedelta(seconds=self._clock() - begun)
        return _Kept(made=made, state=state, clients=clients, took=took)

    def _state(self) -> _State:
        """Return what changes with every transaction: SQLite writes it into the file itself."""
        try:
            stat = self._ledger.stat()  # with a rollback journal, docs/decisions/0005
        except FileNotFoundError:  # whoever reckons says so, and what to do
            return None
        return stat.st_mtime_ns, stat.st_size


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """All boards of a period."""

    at: datetime
    boards: dict[str, Board]
    """By client."""


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    made: Made
    state: _State
    clients: Mapping[str, wire.Client]
    took: timedelta


def _ask(one: wire.Client, period: Period, now: datetime) -> BoardAsk:
    tz = ZoneInfo(one.tz)
    return BoardAsk(
        # What was promised is in the ledger from the first minute on; until then the quota is
        # not measured.
        subject=Subject(client=one.client, tz=one.tz, terms=Terms()),
        span=span_of(period, tz, now),
        before=before_of(period, tz, now),
        now=now,
    )
