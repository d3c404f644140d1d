"""Remember which operator has read which form of a client's file.

It comes after 0018, which was there first.  A migration is history and never edited: names and
values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table."""
    op.create_table(
        "acknowledgements",
        sa.Column("client", sa.String(63), primary_key=True),
        sa.Column("operator", sa.String(63), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("at", sa.String(32), nullable=False),
    )
