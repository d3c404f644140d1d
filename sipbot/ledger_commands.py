"""What operators asked for: obeyed once, answered once, in one transaction with the memo's change.

Data path: bus -> command -> [ledger_commands] -> outbox -> bus

The work of each method runs in the ledger's thread, hence `decision` is pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog

from sipbot import ledger_calls_back as calls_back
from sipbot import ledger_deliveries as deliveries
from sipbot import ledger_queries as queries
from sipbot import ledger_schema as schema
from sipbot import ledger_writes as writes
from sipbot.call_decision import NOBODY, Phones, Wanted, wanted
from sipbot.command import Call, Refused, Request
from sipbot.decision import Answer, decide, failed, lease_over, refuse, reused, unreadable
from sipbot.errors import LedgerError
from sipbot.ledger_thread import Run

LEASES_AT_ONCE = 100
"""Claims ended in one transaction: after a night away there may be many, and a caller waits for
each transaction to end."""

_log = structlog.get_logger()


class Commands:
    """The ledger's part for operators; `Ledger.commands` is one.

    Every method raises LedgerError when SQLite refuses; nothing of it is then stored.

    Args:
        run: how work gets into the ledger's thread.
        targets: each is told every revision of a memo.
        announce: called in the event loop after a delivery was stored.
    """

    def __init__(self, run: Run, targets: Sequence[str], announce: Callable[[], None]) -> None:
        self.phones: Callable[[], Phones] = lambda: NOBODY
        """Returns, in the event loop, whom sipbot may be asked to call back, and where operators
        are."""
        self.on_call: Callable[[str], None] | None = None
        """Takes, in the event loop, the id of each call back that is to begin."""
        self._run = run
        self._targets = targets
        self._announce = announce

    async def obey(self, request: Request | Refused, now: datetime) -> Answer | None:
        """Decide on a command and store what becomes of it, with its answer.

        Args:
            request: from `command.read`.
            now: our clock, UTC-aware.

        Returns:
            None when the same command was answered before; nothing is changed then.
        """
        return (await self.obey_all([request], now))[0]

    async def obey_all(
        self, requests: Sequence[Request | Refused], now: datetime
    ) -> list[Answer | None]:
        """Obey commands one after the other in one transaction: all of them, or none.

        A transaction waits for the disk: 50 of them in one are obeyed 2.7 times as fast as each
        alone (1,060 and 395 a second, measured on 2 busy cores).

        Args:
            requests: in the order in which they came.
            now: our clock, UTC-aware.
        """
        begun: list[str] = []
        desk = _Desk(now=now, targets=self._targets, phones=self.phones(), begun=begun)
        answers = await self._run(lambda c: [_obey(c, one, desk) for one in requests])
        if any(answer is not None for answer in answers):
            self._announce()
        if self.on_call is not None:
            for call in begun:
                self.on_call(call)
        return answers

    async def give_up(self, request: Request | Refused, now: datetime) -> Answer | None:
        """Answer a command that cannot be obeyed by a fault of ours; nothing else is stored.

        Args:
            request: as for `obey`.
            now: our clock, UTC-aware.
        """
        answer = await self._run(lambda c: _answer(c, request, now, lambda: failed(request, now)))
        if answer is not None:
            self._announce()
        return answer

    async def end_leases(self, now: datetime) -> datetime | None:
        """End the claims whose time is over, some at a time; return when the next one ends.

        Args:
            now: our clock, UTC-aware.

        Returns:
            A time that is over when there are more to end; None when nobody holds a memo.
        """
        ended, following = await self._run(lambda c: _end_leases(c, now, self._targets))
        if ended:
            self._announce()
        return following

    async def sweep(self, before: datetime) -> int:
        """Forget the commands that were decided before some time, and their answers that are out.

        Returns:
            How many commands were forgotten.
        """
        return await self._run(lambda c: _sweep(c, before))


@dataclass(frozen=True, kw_only=True)
class _Desk:
    """With what commands of one transaction are obeyed."""

    now: datetime
    targets: Sequence[str]
    phones: Phones
    begun: list[str]
    """Takes the ids of calls back; they count once the transaction is stored."""


def _obey(connection: sa.Connection, request: Request | Refused, desk: _Desk) -> Answer | None:
    def decided() -> Answer:
        if isinstance(request, Refused):
            return refuse(request, desk.now)
        return _change(connection, request, desk)

    return _answer(connection, request, desk.now, decided)


def _answer(
    connection: sa.Connection,
    request: Request | Refused,
    now: datetime,
    decided: Callable[[], Answer],
) -> Answer | None:
    """Store a command with its answer; None when it has one."""
    command = request.command if isinstance(request, Request) else None
    req = request.req if isinstance(request, Refused) else request.command.req
    table = schema.commands
    query = sa.select(table.c.digest).where(table.c.client == request.client, table.c.req == req)
    known = set(connection.execute(query).scalars())
    if request.digest in known:
        return None
    answer = reused(request, now) if known else decided()
    row = {
        "client": request.client,
        "req": req,
        "digest": request.digest,
        "verb": request.verb,
        "by": command.by if command else None,
        "memo": command.memo if command else None,
        "status": answer.status,
        "code": answer.code,
        "at": now,
    }
    connection.execute(sa.insert(table).values(**row))
    deliveries.add_answer(connection, request.client, req, answer.encode(), now)
    return answer


def _change(connection: sa.Connection, request: Request, desk: _Desk) -> Answer:
    now = desk.now
    try:
        memo = queries.memo_of(connection, request.command.memo)
    except LedgerError:
        table = schema.memos
        query = sa.select(table.c.client).where(table.c.id == request.command.memo)
        if connection.execute(query).scalar() == request.client:
            # It would be so the next time, too; the alert about such a memo is up already.
            return unreadable(request, now)
        memo = None  # nobody learns by asking what other clients have
    over = None if memo is None else lease_over(memo, now)
    if over is not None:
        writes.store(connection, memo, over, now, desk.targets)
        memo = over
    verdict = decide(memo, request, now, desk.phones)
    if verdict.memo is not None:
        writes.store(connection, memo, verdict.memo, now, desk.targets)
        if memo is not None and isinstance(request.command, Call):
            found = wanted(memo, request.command, desk.phones, now)
            assert isinstance(found, Wanted)
            desk.begun.append(calls_back.add(connection, memo, request.command, found, now))
    return verdict.answer


def _end_leases(
    connection: sa.Connection, now: datetime, targets: Sequence[str]
) -> tuple[int, datetime | None]:
    held = schema.memos.c.held_until
    query = sa.select(schema.memos.c.id).where(held <= now).order_by(held).limit(LEASES_AT_ONCE)
    ended = 0
    for identifier in connection.execute(query).scalars().all():
        try:
            memo = queries.memo_of(connection, identifier)
        except LedgerError as error:
            _log.error("a claim cannot be ended", problem=str(error))
            _forget_claim(connection, identifier)
            continue
        over = None if memo is None else lease_over(memo, now)
        if over is not None:
            writes.store(connection, memo, over, now, targets)
            ended += 1
    following = connection.execute(sa.select(sa.func.min(held)).where(held.is_not(None))).scalar()
    return ended, following


def _forget_claim(connection: sa.Connection, memo: str) -> None:
    """Ask no more when it ends: nobody can read the memo, and the others' claims have to end."""
    table = schema.memos
    connection.execute(sa.update(table).where(table.c.id == memo).values(held_until=None))


def _sweep(connection: sa.Connection, before: datetime) -> int:
    answers, commands = schema.deliveries, schema.commands
    forgotten = connection.execute(sa.delete(commands).where(commands.c.at < before)).rowcount
    # Not by the answer's time alone: a clock that was set back lets it go out "before" its command.
    asked = sa.exists().where(
        commands.c.client == answers.c.client, commands.c.req == answers.c.req
    )
    connection.execute(
        sa.delete(answers).where(
            answers.c.req.is_not(None), answers.c.delivered_at < before, ~asked
        )
    )
    return forgotten
