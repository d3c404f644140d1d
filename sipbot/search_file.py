"""The texts of all memos in a file beside the ledger, in which words are looked for.

Data path: ledger -> ledger_lists -> [search_file] -> console/finder

Everything in it can be made anew from the ledger, and is, when it is missing, damaged, of another
release, or of another ledger (`docs/decisions/0017-search.md`).  So nothing is lost with it, and no
commit of sipbot's waits for it.  It holds what callers said, and nobody but its owner may read it.

One process writes it, the web console; everything here belongs to one thread.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, UTC, datetime
from pathlib import Path

import msgspec
import structlog

from sipbot.errors import LedgerError
from sipbot.ledger_console import AT_ONCE, Revision
from sipbot.ledger_day import Clients
from sipbot.ledger_lists import BODIES_AT_ONCE, Body, MemoLists
from sipbot.search_words import Word, searched

FORM = 2
"""Of the file and of the folded texts in it; another one is made anew."""

BUSY_MS = 5_000
"""As for the ledger: a console that was killed may still be writing."""

_ALL = "~"
"""Greater than every id."""

_TEXTS = """CREATE TABLE texts (
    num INTEGER PRIMARY KEY,
    memo TEXT NOT NULL UNIQUE,
    client TEXT NOT NULL,
    at TEXT NOT NULL,
    text TEXT NOT NULL)"""
"""``num`` rises with the time of the call: what is found is read from the latest on, and common
words are found often enough after a few hundred texts."""

_PLACE = """CREATE TABLE place (
    region TEXT NOT NULL,
    floor TEXT NOT NULL,
    delivery INTEGER NOT NULL,
    memo TEXT NOT NULL,
    rev INTEGER NOT NULL)"""
"""One row: how far the file is."""

_PUT = """INSERT INTO texts (num, memo, client, at, text) VALUES (:num, :memo, :client, :at, :text)
    ON CONFLICT (memo) DO UPDATE SET at = excluded.at, text = excluded.text"""

_NUM = """SELECT num FROM texts WHERE memo = :before
    AND (:every OR client IN (SELECT value FROM json_each(:clients)))"""

_FIND = """SELECT memo FROM texts WHERE num < :num AND at >= :since AND at < :until
    AND (:every OR client IN (SELECT value FROM json_each(:clients)))"""

_BEYOND = 2**62
"""Greater than every ``num``."""

_NOT_DAMAGED = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_TOOBIG,
    }
)
"""What SQLite says of the machine or of the question; whatever else it says is about the file."""

_log = structlog.get_logger()


class RenewedError(LedgerError):
    """Raised when the file was damaged and is gone; the next question makes it anew."""


class When(msgspec.Struct, frozen=True, kw_only=True):
    """When the calls came; both UTC-aware, None: whenever."""

    since: datetime | None = None
    until: datetime | None = None
    """Does not belong to it."""


class FoundMemos(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    memos: list[str]
    """Ids, the latest first."""
    read_since: datetime | None
    """Memos of earlier calls are not in the file yet; None: all are."""


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    region: str
    floor: str
    """Older memos are not in the file yet; empty: all are."""
    delivery: int
    """The latest revision that is in it, by its number; which one that was, tells another ledger,
    such as an older copy that was put back, from this one."""
    memo: str
    rev: int


class SearchFile:
    """The file, open.

    Args:
        path: of the file; made when it is not there.
        lists: how the ledger is read, in the same thread.
        region: of the site.
    """

    def __init__(self, path: Path, lists: MemoLists, region: str) -> None:
        self._path = path
        self._lists = lists
        self._region = region
        self._file: sqlite3.Connection | None = None

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def take_up_new(self) -> bool:
        """Take up what has changed; tell whether there is more.

        A step reads the ledger in statements of milliseconds.

        Raises:
            LedgerError: ledger or file cannot be read or written.
        """
        with self._opened() as file:
            place = _place(file)
            told = self._lists.revisions(max(0, place.delivery - 1))
            if place.delivery and (not told or _mark(told[0]) != _mark(place)):
                _log.warning("the search is made anew: its file is of another ledger")
                self._drop()
                return True
            fresh = told[1:] if place.delivery else told
            if fresh:
                # What is older than the floor is still to come, as it is by then.
                memos = {one.memo for one in fresh if not place.floor or one.memo >= place.floor}
                changed = self._lists.bodies("*", sorted(memos))
                changed.sort(key=lambda body: body.id)
                self._put(file, changed, msgspec.structs.replace(place, **_end(fresh[-1])), 1)
        return len(told) == AT_ONCE

    def take_up_old(self) -> bool:
        """Take up the latest of the older memos that are not there yet; tell whether there is more.

        Raises:
            LedgerError: ledger or file cannot be read or written.
        """
        with self._opened() as file:
            place = _place(file)
            if not place.floor:
                return False
            older = self._lists.older(place.floor)
            more = len(older) == BODIES_AT_ONCE
            floor = older[-1].id if more else ""
            self._put(file, older, msgspec.structs.replace(place, floor=floor), -1)
        return more

    def find(
        self, clients: Clients, words: Sequence[Word], when: When, *, before: str, limit: int
    ) -> FoundMemos:
        """Return the memos that hold all words, those of the latest calls first.

        Args:
            clients: whose.
            words: which; none finds all.
            when: the calls came.
            before: the memo before which to go on; empty for the latest.
            limit: how many at most.

        Raises:
            LedgerError: the file cannot be read.
        """
        values: dict[str, str | int] = {
            "every": clients == "*",
            "clients": json.dumps(clients),
            "since": _text(when.since, ""),
            "until": _text(when.until, _ALL),
            "before": before,
            "num": _BEYOND,
            "limit": limit,
        }
        query = _FIND
        for at, word in enumerate(words):
            forms = {f"form_{at}_{index}": form for index, form in enumerate(word.forms)}
            query += f" AND ({' OR '.join(f'instr(text, :{name})' for name in forms)})"
            values |= forms
        with self._opened() as file:
            if before:
                # Of these clients too: whether others have this memo is nobody's business.
                (values["num"],) = file.execute(_NUM, values).fetchone() or (0 - _BEYOND,)
            found = file.execute(f"{query} ORDER BY num DESC LIMIT :limit", values)
            return FoundMemos(memos=[row[0] for row in found], read_since=_read_since(file))

    def _put(
        self, file: sqlite3.Connection, bodies: Sequence[Body], place: _Place, step: int
    ) -> None:
        """Store texts above all others (step 1) or below them (step -1)."""
        low, high = file.execute("SELECT min(num), max(num) FROM texts").fetchone()
        num = (high if step > 0 else low) or 0
        rows = [self._row(body, num + step * at) for at, body in enumerate(bodies, 1)]
        with file:
            file.executemany(_PUT, rows)
            _keep(file, place)

    def _row(self, body: Body, num: int) -> dict[str, str | int]:
        at, text = "", ""
        try:
            found = searched(body.body)
            if found is None:
                _log.error("a memo cannot be searched", memo=body.id, rev=body.rev)
            else:
                at, text = _text(found.call.started_at, ""), found.document(self._region)
        except Exception as error:  # noqa: BLE001 - callers wrote it, and the others are to be found
            problem = type(error).__name__
            _log.error("a memo cannot be searched", memo=body.id, rev=body.rev, problem=problem)
        return {"num": num, "memo": body.id, "client": body.client, "at": at, "text": text}

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Give the file."""
        try:
            if self._file is None:
                self._file = self._open()
            yield self._file
        except (sqlite3.Error, OSError) as error:
            if _is_damage(error):
                self._drop()
                problem = f"{self._path}: was damaged: {error}. It is made anew"
                raise RenewedError(problem) from error
            self.close()
            raise LedgerError(
                f"{self._path}: memos cannot be searched: {error}. Check that the folder is "
                "writable and has space; the file may be deleted, sipbot makes it anew"
            ) from error

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        file = sqlite3.connect(self._path, timeout=BUSY_MS / 1000)
        try:
            (form,) = file.execute("PRAGMA user_version").fetchone()
            if form == FORM and _place(file).region == self._region:
                file.execute("PRAGMA secure_delete = ON")
                return file
        except sqlite3.Error:
            file.close()
            raise
        file.close()
        self._path.unlink()
        os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        file = sqlite3.connect(self._path, timeout=BUSY_MS / 1000)
        file.execute("PRAGMA page_size = 8192")
        file.execute("PRAGMA secure_delete = ON")
        with file:
            file.execute(_TEXTS)
            file.execute(_PLACE)
            _keep(file, self._beginning())
            file.execute(f"PRAGMA user_version = {FORM}")
        return file

    def _beginning(self) -> _Place:
        """Return where to begin: with the latest memo, and with what changes from now on."""
        number = self._lists.newest()
        place = _Place(region=self._region, floor=_ALL, delivery=0, memo="", rev=0)
        last = self._lists.revisions(number - 1) if number else []
        return msgspec.structs.replace(place, **_end(last[0])) if last else place

    def _drop(self) -> None:
        self.close()
        self._path.unlink(missing_ok=True)


def _place(file: sqlite3.Connection) -> _Place:
    row = file.execute("SELECT region, floor, delivery, memo, rev FROM place").fetchone()
    try:
        return msgspec.convert(dict(zip(_Place.__struct_fields__, row, strict=True)), _Place)
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"how far it is cannot be read: {error}") from error


def _is_damage(error: sqlite3.Error | OSError) -> bool:
    """Tell whether the file is to be made anew: what is wrong is not the machine."""
    if isinstance(error, OSError):
        return False
    # Extended codes have the plain one in their last byte; what Python itself finds has none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF not in _NOT_DAMAGED


def _keep(file: sqlite3.Connection, place: _Place) -> None:
    file.execute("DELETE FROM place")
    file.execute("INSERT INTO place VALUES (?, ?, ?, ?, ?)", msgspec.structs.astuple(place))


def _read_since(file: sqlite3.Connection) -> datetime | None:
    if not _place(file).floor:
        return None
    row = file.execute("SELECT at FROM texts WHERE at > '' ORDER BY num LIMIT 1").fetchone()
    try:
        return datetime.now(UTC) if row is None else datetime.fromisoformat(row[0])
    except (TypeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"a time cannot be read: {error}") from error


def _mark(one: Revision | _Place) -> tuple[int, str, int]:
    return one.delivery, one.memo, one.rev


def _end(last: Revision) -> dict[str, str | int]:
    return {"delivery": last.delivery, "memo": last.memo, "rev": last.rev}


def _text(at: datetime | None, otherwise: str) -> str:
    """Return a time as texts sort."""
    if at is None:
        return otherwise
    try:
        return at.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:  # beyond the calendar, hence before or after every call
        return _ALL if at.year == MAXYEAR else ""
