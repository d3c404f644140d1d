"""What must be true of every ledger, whatever has happened to sipbot: checked, not believed.

Beyond the soundness of the file (sipbot/ledger_check.py): each rule is one statement that returns
the rows which break it, so each sees one moment of a ledger that is being written.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import sqlalchemy as sa

from sipbot import ledger_schema as schema
from sipbot.ledger_check import integrity, reading, within
from sipbot.recordings import AUDIO, Recordings

RULES = {
    "a call's end is one that exists": f"""
        SELECT call, 'ended as ' || coalesce(state, 'nothing') || ' by '
               || coalesce(ended_by, 'nobody')
        FROM calls WHERE NOT {schema.STATE_KNOWN} OR NOT {schema.ENDED_BY_KNOWN}""",  # noqa: S608 - ours
    "an ended call has a state": """
        SELECT call, 'ended_at and state contradict each other' FROM calls
        WHERE (state IS NULL) <> (ended_at IS NULL)""",
    "a call that ended as memo has its memo": """
        SELECT calls.call, 'no memo' FROM calls LEFT JOIN memos ON memos.call = calls.call
        WHERE calls.state = 'memo' AND memos.id IS NULL""",
    "a memo belongs to a call that ended as memo": """
        SELECT memos.id, 'its call ended as ' || coalesce(calls.state, 'nothing yet')
        FROM memos LEFT JOIN calls ON calls.call = memos.call
        WHERE calls.state IS NOT 'memo'""",
    "a memo's columns say what its body says": """
        SELECT id, 'revision ' || rev || ' with another body' FROM memos
        WHERE json_extract(body, '$.id') IS NOT id OR json_extract(body, '$.rev') IS NOT rev
           OR json_extract(body, '$.client') IS NOT client
           OR json_extract(body, '$.call.id') IS NOT call
           OR json_extract(body, '$.stage') IS NOT stage
           OR json_extract(body, '$.status') IS NOT status
           OR (json_extract(body, '$.held_until') IS NULL) <> (held_until IS NULL)""",
    "a memo is held by somebody until some time, or by nobody": """
        SELECT id, status || ' by ' || coalesce(json_extract(body, '$.holder'), 'nobody')
        FROM memos
        WHERE (status = 'claimed') <> (held_until IS NOT NULL)
           OR (status = 'claimed') <> (json_extract(body, '$.holder') IS NOT NULL)""",
    "every command has its answer": """
        SELECT asked.client || ' ' || asked.req, coalesce(said.number, 0) || ' of ' || asked.number
        FROM (SELECT client, req, count(*) AS number FROM commands GROUP BY client, req) AS asked
        LEFT JOIN (
            SELECT client, req, count(*) AS number FROM deliveries WHERE req IS NOT NULL
            GROUP BY client, req
        ) AS said ON said.client = asked.client AND said.req = asked.req
        WHERE coalesce(said.number, 0) < asked.number""",
    "every revision of a memo has its delivery": """
        SELECT memos.id, 'revision ' || memos.rev || ' with ' || coalesce(sent.number, 0)
               || ' revisions to deliver'
        FROM memos LEFT JOIN (
            SELECT memo, count(DISTINCT rev) AS number, max(rev) AS newest
            FROM deliveries GROUP BY memo
        ) AS sent ON sent.memo = memos.id
        WHERE sent.number IS NOT memos.rev OR sent.newest IS NOT memos.rev""",
    "a client's feed has no gap": """
        SELECT sent.client, 'events up to ' || sent.newest || ', ' || sent.number || ' of them, '
               || coalesce(meta.value, 'none') || ' counted'
        FROM (
            SELECT client, count(DISTINCT seq) AS number, max(seq) AS newest
            FROM deliveries GROUP BY client
        ) AS sent LEFT JOIN meta ON meta.name = 'seq:' || sent.client
        WHERE sent.number <> sent.newest OR meta.value IS NOT sent.newest""",
    "a superseded delivery has a later one": """
        SELECT CAST(id AS TEXT), 'superseded by revision ' || superseded_by FROM deliveries
        WHERE superseded_by IS NOT NULL AND (superseded_by <= rev OR delivered_at IS NULL)""",
}
"""Rule → statement that returns (subject, what was found) for each breach.

The first two are constraints of the table too; but SQLite 3.40.1 does not look at those in a file
that is open for reading only (measured).
"""

FOREIGN_KEYS = "every row refers to one that exists"
_DANGLING = """
    SELECT "table", 'row ' || rowid || ' refers to no row of ' || parent
    FROM pragma_foreign_key_check"""
RECORDING = "a memo has its recording"
FILE = "the file is sound"


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One row, or the file, that is not as it must be."""

    rule: str
    subject: str
    """Id of the call, memo, delivery or client; the table for a reference; empty for the file."""
    found: str


class Soundness(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of the ledger has found."""

    problems: tuple[Breach, ...]
    unchecked: tuple[str, ...]
    """Rules that took longer than they were allowed to, or mean nothing in a damaged file."""
    calls: int | None = None
    """None, like the next two, in a damaged file."""
    memos: int | None = None
    deliveries: int | None = None

    @property
    def proved(self) -> bool:
        """Whether everything was looked at and nothing is wrong."""
        return not self.problems and not self.unchecked


def examine(path: Path, spool: Path | None, limit_s: float = math.inf) -> Soundness:
    """Check the file and every rule, reading only.

    Args:
        path: the ledger.
        spool: the folder of the recordings; None leaves them out, as for a backup.
        limit_s: longest time for each rule; a running sipbot cannot commit meanwhile.

    Raises:
        LedgerError: it cannot be opened or read at all, or is of another release.
    """
    with reading(path) as connection:
        damage, whole = integrity(connection, limit_s)
        if damage:
            problems = tuple(Breach(rule=FILE, subject="", found=words) for words in damage)
            return Soundness(problems=problems, unchecked=(FOREIGN_KEYS, *RULES))
        breaches, unchecked = _breaches(connection, limit_s)
        if spool is not None:
            breaches += _lost_recordings(connection, spool)
        calls, memos, deliveries = (
            connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608
            for table in ("calls", "memos", "deliveries")
        )
    return Soundness(
        problems=tuple(breaches),
        unchecked=tuple(unchecked if whole else [FILE, *unchecked]),
        calls=calls,
        memos=memos,
        deliveries=deliveries,
    )


def _breaches(connection: sa.Connection, limit_s: float) -> tuple[list[Breach], list[str]]:
    breaches: list[Breach] = []
    unchecked: list[str] = []
    for rule, statement in {FOREIGN_KEYS: _DANGLING, **RULES}.items():
        rows = within(connection, statement, limit_s)
        if rows is None:
            unchecked.append(rule)
        else:
            breaches += [Breach(rule=rule, subject=row[0], found=row[1]) for row in rows]
    return breaches, unchecked


def _lost_recordings(connection: sa.Connection, spool: Path) -> Iterator[Breach]:
    recordings = Recordings(spool)
    # Fetched whole before the disk is asked: a cursor that is open holds up the writer.
    kept = "SELECT id, call FROM memos WHERE call NOT IN (SELECT call FROM erasures)"
    for memo, call in connection.execute(sa.text(kept)).all():
        if not recordings.is_there(call):
            found = f"{recordings.folder(call) / AUDIO} is missing"
            yield Breach(rule=RECORDING, subject=memo, found=found)
