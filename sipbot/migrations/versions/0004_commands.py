"""Obey operators' commands once, answer each once, and know when the next claim ends.

An answer is a delivery without a memo, so the deliveries are built anew: SQLite cannot take NOT NULL
from a column.  A migration is history and never edited: names and values are written out, not
imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEPT = (
    "id, memo, rev, client, seq, target, payload, event, due_at, attempts, last_error,"
    " delivered_at, refusals, dead_at, superseded_by"
)


def upgrade() -> None:
    """Add the commands, a claim's end, and deliveries that are answers."""
    op.create_table(
        "commands",
        sa.Column("client", sa.String(63), primary_key=True),
        sa.Column("req", sa.String(63), primary_key=True),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("verb", sa.String(63), nullable=False),
        sa.Column("by", sa.String(63)),
        sa.Column("memo", sa.String(63)),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("code", sa.String),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.add_column("memos", sa.Column("held_until", sa.String(32)))
    op.create_index(
        "memos_held",
        "memos",
        ["held_until"],
        sqlite_where=sa.text("held_until IS NOT NULL"),
    )
    op.rename_table("deliveries", "deliveries_0003")
    op.drop_index("deliveries_waiting")
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id")),
        sa.Column("rev", sa.Integer),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("seq", sa.Integer),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.String),
        sa.Column("delivered_at", sa.String(32)),
        sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
        sa.Column("dead_at", sa.String(32)),
        sa.Column("superseded_by", sa.Integer),
        sa.Column("req", sa.String(63)),
        sa.UniqueConstraint("target", "client", "seq", name="deliveries_in_order"),
        sa.UniqueConstraint("target", "memo", "rev", name="deliveries_once"),
        sa.CheckConstraint("(memo IS NULL) = (req IS NOT NULL)", name="revision_or_answer"),
    )
    op.execute(f"INSERT INTO deliveries ({_KEPT}) SELECT {_KEPT} FROM deliveries_0003")
    op.drop_table("deliveries_0003")
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["target", "client", "id"],
        sqlite_where=sa.text("delivered_at IS NULL"),
    )
    op.create_index(
        "deliveries_of_answers",
        "deliveries",
        ["client", "req"],
        sqlite_where=sa.text("req IS NOT NULL"),
    )
