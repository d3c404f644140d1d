"""Remember what was agreed on with clients, and how operators' memos were judged.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables."""
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("text", sa.String, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("due", sa.String(10), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("done_at", sa.String(32)),
    )
    op.create_index("actions_of_client", "actions", ["client", "id"])
    op.create_table(
        "reviews",
        sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id"), primary_key=True),
        sa.Column("reviewer", sa.String(63), primary_key=True),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("operator", sa.String(63), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("points", sa.Text, nullable=False),
    )
    op.create_index("reviews_of_client", "reviews", ["client", "at"])
