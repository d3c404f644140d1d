"""What was agreed on with clients and how memos were judged, kept in the ledger.

Data path: cli_report -> [ledger_review] -> ledger_reader -> report

Nothing is overwritten but a reviewer's own judgement of the same memo.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot.ledger_day import Span
from sipbot.ledger_review_schema import acknowledgements, actions, reviews
from sipbot.ledger_schema import calls, memos
from sipbot.ledger_thread import Run
from sipbot.report.pack import Action, Reviewed


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """An operator has read a form of a client's file."""

    client: str
    operator: str
    sha256: str
    at: datetime


EVER = datetime.max.replace(tzinfo=UTC)


class ReviewRows:
    """The ledger's part for reviews; each method is one transaction in its thread.

    Args:
        run: how work gets there.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def add_action(self, client: str, text: str, who: str, due: str, now: datetime) -> int:
        """Store what was agreed on.

        Args:
            client: with whom.
            text: what is to be done.
            who: does it.
            due: day, ISO 8601; empty for none.
            now: UTC-aware.

        Returns:
            Its number.

        Raises:
            LedgerError: the ledger refuses.
        """
        row = {"client": client, "text": text, "who": who, "due": due, "created_at": now}
        return await self._run(lambda c: _key(c.execute(sa.insert(actions).values(**row))))

    async def action_done(self, number: int, now: datetime) -> str | None:
        """Store that something was done; return whose it was, None when no such thing is open.

        Raises:
            LedgerError: the ledger refuses.
        """
        return await self._run(lambda c: _done(c, number, now))

    async def judge(
        self,
        memo: str,
        client: str,
        *,
        operator: str,
        reviewer: str,
        points: Mapping[str, bool],
        now: datetime,
    ) -> None:
        """Store how a reviewer judges a memo's handling, in place of an earlier judgement.

        Args:
            memo: which.
            client: whose.
            operator: who has worked on it.
            reviewer: who judges.
            points: item of the checklist to whether it was done.
            now: UTC-aware.

        Raises:
            LedgerError: the ledger refuses.
        """
        row = {"memo": memo, "client": client, "operator": operator, "reviewer": reviewer}
        told = {"operator": operator, "at": now, "points": msgspec.json.encode(points).decode()}
        query = insert(reviews).values(**row, at=now, points=told["points"])
        await self._run(
            lambda c: c.execute(
                query.on_conflict_do_update(index_elements=["memo", "reviewer"], set_=told)
            )
        )

    async def acknowledge(self, client: str, operator: str, sha256: str, now: datetime) -> None:
        """Store that an operator has read a form of a client's file; once is enough.

        Raises:
            LedgerError: the ledger refuses.
        """
        row = {"client": client, "operator": operator, "sha256": sha256, "at": now}
        query = insert(acknowledgements).values(row).on_conflict_do_nothing()
        await self._run(lambda c: c.execute(query))


def acknowledged(
    connection: sa.Connection, *, client: str | None = None, operator: str | None = None
) -> list[Acknowledged]:
    """Return who has read which form of which client's file, the first that was read first.

    Args:
        connection: the ledger.
        client: only this one's file; None for all.
        operator: only what this account has read; None for all.
    """
    rows = acknowledgements.c
    query = sa.select(acknowledgements).order_by(rows.at, rows.operator)
    if client is not None:
        query = query.where(rows.client == client)
    if operator is not None:
        query = query.where(rows.operator == operator)
    return [Acknowledged(**dict(row)) for row in connection.execute(query).mappings()]


def actions_of(
    connection: sa.Connection, client: str | None, since: datetime, until: datetime = EVER
) -> list[Action]:
    """Return what was open within a stretch of time, in the order in which it was agreed on.

    What was agreed on later is not in it, and what was done later is open.

    Args:
        connection: the ledger.
        client: None for all.
        since: what was done before is not in it.
        until: does not belong to it.
    """
    query = sa.select(actions).where(
        actions.c.created_at < until,
        sa.or_(actions.c.done_at.is_(None), actions.c.done_at >= since),
    )
    if client is not None:
        query = query.where(actions.c.client == client)
    found = connection.execute(query.order_by(actions.c.id)).mappings()
    return [
        msgspec.structs.replace(one, done_at=None) if one.done_at and one.done_at >= until else one
        for one in (Action(**dict(row)) for row in found)
    ]


def reviewed(connection: sa.Connection, client: str | None, span: Span) -> list[Reviewed]:
    """Return how memos were judged whose calls came in a stretch of time, of one client or all.

    Judged they are afterwards: a week's are in the pack of that week whenever it is made.
    """
    query = (
        sa.select(reviews)
        .join(memos, memos.c.id == reviews.c.memo)
        .join(calls, calls.c.call == memos.c.call)
        .where(calls.c.received_at >= span.since, calls.c.received_at < span.until)
    )
    if client is not None:
        query = query.where(reviews.c.client == client)
    return [_reviewed(row) for row in connection.execute(query.order_by(reviews.c.at))]


def _reviewed(row: sa.Row[tuple[object, ...]]) -> Reviewed:
    points = msgspec.json.decode(row.points, type=dict[str, bool])
    return Reviewed(
        memo=row.memo,
        operator=row.operator,
        reviewer=row.reviewer,
        points=sum(points.values()),
        of=len(points),
        missed=tuple(item for item, done in points.items() if not done),
    )


def _key(result: sa.CursorResult[tuple[object, ...]]) -> int:
    assert result.inserted_primary_key is not None
    return int(result.inserted_primary_key[0])


def _done(connection: sa.Connection, number: int, now: datetime) -> str | None:
    where = sa.and_(actions.c.id == number, actions.c.done_at.is_(None))
    client: str | None = connection.execute(sa.select(actions.c.client).where(where)).scalar()
    if client is not None:
        connection.execute(sa.update(actions).where(where).values(done_at=now))
    return client
