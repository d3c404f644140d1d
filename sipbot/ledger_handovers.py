"""What the ledger does for clients who come and go: consents, disclosures, a client's rows in, out.

Data path: bundle -> handover_take -> [ledger_handovers] -> calls, memos, deliveries

The functions run in the ledger's thread, each in one transaction: a client's rows are all there or
none of them is.  The revisions that other sites' readers were told are written down as told, so
that the ledger's rules hold; only what is open is due to be published here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from sipbot import ledger_call_notices as call_notices
from sipbot import ledger_consents as consents
from sipbot import ledger_deliveries as deliveries
from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot import ledger_vacuum
from sipbot import ledger_writes as writes
from sipbot.errors import HandoverError
from sipbot.handover import Consent, Disclosure, Taken
from sipbot.ledger_deliveries import MQTT
from sipbot.ledger_privacy_schema import erasures
from sipbot.ledger_queries import CallEntry
from sipbot.ledger_review_schema import reviews
from sipbot.ledger_thread import Run
from sipbot.ledger_usage import taken_here
from sipbot.memo import Memo, Status
from sipbot.memo_history import SYSTEM, next_revision

State = Literal["taken", "leaving", "gone"]
"""``leaving``: the broker is still to be told that open memos are not ours any more."""

_AT_ONCE = 500
"""Ids in one question; SQLite allows 32,766."""

TAKEN_BACK = "taken_back"
"""In the history of a memo that a roll-back has closed."""


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """One bundle that was taken in."""

    taken: Taken
    at: datetime
    state: State


class Back(msgspec.Struct, frozen=True, kw_only=True):
    """What a roll-back has done."""

    state: State
    calls: int
    """That are gone now."""
    memos: int
    """Likewise."""
    kept: tuple[str, ...]
    """Memos that people have worked on here, or erased something of."""
    waiting: tuple[str, ...]
    """Memos that go as soon as the broker knows; roll back again then."""


class Handovers:
    """The ledger's part for clients who come and go; `Ledger.handovers` is one.

    Every method raises LedgerError when SQLite refuses; nothing of it is then stored.

    Args:
        run: how work gets into the ledger's thread.
        targets: each is told every revision of a memo.
        announce: called after deliveries were stored.
    """

    def __init__(self, run: Run, targets: Sequence[str], announce: Any) -> None:  # noqa: ANN401
        self._run = run
        self._targets = targets
        self._announce = announce

    async def note_consent(self, consent: Consent, at: datetime) -> None:
        """Store what a client has allowed, or allows no more."""
        await self._run(lambda c: consents.note_consent(c, consent, at))

    async def note_disclosure(self, disclosure: Disclosure, at: datetime) -> None:
        """Store that something leaves this site; do it before it leaves."""
        await self._run(lambda c: consents.note_disclosure(c, disclosure, at))

    async def take(
        self, taken: Taken, calls: Sequence[CallEntry], memos: Sequence[Memo], at: datetime
    ) -> bool:
        """Store everything that a bundle brings; False when it is here already."""
        new = await self._run(lambda c: take(c, taken, calls, memos, at, self._targets))
        if new:
            self._announce()
        return new

    async def take_back(self, identifier: str, at: datetime, *, running: bool) -> Back:
        """Take out what a bundle has brought; see `take_back`."""
        back = await self._run(
            lambda c: take_back(c, identifier, at, self._targets, running=running)
        )
        self._announce()
        return back


def handovers(connection: sa.Connection, client: str | None = None) -> list[Handover]:
    """Return what was taken in, the latest first."""
    rows = schema.handovers.c
    query = sa.select(schema.handovers).order_by(rows.at.desc())
    if client is not None:
        query = query.where(rows.client == client)
    return [
        Handover(taken=msgspec.json.decode(row.contents, type=Taken), at=row.at, state=row.state)
        for row in connection.execute(query)
    ]


def known(connection: sa.Connection, memos: Sequence[str]) -> set[str]:
    """Return which of these memos have a row."""
    return _known(connection, schema.memos.c.id, memos)


def had_calls(connection: sa.Connection, client: str) -> bool:
    """Whether calls of a client of this id were taken here, by whatever company it was."""
    calls = schema.calls.c
    query = sa.select(calls.call).where(calls.client == client, taken_here()).limit(1)
    return connection.execute(query).first() is not None


def known_calls(connection: sa.Connection, calls: Sequence[str]) -> set[str]:
    """Return which of these calls have a row."""
    return _known(connection, schema.calls.c.call, calls)


def take(
    connection: sa.Connection,
    taken: Taken,
    calls: Sequence[CallEntry],
    memos: Sequence[Memo],
    at: datetime,
    targets: Sequence[str],
) -> bool:
    """Store what a bundle brings: all of it, or nothing; False when it is here already.

    Raises:
        HandoverError: a memo or call of this id is here from elsewhere.
    """
    state = _state(connection, taken.id)
    if state is not None and state != "gone":
        return False
    strangers = known(connection, [one.id for one in memos])
    strangers |= _known(connection, schema.calls.c.call, [one.offer.call for one in calls])
    if strangers:
        raise HandoverError(
            f"{len(strangers)} calls or memos of the bundle are here already, {min(strangers)} "
            "among them, and did not come by it: take it in at another site"
        )
    if calls:
        connection.execute(sa.insert(schema.calls), [_call_row(one) for one in calls])
        told = {one.offer.call: one.notice for one in calls if one.notice is not None}
        call_notices.store(connection, told)
    _insert(connection, taken.client, memos, at, targets)
    row = {
        "id": taken.id,
        "client": taken.client,
        "site": taken.site,
        "at": at,
        "sha256": taken.sha256,
        "state": "taken",
        "contents": msgspec.json.encode(taken).decode(),
    }
    connection.execute(sa.delete(schema.handovers).where(schema.handovers.c.id == taken.id))
    connection.execute(sa.insert(schema.handovers).values(**row))
    return True


def take_back(
    connection: sa.Connection,
    identifier: str,
    at: datetime,
    targets: Sequence[str],
    *,
    running: bool,
) -> Back:
    """Take out the calls and memos that a bundle has brought, but those that people worked on.

    An open memo that the broker may hold is closed first, which clears it there; it goes when this
    is asked again after that was delivered.

    Args:
        connection: the ledger.
        identifier: of the bundle.
        at: UTC-aware.
        targets: each is told every revision of a memo.
        running: whether deliveries are being made now: one may be on its way.

    Raises:
        HandoverError: no bundle of this id was taken in.
    """
    found = next((one for one in handovers(connection) if one.taken.id == identifier), None)
    if found is None:
        raise HandoverError(f"{identifier}: no bundle of this id was taken in: sipbot client list")
    kept, waiting, gone = list[str](), list[str](), list[Memo]()
    # A tombstone says what was erased here and by which rule: it stays, with its call.
    tied = _known(connection, erasures.c.call, found.taken.calls)
    for memo_id, rev in found.taken.memos.items():
        memo = queries.memo_of(connection, memo_id)
        if memo is None:
            continue
        if memo.call.id in tied or _worked_on(connection, memo, rev):
            kept.append(memo_id)
        elif not _told(connection, memo_id, running=running):
            gone.append(memo)
        else:
            waiting.append(memo_id)
            if memo.status is not Status.DONE:
                closed = next_revision(memo, at, {"status": Status.DONE}, what=TAKEN_BACK)
                writes.store(connection, memo, closed, at, targets)
    for memo in gone:
        _forget(connection, memo.id, at)
    staying = tied | _known(connection, schema.memos.c.call, found.taken.calls)
    calls = [one for one in found.taken.calls if one not in staying]
    call_notices.forget(connection, calls)
    leaving = sum(
        connection.execute(sa.delete(schema.calls).where(schema.calls.c.call.in_(some))).rowcount
        for some in _some(calls)
    )
    if gone or calls:
        ledger_vacuum.note_rest(connection)
    state: State = "leaving" if waiting else "gone"
    connection.execute(
        sa.update(schema.handovers).where(schema.handovers.c.id == identifier).values(state=state)
    )
    return Back(
        state=state, calls=leaving, memos=len(gone), kept=tuple(kept), waiting=tuple(waiting)
    )


def _insert(
    connection: sa.Connection,
    client: str,
    memos: Sequence[Memo],
    at: datetime,
    targets: Sequence[str],
) -> None:
    """Store memos with all their revisions; of open ones the last is still to be told."""
    if not memos:
        return
    connection.execute(sa.insert(schema.memos), [_memo_row(one, at) for one in memos])
    told = [row for one in memos for row in _told_rows(one, at, targets)]
    if told:
        connection.execute(sa.insert(schema.deliveries), told)
    still_open = [one for one in memos if one.status is not Status.DONE]
    deliveries.add_new(connection, client, still_open, at, targets)


def _memo_row(memo: Memo, at: datetime) -> dict[str, Any]:
    return {
        "id": memo.id,
        "call": memo.call.id,
        "client": memo.client,
        "rev": memo.rev,
        "stage": memo.stage.value,
        "status": memo.status.value,
        "body": memo.model_dump_json(),
        "updated_at": at,
        "category": memo.category,
        "held_until": memo.held_until,
        # Whoever wanted to know of it was told by the site it came from.
        "noticed_at": at,
    }


def _told_rows(memo: Memo, at: datetime, targets: Sequence[str]) -> list[dict[str, Any]]:
    """Return the deliveries of the revisions that are told already."""
    is_open = memo.status is not Status.DONE
    return [
        {
            "memo": memo.id,
            "rev": rev,
            "client": memo.client,
            "target": target,
            "payload": "",
            "event": "",
            "due_at": at,
            "attempts": 0,
            "delivered_at": at,
            "superseded_by": memo.rev if rev < memo.rev else None,
        }
        for rev in range(1, memo.rev if is_open else memo.rev + 1)
        for target in targets
    ]


def _worked_on(connection: sa.Connection, memo: Memo, rev: int) -> bool:
    """Whether a person has done something with a memo since it came."""
    called = sa.select(schema.calls_back.c.id).where(schema.calls_back.c.memo == memo.id)
    judged = sa.select(reviews.c.memo).where(reviews.c.memo == memo.id)
    if any(connection.execute(one.limit(1)).first() for one in (called, judged)):
        return True
    return any(one.rev > rev and one.by != SYSTEM for one in memo.history)


def _told(connection: sa.Connection, memo: str, *, running: bool) -> bool:
    """Whether the broker may hold an open memo: it was told one, and not yet that it is closed."""
    rows = schema.deliveries.c
    newest = connection.execute(
        sa.select(rows.delivered_at, schema.memos.c.status)
        .join(schema.memos, schema.memos.c.id == rows.memo)
        .where(rows.memo == memo, rows.target == MQTT, rows.rev == schema.memos.c.rev)
    ).one()
    if newest.status == Status.DONE.value:
        return newest.delivered_at is None
    if running:
        return True
    published = sa.select(rows.id).where(
        rows.memo == memo,
        rows.seq.is_not(None),
        (rows.attempts > 0) | rows.delivered_at.is_not(None),
    )
    return connection.execute(published.limit(1)).scalar() is not None


def _forget(connection: sa.Connection, memo: str, at: datetime) -> None:
    """Delete a memo.  The numbers that its deliveries had in the feed stay, or it had gaps."""
    table, rows = schema.deliveries, schema.deliveries.c
    connection.execute(sa.delete(table).where(rows.memo == memo, rows.seq.is_(None)))
    connection.execute(
        sa.update(table)
        .where(rows.memo == memo)
        .values(
            memo=None,
            rev=None,
            req=f"{TAKEN_BACK}-{memo}"[:63],
            payload="",
            event="",
            delivered_at=sa.func.coalesce(rows.delivered_at, sa.literal(at, schema.UtcTime())),
            dead_at=None,
            superseded_by=None,
        )
    )
    connection.execute(sa.delete(schema.notices).where(schema.notices.c.memo == memo))
    connection.execute(sa.delete(schema.memos).where(schema.memos.c.id == memo))


def _call_row(entry: CallEntry) -> dict[str, Any]:
    return {
        "call": entry.offer.call,
        "received_at": entry.offer.received_at,
        "source": entry.offer.source,
        "offer": msgspec.json.encode(entry.offer).decode(),
        "client": entry.client,
        "rule": entry.rule,
        "number": entry.number,
        "caller": entry.caller,
        "answered_at": entry.answered_at,
        "ended_at": entry.ended_at,
        "ended_by": entry.ended_by.value if entry.ended_by else None,
        "sip_code": entry.sip_code,
        "state": entry.state.value if entry.state else None,
    }


def _state(connection: sa.Connection, identifier: str) -> str | None:
    query = sa.select(schema.handovers.c.state).where(schema.handovers.c.id == identifier)
    return connection.execute(query).scalar()


def _known(connection: sa.Connection, column: sa.Column[Any], values: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in _some(values):
        found |= set(connection.execute(sa.select(column).where(column.in_(some))).scalars())
    return found


def _some(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[place : place + _AT_ONCE] for place in range(0, len(values), _AT_ONCE)]
