"""A ledger of any released version of the tables can be opened, and no row of it is lost.

``tests/data/ledger-<release>.sql`` holds each release as its own sipbot wrote it.
"""

import contextlib
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from sipbot import ledger_invariants, ledger_schema
from sipbot.ledger import Ledger
from sipbot.memo import Status
from sipbot.records import EndState
from tests.memo_samples import AT

DATA = Path(__file__).parent / "data"
DUMPS = sorted(DATA.glob("ledger-*.sql"))
LATER = AT + timedelta(days=9999)

MIGRATIONS = ScriptDirectory(str(Path(ledger_schema.__file__).parent / "migrations"))
OLDER = sorted(script.revision for script in MIGRATIONS.walk_revisions() if script.nextrev)


def restore(dump: Path, folder: Path) -> Path:
    path = folder / "sipbot.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.executescript(dump.read_text(encoding="utf-8"))
    return path


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return every row of every table; the release is no row."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        names = [
            row["name"]
            for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if row["name"] != "alembic_version"
        ]
        return {
            name: [dict(row) for row in database.execute(f"SELECT * FROM {name} ORDER BY 1")]
            for name in names
        }


def test_every_older_release_of_the_tables_has_its_dump() -> None:
    """Whoever adds a migration adds a dump of the release before it."""
    assert [f"ledger-{release}.sql" for release in OLDER] == [dump.name for dump in DUMPS]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
async def test_upgrade_keeps_every_row_as_it_was(dump: Path, tmp_path: Path) -> None:
    path = restore(dump, tmp_path)
    before = rows(path)

    async with Ledger.open(path):
        pass

    after = rows(path)
    assert {name: len(found) for name, found in before.items()} == {
        name: len(after[name]) for name in before
    }
    assert before == {
        name: [{key: new[key] for key in old} for old, new in zip(found, after[name], strict=True)]
        for name, found in before.items()
    }


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
async def test_upgraded_ledger_is_sound(dump: Path, tmp_path: Path) -> None:
    path = restore(dump, tmp_path)
    async with Ledger.open(path):
        pass

    assert () == ledger_invariants.examine(path, spool=None).problems


async def test_upgraded_ledger_goes_on_where_0001_stopped(tmp_path: Path) -> None:
    """What was due is due, in the same order; a deferred delivery has not been refused."""
    path = restore(DATA / "ledger-0001.sql", tmp_path)

    async with Ledger.open(path) as ledger:
        due = await ledger.due_deliveries(LATER, 10)
        unfinished = await ledger.unfinished_calls()
        counts = (await ledger.counts(LATER, LATER)).calls
        closed = await ledger.memos(10, status=Status.DONE)

    assert [("sakura", 1, 1, 0), ("yamato", 2, 0, 0), ("yamato", 3, 0, 0), ("yamato", 4, 0, 0)] == [
        (d.client, d.seq, d.attempts, d.refusals) for d in due
    ]
    assert 1 == len(unfinished)
    assert (3, 1) == (counts[EndState.MEMO], counts[EndState.REFUSED_UNMAPPED])
    assert 1 == len(closed)


async def test_upgrade_that_fails_leaves_the_old_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tables and their release change in one transaction or not at all."""
    path = restore(DATA / "ledger-0001.sql", tmp_path)
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS.dir, folder)
    broken = folder / "versions" / "9999_broken.py"
    broken.write_text(
        f'revision, down_revision = "9999", "{ledger_schema.HEAD}"\n'
        'def upgrade():\n    raise RuntimeError("power cut")\n',
        encoding="ascii",
    )
    before = rows(path)
    monkeypatch.setattr(ledger_schema, "__file__", str(tmp_path / "ledger_schema.py"))

    with pytest.raises(RuntimeError, match="power cut"):
        async with Ledger.open(path):
            pass

    assert before == rows(path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        assert ("0001",) == database.execute("SELECT version_num FROM alembic_version").fetchone()
