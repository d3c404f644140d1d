"""The archive in PostgreSQL, and its tables; the only importer of psycopg.

Data path: archive_target -> [archive_store] -> PostgreSQL -> reports, sipbot memos list

Every method is one transaction.  psycopg is an extra (``sipbot[archive]``): a site without an
archive needs none.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sipbot.archive import (
    LISTED,
    ArchivedCall,
    ArchivedMemo,
    ArchivedTerms,
    Batch,
    Fleet,
    Held,
    OpenMemo,
    SiteMemo,
    Wanted,
)
from sipbot.errors import ArchiveError, ArchiveRefusedError
from sipbot.memo_answers import SURVEYS

if TYPE_CHECKING:
    import psycopg

SQL = Path(__file__).parent / "archive_sql"
"""One file for each release of the tables, in order of their numbers."""

RELEASE = 1
"""The newest of them; a test compares it with the folder."""

CONNECT_S = 5
"""How long a server may take to let us in; one in the same building takes milliseconds."""

STATEMENT_S = 30
"""How long it may take for anything else.  Larger than any statement of a delivery by far; a report
of a year over a million calls takes seconds."""

SILENT_S = 15
"""After how long without an answer a peer that vanished is given up (TCP_USER_TIMEOUT)."""

_LOCK = 0x73697062
"""Of pg_advisory_xact_lock, so that two sites do not make the tables at the same time: "sipb"."""

_FIGURES = ("stage", "status", "urgency", "result", "asked")
"""Of a memo, what figures and reports take as it is; never what the caller said to the machine."""

_NOTED = ("text", "escalated")
"""Of an entry of a memo's history, what they do without: an operator's note may say it again."""

_INIT_REMEDY = "Make them, as a role that owns the database: sipbot archive init"


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where the archive is, and who we are there."""

    url: str
    """As libpq reads it, without password."""
    password: str
    """Empty: libpq's own ways, such as ~/.pgpass."""
    site: str
    """Ours; of the rows that we write."""


class ArchiveStore:
    """One connection; open it with `ArchiveStore.open`, close it with `close`.

    Every method raises ArchiveError when the server is away or refuses.
    """

    def __init__(self, connection: "psycopg.AsyncConnection[Any]", server: Server) -> None:
        self._connection = connection
        self._server = server

    @classmethod
    async def open(cls, server: Server, *, any_release: bool = False) -> "ArchiveStore":
        """Connect.

        Args:
            server: where.
            any_release: also to tables of another release, or none.

        Raises:
            ArchiveError: the server cannot be reached, or its tables are not of this release.
        """
        library = _psycopg()
        with _explained(server):
            connection = await library.AsyncConnection.connect(
                server.url,
                # An empty one would keep libpq from looking into ~/.pgpass.
                **({"password": server.password} if server.password else {}),
                autocommit=True,
                application_name=f"sipbot {server.site}",
                connect_timeout=CONNECT_S,
                tcp_user_timeout=1000 * SILENT_S,
                options=f"-c timezone=UTC -c statement_timeout={1000 * STATEMENT_S}",
            )
        store = cls(connection, server)
        try:
            if not any_release:
                await store._check_release()
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """End the connection."""
        await self._connection.close()

    # -- tables --------------------------------------------------------------------------------

    async def release(self) -> int:
        """Return the release of the tables; 0 without any."""
        async with self._transaction() as cursor:
            return await _release(cursor)

    async def init(self) -> list[int]:
        """Bring the tables up to date; return the releases that were added."""
        added = []
        async with self._transaction() as cursor:
            await cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            found = await _release(cursor)
            for number in range(found + 1, RELEASE + 1):
                if number == 1:
                    await cursor.execute("CREATE SCHEMA IF NOT EXISTS sipbot")
                    await cursor.execute(
                        "CREATE TABLE sipbot.releases (release integer PRIMARY KEY, "
                        "at timestamptz NOT NULL DEFAULT now())"
                    )
                file = SQL / f"{number:04}.sql"
                text = await asyncio.to_thread(file.read_text, encoding="utf-8")
                await cursor.execute(text.encode())
                await cursor.execute("INSERT INTO sipbot.releases VALUES (%s)", [number])
                added.append(number)
        return added

    async def _check_release(self) -> None:
        found = await self.release()
        if found == RELEASE:
            return
        has = f"has tables of release {found}" if found else "has no tables of sipbot"
        remedy = "Upgrade sipbot at this site" if found > RELEASE else _INIT_REMEDY
        raise ArchiveError(
            f"{self._server.url}: {has}, this sipbot needs release {RELEASE}. {remedy}"
        )

    # -- writing -------------------------------------------------------------------------------

    async def put(self, batch: Batch) -> None:
        """Store rows of our site; an older revision never replaces a newer one.

        Raises:
            ArchiveRefusedError: the server is there and does not take this content.
        """
        site = self._server.site
        async with self._transaction() as cursor:
            for statement, rows in (
                (_UPSERT_CALL, batch.calls),
                (_UPSERT_MEMO, batch.memos),
                (_UPSERT_TERMS, batch.terms),
            ):
                if rows:
                    values = [{"site": site, **msgspec.structs.asdict(one)} for one in rows]
                    await cursor.executemany(statement, values)
            if batch.gone_calls:
                gone = (site, list(batch.gone_calls))
                await cursor.execute(
                    "DELETE FROM sipbot.memos WHERE site=%s AND call=ANY(%s)", gone
                )
                await cursor.execute(
                    "DELETE FROM sipbot.calls WHERE site=%s AND call=ANY(%s)", gone
                )

    # -- reading -------------------------------------------------------------------------------

    async def held(self) -> list[Held]:
        """Return how much there is of each site."""
        async with self._transaction() as cursor:
            await cursor.execute(_HELD)
            return [Held(site=row[0], calls=row[1], memos=row[2]) async for row in cursor]

    async def fleet(self, wanted: Wanted) -> Fleet:
        """Return the calls of all sites, each once, and what people did with their memos."""
        values = {**msgspec.structs.asdict(wanted), "clients": list(wanted.clients)}
        async with self._transaction() as cursor:
            # One picture of the whole: a memo must not come without its call.
            await cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return Fleet(
                calls=await _read(cursor, _CALLS, values, ArchivedCall),
                memos=await _read(cursor, _MEMOS, values, ArchivedMemo),
                terms=await _read(cursor, _TERMS, values, ArchivedTerms),
            )

    async def memos(
        self, limit: int, client: str | None, status: str | None, *, not_done: bool
    ) -> list[SiteMemo]:
        """Return the latest memos of all sites, newest first."""
        values = {"limit": limit, "client": client, "status": status, "not_done": not_done}
        async with self._transaction() as cursor:
            return list(await _read(cursor, _LATEST, values, SiteMemo))

    async def memo(self, part: str) -> list[SiteMemo]:
        """Return the memos whose id is this, or begins or ends so; three at most."""
        async with self._transaction() as cursor:
            return list(await _read(cursor, _OF_ID, {"part": part}, SiteMemo))

    async def open_elsewhere(self, clients: Sequence[str] | None, limit: int) -> list[OpenMemo]:
        """Return what other sites have to do for these clients, oldest first; None: for all."""
        whose = None if clients is None else list(clients)
        values = {"site": self._server.site, "clients": whose, "limit": limit}
        async with self._transaction() as cursor:
            return list(await _read(cursor, _ELSEWHERE, values, OpenMemo))

    async def memo_elsewhere(self, site: str, memo: str) -> SiteMemo | None:
        """Return another site's memo; None when there is none, or the site is ours."""
        values = {"ours": self._server.site, "site": site, "memo": memo}
        async with self._transaction() as cursor:
            found = await _read(cursor, _OF_SITE, values, SiteMemo)
            return found[0] if found else None

    # -- machinery -----------------------------------------------------------------------------

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator["psycopg.AsyncCursor[Any]"]:
        with _explained(self._server):
            try:
                async with self._connection.transaction(), self._connection.cursor() as cursor:
                    yield cursor
            except TimeoutError as error:
                raise ArchiveError(f"{self._server.url}: no answer in time") from error


def _psycopg() -> Any:  # noqa: ANN401 - a module
    try:
        return import_module("psycopg")
    except ImportError as error:
        raise ArchiveError(
            f"the archive needs psycopg, which does not load: {error}. Install it: "
            ".venv/bin/pip install -e '.[archive]'"
        ) from error


@contextmanager
def _explained(server: Server) -> Iterator[None]:
    """Turn what the server or the network refuses into a sentence with a remedy."""
    library = _psycopg()
    try:
        yield
    except library.DataError as error:
        # Not its words: they quote the value, and that may be what a caller said.
        raise ArchiveRefusedError(
            f"{server.url}: does not take this content ({type(error).__name__})"
        ) from None
    except library.errors.InsufficientPrivilege as error:
        raise ArchiveError(
            f"{server.url}: {_first_line(error)}. Give this role what docs/operations.md lists"
        ) from error
    except library.errors.UndefinedTable as error:
        raise ArchiveError(f"{server.url}: {_first_line(error)}. {_INIT_REMEDY}") from error
    except library.Error as error:
        raise ArchiveError(
            f"{server.url}: {_first_line(error)}. Is the server up, and archive.url right?"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0] or type(error).__name__


async def _release(cursor: "psycopg.AsyncCursor[Any]") -> int:
    await cursor.execute("SELECT to_regclass('sipbot.releases') IS NOT NULL")
    row = await cursor.fetchone()
    if not (row and row[0]):
        return 0
    await cursor.execute("SELECT coalesce(max(release), 0) FROM sipbot.releases")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _read(
    cursor: "psycopg.AsyncCursor[Any]", query: bytes, values: dict[str, Any], kind: type[Any]
) -> tuple[Any, ...]:
    await cursor.execute(query, values)
    names = [column.name for column in cursor.description or ()]
    rows: Sequence[Sequence[Any]] = await cursor.fetchall()
    return tuple(kind(**dict(zip(names, row, strict=True))) for row in rows)


def _upsert(table: str, key: Sequence[str], names: Sequence[str]) -> bytes:
    """Return the statement that replaces a row by one that is not older."""
    all_names = ("site", *names)
    columns = ", ".join(all_names)
    marks = ", ".join(
        f"%({name})s::jsonb" if name in ("payload", "body") else f"%({name})s" for name in all_names
    )
    others = [name for name in names if name not in key]
    sets = ", ".join(f"{name} = excluded.{name}" for name in others)
    newer = "WHERE kept.rev <= excluded.rev" if "rev" in names else ""
    at = ", archived_at = now()" if "rev" in names else ""
    return (
        f"INSERT INTO sipbot.{table} AS kept ({columns}) VALUES ({marks}) "  # noqa: S608 - ours
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sets}{at} {newer}"
    ).encode()


_UPSERT_CALL = _upsert("calls", ("site", "call"), ArchivedCall.__struct_fields__)
_UPSERT_MEMO = _upsert("memos", ("site", "id"), ArchivedMemo.__struct_fields__)
_UPSERT_TERMS = _upsert("terms", ("site", "client", "since"), ArchivedTerms.__struct_fields__)

_HELD = b"""
SELECT site, sum(calls)::bigint, sum(memos)::bigint FROM (
    SELECT site, count(*) AS calls, 0 AS memos FROM sipbot.calls GROUP BY site
    UNION ALL
    SELECT site, 0, count(*) FROM sipbot.memos GROUP BY site
) AS each GROUP BY site ORDER BY site"""

_WANTED = """calls.taken_here AND calls.client = ANY(%(clients)s)
    AND calls.received_at >= %(since)s AND calls.received_at < %(until)s"""

_CALLS = f"""
SELECT DISTINCT ON (calls.call) {", ".join(f"calls.{n}" for n in ArchivedCall.__struct_fields__)}
FROM sipbot.calls WHERE {_WANTED} ORDER BY calls.call, calls.rev DESC, calls.site""".encode()  # noqa: S608


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_PART = f"""
    SELECT key, value FROM jsonb_each(memos.payload) WHERE key IN ({_quoted(_FIGURES)})
    UNION ALL
    SELECT 'answers', jsonb_object_agg(key, value) FROM jsonb_each(
        jsonb_path_query_first(memos.payload, '$.answers ? (@.type() == "object")'))
    WHERE key IN ({_quoted(SURVEYS)}) HAVING count(*) > 0
    UNION ALL
    SELECT 'history', jsonb_agg(entry - ARRAY[{_quoted(_NOTED)}] ORDER BY place)
    FROM jsonb_path_query(memos.payload, '$.history[*] ? (@.type() == "object")')
        WITH ORDINALITY AS each (entry, place)
    HAVING count(*) > 0"""  # noqa: S608 - names are ours

_MEMOS = f"""
SELECT DISTINCT ON (memos.id) memos.id, memos.rev, memos.call, memos.client, memos.status,
    memos.stage, memos.category, memos.updated_at,
    (SELECT jsonb_object_agg(key, value) FROM ({_PART}) AS part)::text AS payload
FROM sipbot.memos JOIN sipbot.calls ON calls.site = memos.site AND calls.call = memos.call
WHERE {_WANTED} ORDER BY memos.id, memos.rev DESC, memos.site""".encode()  # noqa: S608

_TERMS = b"""
SELECT DISTINCT ON (client, since) client, since, dialplan, body::text AS body
FROM sipbot.terms WHERE client = ANY(%(clients)s) ORDER BY client, since, site"""

_LATEST = b"""
SELECT site, payload::text AS payload FROM sipbot.memos
WHERE (%(client)s::text IS NULL OR client = %(client)s)
    AND (%(status)s::text IS NULL OR status = %(status)s)
    AND NOT (%(not_done)s AND status = 'done')
ORDER BY id DESC, site LIMIT %(limit)s"""

_OF_ID = b"""
SELECT site, payload::text AS payload FROM sipbot.memos
WHERE id = %(part)s OR starts_with(id, %(part)s) OR right(id, length(%(part)s)) = %(part)s
ORDER BY id <> %(part)s, id, site LIMIT 3"""

_ELSEWHERE = f"""
SELECT site, id, rev, client, status, coalesce((
    SELECT jsonb_object_agg(key, value) FROM jsonb_each(memos.payload)
    WHERE key IN ({_quoted(LISTED)})), '{{}}')::text AS body
FROM sipbot.memos
WHERE site <> %(site)s AND status <> 'done'
    AND (%(clients)s::text[] IS NULL OR client = ANY(%(clients)s))
ORDER BY id, site LIMIT %(limit)s""".encode()  # noqa: S608 - names are ours

_OF_SITE = b"""
SELECT site, payload::text AS payload FROM sipbot.memos
WHERE site = %(site)s AND id = %(memo)s AND site <> %(ours)s"""
