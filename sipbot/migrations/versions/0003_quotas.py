"""Count a client's calls of a month without reading all calls.

A memo's category is brought out of its body, because categories decide what counts.  A migration is
history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Give memos their category, and the count its two indexes."""
    op.add_column("memos", sa.Column("category", sa.String(63)))
    op.execute("UPDATE memos SET category = json_extract(body, '$.category')")
    op.create_index(
        "memos_with_category",
        "memos",
        ["call", "category"],
        sqlite_where=sa.text("category IS NOT NULL"),
    )
    op.create_index("calls_of_month", "calls", ["client", "received_at", "state"])
