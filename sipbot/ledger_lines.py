"""Who held a line and when, read from the ledger in short steps."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from sipbot.capacity import LineUse
from sipbot.ledger_schema import calls
from sipbot.records import EndState

STEP_ROWS = 2_000
"""Read at a time: a sipbot that runs can commit between two steps, not within one."""


def line_uses(connection: sa.Connection, since: datetime) -> Iterator[LineUse]:
    """Return the calls that came since then, in no particular order.

    Args:
        connection: to the ledger.
        since: UTC-aware.
    """
    after = ""
    while True:
        rows = connection.execute(_step(after)).all()
        for row in rows:
            if row.received_at >= since:
                yield LineUse(
                    client=row.client,
                    received_at=row.received_at,
                    answered_at=row.answered_at,
                    ended_at=row.ended_at,
                    state=None if row.state is None else EndState(row.state),
                )
        if len(rows) < STEP_ROWS:
            return
        after = rows[-1].call


def _step(after: str) -> "sa.Select[tuple[str, str | None, datetime, datetime, datetime, str]]":
    c = calls.c
    wanted = sa.select(c.call, c.client, c.received_at, c.answered_at, c.ended_at, c.state)
    return wanted.where(c.call > after).order_by(c.call).limit(STEP_ROWS)
