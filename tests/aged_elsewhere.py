"""Where else than in ledger and spool a site has callers: encrypted recordings, archive, reports.

For `tests.aged`, which searches all of it for what callers said, before and after.
"""

import os
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from sipbot.age_file import Identity
from sipbot.archive import TARGET
from sipbot.archive_store import Server
from sipbot.archive_target import ArchiveTarget
from sipbot.audio_keys import AudioKeys
from sipbot.ledger import Ledger
from sipbot.ledger_deliveries import undelivered
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.outbox import Outbox
from sipbot.recordings import BOTH, SEALED, Recordings
from sipbot.report.made import made
from sipbot.report_order import Order, ReportAsk
from sipbot.spool import spool_of
from tests.postgres import Postgres

KEY = "AGED_KEY"
"""Variable of the environment; no setting of sipbot, which refuses those it does not know."""

PLAN = (
    'schema = 1\nclient = "yamato"\nsay_name = "Yamato"\nnumbers = ["+81312345678"]\n'
    'language = "ja"\n[answer]\ngreeting = "builtin:ja/greeting"\n'
    'thanks = "builtin:ja/thanks"\n[hours]\nopen = "24/7"\n'
)
PERIODS = (("weekly", "2026-W47"), ("monthly", "2026-11"))
"""In which the calls came."""


def seal(var: Path, most: int) -> tuple[Identity, list[bytes]]:
    """Encrypt the recordings of so many calls; return the key, and a run of each file's bytes."""
    identity = Identity.new()
    os.environ[KEY] = identity.text
    recordings, runs = Recordings(spool_of(var), AudioKeys(None, KEY)), list[bytes]()
    for call in recordings.calls()[:most]:
        for name in BOTH:
            recordings.seal(call, name)
            runs.append((recordings.folder(call) / f"{name}{SEALED}").read_bytes()[-80:-16])
    return identity, runs


def with_key(folder: Path, identity: Identity) -> list[str]:
    """Name every file below a folder that has the key."""
    forms = (identity.text.encode(), identity.text.lower().encode(), identity.secret)
    return [
        str(path.relative_to(folder))
        for path in sorted(one for one in folder.rglob("*") if one.is_file())
        if any(form in path.read_bytes() for form in forms)
    ]


async def archive(ledger: Ledger, server: Server, now: datetime) -> None:
    """Tell the archive everything that it has not been told yet."""
    await ledger.archive.follow(wanted=True)
    target = ArchiveTarget(server, ledger.archive, lambda *_: None)
    outbox = Outbox(ledger, {TARGET: target}, now=lambda: now)
    try:
        while await ledger._run(_waits):
            await outbox.run_once()
    finally:
        await target.close()


def _waits(connection: sa.Connection) -> bool:
    return any(one.target == TARGET for one in undelivered(connection, dead_only=False))


async def rows(server: Server) -> list[bytes]:
    """Return every row of the archive as text, whichever tables it has."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(server.url) as connection:
        tables = await connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'sipbot'"
        )
        found = list[bytes]()
        for (table,) in await tables.fetchall():
            each = await connection.execute(f'SELECT t::text FROM sipbot."{table}" AS t'.encode())
            found += [text.encode() for (text,) in await each.fetchall()]
    return found


async def on_disk(postgres: Postgres, server: Server, *, vacuum: bool) -> list[Path]:
    """Have PostgreSQL write its tables; return their files.  Its log of changes is none of them."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as connection:
        if vacuum:
            await connection.execute("VACUUM FULL")
        await connection.execute("CHECKPOINT")
    return [path for path in (postgres.data / "base").rglob("*") if path.is_file()]


def reports(var: Path, now: datetime, server: Server) -> list[bytes]:
    """Make every report, from the ledger and from the archive; blocks, for a thread."""
    folder = var / "dialplans"
    folder.mkdir(exist_ok=True)
    (folder / "yamato.toml").write_text(PLAN, encoding="utf-8")
    found = list[bytes]()
    with ReadOnlyLedger.open(var / "sipbot.sqlite3") as reader:
        for source in (None, server):
            for kind, period in PERIODS:
                order = Order(
                    ts=now,
                    kind=kind,  # type: ignore[arg-type]
                    period=period,
                    files=("html", "csv", "json"),
                    language="ja",
                    channel="",
                )
                ask = ReportAsk(
                    client="yamato",
                    order=order,
                    now=now,
                    dialplans=str(folder),
                    region="JP",
                    var=str(var),
                    archive=source,
                )
                found += [one.content for one in made(reader, ask)]
    return found
