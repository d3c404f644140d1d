"""The ledger's part in deleting what callers left: what is due, and the tombstones.

Data path: retention -> [ledger_erasures] -> erase

What of a call goes, the memo's revision that says so, and the tombstones are one transaction.  The
rows of calls and memos themselves stay, without anybody in them: every INVITE has its end state.
The work of each method runs in the ledger's thread.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot import ledger_vacuum
from sipbot import ledger_writes as writes
from sipbot.errors import LedgerError
from sipbot.keep_form import KeepForm
from sipbot.ledger_privacy_schema import erasures
from sipbot.ledger_thread import Run
from sipbot.ledger_withdrawn import tell_nobody
from sipbot.memo import Status
from sipbot.memo_erased import WHAT, erased
from sipbot.records import CallOffer, Party
from sipbot.retention import BY_HAND, MENTIONS, Facts, Kind, Wanted, due, oldest_kept

AT_ONCE = 200
"""Calls looked at in one statement: their rows are small, 200 take some 2 ms."""

DISCLOSE = "disclose"
"""The kind of a disclosure to whoever called."""


class Tombstone(msgspec.Struct, frozen=True, kw_only=True):
    """What of a call is gone."""

    at: datetime
    call: str
    kind: Kind
    client: str | None
    memo: str | None
    rule: str
    by: str
    reason: str


class Erasures:
    """The ledger's part; `Ledger.erasures` is one.

    Every method raises LedgerError when SQLite refuses; nothing of it is then stored.

    Args:
        run: how work gets into the ledger's thread.
        targets: each is told every revision of a memo.
        announce: called in the event loop after a delivery was stored.
        alone: how work gets there that begins no transaction.
    """

    def __init__(
        self,
        run: Run,
        targets: Sequence[str],
        announce: Callable[[], None],
        alone: Callable[[Callable[[], None]], Awaitable[None]],
    ) -> None:
        self._run = run
        self._alone = alone
        self._targets = targets
        self._announce = announce

    async def leave_no_rest(self, path: Path, most_bytes: int | None = None) -> bool:
        """Write the file anew if something was erased since it was; return whether it was due.

        Of 300 swept calls one caller's number was still in a page of an index (measured, SQLite
        3.40.1, ``python -m tests.aged 300``).  In the ledger's thread, so that a call that comes
        meanwhile waits for its row instead of being refused it.

        Args:
            path: of the ledger.
            most_bytes: a larger file is not written anew; None for any.

        Raises:
            LedgerError: it is too large, or there is no room; what was erased is gone for every
                reader all the same, and this stays due.
        """
        if not await ledger_vacuum.is_due(self._run):
            return False
        size = (await asyncio.to_thread(path.stat)).st_size
        if most_bytes is not None and size > most_bytes:
            raise LedgerError(
                f"{path}: has {size >> 20} MB, too many to be written anew while calls are taken; "
                "copies of what was erased may be in its gaps. Stop sipbot, run sipbot privacy "
                "sweep, start it again"
            )
        await self._alone(partial(ledger_vacuum.vacuum, path))
        return True

    async def clients(self) -> list[str | None]:
        """Return whose calls there are; None: those of numbers that nobody claimed."""
        return await self._run(clients)

    async def due(
        self, client: str | None, keep: KeepForm, now: datetime, after: str
    ) -> tuple[list[Wanted], str]:
        """Return what has to go of a page of a client's calls; see `due_page`."""
        return await self._run(lambda c: due_page(c, client, keep, now, after))

    async def ready(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Return what of this can go now: nobody is on the line, nor has anything to do with it."""
        return await self._run(lambda c: [one for one in wanted if not waits_for(c, one)])

    async def still_there(self, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Return what of this has no tombstone yet, call by call."""

        def work(connection: sa.Connection) -> list[Wanted]:
            left = list[Wanted]()
            for one in wanted:
                gone = gone_of(connection, [one.call]).get(one.call, frozenset())
                kinds = tuple(kind for kind in one.kinds if kind not in gone)
                left += [msgspec.structs.replace(one, kinds=kinds)] if kinds else []
            return left

        return await self._run(work)

    async def store(
        self,
        wanted: Sequence[Wanted],
        now: datetime,
        by: str,
        reason: str,
        *,
        force: bool = False,
    ) -> list[Wanted]:
        """Store that this is gone; return what of it is.

        A memo that somebody has opened since, or is being called back for, keeps its words; that
        its recording is gone is stored all the same, or nobody would know why it cannot be heard.

        Args:
            wanted: what went; its files are no more.
            now: UTC-aware.
            by: who asked for it; `sipbot.memo_history.SYSTEM` for a rule.
            reason: for people; neither a number nor a word of a caller's.
            force: whatever it waits for: this is a copy, and its ledger has it as gone already.
        """

        def work(connection: sa.Connection) -> list[Wanted]:
            if wanted:
                ledger_vacuum.note_rest(connection)
            waits = {one.call for one in wanted if not force and waits_for(connection, one)}
            for one in wanted:
                _store(connection, one, now, by, reason, self._targets, waits=one.call in waits)
            return [one for one in wanted if one.call not in waits]

        stored: list[Wanted] = await self._run(work)
        self._announce()
        return stored

    async def note_disclosure(
        self,
        now: datetime,
        client: str,
        by: str,
        recipient: str,
        basis: str,
        what: str,
        sha256: str,
    ) -> None:
        """Store that something about a caller is handed over.

        Args:
            now: UTC-aware.
            client: whose caller.
            by: who does it.
            recipient: to whom.
            basis: by which right.
            what: how much; neither a number nor a word of a caller's.
            sha256: of the file.
        """
        row = {"client": client, "by": by, "recipient": recipient, "basis": basis}
        row |= {"what": what, "sha256": sha256, "kind": DISCLOSE}
        await self._run(lambda c: c.execute(sa.insert(schema.disclosures).values(at=now, **row)))


def clients(connection: sa.Connection) -> list[str | None]:
    """Return whose calls there are; None: those of numbers that nobody claimed."""
    query = sa.select(schema.calls.c.client).distinct().order_by(schema.calls.c.client)
    return list(connection.execute(query).scalars())


def due_page(
    connection: sa.Connection, client: str | None, keep: KeepForm, now: datetime, after: str
) -> tuple[list[Wanted], str]:
    """Return what has to go of the next calls of a client, and after which call to go on.

    Args:
        connection: the ledger.
        client: whose; None: nobody's.
        keep: its rules.
        now: UTC-aware.
        after: a call; empty for the first page.

    Returns:
        The place is empty when this was the last page.
    """
    before = oldest_kept(keep, now)
    if before is None:
        return [], ""
    calls = schema.calls.c
    query = _calls(client).where(calls.ended_at <= before, calls.call > after)
    rows = connection.execute(query.order_by(calls.call).limit(AT_ONCE)).all()
    gone = gone_of(connection, [row.call for row in rows])
    found = [wanted for row in rows if (wanted := due(_facts(row, gone), keep, now))]
    return found, rows[-1].call if len(rows) == AT_ONCE else ""


def gone_of(connection: sa.Connection, calls: Sequence[str]) -> dict[str, frozenset[Kind]]:
    """Return which parts of these calls are gone, and not there again.

    What operators note on a memo after its words were deleted are words, too: they are due as the
    first ones were.
    """
    query = sa.select(erasures.c.call, erasures.c.kind).where(erasures.c.call.in_(calls))
    found: dict[str, frozenset[Kind]] = {}
    for row in connection.execute(query):
        found[row.call] = found.get(row.call, frozenset()) | {Kind(row.kind)}
    for call in _noted_since(connection, [one for one in found if Kind.TEXT in found[one]]):
        found[call] -= {Kind.TEXT}
    return found


def _noted_since(connection: sa.Connection, calls: Sequence[str]) -> list[str]:
    """Return of which of these calls, all without words, the memo's history has words."""
    entry = sa.func.json_each(schema.memos.c.body, "$.history").table_valued("value")
    noted = sa.func.json_extract(entry.c.value, "$.text")
    what = sa.func.json_extract(entry.c.value, "$.what")
    query = (
        sa.select(schema.memos.c.call)
        .where(schema.memos.c.call.in_(calls))
        .where(sa.exists().where(noted.is_not(None), what != WHAT))
    )
    return list(connection.execute(query).scalars()) if calls else []


def tombstones(connection: sa.Connection, client: str | None, limit: int) -> list[Tombstone]:
    """Return what is gone, the latest first.

    Args:
        connection: the ledger.
        client: only this one's; None for all.
        limit: at most so many.
    """
    query = sa.select(erasures).order_by(erasures.c.at.desc(), erasures.c.call).limit(limit)
    if client is not None:
        query = query.where(erasures.c.client == client)
    rows = connection.execute(query).mappings()
    return [Tombstone(**{**row, "kind": Kind(row["kind"])}) for row in rows]


def waits_for(connection: sa.Connection, wanted: Wanted) -> str:
    """Return why a call has to stay as it is for now; empty when it has not."""
    state = sa.select(schema.calls.c.state).where(schema.calls.c.call == wanted.call)
    if connection.execute(state).scalar() is None:
        return "the call goes on, or is not known"
    of_call = sa.select(schema.memos.c.id, schema.memos.c.status)
    memo = connection.execute(of_call.where(schema.memos.c.call == wanted.call)).one_or_none()
    if memo is None:
        return ""
    if memo.status != Status.DONE.value:
        if wanted.rule != BY_HAND:
            return "the memo is open"
        if wanted.why == MENTIONS:
            return "another caller's memo is open, who waits for a call: close it first"
    back = schema.calls_back.c
    going = sa.select(back.id).where(back.memo == memo.id, back.ended_at.is_(None))
    return "the caller is being called back" if connection.execute(going).first() else ""


def _calls(client: str | None) -> sa.Select[tuple[str, str | None, datetime, str, str]]:
    calls, memos = schema.calls.c, schema.memos.c
    whose = calls.client.is_(None) if client is None else calls.client == client
    return (
        sa.select(calls.call, calls.client, calls.ended_at, memos.id.label("memo"), memos.status)
        .outerjoin(schema.memos, memos.call == calls.call)
        .where(whose, calls.state.is_not(None))
    )


def _facts(
    row: sa.Row[tuple[str, str | None, datetime, str, str]], gone: dict[str, frozenset[Kind]]
) -> Facts:
    return Facts(
        call=row.call,
        client=row.client,
        ended_at=row.ended_at,
        memo=row.memo,
        to_do=row.memo is not None and row.status != Status.DONE.value,
        gone=gone.get(row.call, frozenset()),
    )


# The ledger's thread, like the rest.
def _store(
    connection: sa.Connection,
    wanted: Wanted,
    now: datetime,
    by: str,
    reason: str,
    targets: Sequence[str],
    *,
    waits: bool,
) -> None:
    """Store what of a call is gone: all that was wanted, or its files where the rest waits."""
    if waits:  # it was opened again since, and its files are gone by now
        wanted = msgspec.structs.replace(wanted, kinds=_of_files(wanted.kinds))
    call = schema.calls.c.call
    client = connection.execute(
        sa.select(schema.calls.c.client).where(call == wanted.call)
    ).scalar()
    of_call = sa.select(schema.memos.c.id).where(schema.memos.c.call == wanted.call)
    identifier = connection.execute(of_call).scalar()
    memo = None if identifier is None else queries.memo_of(connection, identifier)
    if memo is not None:
        less = erased(memo, wanted.kinds, now, wanted.rule, close=not waits)
        writes.store(connection, memo, less, now, targets)
        if not waits:
            tell_nobody(connection, memo, now)
    if Kind.CALLS in wanted.kinds:
        _forget_caller(connection, wanted.call, identifier)
    row = {
        "call": wanted.call,
        "client": client,
        "memo": identifier,
        "at": now,
        "rule": wanted.rule,
        "by": by,
        "reason": reason,
    }
    rows = [{**row, "kind": kind.value} for kind in wanted.kinds]
    new = insert(erasures)
    # What is gone for the second time is told as it went last; the memo's history has both.
    latest = {name: new.excluded[name] for name in ("at", "rule", "by", "reason")}
    if rows:
        connection.execute(new.on_conflict_do_update(set_=latest), rows)


def _of_files(kinds: Sequence[Kind]) -> tuple[Kind, ...]:
    """Return what of this is gone once its files are (`sipbot.erase`)."""
    files = (Kind.AUDIO, Kind.MASKED)
    return tuple(kind for kind in files if kind in kinds or Kind.CALLS in kinds)


def _forget_caller(connection: sa.Connection, call: str, memo: str | None) -> None:
    found = queries.call(connection, call)
    if found is None:
        return
    nobody = CallOffer(
        call=call,
        received_at=found.offer.received_at,
        source="",
        sip_call_id="",
        request_uri="",
        to=Party(),
        from_=Party(),
        anonymous=found.offer.anonymous,
    )
    values = {"offer": msgspec.json.encode(nobody).decode(), "caller": None, "source": ""}
    table = schema.calls
    connection.execute(sa.update(table).where(table.c.call == call).values(values))
    if memo is not None:
        back = schema.calls_back
        connection.execute(sa.update(back).where(back.c.memo == memo).values(number=""))
