"""The deliveries: what each target must still be told, in order per client.

A delivery is one revision of one memo for one target, or the answer to an operator's command.  It
is waiting, or delivered, or dead (the target refused it too often), or superseded (the target has a
later revision of the memo, and a memo is always told whole).  Functions of a connection in the
middle of a transaction, each run in the ledger's thread or by a reader.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot.archive import TARGET as ARCHIVE
from sipbot.audio_store import TARGET as AUDIO_STORE
from sipbot.ledger_schema import deliveries, meta
from sipbot.memo import Memo, Status, changed
from sipbot.topics import FeedPayload

MQTT = "mqtt"
"""Name of the bus; others need a publisher in `sipbot.app` and nothing here."""

LONGEST_WAIT_S = 60.0
"""No delivery waits longer: nobody should wait for a memo a minute longer than the broker's trouble
lasts (our wish).  What seems to be due later than that was stored before the clock was set back, so
it is due now."""

_open = deliveries.c.delivered_at.is_(None)
_waiting = sa.and_(_open, deliveries.c.dead_at.is_(None))
_dead = sa.and_(_open, deliveries.c.dead_at.is_not(None))


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of one memo, or one answer, on its way to a target."""

    id: int
    client: str
    memo: str | None
    """None, like the next two, for an answer."""
    rev: int | None
    seq: int | None
    req: str | None
    """Which command is answered; None for a memo."""
    payload: bytes
    """The memo, or the answer, as JSON; empty when the memo is closed, which clears its retained
    topic.  (In the ledger a delivery that was made has none either.)"""
    event: bytes
    """The feed's event as JSON; empty for an answer."""
    attempts: int
    """Attempts that failed so far, for whatever reason."""
    refusals: int
    """Those of them that the target refused while it took other things."""


class Undelivered(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery that is still to be made, for people: nothing of what the caller said."""

    id: int
    target: str
    client: str
    memo: str | None
    """None, like the next two, for the answer to a command."""
    rev: int | None
    seq: int | None
    req: str | None
    """Which command is answered; None for a memo."""
    due_at: datetime
    attempts: int
    refusals: int
    last_error: str | None
    dead_at: datetime | None
    """Since when nobody tries any more; None while somebody does."""


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a wish to try deliveries again."""

    retried: tuple[int, ...]
    unknown: tuple[int, ...]
    """Nothing of this id is undelivered."""


# -- storing -----------------------------------------------------------------------------------


def add(
    connection: sa.Connection, old: Memo | None, new: Memo, at: datetime, targets: Sequence[str]
) -> None:
    """Store that each target must be told this revision; without a target nobody is."""
    if not targets:
        return
    seq = _count_up(connection, f"seq:{new.client}")
    done = new.status is Status.DONE
    event = FeedPayload(
        type="new" if old is None else "end" if done else "update",
        memo=new.id,
        rev=new.rev,
        seq=seq,
        changed=changed(old, new),
    )
    row = {
        "memo": new.id,
        "rev": new.rev,
        "client": new.client,
        "seq": seq,
        "payload": _payload(new),
        "event": event.encode().decode(),
        "due_at": at,
        "attempts": 0,
        "refusals": 0,
    }
    connection.execute(sa.insert(deliveries), [{**row, "target": target} for target in targets])


def add_new(
    connection: sa.Connection,
    client: str,
    found: Sequence[Memo],
    at: datetime,
    targets: Sequence[str],
) -> None:
    """Store that each target must be told these memos of one client: `add` for many at once.

    Each statement of SQLAlchemy's costs a third of a millisecond, and callers wait meanwhile.
    """
    if not (targets and found):
        return
    last = _count_up(connection, f"seq:{client}", len(found))
    rows = []
    for seq, memo in enumerate(found, last - len(found) + 1):
        event = FeedPayload(
            type="new", memo=memo.id, rev=memo.rev, seq=seq, changed=changed(None, memo)
        )
        row = {
            "memo": memo.id,
            "rev": memo.rev,
            "client": client,
            "seq": seq,
            "payload": _payload(memo),
            "event": event.encode().decode(),
            "due_at": at,
            "attempts": 0,
            "refusals": 0,
        }
        rows += [{**row, "target": target} for target in targets]
    connection.execute(sa.insert(deliveries), rows)


def add_answer(
    connection: sa.Connection, client: str, req: str, payload: bytes, at: datetime
) -> None:
    """Store that the bus must be told the answer to a command."""
    row = {
        "client": client,
        "req": req,
        "target": MQTT,
        "payload": payload.decode(),
        "event": "",
        "due_at": at,
        "attempts": 0,
        "refusals": 0,
    }
    connection.execute(sa.insert(deliveries).values(**row))


def delivered(connection: sa.Connection, delivery: int, at: datetime) -> int:
    """Store that the target has a delivery; return how many older ones that superseded.

    Older revisions of the memo that it has not got, dead or brought back from the dead, would
    now overwrite the newer one.  Neither keeps its payload: the memo itself has what was said.
    A delivery whose memo was taken back meanwhile is not there any more, and nothing is left to do.
    """
    made = (
        sa.update(deliveries)
        .where(deliveries.c.id == delivery)
        .values(delivered_at=at, payload="")
        .returning(deliveries.c.target, deliveries.c.req, deliveries.c.memo, deliveries.c.rev)
    )
    it = connection.execute(made).one_or_none()
    if it is None:
        return 0
    if it.memo is None:
        if it.target not in (ARCHIVE, AUDIO_STORE):
            return 0
        # One or two of every call, and nobody asks for them again.
        connection.execute(sa.delete(deliveries).where(deliveries.c.id == delivery))
        # They say only where to look: what an older one did not get done is done with this one.
        same = sa.and_(deliveries.c.target == it.target, deliveries.c.req == it.req)
        older_dead = sa.delete(deliveries).where(same, _dead, deliveries.c.id < delivery)
        return connection.execute(older_dead).rowcount
    older = (
        sa.update(deliveries)
        .where(
            _open,
            deliveries.c.target == it.target,
            deliveries.c.memo == it.memo,
            deliveries.c.rev < it.rev,
        )
        .values(delivered_at=at, superseded_by=it.rev, payload="")
    )
    return connection.execute(older).rowcount


def failed(
    connection: sa.Connection,
    delivery: int,
    error: str,
    *,
    due_at: datetime | None = None,
    dead_at: datetime | None = None,
    refused: bool,
) -> None:
    """Store that a delivery failed, and when to try again (`due_at`) or that nobody will."""
    values: dict[str, Any] = {
        "attempts": deliveries.c.attempts + 1,
        "refusals": deliveries.c.refusals + int(refused),
        "last_error": error,
        "dead_at": dead_at,
    }
    if due_at is not None:
        values["due_at"] = due_at
    connection.execute(
        sa.update(deliveries).where(deliveries.c.id == delivery, _open).values(values)
    )


def make_due(connection: sa.Connection, target: str, now: datetime, suspect: int) -> None:
    """Make every waiting delivery due that was refused less than `suspect` times."""
    connection.execute(
        sa.update(deliveries)
        .where(
            _waiting,
            deliveries.c.target == target,
            deliveries.c.due_at > now,
            deliveries.c.refusals < suspect,
        )
        .values(due_at=now)
    )


def take_back(
    connection: sa.Connection, target: str, memo: Memo, error: str, due_at: datetime
) -> bool:
    """Make a delivery that was made once wait again: the target refuses it now.

    Returns:
        False when the target was never given this revision by a delivery.
    """
    sent = deliveries.c
    query = (
        sa.update(deliveries)
        .where(sent.target == target, sent.memo == memo.id, sent.rev == memo.rev)
        .values(
            payload=_payload(memo),
            delivered_at=None,
            dead_at=None,
            due_at=due_at,
            attempts=sent.attempts + 1,
            refusals=1,
            last_error=error,
        )
    )
    return connection.execute(query).rowcount == 1


def retry(
    connection: sa.Connection, identifiers: Sequence[int], now: datetime, *, all_dead: bool
) -> Retry:
    """Make deliveries due now as if they had never been refused."""
    named = deliveries.c.id.in_(identifiers)
    wanted = named | _dead if all_dead else named
    query = (
        sa.update(deliveries)
        .where(_open, wanted)
        .values(due_at=now, dead_at=None, refusals=0)
        .returning(deliveries.c.id)
    )
    retried = sorted(connection.execute(query).scalars())
    unknown = sorted(set(identifiers) - set(retried))
    return Retry(retried=tuple(retried), unknown=tuple(unknown))


# -- asking ------------------------------------------------------------------------------------


def due(connection: sa.Connection, target: str, now: datetime, limit: int) -> list[Delivery]:
    """Return the deliveries to make now, in order per client.

    A delivery that has to wait holds back its client's later ones, nobody else's; a dead one holds
    back nothing.
    """
    blocked = (
        sa.select(deliveries.c.client, sa.func.min(deliveries.c.id).label("id"))
        .where(_waiting, deliveries.c.target == target, _not_yet(now))
        .group_by(deliveries.c.client)
        .subquery()
    )
    query = (
        sa.select(deliveries)
        .outerjoin(blocked, blocked.c.client == deliveries.c.client)
        .where(
            _waiting,
            deliveries.c.target == target,
            ~_not_yet(now),
            blocked.c.id.is_(None) | (blocked.c.id > deliveries.c.id),
        )
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return [
        Delivery(
            id=row.id,
            client=row.client,
            memo=row.memo,
            rev=row.rev,
            seq=row.seq,
            req=row.req,
            payload=row.payload.encode(),
            event=row.event.encode(),
            attempts=row.attempts,
            refusals=row.refusals,
        )
        for row in connection.execute(query)
    ]


def next_due(connection: sa.Connection, target: str) -> datetime | None:
    """Return when the target's next delivery is due; None when nothing waits.

    Only the first of each client counts: the later ones wait for it.
    """
    first = (
        sa.select(deliveries.c.client, sa.func.min(deliveries.c.id).label("id"))
        .where(_waiting, deliveries.c.target == target)
        .group_by(deliveries.c.client)
        .subquery()
    )
    query = (
        sa.select(deliveries.c.due_at)
        .join(
            first,
            (first.c.client == deliveries.c.client) & (first.c.id == deliveries.c.id),
        )
        .where(_waiting, deliveries.c.target == target)
        .order_by(deliveries.c.due_at)
        .limit(1)
    )
    return connection.execute(query).scalar()


def dead(connection: sa.Connection) -> int:
    """Return how many deliveries are dead, of all targets."""
    query = sa.select(sa.func.count()).select_from(deliveries).where(_dead)
    return connection.execute(query).scalar_one()


def undelivered(connection: sa.Connection, *, dead_only: bool) -> list[Undelivered]:
    """Return what is still to be delivered, in order per target and client."""
    names = Undelivered.__struct_fields__
    query = (
        sa.select(*(deliveries.c[name] for name in names))
        .where(_dead if dead_only else _open)
        .order_by(deliveries.c.target, deliveries.c.client, deliveries.c.id)
    )
    return [Undelivered(**row) for row in connection.execute(query).mappings()]


def memos_untold(target: str) -> sa.Select[tuple[str | None]]:
    """Select the memos of which the target has not yet got every revision."""
    # With a null among them, SQL's NOT IN is true of no memo.
    of_memo = deliveries.c.memo.is_not(None)
    return sa.select(deliveries.c.memo).where(_open, deliveries.c.target == target, of_memo)


def _payload(memo: Memo) -> str:
    return "" if memo.status is Status.DONE else memo.model_dump_json()


def _not_yet(now: datetime) -> sa.ColumnElement[bool]:
    """Whether a delivery has to wait; see `LONGEST_WAIT_S` for the upper end."""
    return deliveries.c.due_at.between(
        now + timedelta(microseconds=1), now + timedelta(seconds=LONGEST_WAIT_S)
    )


def _count_up(connection: sa.Connection, name: str, by: int = 1) -> int:
    query = (
        insert(meta)
        .values(name=name, value=by)
        .on_conflict_do_update(index_elements=[meta.c.name], set_={"value": meta.c.value + by})
        .returning(meta.c.value)
    )
    value: int = connection.execute(query).scalar_one()
    return value
