"""Keep what was promised to clients, and since when.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "terms",
        sa.Column("client", sa.String(63), primary_key=True),
        sa.Column("since", sa.String(32), primary_key=True),
        sa.Column("dialplan", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
