"""What the ledger holds of people, read by ``sipbot privacy``: what is due, what is theirs.

Data path: ledger -> [ledger_privacy] -> cli_privacy, disclosure

Read in short statements, for a running sipbot cannot commit while one of them runs.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot.handover import Disclosure
from sipbot.ledger_call_notices import counted
from sipbot.ledger_calls_back import CallBackEntry, entries
from sipbot.ledger_console import Audited, audited
from sipbot.ledger_erasures import Tombstone, clients, due_page, tombstones, waits_for
from sipbot.ledger_number import found_page
from sipbot.ledger_queries import CallEntry
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.memo import Memo
from sipbot.retention import Rules, Wanted

AUDIT_MAX = 10_000
"""Rows about one memo: who listened to it, and who acted on it."""


class Disclosed(Disclosure, frozen=True, kw_only=True):
    """What left this site, and when."""

    at: datetime


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the ledger has of one call."""

    call: CallEntry
    memo: Memo | None
    calls_back: list[CallBackEntry]
    who_looked: list[Audited]


class PrivacyLedger(ReadOnlyLedger):
    """The view of `sipbot privacy`; synchronous and short-lived."""

    def due(
        self, rules: Rules, client: str | None, now: datetime
    ) -> Iterator[tuple[str | None, Wanted]]:
        """Yield what has been kept long enough, with its client.

        Args:
            rules: how long.
            client: only this one's; None for all.
            now: UTC-aware.
        """
        for one in [client] if client is not None else clients(self._connection):
            after, more = "", True
            while more:
                keep = rules.of_client(one)
                page, after = due_page(self._connection, one, keep, now, after)
                yield from ((one, wanted) for wanted in page)
                more = bool(after)

    def of_number(self, client: str, number: str, region: str) -> Iterator[Wanted]:
        """Yield what there is about a number; see `ledger_number.found_page`."""
        after, more = "", True
        while more:
            page, after = found_page(self._connection, client, number, region, after)
            yield from page
            more = bool(after)

    def waits_for(self, wanted: Wanted) -> str:
        """Return why a call has to stay as it is for now; empty when it has not."""
        return waits_for(self._connection, wanted)

    def all_of(self, call: str) -> Held | None:
        """Return everything that there is of one call; None when it is not known."""
        entry = queries.call(self._connection, call)
        if entry is None:
            return None
        of_call = sa.select(schema.memos.c.id).where(schema.memos.c.call == call)
        memo = self._connection.execute(of_call).scalar()
        return Held(
            call=entry,
            memo=queries.memo_of(self._connection, memo) if memo else None,
            calls_back=entries(self._connection, memo) if memo else [],
            who_looked=audited(self._connection, AUDIT_MAX, memo=memo) if memo else [],
        )

    def tombstones(self, client: str | None, limit: int) -> list[Tombstone]:
        """Return what is gone, the latest first."""
        return tombstones(self._connection, client, limit)

    def disclosures(self, client: str | None, limit: int) -> list[Disclosed]:
        """Return what was handed over, the latest first."""
        rows = schema.disclosures.c
        names = (rows[name] for name in Disclosed.__struct_fields__)
        query = sa.select(*names).order_by(rows.id.desc()).limit(limit)
        if client is not None:
            query = query.where(rows.client == client)
        return [Disclosed(**row) for row in self._connection.execute(query).mappings()]

    def notices(self, client: str, since: datetime, until: datetime) -> dict[tuple[str, str], int]:
        """Return how many answered calls heard which notice; see `ledger_call_notices.counted`."""
        return counted(self._connection, client, since, until)

    def looked(self, client: str | None, actions: Sequence[str], limit: int) -> list[Audited]:
        """Return who listened to what, and took what along, the latest first.

        Args:
            client: only this one's, and what was about all clients at once; None for all.
            actions: of `sipbot.audit.Action`.
            limit: at most so many.
        """
        return audited(self._connection, limit, client=client, actions=actions)
