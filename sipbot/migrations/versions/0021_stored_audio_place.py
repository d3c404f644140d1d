"""Keep in which store a recording is: what was erased has to be deleted in that one.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table anew; which store the rows spoke of is filled in by the next start."""
    # They name the table; every start of a site with a store makes them anew, and finds what was
    # erased until then.
    for name in ("erased", "erased_again", "call_gone"):
        op.execute(f"DROP TRIGGER IF EXISTS audio_store_{name}")
    op.rename_table("stored_audio", "stored_audio_before")
    op.create_table(
        "stored_audio",
        sa.Column("place", sa.String(512), primary_key=True),
        sa.Column("call", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(63), primary_key=True),
        sa.Column("tag", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_index("stored_audio_of_call", "stored_audio", ["call"])
    op.execute(
        "INSERT INTO stored_audio (place, call, name, tag, size_bytes, at) "
        "SELECT '', call, name, tag, size_bytes, at FROM stored_audio_before"
    )
    op.drop_table("stored_audio_before")
