"""The ledger's tables about reviews with clients: what was agreed on, how memos were judged.

They belong to `sipbot.ledger_schema`, which has no room for more.
"""

import sqlalchemy as sa

from sipbot.ledger_schema import UtcTime, metadata

actions = sa.Table(
    "actions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("who", sa.String, nullable=False),
    sa.Column("due", sa.String(10), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("done_at", UtcTime),
    sa.Index("actions_of_client", "client", "id"),
)
"""What was agreed on with a client; ``due`` is a day, ISO 8601, or empty."""

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id"), primary_key=True),
    sa.Column("reviewer", sa.String(63), primary_key=True),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("operator", sa.String(63), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("points", sa.Text, nullable=False),
    sa.Index("reviews_of_client", "client", "at"),
)
"""How a reviewer judged an operator's work on a memo: ``points`` is JSON, item to whether it was
done."""

acknowledgements = sa.Table(
    "acknowledgements",
    metadata,
    sa.Column("client", sa.String(63), primary_key=True),
    sa.Column("operator", sa.String(63), primary_key=True),
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
)
"""Which operator has read which form of a client's file: ``sha256`` is the file's."""
