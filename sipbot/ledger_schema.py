"""The ledger's tables, and how its one connection is opened.

SQLite with a rollback journal and ``synchronous=EXTRA``: a committed row survives a power cut, and
other processes may read while sipbot runs (docs/decisions/0005-rollback-journal.md has the
figures).
The tables here must equal what the migrations build; a test compares them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sipbot.errors import LedgerError
from sipbot.records import EndedBy, EndState

HEAD = "0021"
"""The newest migration; a test compares it with the migrations folder."""

BUSY_MS = 5_000
"""How long a statement waits for another process: a reader holds its lock for milliseconds, so 5 s
means that something is wrong and should be said."""


class UtcTime(sa.types.TypeDecorator[datetime]):
    """A UTC-aware time as fixed-width ISO 8601 text, which sorts as the times do."""

    impl = sa.String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | None:  # noqa: ARG002
        """Refuse a time without zone: it would be wrong by hours one day."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise LedgerError(f"time {value} has no zone: use datetime.now(UTC)")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """Return a UTC-aware time."""
        return None if value is None else datetime.fromisoformat(value)


def _one_of(column: str, values: type[EndState] | type[EndedBy]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


STATE_KNOWN = _one_of("state", EndState)
ENDED_BY_KNOWN = _one_of("ended_by", EndedBy)

metadata = sa.MetaData()

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("call", sa.String(63), primary_key=True),
    sa.Column("received_at", UtcTime, nullable=False),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("offer", sa.Text, nullable=False),
    sa.Column("client", sa.String(63)),
    sa.Column("rule", sa.String, nullable=False),
    sa.Column("number", sa.String),
    sa.Column("caller", sa.String),
    sa.Column("answered_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_by", sa.String),
    sa.Column("sip_code", sa.Integer),
    sa.Column("state", sa.String),
    sa.CheckConstraint(STATE_KNOWN, name="state_known"),
    sa.CheckConstraint(ENDED_BY_KNOWN, name="ended_by_known"),
    sa.CheckConstraint("(state IS NULL) = (ended_at IS NULL)", name="ended_with_state"),
    sa.Index("calls_unfinished", "state", "received_at"),
    sa.Index("calls_by_caller", "client", "caller", "received_at"),
    sa.Index("calls_of_month", "client", "received_at", "state"),
)

memos = sa.Table(
    "memos",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("call", sa.String(63), sa.ForeignKey("calls.call"), nullable=False, unique=True),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("rev", sa.Integer, nullable=False),
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("category", sa.String(63)),
    sa.Column("held_until", UtcTime),
    sa.Column("noticed_at", UtcTime),
    sa.Index("memos_unnoticed", "client", sqlite_where=sa.text("noticed_at IS NULL")),
    sa.Index("memos_held", "held_until", sqlite_where=sa.text("held_until IS NOT NULL")),
    sa.Index("memos_by_status", "status", "client"),
    sa.Index("memos_closed", "status", "id", "client", "category"),
    sa.Index("memos_by_stage", "stage"),
    sa.Index(
        "memos_with_category",
        "call",
        "category",
        sqlite_where=sa.text("category IS NOT NULL"),
    ),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id")),
    sa.Column("rev", sa.Integer),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("seq", sa.Integer),
    sa.Column("target", sa.String, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("last_error", sa.String),
    sa.Column("delivered_at", UtcTime),
    sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
    sa.Column("dead_at", UtcTime),
    sa.Column("superseded_by", sa.Integer),
    sa.Column("req", sa.String(63)),
    sa.UniqueConstraint("target", "client", "seq", name="deliveries_in_order"),
    sa.UniqueConstraint("target", "memo", "rev", name="deliveries_once"),
    sa.CheckConstraint("(memo IS NULL) = (req IS NOT NULL)", name="revision_or_answer"),
    sa.Index(
        "deliveries_waiting",
        "target",
        "client",
        "id",
        sqlite_where=sa.text("delivered_at IS NULL"),
    ),
    sa.Index("deliveries_of_memos", "memo", "rev", sqlite_where=sa.text("memo IS NOT NULL")),
    sa.Index("deliveries_of_answers", "client", "req", sqlite_where=sa.text("req IS NOT NULL")),
)
"""Each is a revision of a memo, or the answer to a command, which has no memo, rev and seq."""

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("client", sa.String(63), primary_key=True),
    sa.Column("req", sa.String(63), primary_key=True),
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("verb", sa.String(63), nullable=False),
    sa.Column("by", sa.String(63)),
    sa.Column("memo", sa.String(63)),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("code", sa.String),
    sa.Column("at", UtcTime, nullable=False),
)

calls_back = sa.Table(
    "calls_back",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id"), nullable=False),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("extension", sa.String, nullable=False),
    sa.Column("number", sa.String, nullable=False),
    sa.Column("shown", sa.String, nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("connected_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended", sa.String),
    sa.Column("outcome", sa.String),
    sa.CheckConstraint("(ended IS NULL) = (ended_at IS NULL)", name="call_back_ended"),
    sa.Index("calls_back_of_memos", "memo"),
    sa.Index(
        "calls_back_going",
        "memo",
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
    ),
)
"""Calls that sipbot placed for an operator; no INVITEs received, so no call of `calls`.

``extension`` is the operator's telephone, ``number`` the one called back, ``shown`` the client's
(empty: none), ``ended`` one of `sipbot.call_back.End`.
"""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("action", sa.String(63), nullable=False),
    sa.Column("account", sa.String(63), nullable=False),
    sa.Column("address", sa.String(63), nullable=False),
    sa.Column("client", sa.String(63)),
    sa.Column("memo", sa.String(63)),
    sa.Column("detail", sa.String, nullable=False),
    sa.Index("audit_of_memo", "memo", "id", sqlite_where=sa.text("memo IS NOT NULL")),
)
"""What was done in the web console, by whom: `sipbot.audit.AuditEntry`."""

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("memo", sa.String(63), sa.ForeignKey("memos.id"), primary_key=True),
    sa.Column("channel", sa.String(63), primary_key=True),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("kept_at", UtcTime, nullable=False),
    sa.Index("notices_of_client", "client", "channel", "kept_at"),
)
"""Memos of which a client's channel is still to be told; those that were told are deliveries."""

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(63), nullable=False),
    sa.Column("by", sa.String, nullable=False),
    sa.Column("on", sa.String(10), nullable=False),
    sa.Column("scope", sa.String, nullable=False),
    sa.Column("recipient", sa.String, nullable=False),
    sa.Column("document", sa.String, nullable=False),
    sa.Column("sha256", sa.String(64)),
    sa.Index("consents_of_client", "client", "id"),
)
"""What clients allow: `sipbot.handover.Consent`; never changed, the latest row counts."""

disclosures = sa.Table(
    "disclosures",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(63), nullable=False),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("by", sa.String(63), nullable=False),
    sa.Column("recipient", sa.String, nullable=False),
    sa.Column("basis", sa.String, nullable=False),
    sa.Column("what", sa.String, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Index("disclosures_of_client", "client", "id"),
)
"""What left this site on somebody's wish (``kind``: disclose, export, ...), to whom, and by which
right; ``sha256`` is of the file that was handed over."""

handovers = sa.Table(
    "handovers",
    metadata,
    sa.Column("id", sa.String(63), primary_key=True),
    sa.Column("client", sa.String(63), nullable=False),
    sa.Column("site", sa.String(63), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("state", sa.String(63), nullable=False),
    sa.Column("contents", sa.Text, nullable=False),
)
"""Clients that came from another site, each with what came: `sipbot.handover.Taken`."""

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.Integer, nullable=False),
)
"""``seq:<client>`` is the last number given to an event of that client's feed; ``quota:<client>``
is there while an alert about that client's quota is up, ``notify`` since there are targets of
notifications."""


# hide_parameters, below: what callers said is in the statements' values, and errors end in logs.
def writer(path: Path) -> sa.Engine:
    """Return the engine of the one process that writes; every transaction takes the write lock."""
    engine = sa.create_engine(
        f"sqlite:///{path}", poolclass=sa.pool.StaticPool, hide_parameters=True
    )

    # Both listeners run in the ledger's thread, which is the only one to use this engine.
    def on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - sqlite3.Connection
        connection.isolation_level = None  # sqlite3 would else begin transactions by its own rules
        for pragma in (
            f"busy_timeout={BUSY_MS}",
            "journal_mode=DELETE",
            "synchronous=EXTRA",
            "foreign_keys=ON",
            # What is deleted is overwritten: else it stays in the file until its page is needed.
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine


def reader(path: Path) -> sa.Engine:
    """Return an engine that can only read, for other processes.

    The file is opened for writing all the same: who comes between a commit's last two steps, or
    after a crash, finds a journal that SQLite must be able to roll back (its ticket 3883; with
    ``mode=ro`` a check beside a writer ended in "attempt to write a readonly database").
    """
    engine = sa.create_engine(
        f"sqlite:///file:{path}?mode=rw&uri=true",
        poolclass=sa.pool.StaticPool,
        hide_parameters=True,
    )

    # Runs in the thread of whoever opened the reader.
    def on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - sqlite3.Connection
        # What CHECK forbids is looked for by `sipbot.ledger_invariants`, which names row and rule.
        checked = "ignore_check_constraints=ON"
        for pragma in (f"busy_timeout={BUSY_MS}", "query_only=ON", checked):
            connection.execute(f"PRAGMA {pragma}")

    sa.event.listen(engine, "connect", on_connect)
    return engine


def migrate(connection: sa.Connection, path: Path) -> None:
    """Bring the tables up to date, in one transaction with the record of having done so.

    Raises:
        LedgerError: the file was written by a newer sipbot, or is not a ledger.
    """
    if _release(connection) == HEAD:
        return
    # A start after a crash must be quick, and this is 0.15 s that only an upgrade needs.
    from alembic import command, config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    settings = config.Config()
    settings.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError as error:
        raise LedgerError(
            f"{path}: cannot be brought up to release {HEAD} of the tables: {error}. It was "
            "written by a newer sipbot: install that release again, or set var to another folder"
        ) from error


@contextmanager
def reading(path: Path) -> Iterator[sa.Connection]:
    """Open the ledger for reading while the block runs.

    Raises:
        LedgerError: it is of another release, or SQLite refuses.
    """
    engine = reader(path)
    try:
        with refusals(path), engine.connect() as connection:
            check_release(connection, path)
            yield connection
    finally:
        engine.dispose()


def check_release(connection: sa.Connection, path: Path) -> None:
    """Make sure that this release can read the tables.

    Raises:
        LedgerError: the tables are of another release.
    """
    found = _release(connection)
    if found != HEAD:
        raise LedgerError(
            f"{path}: holds tables of release {found}, this sipbot reads release {HEAD}: "
            "use the sipbot that runs the calls"
        )


def _release(connection: sa.Connection) -> str | None:
    """Return the release of the tables; None before the first."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    release: str | None = connection.execute(
        sa.text("SELECT version_num FROM alembic_version")
    ).scalar()
    return release


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn what SQLite refuses into a sentence with a remedy."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        # `orig` has SQLite's own words; the statement's values may be what a caller said.
        reason = getattr(error, "orig", None) or type(error).__name__
        raise LedgerError(
            f"{path}: the ledger refused: {reason}. Check that the folder is writable and has "
            "space; sipbot ledger check tells whether the file is sound"
        ) from error
