"""What the ledger knows of a client's consents, and of what left this site; a client's own rows.

Data path: cli_client -> [ledger_consents] -> handover_give

Consents and disclosures are never changed: what is withdrawn is one row more.
"""

from datetime import datetime

import msgspec
import sqlalchemy as sa

from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot.handover import Consent, Disclosure
from sipbot.ledger_queries import CallEntry
from sipbot.memo import Memo


def note_consent(connection: sa.Connection, consent: Consent, at: datetime) -> None:
    """Store a consent, or that it is withdrawn."""
    row = {**msgspec.structs.asdict(consent), "scope": " ".join(consent.scope), "at": at}
    connection.execute(sa.insert(schema.consents).values(**row))


def note_disclosure(connection: sa.Connection, disclosure: Disclosure, at: datetime) -> None:
    """Store a disclosure."""
    row = {**msgspec.structs.asdict(disclosure), "at": at}
    connection.execute(sa.insert(schema.disclosures).values(**row))


def consent_of(connection: sa.Connection, client: str) -> tuple[int, Consent] | None:
    """Return the number and the text of the consent in force; None: never given, or withdrawn."""
    row = connection.execute(
        sa.select(schema.consents)
        .where(schema.consents.c.client == client)
        .order_by(schema.consents.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.kind != "given":
        return None
    values = {name: getattr(row, name) for name in Consent.__struct_fields__}
    values["scope"] = row.scope.split()
    return row.id, msgspec.convert(values, Consent)


def disclosed(connection: sa.Connection, client: str | None) -> list[tuple[datetime, Disclosure]]:
    """Return what left this site, the latest first."""
    rows = schema.disclosures.c
    query = sa.select(schema.disclosures).order_by(rows.id.desc())
    if client is not None:
        query = query.where(rows.client == client)
    names = Disclosure.__struct_fields__
    return [
        (row["at"], msgspec.convert({name: row[name] for name in names}, Disclosure))
        for row in connection.execute(query).mappings()
    ]


def calls_of(connection: sa.Connection, client: str) -> list[CallEntry]:
    """Return the ended calls of a client, oldest first."""
    rows = schema.calls.c
    query = (
        sa.select(schema.calls.c.call)
        .where(rows.client == client, rows.state.is_not(None))
        .order_by(rows.received_at, rows.call)
    )
    found = (queries.call(connection, one) for one in connection.execute(query).scalars().all())
    return [one for one in found if one is not None]


def memos_of(connection: sa.Connection, client: str) -> list[Memo]:
    """Return the memos of a client, oldest first.

    Raises:
        LedgerError: one of them is not one that this release can read.
    """
    rows = schema.memos.c
    ids = connection.execute(sa.select(rows.id).where(rows.client == client).order_by(rows.id))
    found = (queries.memo_of(connection, one) for one in ids.scalars().all())
    return [one for one in found if one is not None]
