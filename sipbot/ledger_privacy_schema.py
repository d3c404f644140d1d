"""The ledger's tables about privacy: what was erased of which call, and what its caller was told.

They belong to `sipbot.ledger_schema`, which has no room for more.
"""

import sqlalchemy as sa

from sipbot.ledger_schema import UtcTime, metadata

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("call", sa.String(63), sa.ForeignKey("calls.call"), primary_key=True),
    sa.Column("kind", sa.String(63), primary_key=True),
    sa.Column("client", sa.String(63)),
    sa.Column("memo", sa.String(63)),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("rule", sa.String, nullable=False),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("reason", sa.String, nullable=False),
)
"""Tombstones: what of a call is gone (`sipbot.retention.Kind`), when, by which rule; never what it
was."""

call_notices = sa.Table(
    "call_notices",
    metadata,
    sa.Column("call", sa.String(63), sa.ForeignKey("calls.call"), primary_key=True),
    sa.Column("prompt", sa.String),
    sa.Column("ended_at", UtcTime),
    sa.Column("sha256", sa.String(64)),
    sa.Column("text", sa.String, nullable=False, server_default=""),
    sa.Column("began_at", UtcTime),
    sa.Column("length_s", sa.Float),
    sa.Column("whole", sa.Boolean, nullable=False, server_default="0"),
)
"""What callers were told of the recording: `sipbot.recording_notice.RecordingNotice`.  An answered
call without a row is one of which nobody knows, because a crash cut it off or it is older."""
