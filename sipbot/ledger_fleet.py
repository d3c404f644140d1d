"""The calls of all sites as one ledger in memory, so that every report is made of them as of ours.

Data path: archive_store -> [ledger_fleet] -> kpi, report

The figures' queries are written for SQLite and tried against a second reckoning; a second set of
them for PostgreSQL could only differ.  A report's rows are few (1 KB for a call, nothing of what
callers said), and are in memory only.  What was agreed and judged is this site's own: it is not in
the archive.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from sipbot import ledger_review
from sipbot import ledger_schema as schema
from sipbot.archive import ArchivedCall, Fleet, Wanted
from sipbot.kpi import AGAIN_WITHIN
from sipbot.ledger_day import Span
from sipbot.ledger_kpi_schema import terms
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.records import CallOffer, Party
from sipbot.report.pack import Action, Reviewed

_PLACE = Path("the archive")
"""What errors call this ledger."""

_BEFORE = timedelta(days=32)
"""A quota is counted from the month's first, and months have 31 days in any zone at most."""

_AFTER = AGAIN_WITHIN + timedelta(days=1)
"""Who calls again is looked for so long after a call has ended, and calls last for hours."""


def wanted_for(clients: Sequence[str], spans: Sequence[Span]) -> Wanted:
    """Return which calls figures of these stretches of time need."""
    since, until = min(one.since for one in spans), max(one.until for one in spans)
    return Wanted(clients=tuple(clients), since=since - _BEFORE, until=until + _AFTER)


class FleetLedger(ReadOnlyLedger):
    """All sites' calls; open it with `FleetLedger.of`."""

    def __init__(self, connection: sa.Connection, own: ReadOnlyLedger) -> None:
        super().__init__(_PLACE, connection)
        self._own = own

    @classmethod
    @contextmanager
    def of(cls, fleet: Fleet, own: ReadOnlyLedger) -> Iterator["FleetLedger"]:
        """Fill a ledger in memory.

        Args:
            fleet: what the archive has.
            own: this site's, for what was agreed and judged here.

        Raises:
            LedgerError: a row is not one that this release knows.
        """
        engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool, hide_parameters=True)
        try:
            with schema.refusals(_PLACE), engine.connect() as connection:
                schema.metadata.create_all(connection)
                _fill(connection, fleet)
                yield cls(connection, own)
        finally:
            engine.dispose()

    def actions(
        self, client: str | None, since: datetime, until: datetime = ledger_review.EVER
    ) -> list[Action]:
        """Return what was agreed on at this site."""
        return self._own.actions(client, since, until)

    def reviewed(self, client: str | None, span: Span) -> list[Reviewed]:
        """Return how memos were judged at this site."""
        return self._own.reviewed(client, span)


def _fill(connection: sa.Connection, fleet: Fleet) -> None:
    rows: list[tuple[sa.Table, list[dict[str, Any]]]] = [
        (schema.calls, [_call(one) for one in fleet.calls]),
        (
            schema.memos,
            [{**_row(one, "payload"), "body": one.payload} for one in fleet.memos],
        ),
        (terms, [_row(one) for one in fleet.terms]),
    ]
    for table, values in rows:
        if values:
            connection.execute(sa.insert(table), values)


def _call(one: ArchivedCall) -> dict[str, Any]:
    # What a trunk has said is not archived.
    offer = CallOffer(
        call=one.call,
        received_at=one.received_at,
        source="",
        sip_call_id="",
        request_uri="",
        to=Party(),
        from_=Party(),
    )
    said = msgspec.json.encode(offer).decode()
    return {**_row(one, "rev", "taken_here"), "source": "", "offer": said}


def _row(one: msgspec.Struct, *without: str) -> dict[str, Any]:
    values = msgspec.structs.asdict(one)
    return {name: value for name, value in values.items() if name not in without}
