"""Let a delivery die visibly instead of holding back its client for ever.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Count refusals apart from other failures; say when a delivery died or was superseded."""
    op.add_column(
        "deliveries", sa.Column("refusals", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("deliveries", sa.Column("dead_at", sa.String(32)))
    op.add_column("deliveries", sa.Column("superseded_by", sa.Integer))
