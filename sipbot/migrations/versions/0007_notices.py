"""Keep which memos people are still to be told of, and which were looked at.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the notices; nobody is told of a memo that is older than they."""
    op.add_column("memos", sa.Column("noticed_at", sa.String(32)))
    op.execute("UPDATE memos SET noticed_at = updated_at")
    op.create_index(
        "memos_unnoticed",
        "memos",
        ["client"],
        sqlite_where=sa.text("noticed_at IS NULL"),
    )
    op.create_table(
        "notices",
        sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id"), primary_key=True),
        sa.Column("channel", sa.String(63), primary_key=True),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("kept_at", sa.String(32), nullable=False),
        sa.Index("notices_of_client", "client", "channel", "kept_at"),
    )
