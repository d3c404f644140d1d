"""What was still to be told of a memo when it was erased: nothing of it is, and all of the others.

Data path: ledger_erasures -> [ledger_withdrawn] -> deliveries, notices

A message to people that has not been sent may be about several memos, a digest is: it is withdrawn
whole, for nobody can cut a caller out of a text, and the channel is told again of the others.
"""

import re
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot import ledger_schema as schema
from sipbot.memo import Memo
from sipbot.notice import TARGET_PREFIX

WITHDRAWN = "not sent: what it told of was erased"
"""Of a message to people."""

_ID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Of a memo (RFC 9562 section 4)."""


def tell_nobody(connection: sa.Connection, memo: Memo, now: datetime) -> None:
    """Let go of all that people or the broker were still to be told of a memo.

    Args:
        connection: the ledger, in the transaction that erases.
        memo: as it was before.
        now: UTC-aware.
    """
    _forget_deliveries(connection, memo, now)
    connection.execute(sa.delete(schema.notices).where(schema.notices.c.memo == memo.id))
    seen = sa.update(schema.memos).where(
        schema.memos.c.id == memo.id, schema.memos.c.noticed_at.is_(None)
    )
    connection.execute(seen.values(noticed_at=now))


def _forget_deliveries(connection: sa.Connection, old: Memo, now: datetime) -> None:
    """Let go of what was still to be told of earlier revisions, and of messages that quote them."""
    table = schema.deliveries
    earlier = sa.update(table).where(table.c.memo == old.id, table.c.rev <= old.rev)
    waiting = earlier.where(table.c.delivered_at.is_(None))
    connection.execute(
        waiting.values(delivered_at=now, superseded_by=old.rev + 1, payload="", last_error=None)
    )
    connection.execute(earlier.values(payload=""))
    to_people = sa.select(table.c.id, table.c.req, table.c.payload).where(
        table.c.client == old.client,
        table.c.target.between(TARGET_PREFIX, f"{TARGET_PREFIX}\uffff"),  # LIKE reads all targets
        table.c.delivered_at.is_(None),
    )
    for row in connection.execute(to_people).all():
        if old.id not in row.payload:  # each names its memos; phrases and numbers are others', too
            continue
        # A key of its own: the message without this memo may begin with the same one.
        gone = {"delivered_at": now, "payload": "", "last_error": WITHDRAWN}
        withdrawn = sa.update(table).where(table.c.id == row.id)
        connection.execute(withdrawn.values(req=f"withdrawn:{row.id}", **gone))
        _tell_of_others(connection, old, row.req, row.payload, now)


def _tell_of_others(
    connection: sa.Connection, gone: Memo, key: str, payload: str, now: datetime
) -> None:
    """Have a channel told again of the other memos that a withdrawn message was about."""
    others = set(_ID.findall(payload)) - {gone.id}
    memos = schema.memos.c
    known = sa.select(memos.id).where(memos.id.in_(others), memos.client == gone.client)
    rows = [
        {"memo": memo, "channel": key.rpartition(":")[0], "client": gone.client, "kept_at": now}
        for memo in connection.execute(known).scalars()
    ]
    if rows:
        connection.execute(insert(schema.notices).on_conflict_do_nothing(), rows)
