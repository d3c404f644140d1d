"""The ledger's table of what was promised to clients, and since when.

It belongs to `sipbot.ledger_schema`, which has no room for more.
"""

import sqlalchemy as sa

from sipbot.ledger_schema import UtcTime, metadata

terms = sa.Table(
    "terms",
    metadata,
    sa.Column("client", sa.String(63), primary_key=True),
    sa.Column("since", UtcTime, primary_key=True),
    sa.Column("dialplan", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)
"""``body`` is a `sipbot.kpi.Terms` as JSON, ``dialplan`` the hash of the file that said so first.
A row counts until the client's next one; none is ever changed."""
