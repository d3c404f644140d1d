"""Remember consents, disclosures, and clients that came from another site.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three tables."""
    op.create_table(
        "consents",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("by", sa.String, nullable=False),
        sa.Column("on", sa.String(10), nullable=False),
        sa.Column("scope", sa.String, nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("sha256", sa.String(64)),
    )
    op.create_index("consents_of_client", "consents", ["client", "id"])
    op.create_table(
        "disclosures",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(63), nullable=False),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("by", sa.String(63), nullable=False),
        sa.Column("recipient", sa.String, nullable=False),
        sa.Column("basis", sa.String, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
    )
    op.create_index("disclosures_of_client", "disclosures", ["client", "id"])
    op.create_table(
        "handovers",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("site", sa.String(63), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(63), nullable=False),
        sa.Column("contents", sa.Text, nullable=False),
    )
