"""Keep which notice of recording a caller has heard, from when to when, and whether to its end.

Until now nothing was written into the table, so a row that is there was heard to its end, as its
two columns said.  A migration is history and never edited: names and values are written out, not
imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add five columns, and allow calls without a notice."""
    with op.batch_alter_table("call_notices") as table:
        table.alter_column("prompt", existing_type=sa.String, nullable=True)
        table.alter_column("ended_at", existing_type=sa.String(32), nullable=True)
        table.add_column(sa.Column("sha256", sa.String(64)))
        table.add_column(sa.Column("text", sa.String, nullable=False, server_default=""))
        table.add_column(sa.Column("began_at", sa.String(32)))
        table.add_column(sa.Column("length_s", sa.Float))
        table.add_column(sa.Column("whole", sa.Boolean, nullable=False, server_default="0"))
    op.execute(sa.text("UPDATE call_notices SET whole = 1"))
