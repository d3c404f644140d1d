"""Keep what was erased of which call, and which notice its caller has heard.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "erasures",
        sa.Column("call", sa.String(63), sa.ForeignKey("calls.call"), primary_key=True),
        sa.Column("kind", sa.String(63), primary_key=True),
        sa.Column("client", sa.String(63)),
        sa.Column("memo", sa.String(63)),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("reason", sa.String, nullable=False),
    )
    op.create_table(
        "call_notices",
        sa.Column("call", sa.String(63), sa.ForeignKey("calls.call"), primary_key=True),
        sa.Column("prompt", sa.String, nullable=False),
        sa.Column("ended_at", sa.String(32), nullable=False),
    )
