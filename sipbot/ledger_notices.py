"""What people are still to be told: memos not looked at, memos that wait, messages to send.

Data path: ledger -> notice_watch -> notice -> [ledger_notices] -> outbox

A memo is looked at once, then kept for each channel that wants it, then told: each step is one
transaction, so that a crash neither loses nor doubles it.  A message is a delivery without a memo,
like the answer to a command: it has no revision, and none supersedes it.

The work of each method runs in the ledger's thread.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot import ledger_consents as consents
from sipbot import ledger_queries as queries
from sipbot.errors import LedgerError
from sipbot.handover import Disclosure
from sipbot.ledger_schema import deliveries, disclosures, memos, meta, notices
from sipbot.ledger_thread import Run
from sipbot.memo import Memo
from sipbot.notice import TARGET_PREFIX

AT_ONCE = 50
"""Memos looked at, or told, in one transaction, which a caller may have to wait for: 7 ms to read
them (`ledger_queries.OPEN_PAGE`)."""

_STARTED = "notify"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Memos that wait for one channel of one client."""

    client: str
    channel: str
    since: datetime
    """When the oldest of them was kept."""


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """A memo that was looked at."""

    memo: str
    client: str
    channels: tuple[str, ...] = ()
    """Which are to be told of it; empty: nobody is."""


class Message(Protocol):
    """What is to be sent: a `Notice`, or the order of a report."""

    @property
    def ts(self) -> datetime:
        """When it was stored, UTC-aware."""

    def encode(self) -> bytes:
        """Return it as JSON."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A message for one channel of one client."""

    client: str
    channel: str
    target: str
    """As deliveries name it."""
    key: str
    """The same key for the same target and client is stored only once."""
    notice: Message


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is still to be sent."""

    id: int
    client: str
    target: str
    req: str
    """The key that it was stored with."""


class Notices:
    """The ledger's part for notifications; `Ledger.notices` is one.

    Every method raises LedgerError when SQLite refuses; nothing of it is then stored.

    Args:
        run: how work gets into the ledger's thread.
        announce: called in the event loop after a delivery was stored.
    """

    def __init__(self, run: Run, announce: Callable[[], None]) -> None:
        self._run = run
        self._announce = announce

    async def begin(self, targets: Collection[str], now: datetime) -> int:
        """Begin with these targets: people are told of memos that come from now on.

        With targets from an earlier start on, of those that came meanwhile, too.  Messages to
        targets that are there no more become dead letters.

        Args:
            targets: those of the settings, as deliveries name them; none: nobody is to be told.
            now: UTC-aware.

        Returns:
            How many messages have no target.
        """
        return await self._run(lambda c: _begin(c, targets, now))

    async def unnoticed(self, after: str = "", *, newest: bool = False) -> dict[str, Memo | None]:
        """Return memos that were not looked at, some at a time: the oldest `AT_ONCE`.

        Args:
            after: an id; only those behind it.  Who waits with some of them asks for the next.
            newest: the newest in place of the oldest.

        Returns:
            Id to memo; None for a memo that nobody can read.
        """
        return await self._run(lambda c: _unnoticed(c, after, newest=newest))

    async def keep(self, looked: Sequence[Looked], now: datetime) -> None:
        """Store that memos were looked at, and which channels are to be told of them."""
        await self._run(lambda c: _keep(c, looked, now))

    async def kept(self) -> list[Kept]:
        """Return which channels wait to be told something."""
        return await self._run(_kept)

    async def kept_memos(
        self, client: str, channel: str, until: datetime
    ) -> dict[str, Memo | None]:
        """Return the memos that were kept for a channel up to some time, the oldest first.

        Returns:
            Id to memo; None for a memo that nobody can read.
        """
        return await self._run(lambda c: _kept_memos(c, client, channel, until))

    async def tell(self, told: Told, done: Collection[str] = ()) -> bool:
        """Store that a message is to be sent, and that these memos wait for its channel no more.

        Returns:
            False when there was one with its key before.
        """
        stored = await self._run(lambda c: _tell(c, told, done))
        if stored:
            self._announce()
        return stored

    async def tell_all(self, told: Sequence[Told], marks: Mapping[str, int | None]) -> int:
        """Store messages, and what is known by them from now on, in one transaction.

        Args:
            told: each is stored unless there was one with its key before.
            marks: name in `meta` to its value; None removes it.

        Returns:
            How many messages were stored.
        """
        stored = await self._run(lambda c: _tell_all(c, told, marks))
        if stored:
            self._announce()
        return stored

    async def marks(self, prefix: str) -> dict[str, int]:
        """Return what was marked under names that begin so."""
        named = meta.c.name.startswith(prefix, autoescape=True)
        query = sa.select(meta.c.name, meta.c.value).where(named)
        rows = await self._run(lambda c: c.execute(query).all())
        return {row.name: row.value for row in rows}

    async def waiting(self, prefix: str) -> list[Waiting]:
        """Return what is still to be sent to targets whose names begin so."""
        return await self._run(lambda c: _waiting(c, prefix))

    async def withdraw(self, deliveries: Collection[int]) -> None:
        """Drop what is still to be sent."""
        await self._run(lambda c: _withdraw(c, deliveries))

    async def note_sent(self, sent: Sequence[Disclosure], at: datetime) -> None:
        """Store what has left this site."""

        def work(connection: sa.Connection) -> None:
            for one in sent:
                consents.note_disclosure(connection, one, at)

        await self._run(work)

    async def was_sent(self, kind: str, client: str, recipient: str, what: str) -> bool:
        """Tell whether something has left this site; `what` is how its description begins."""
        rows = disclosures.c
        query = sa.select(rows.id).where(
            rows.client == client,
            rows.kind == kind,
            rows.recipient == recipient,
            rows.what.startswith(what, autoescape=True),
        )
        return await self._run(lambda c: c.execute(query).first()) is not None

    async def bury_lost(self, prefix: str, targets: Collection[str], now: datetime) -> int:
        """Make dead letters of what is to be sent to targets that are there no more.

        Args:
            prefix: of the targets' names.
            targets: those that are there.
            now: UTC-aware.

        Returns:
            How many that are.
        """
        return await self._run(lambda c: _bury_lost(c, prefix, targets, now))

    async def forget(self, client: str, channel: str) -> int:
        """Drop what is kept for a channel that is no more; return how many memos that were."""
        table = notices
        gone = sa.delete(table).where(table.c.client == client, table.c.channel == channel)
        return await self._run(lambda c: c.execute(gone).rowcount)


def _begin(connection: sa.Connection, targets: Collection[str], now: datetime) -> int:
    first = insert(meta).values(name=_STARTED, value=1).on_conflict_do_nothing()
    if not targets:
        connection.execute(sa.delete(meta).where(meta.c.name == _STARTED))
    elif connection.execute(first).rowcount == 1:
        old = sa.update(memos).where(memos.c.noticed_at.is_(None))
        connection.execute(old.values(noticed_at=now))
    return _bury_lost(connection, TARGET_PREFIX, targets, now)


def _bury_lost(
    connection: sa.Connection, prefix: str, targets: Collection[str], now: datetime
) -> int:
    table = deliveries
    lost = (
        sa.update(table)
        .where(
            table.c.delivered_at.is_(None),
            table.c.dead_at.is_(None),
            table.c.target.startswith(prefix, autoescape=True),
            table.c.target.not_in(targets),
        )
        .values(dead_at=now, last_error="there is no such [[notify.target]] in the settings")
    )
    return connection.execute(lost).rowcount


def _unnoticed(connection: sa.Connection, after: str, *, newest: bool) -> dict[str, Memo | None]:
    query = (
        sa.select(memos.c.id)
        .where(memos.c.noticed_at.is_(None), memos.c.id > after)
        .order_by(memos.c.id.desc() if newest else memos.c.id)
        .limit(AT_ONCE)
    )
    return _readable(connection, connection.execute(query).scalars().all())


def _keep(connection: sa.Connection, looked: Sequence[Looked], now: datetime) -> None:
    for one in looked:
        seen = sa.update(memos).where(memos.c.id == one.memo).values(noticed_at=now)
        connection.execute(seen)
        row = {"memo": one.memo, "client": one.client, "kept_at": now}
        rows = [{**row, "channel": channel} for channel in one.channels]
        if rows:
            connection.execute(sa.insert(notices), rows)


def _kept(connection: sa.Connection) -> list[Kept]:
    table = notices
    query = sa.select(
        table.c.client, table.c.channel, sa.func.min(table.c.kept_at).label("since")
    ).group_by(table.c.client, table.c.channel)
    return [Kept(**row) for row in connection.execute(query).mappings()]


def _kept_memos(
    connection: sa.Connection, client: str, channel: str, until: datetime
) -> dict[str, Memo | None]:
    table = notices
    query = (
        sa.select(table.c.memo)
        .where(table.c.client == client, table.c.channel == channel, table.c.kept_at <= until)
        .order_by(table.c.kept_at, table.c.memo)
        .limit(AT_ONCE)
    )
    return _readable(connection, connection.execute(query).scalars().all())


def _tell(connection: sa.Connection, told: Told, done: Collection[str]) -> bool:
    waiting = notices.c
    connection.execute(
        sa.delete(notices).where(
            waiting.client == told.client,
            waiting.channel == told.channel,
            waiting.memo.in_(done),
        )
    )
    table = deliveries
    known = sa.select(table.c.id).where(
        table.c.client == told.client, table.c.req == told.key, table.c.target == told.target
    )
    if connection.execute(known).first() is not None:
        return False
    row = {
        "client": told.client,
        "req": told.key,
        "target": told.target,
        "payload": told.notice.encode().decode(),
        "event": "",
        "due_at": told.notice.ts,
        "attempts": 0,
        "refusals": 0,
    }
    connection.execute(sa.insert(table).values(**row))
    return True


def _tell_all(
    connection: sa.Connection, told: Sequence[Told], marks: Mapping[str, int | None]
) -> int:
    stored = sum(_tell(connection, one, ()) for one in told)
    for name, value in marks.items():
        if value is None:
            connection.execute(sa.delete(meta).where(meta.c.name == name))
            continue
        row = insert(meta).values(name=name, value=value)
        connection.execute(
            row.on_conflict_do_update(index_elements=[meta.c.name], set_={"value": value})
        )
    return stored


def _waiting(connection: sa.Connection, prefix: str) -> list[Waiting]:
    table = deliveries
    query = sa.select(table.c.id, table.c.client, table.c.target, table.c.req).where(
        table.c.delivered_at.is_(None),
        table.c.dead_at.is_(None),
        table.c.req.is_not(None),
        table.c.target.startswith(prefix, autoescape=True),
    )
    return [Waiting(**row) for row in connection.execute(query).mappings()]


def _withdraw(connection: sa.Connection, identifiers: Collection[int]) -> None:
    table = deliveries
    gone = sa.delete(table).where(table.c.id.in_(identifiers), table.c.delivered_at.is_(None))
    connection.execute(gone)


def _readable(connection: sa.Connection, identifiers: Sequence[str]) -> dict[str, Memo | None]:
    found: dict[str, Memo | None] = {}
    for identifier in identifiers:
        try:
            found[identifier] = queries.memo_of(connection, identifier)
        except LedgerError:
            # Lists of memos raise the alert about it; the others are told all the same.
            found[identifier] = None
    return found
