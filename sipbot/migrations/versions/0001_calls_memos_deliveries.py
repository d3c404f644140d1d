"""Create the calls, their memos, the deliveries and the counters.

A migration is history and never edited: names and values are written out, not imported.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_STATES = (
    "state IN ('memo', 'no_message', 'abandoned_ringing', 'abandoned_greeting', 'transferred', "
    "'refused_unmapped', 'refused_blocked', 'refused_capacity', 'refused_source', 'failed_media', "
    "'failed_internal')"
)


def upgrade() -> None:
    """Create everything."""
    op.create_table(
        "calls",
        sa.Column("call", sa.String(63), primary_key=True),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("offer", sa.Text, nullable=False),
        sa.Column("client", sa.String(63)),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("number", sa.String),
        sa.Column("caller", sa.String),
        sa.Column("answered_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("ended_by", sa.String),
        sa.Column("sip_code", sa.Integer),
        sa.Column("state", sa.String),
        sa.CheckConstraint(_STATES, name="state_known"),
        sa.CheckConstraint("ended_by IN ('caller', 'sipbot', 'crash')", name="ended_by_known"),
        sa.CheckConstraint("(state IS NULL) = (ended_at IS NULL)", name="ended_with_state"),
    )
    op.create_index("calls_unfinished", "calls", ["state", "received_at"])
    op.create_index("calls_by_caller", "calls", ["client", "caller", "received_at"])
    op.create_table(
        "memos",
        sa.Column("id", sa.String(63), primary_key=True),
        sa.Column("call", sa.String(63), sa.ForeignKey("calls.call"), nullable=False, unique=True),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("updated_at", sa.String(32), nullable=False),
    )
    op.create_index("memos_by_status", "memos", ["status", "client"])
    op.create_index("memos_by_stage", "memos", ["stage"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id"), nullable=False),
        sa.Column("rev", sa.Integer, nullable=False),
        sa.Column("client", sa.String(63), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("due_at", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_error", sa.String),
        sa.Column("delivered_at", sa.String(32)),
        sa.UniqueConstraint("target", "client", "seq", name="deliveries_in_order"),
        sa.UniqueConstraint("target", "memo", "rev", name="deliveries_once"),
    )
    op.create_index(
        "deliveries_waiting",
        "deliveries",
        ["target", "client", "seq"],
        sqlite_where=sa.text("delivered_at IS NULL"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.Integer, nullable=False),
    )
