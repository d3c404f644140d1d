"""What the ledger stores, as functions of a connection in the middle of a transaction.

Each of them runs in the ledger's thread.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot import ledger_deliveries as deliveries
from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot.errors import LedgerError
from sipbot.ledger_privacy_schema import call_notices, erasures
from sipbot.memo import Memo
from sipbot.records import COPIES_S, CallOffer, EndedBy, EndState


def insert_call(
    connection: sa.Connection,
    offer: CallOffer,
    client: str | None,
    rule: str,
    number: str | None,
    caller: str | None,
) -> bool:
    """Store a call without end state; return False when it has a row already.

    An agent that dies before it has said a word of an INVITE leaves a row and a caller who sends a
    copy: the next agent's call takes the place of the other's, for both are one call.
    """
    _forget_died_with(connection, offer)
    query = (
        insert(schema.calls)
        .values(
            call=offer.call,
            received_at=offer.received_at,
            source=offer.source,
            offer=msgspec.json.encode(offer).decode(),
            client=client,
            rule=rule,
            number=number,
            caller=caller,
        )
        .on_conflict_do_nothing(index_elements=[schema.calls.c.call])
    )
    return connection.execute(query).rowcount == 1


def _forget_died_with(connection: sa.Connection, offer: CallOffer) -> None:
    """Forget the row of a call that an agent took to its grave, if this is the same INVITE."""
    calls = schema.calls
    connection.execute(
        sa.delete(calls).where(
            # both first: by them the few that there are can be found
            calls.c.state == EndState.FAILED_INTERNAL.value,
            calls.c.received_at >= offer.received_at - timedelta(seconds=COPIES_S),
            calls.c.ended_by == EndedBy.CRASH.value,
            calls.c.answered_at.is_(None),
            calls.c.source == offer.source,
            sa.func.json_extract(calls.c.offer, "$.sip_call_id") == offer.sip_call_id,
            calls.c.call != offer.call,
            *(calls.c.call.not_in(sa.select(one.c.call)) for one in (call_notices, erasures)),
        )
    )


def call_answered(connection: sa.Connection, call: str, at: datetime) -> None:
    """Store when a call was answered, unless that is known already."""
    table = schema.calls
    connection.execute(
        sa.update(table)
        .where(table.c.call == call, table.c.answered_at.is_(None))
        .values(answered_at=at)
    )


def end_call(
    connection: sa.Connection,
    call: str,
    state: EndState,
    at: datetime,
    by: EndedBy,
    code: int | None,
    answered_at: datetime | None = None,
) -> bool:
    """Store a call's end; return False when it had ended before."""
    table = schema.calls
    # The same time is stored beside the call, which may have been refused or still be waiting.
    answered = sa.func.coalesce(table.c.answered_at, sa.literal(answered_at, schema.UtcTime()))
    ended = connection.execute(
        sa.update(table)
        .where(table.c.call == call, table.c.state.is_(None))
        .values(
            state=state.value,
            ended_at=at,
            ended_by=by.value,
            sip_code=code,
            answered_at=answered,
        )
    )
    if ended.rowcount == 1:
        return True
    if queries.call(connection, call) is None:
        raise LedgerError(f"call {call} is not in the ledger: add_call comes first")
    return False


def store(
    connection: sa.Connection, old: Memo | None, new: Memo, at: datetime, targets: Sequence[str]
) -> None:
    """Store a revision and its delivery to each target."""
    expected = 1 if old is None else old.rev + 1
    if new.rev != expected or (old is not None and (new.id, new.call.id) != (old.id, old.call.id)):
        raise LedgerError(f"memo {new.id}: revision {new.rev} where {expected} should come")
    values = {
        "rev": new.rev,
        "stage": new.stage.value,
        "status": new.status.value,
        "body": new.model_dump_json(),
        "updated_at": at,
        "category": new.category,
        "held_until": new.held_until,
    }
    if old is None:
        identity = {"id": new.id, "call": new.call.id, "client": new.client}
        connection.execute(sa.insert(schema.memos).values(**identity, **values))
    else:
        connection.execute(
            sa.update(schema.memos).where(schema.memos.c.id == new.id).values(**values)
        )
    deliveries.add(connection, old, new, at, targets)
