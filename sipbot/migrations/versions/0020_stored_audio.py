"""Keep which recordings the store beside this machine has, and which form of each.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; it is empty until a store is named."""
    op.create_table(
        "stored_audio",
        sa.Column("call", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
