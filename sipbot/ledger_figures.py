"""The ledger's figures for `sipbot status` and the metrics, as functions of a connection."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from sipbot.ledger_deliveries import MQTT
from sipbot.ledger_schema import calls, deliveries, memos
from sipbot.memo import Status
from sipbot.records import EndState
from sipbot.status import Counts


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that have not been made, dead letters included."""

    deliveries: int
    dead: int
    """Those that nobody tries any more."""
    since: datetime | None
    """When the oldest for a broker was stored; None when none waits for one.  Mail, chat and the
    archive have their own alerts, and nobody works from them."""


class _Entry(msgspec.Struct, frozen=True):
    rev: int
    at: datetime


class _History(msgspec.Struct, frozen=True):
    """The part of a memo, or of an answer, that says when it was made."""

    history: tuple[_Entry, ...] = ()
    ts: datetime | None = None


def waiting(connection: sa.Connection) -> Waiting:
    """Return how many deliveries wait, and since when."""
    undelivered = deliveries.c.delivered_at.is_(None)
    # Written as a sum, the id cannot lead SQLite through every delivery ever made; it goes through
    # the index of those that wait (a test reads its plan).
    for_a_broker = sa.case((deliveries.c.target == MQTT, deliveries.c.id + 0))
    query = sa.select(
        sa.func.count(), sa.func.count(deliveries.c.dead_at), sa.func.min(for_a_broker)
    ).where(undelivered)
    number, dead, oldest = connection.execute(query).one()
    if oldest is None:
        return Waiting(deliveries=number, dead=dead, since=None)
    row = connection.execute(
        sa.select(deliveries.c.rev, deliveries.c.payload, memos.c.updated_at)
        .outerjoin(memos, memos.c.id == deliveries.c.memo)
        .where(deliveries.c.id == oldest)
    ).one()
    since = _stored_at(row.rev, row.payload, row.updated_at)
    return Waiting(deliveries=number, dead=dead, since=since)


def counts(connection: sa.Connection, now: datetime, today_since: datetime) -> Counts:
    """Return memos by status and ended calls by end state, all and since midnight.

    Args:
        connection: the ledger.
        now: UTC-aware.
        today_since: midnight, UTC-aware.
    """
    by_status = sa.select(memos.c.status, sa.func.count()).group_by(memos.c.status)
    # The states by name, not "any": SQLite then goes straight to today's part of each in the index.
    by_state = (
        sa.select(calls.c.state, sa.func.count())
        .where(calls.c.state.in_([state.value for state in EndState]))
        .group_by(calls.c.state)
    )
    today = by_state.where(calls.c.received_at >= today_since)
    statuses = {row[0]: row[1] for row in connection.execute(by_status)}
    return Counts(
        at=now,
        memos={status: statuses.get(status.value, 0) for status in Status},
        calls=_by_state(connection, by_state),
        calls_today=_by_state(connection, today),
        today_since=today_since.astimezone(UTC),
    )


def _by_state(connection: sa.Connection, query: sa.Select[Any]) -> dict[EndState, int]:
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {state: found.get(state.value, 0) for state in EndState}


def _stored_at(rev: int | None, payload: str, updated_at: datetime | None) -> datetime | None:
    """When a revision was made, or an answer given.

    A closed memo has no payload; its last change was the closing, or a note since.
    """
    if not payload:
        return updated_at
    made = msgspec.json.decode(payload, type=_History)
    return next((entry.at for entry in made.history if entry.rev == rev), made.ts or updated_at)
