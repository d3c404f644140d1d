"""The console's memos: an index of what is to be done in memory, the rest read when asked for.

Data path: ledger -> ledger_lists -> [store] -> pages, events

The ledger is read in a thread of its own, in short statements, and only what has changed; ten
thousand open memos are read once.  Each change gets a number, so that a browser that was away for a
moment is told what it missed and nothing else.

Every method says for which clients it is asked.  What belongs to others does not exist for it.
"""

import asyncio
import heapq
import itertools
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pydantic
import structlog
from msgspec.structs import replace

from sipbot.console.cards import Card, Wanted, card_of, is_of
from sipbot.console.tallies import Tallies
from sipbot.errors import LedgerError
from sipbot.ledger_day import Clients, DayCall, End, Span
from sipbot.ledger_lists import Body, MemoLists
from sipbot.memo import Memo, Status

PAGE = 100
"""Rows of one page: more than anybody reads before something changes."""

CHANGES_KEPT = 20_000
"""Closed memos whose last change is remembered: a browser that missed more loads the page anew."""

Result = TypeVar("Result")

_log = structlog.get_logger()


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list."""

    cards: list[Card]
    after: str
    """Where the next page begins; empty when this is the last."""
    counts: dict[str, int]
    seq: str
    """Up to which change the page is; `Store.since` goes on from here."""


class DayOfCalls(msgspec.Struct, frozen=True, kw_only=True):
    """What came on one day, and a page of it."""

    counts: dict[End, int]
    calls: list[DayCall]
    after: str
    """Where the next page begins; empty when this is the last."""

    @property
    def total(self) -> int:
        """Every INVITE of the day."""
        return sum(self.counts.values())


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One memo that has changed."""

    memo: str
    client: str
    seq: str
    card: Card
    rang: bool
    """Whether it has become urgent since: worth a sound."""


class _Changed(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    card: Card
    rang: int
    """The number of the change by which it became urgent; 0: it is not."""


class Store:
    """What the console knows of memos.

    Args:
        ledger: path of the ledger.
        now: the clock, UTC-aware.
    """

    def __init__(
        self,
        ledger: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lists = MemoLists(ledger)
        self._now = now
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="memos")
        self._boot = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._last = 0
        self._cards: dict[str, Card] = {}
        self._changes: OrderedDict[str, _Changed] = OrderedDict()
        """By memo, the one that changed last at the end."""
        self._unreadable: dict[str, int] = {}
        """Memo to the revision that this release cannot read; said once in the log."""
        self._forgotten = 0
        """Number of the last change that is remembered no more."""
        self._syncing = asyncio.Lock()
        self._tallies = Tallies()

    async def open(self) -> None:
        """Read what is to be done.

        Raises:
            LedgerError: there is no ledger, or it is of another release.
        """
        await self._run(self._lists.check)
        await self.sync()

    async def close(self) -> None:
        """Let the ledger go."""
        await self._run(self._lists.close)
        self._pool.shutdown()

    async def sync(self) -> None:
        """Take up all that has changed, also what nobody has told.

        Raises:
            LedgerError: the ledger refuses.
        """
        async with self._syncing:
            known = {identifier: card.rev for identifier, card in self._cards.items()}
            rows, gone = await self._run(lambda: self._read(known | self._unreadable))
            self._take(rows)
            read = {row.id for row in rows if row.id not in self._unreadable}
            # Opened again between the two questions: what was read last is what counts.
            self._drop(identifier for identifier in gone if identifier not in read)

    async def look(self, memo: str, rev: int) -> None:
        """Take up what has changed about one memo, unless this revision of it is known.

        Many browsers are told the same; the first of them looks.

        Raises:
            LedgerError: the ledger refuses.
        """
        async with self._syncing:
            changed = self._changes.get(memo)
            if changed is not None and changed.card.rev >= rev:
                return
            self._take(await self._run(lambda: self._lists.bodies("*", [memo])))

    async def page(self, clients: Clients, wanted: Wanted, me: str, after: str = "") -> Page:
        """Return a page of a list.

        Args:
            clients: whose memos may be in it.
            wanted: which of these.
            me: name of the account that asks.
            after: `Page.after` of the page before; empty for the first.

        Raises:
            LedgerError: the ledger refuses.
        """
        await self.sync()
        now, seq = self._now(), self.seq
        figures = self.counts(clients, wanted, me)
        if wanted.view == "done":
            cards, following = await self._done(clients, wanted, after)
        else:
            cards, following = self._to_do(clients, wanted, me, after, now)
        return Page(cards=cards, after=following, counts=figures, seq=seq)

    def counts(self, clients: Clients, wanted: Wanted, me: str) -> dict[str, int]:
        """Return how many memos each view has; see `cards.Tally.of`."""
        return self._tallies.counts(self._cards, self._last, clients, wanted, me, self._now())

    async def memo(self, clients: Clients, identifier: str) -> Memo | None:
        """Return a memo; None when these clients have none of this id.

        Raises:
            LedgerError: the ledger refuses, or this release cannot read the memo.
        """
        rows = await self._run(lambda: self._lists.bodies(clients, [identifier]))
        if not rows:
            return None
        self._take(rows)
        try:
            return Memo.model_validate_json(rows[0].body)
        except pydantic.ValidationError as error:
            # Not "from error": it quotes what the caller said, and would end in a log.
            raise LedgerError(
                f"memo {identifier}: {error.error_count()} of its fields are not those of a memo"
            ) from None

    async def day(
        self, clients: Clients, span: Span, *, client: str, end: End | None, after: str
    ) -> DayOfCalls:
        """Return the calls of a day.

        Args:
            clients: whose calls may be in it.
            span: the day.
            client: only this one's; empty for all of them.
            end: only calls that ended so, in the list; the figures name all.
            after: `DayOfCalls.after` of the page before; empty for the first.

        Raises:
            LedgerError: the ledger refuses.
        """
        whose = _whose(clients, client)
        figures = await self._run(lambda: self._lists.day(whose, span))
        found = await self._run(
            lambda: self._lists.calls(whose, span, end=end, before=after, limit=PAGE + 1)
        )
        following = found[PAGE - 1].call if len(found) > PAGE else ""
        return DayOfCalls(counts=figures, calls=found[:PAGE], after=following)

    def neighbours(
        self, clients: Clients, wanted: Wanted, me: str, card: Card
    ) -> tuple[str | None, str | None]:
        """Return the memos before and after one in the list of what is to be done."""
        now = self._now()
        place, before, behind = card.key(now), None, None
        for one in self._cards.values():
            if one.id == card.id or not self._fits(one, clients, wanted, me, now):
                continue
            key = one.key(now)
            if key < place and (before is None or key > before[0]):
                before = (key, one.id)
            elif key > place and (behind is None or key < behind[0]):
                behind = (key, one.id)
        return (before[1] if before else None), (behind[1] if behind else None)

    def clients(self, clients: Clients) -> list[str]:
        """Return which of these clients have something to be done."""
        return sorted({card.client for card in self._cards.values() if is_of(card, clients)})

    def to_do(self, clients: Clients) -> list[Card]:
        """Return the memos of these clients that are not done, in no order."""
        return [card for card in self._cards.values() if is_of(card, clients)]

    def categories(self, clients: Clients) -> list[str]:
        """Return what the memos that are to be done are about."""
        return sorted(
            {
                card.category
                for card in self._cards.values()
                if card.category and is_of(card, clients)
            }
        )

    @property
    def seq(self) -> str:
        """Up to which change this store is."""
        return f"{self._boot}-{self._last}"

    def since(self, clients: Clients, seq: str) -> list[Change] | None:
        """Return what has changed after this `seq`, in order; None when that is not known any more.

        A memo that changed several times is there once, as it is now.
        """
        boot, _, number = seq.partition("-")
        if boot != self._boot or not number.isdecimal() or int(number) < self._forgotten:
            return None
        after, found = int(number), list[Change]()
        for changed in reversed(self._changes.values()):
            if changed.number <= after:
                break
            if is_of(changed.card, clients):
                found.append(self._change(changed, after))
        return found[::-1]

    def now(self) -> datetime:
        """Return the time by which rows are sorted."""
        return self._now()

    def _to_do(
        self, clients: Clients, wanted: Wanted, me: str, after: str, now: datetime
    ) -> tuple[list[Card], str]:
        keyed = (
            (key, card)
            for card in self._cards.values()
            if self._fits(card, clients, wanted, me, now) and (key := card.key(now)) > after
        )
        some = heapq.nsmallest(PAGE + 1, keyed, key=lambda one: one[0])
        more = len(some) > PAGE
        return [card for _, card in some[:PAGE]], some[PAGE - 1][0] if more else ""

    async def _done(self, clients: Clients, wanted: Wanted, after: str) -> tuple[list[Card], str]:
        whose = _whose(clients, wanted.client)
        rows = await self._run(
            lambda: self._lists.done(
                whose, before=after, category=wanted.category or None, limit=PAGE + 1
            )
        )
        cards = [card for row in rows[:PAGE] if (card := _readable(row)) is not None]
        return cards, rows[PAGE - 1].id if len(rows) > PAGE else ""

    def _fits(self, card: Card, clients: Clients, wanted: Wanted, me: str, now: datetime) -> bool:
        return is_of(card, clients) and wanted.takes(card, me, now)

    # The thread of the memos.
    def _read(self, known: dict[str, int]) -> tuple[list[Body], list[str]]:
        """Return the memos of which another revision is known, and those that are done by now."""
        there = self._lists.to_do()
        new = [identifier for identifier, rev in there.items() if known.get(identifier) != rev]
        gone = [identifier for identifier in known if identifier not in there]
        return self._lists.bodies("*", [*new, *gone]), gone

    def _take(self, rows: Iterable[Body]) -> None:
        for row in rows:
            changed = self._changes.get(row.id)
            if changed is not None and changed.card.rev >= row.rev:
                continue
            card = _readable(row)
            if card is None:
                self._unreadable[row.id] = row.rev
            else:
                self._unreadable.pop(row.id, None)
                self._put(card, None if changed is None else changed.card)

    def _drop(self, gone: Iterable[str]) -> None:
        """Let go of what is in the ledger no more, or cannot be read any longer."""
        for identifier in gone:
            self._unreadable.pop(identifier, None)
            card = self._cards.get(identifier)
            if card is not None:
                self._put(replace(card, status=Status.DONE), card)

    def _put(self, card: Card, before: Card | None) -> None:
        self._last = next(self._numbers)
        if card.status is Status.DONE:
            self._cards.pop(card.id, None)
        else:
            self._cards[card.id] = card
        was = self._changes.pop(card.id, None)
        rang = 0 if was is None else was.rang
        if _rings(card) and (before is None or not _rings(before)):
            rang = self._last
        self._changes[card.id] = _Changed(number=self._last, card=card, rang=rang)
        while len(self._changes) > CHANGES_KEPT + len(self._cards):
            _, dropped = self._changes.popitem(last=False)
            self._forgotten = dropped.number

    def _change(self, changed: _Changed, after: int) -> Change:
        return Change(
            memo=changed.card.id,
            client=changed.card.client,
            seq=f"{self._boot}-{changed.number}",
            card=changed.card,
            rang=changed.rang > after,
        )

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _whose(clients: Clients, client: str) -> Clients:
    """Return these clients, or the one of them that is asked for."""
    if not client:
        return clients
    return (client,) if clients == "*" or client in clients else ()


def _rings(card: Card) -> bool:
    return card.urgent and card.status is Status.OPEN


def _readable(row: Body) -> Card | None:
    card = card_of(row)
    if card is None:
        _log.error("a memo is left out", memo=row.id, rev=row.rev)
    return card
