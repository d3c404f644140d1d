"""Keep every call back that an operator asked sipbot to place, and how it ended.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the calls back; of a memo one at most is going on."""
    op.create_table(
        "calls_back",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id"), nullable=False),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("extension", sa.String, nullable=False),
        sa.Column("number", sa.String, nullable=False),
        sa.Column("shown", sa.String, nullable=False),
        sa.Column("asked_at", sa.String(32), nullable=False),
        sa.Column("connected_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("ended", sa.String),
        sa.Column("outcome", sa.String),
        sa.CheckConstraint("(ended IS NULL) = (ended_at IS NULL)", name="call_back_ended"),
    )
    op.create_index(
        "calls_back_going",
        "calls_back",
        ["memo"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
    )
