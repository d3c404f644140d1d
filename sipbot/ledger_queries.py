"""What the ledger can answer, as functions of a connection; shared by the writer and the readers.

Rows stop here: everything that leaves is a record or a memo.
"""

from datetime import datetime
from typing import Any

import msgspec
import pydantic
import sqlalchemy as sa
import structlog

from sipbot.errors import LedgerError, UnreadableError
from sipbot.ledger_call_notices import notice_of
from sipbot.ledger_deliveries import memos_untold
from sipbot.ledger_privacy_schema import call_notices, erasures
from sipbot.ledger_schema import calls, memos
from sipbot.memo import Memo, Status
from sipbot.recording_notice import RecordingNotice
from sipbot.records import CallOffer, EndedBy, EndState

OPEN_PAGE = 100
"""Open memos read at a time: 13 ms for memos of 5 kB (0.13 ms each, measured) in which the ledger's
thread does nothing for a caller."""

_log = structlog.get_logger()


class CallEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One INVITE and what became of it."""

    offer: CallOffer
    client: str | None
    rule: str
    """Which header decided for the client; why the call was refused, for a refused one."""
    number: str | None
    """The number that was called, in canonical form."""
    caller: str | None
    """The number that called, in canonical form; None when withheld or unknown."""
    answered_at: datetime | None
    ended_at: datetime | None
    ended_by: EndedBy | None
    sip_code: int | None
    state: EndState | None
    """None while the call lasts."""
    notice: RecordingNotice | None = None
    """What the caller was told of the recording; None: not answered, or nobody knows."""


_ENTRIES = sa.select(calls, call_notices).select_from(
    calls.outerjoin(call_notices, call_notices.c.call == calls.c.call)
)


class CallsBefore(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a caller's earlier calls to one client."""

    count: int
    last_result: EndState | None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Memos of a list."""

    memos: list[Memo]
    unreadable: list[str] = []
    """Ids of those that this release cannot read; one of them is no reason to hide the others."""
    last: str | None = None
    """After which memo the list goes on; None at its end."""


def call(connection: sa.Connection, identifier: str) -> CallEntry | None:
    """Return one call."""
    row = connection.execute(_ENTRIES.where(calls.c.call == identifier)).one_or_none()
    return None if row is None else _call_entry(row)


def client_of(connection: sa.Connection, identifier: str) -> str | None:
    """Return whom a call was for; None when nobody claimed its number."""
    return connection.execute(sa.select(calls.c.client).where(calls.c.call == identifier)).scalar()


def latest_calls(connection: sa.Connection, limit: int) -> list[CallEntry]:
    """Return the latest calls, newest first."""
    query = _ENTRIES.order_by(calls.c.received_at.desc()).limit(limit)
    return [_call_entry(row) for row in connection.execute(query)]


def unfinished_calls(connection: sa.Connection) -> list[CallEntry]:
    """Return the calls without an end state, oldest first."""
    query = _ENTRIES.where(calls.c.state.is_(None)).order_by(calls.c.received_at)
    return [_call_entry(row) for row in connection.execute(query)]


def known_calls(connection: sa.Connection) -> set[str]:
    """Return the id of every call that has a row."""
    return set(connection.execute(sa.select(calls.c.call)).scalars())


def end_state_counts(connection: sa.Connection) -> dict[EndState, int]:
    """Return how many calls ended in each state; every state is named."""
    query = (
        sa.select(calls.c.state, sa.func.count())
        .where(calls.c.state.is_not(None))
        .group_by(calls.c.state)
    )
    found = {row[0]: row[1] for row in connection.execute(query)}
    return {state: found.get(state.value, 0) for state in EndState}


def calls_before(connection: sa.Connection, caller: str, client: str) -> CallsBefore:
    """Return how often this number has called this client before, calls in progress not counted."""
    theirs = sa.and_(calls.c.client == client, calls.c.caller == caller, calls.c.state.is_not(None))
    count = connection.execute(
        sa.select(sa.func.count()).select_from(calls).where(theirs)
    ).scalar_one()
    last = connection.execute(
        sa.select(calls.c.state).where(theirs).order_by(calls.c.received_at.desc()).limit(1)
    ).scalar()
    return CallsBefore(count=count, last_result=None if last is None else EndState(last))


def memos_before(connection: sa.Connection, caller: str, client: str, limit: int) -> Found:
    """Return the latest memos that this number has left for this client, newest first."""
    query = (
        sa.select(memos.c.id, memos.c.body)
        .join(calls, calls.c.call == memos.c.call)
        .where(calls.c.client == client, calls.c.caller == caller)
        .order_by(calls.c.received_at.desc())
        .limit(limit)
    )
    return _memos(connection, query)


def memo(connection: sa.Connection, identifier: str) -> Memo | None:
    """Return the memo with this id, or whose id begins or ends so; None when there is none.

    Raises:
        LedgerError: several memos fit, or the memo is not one that this release can read.
    """
    exact = memo_of(connection, identifier)
    if exact is not None:
        return exact
    query = (
        sa.select(memos.c.id, memos.c.body)
        .where(
            memos.c.id.startswith(identifier, autoescape=True)
            | memos.c.id.endswith(identifier, autoescape=True)
        )
        .order_by(memos.c.id)
        .limit(3)
    )
    rows = connection.execute(query).all() if identifier else []
    if len(rows) > 1:
        names = ", ".join(row.id for row in rows)
        raise LedgerError(f"memo {identifier!r} is not the only one of this name: {names}, …")
    return _memo(rows[0].id, rows[0].body) if rows else None


def memo_of(connection: sa.Connection, identifier: str) -> Memo | None:
    """Return the memo with this whole id.

    Raises:
        LedgerError: the memo is not one that this release can read.
    """
    body = connection.execute(sa.select(memos.c.body).where(memos.c.id == identifier)).scalar()
    return None if body is None else _memo(identifier, body)


def latest_memos(
    connection: sa.Connection,
    limit: int,
    client: str | None,
    status: Status | None,
    *,
    not_done: bool = False,
) -> Found:
    """Return the latest memos, newest first; UUIDv7 ids sort by time."""
    query = sa.select(memos.c.id, memos.c.body).order_by(memos.c.id.desc()).limit(limit)
    if client is not None:
        query = query.where(memos.c.client == client)
    if status is not None:
        query = query.where(memos.c.status == status.value)
    if not_done:
        query = query.where(memos.c.status != Status.DONE.value)
    return _memos(connection, query)


def open_memos(connection: sa.Connection, after: str, *, told: str | None, pending: bool) -> Found:
    """Return the next memos that are not done, oldest first; a page may hold none.

    Args:
        connection: the ledger.
        after: the memo after which to go on; empty for the first page.
        told: only those of which this target has every revision; None for all.
        pending: only those that an ear has still to read.
    """
    body = memos.c.body
    waits = sa.func.json_array_length(body, "$.recognition.ears_pending") > 0
    # What is no JSON at all is for `_memos` to tell of.
    if_it_waits = sa.case((sa.func.json_valid(body) == 0, body), (waits, body)).label("body")
    query = (
        sa.select(memos.c.id, if_it_waits if pending else body)
        .where(memos.c.status != Status.DONE.value, memos.c.id > after)
        .order_by(memos.c.id)
        .limit(OPEN_PAGE)
    )
    if told is not None:
        query = query.where(memos.c.id.not_in(memos_untold(told)))
    return _memos(connection, query, OPEN_PAGE)


def open_recordings(connection: sa.Connection) -> dict[str, str]:
    """Return memo id to call id of the memos that are not done, oldest first.

    Those of which something was erased have no recording to look for.
    """
    query = (
        sa.select(memos.c.id, memos.c.call)
        .where(memos.c.status != Status.DONE.value)
        .where(memos.c.call.not_in(sa.select(erasures.c.call)))
        .order_by(memos.c.id)
    )
    return {row.id: row.call for row in connection.execute(query)}


def _memos(connection: sa.Connection, query: sa.Select[Any], page: int | None = None) -> Found:
    """Read a list of memos; a row without a body only counts."""
    found, unreadable = list[Memo](), list[str]()
    rows = connection.execute(query).all()
    for row in rows:
        if row.body is None:
            continue
        try:
            found.append(_memo(row.id, row.body))
        except LedgerError as error:
            _log.error("a memo is left out", problem=str(error))
            unreadable.append(row.id)
    last = rows[-1].id if len(rows) == page else None
    return Found(memos=found, unreadable=unreadable, last=last)


def _memo(identifier: str, body: str) -> Memo:
    try:
        return Memo.model_validate_json(body)
    except pydantic.ValidationError as error:
        # Not "from error": it quotes what the caller said, and would end in a log.
        raise UnreadableError(
            f"memo {identifier}: {error.error_count()} of its fields are not those of a memo: was "
            "the ledger edited?  sipbot ledger check tells whether it is sound"
        ) from None


def _call_entry(row: sa.Row[Any]) -> CallEntry:
    return CallEntry(
        offer=msgspec.json.decode(row.offer, type=CallOffer),
        client=row.client,
        rule=row.rule,
        number=row.number,
        caller=row.caller,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        ended_by=None if row.ended_by is None else EndedBy(row.ended_by),
        sip_code=row.sip_code,
        state=None if row.state is None else EndState(row.state),
        notice=notice_of(row),
    )
