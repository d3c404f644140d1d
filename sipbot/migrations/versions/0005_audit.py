"""Remember who did what in the web console.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the audit log."""
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("action", sa.String(63), nullable=False),
        sa.Column("account", sa.String(63), nullable=False),
        sa.Column("address", sa.String(63), nullable=False),
        sa.Column("client", sa.String(63)),
        sa.Column("memo", sa.String(63)),
        sa.Column("detail", sa.String, nullable=False),
    )
    op.create_index("audit_of_memo", "audit", ["memo", "id"], sqlite_where=sa.text("memo IS NOT NULL"))
