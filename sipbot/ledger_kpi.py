"""The facts of a client's figures, and what was promised to it, as the ledger has them.

Data path: ledger -> [ledger_kpi] -> kpi -> report, service_watch

A call's row and its memo's are joined by the index of calls by client and time; of a memo's body
only who did what is read, never what the caller said.  The functions with a connection run in the
ledger's thread, or in the process of a reader.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from sipbot import call_back, kpi, ledger_unclaimed, ledger_usage, quota
from sipbot.kpi import CallFact, Facts, Figures, Later, MemoFact, QuotaFact, Subject, Terms
from sipbot.ledger_day import Span
from sipbot.ledger_kpi_schema import terms
from sipbot.ledger_schema import calls, memos
from sipbot.ledger_thread import Run
from sipbot.memo_answers import SURVEYS
from sipbot.memo_history import Outcome
from sipbot.plan import Dialplan
from sipbot.records import EndState
from sipbot.targets_form import TargetsForm
from sipbot.what_if import Held

_NOT_CALLED = {
    call_back.End.NO_LINE.value,
    call_back.End.OPERATOR_AWAY.value,
    call_back.End.FAILED.value,
    call_back.End.INTERRUPTED.value,
}
"""Ends of a call that sipbot placed by which the caller's telephone is not known to have rung."""


_ALERT = "service:"
"""In `meta`, before the client."""

_STATS = "stats:"
"""Likewise, of a client whose figures the broker keeps."""


MEMOS_AT_ONCE = 200
"""Whole memos that are held in memory: 4 KB each, and a client has thousands in a month."""

_LONGEST_CALL = timedelta(hours=2)
"""Before a month, whose calls may still hold a line in it: no call lasts longer."""


class _Placed(msgspec.Struct, frozen=True):
    ended: str | None = None


class _Entry(msgspec.Struct, frozen=True):
    at: datetime
    what: str
    outcome: str | None = None
    call_back: _Placed | None = None


class _Asked(msgspec.Struct, frozen=True):
    item: str


class _Body(msgspec.Struct, frozen=True):
    """The parts of a memo that figures are made of."""

    history: tuple[_Entry, ...] = ()
    asked: tuple[_Asked, ...] = ()
    answers: dict[str, str] = {}


class Kpis:
    """The ledger's part for figures; `Ledger.kpis` is one.

    Every method raises LedgerError when SQLite refuses.

    Args:
        run: how work gets into the ledger's thread.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    async def keep_terms(self, plans: Sequence[Dialplan], at: datetime) -> list[str]:
        """Store what is promised from now on, where that is something else than before.

        Returns:
            The clients to whom something else is promised now.
        """
        return await self._run(lambda connection: keep_terms(connection, plans, at))

    async def alerted(self) -> frozenset[str]:
        """Return the clients of whose service somebody was alerted."""
        return await self._run(lambda connection: ledger_usage.alerted(connection, _ALERT))

    async def keep_alert(self, client: str, *, raised: bool) -> None:
        """Store whether an alert about this client's service is up."""
        await self._run(lambda c: ledger_usage.keep_alert(c, client, raised=raised, about=_ALERT))

    async def unclaimed(self, client: str, span: Span) -> list[datetime]:
        """Return when the calls of a stretch of time ended whose messages nobody has claimed."""
        return await self._run(
            lambda connection: ledger_unclaimed.unclaimed(connection, client, span)
        )

    async def published(self) -> frozenset[str]:
        """Return the clients whose figures the broker keeps, by this run or an earlier one."""
        return await self._run(lambda connection: ledger_usage.alerted(connection, _STATS))

    async def keep_published(self, client: str, *, there: bool) -> None:
        """Store whether the broker may keep a client's figures."""
        await self._run(lambda c: ledger_usage.keep_alert(c, client, raised=there, about=_STATS))


def figures(connection: sa.Connection, plan: Dialplan, span: Span, now: datetime) -> Figures:
    """Return a client's figures of a stretch of time.

    Args:
        connection: the ledger.
        plan: the client's, for its zone, and its terms where none were recorded.
        span: when the calls came.
        now: UTC-aware.
    """
    return kpi.figures(facts(connection, plan, span), now)


def subject_of(plan: Dialplan) -> Subject:
    """Return what is to be known of a client beside its calls."""
    return Subject(client=plan.client, tz=plan.hours.tz.key, terms=terms_of(plan))


def facts(connection: sa.Connection, plan: Dialplan, span: Span) -> Facts:
    """Return what a client's figures are reckoned from."""
    return facts_of(connection, subject_of(plan), span)


def facts_of(connection: sa.Connection, subject: Subject, span: Span) -> Facts:
    """Return the same, without the client's dialplan."""
    client, tz = subject.client, ZoneInfo(subject.tz)
    agreed = _terms_at(connection, subject, span.until)
    found = list(_calls(connection, client, span))
    ended = [one.ended_at for one in found if one.ended_at is not None]
    until = max([span.until, *ended]) + kpi.AGAIN_WITHIN
    months = _months(span, tz) if agreed.counts else ()
    return Facts(
        client=client,
        tz=subject.tz,
        since=span.since,
        until=span.until,
        calls=found,
        later=_later(connection, client, Span(since=span.since, until=until)),
        quota=[_month(connection, client, agreed, month, span, tz) for month in months],
        terms=agreed,
        served=bool(found) or _was_known(connection, client, span.until),
    )


def held(connection: sa.Connection, span: Span) -> list[Held]:
    """Return everybody's calls that may hold a line within a stretch of time."""
    columns = (calls.c.call, calls.c.received_at, calls.c.ended_at, calls.c.state)
    query = sa.select(*columns).where(
        calls.c.received_at >= span.since - _LONGEST_CALL,
        calls.c.received_at < span.until,
        ledger_usage.taken_here(),
    )
    return [
        Held(
            call=row.call,
            received_at=row.received_at,
            ended_at=row.ended_at,
            state=None if row.state is None else EndState(row.state),
        )
        for row in connection.execute(query).all()
    ]


# -- what was promised ---------------------------------------------------------------------------


def terms_of(plan: Dialplan) -> Terms:
    """Return what a client's file promises."""
    form, rule = plan.form.targets or TargetsForm(), quota.rule_of(plan)
    return Terms(
        within_s=form.within_s,
        limits=form.limits(),
        calls_per_month=plan.quota.calls_per_month if plan.quota else None,
        counts=rule.counts,
        exclude=rule.exclude,
        price=plan.form.price.model_dump() if plan.form.price else msgspec.UNSET,
        dialplan=plan.sha256,
    )


def _terms_at(connection: sa.Connection, subject: Subject, until: datetime) -> Terms:
    """Return what was promised at the end of a period; today's where nothing was recorded."""
    row = connection.execute(
        sa.select(terms.c.since, terms.c.body)
        .where(terms.c.client == subject.client, terms.c.since < until)
        .order_by(terms.c.since.desc())
        .limit(1)
    ).first()
    if row is None:
        return subject.terms
    return msgspec.structs.replace(msgspec.json.decode(row.body, type=Terms), since=row.since)


def _was_known(connection: sa.Connection, client: str, by: datetime) -> bool:
    """Whether the client's terms, or a call of its, had been recorded before this moment."""
    agreed = sa.exists().where(terms.c.client == client, terms.c.since < by)
    called = sa.exists().where(calls.c.client == client, calls.c.received_at < by)
    return bool(connection.execute(sa.select(sa.or_(agreed, called))).scalar())


def keep_terms(connection: sa.Connection, plans: Sequence[Dialplan], at: datetime) -> list[str]:
    """Store what is promised from now on; return to whom that is something else than before."""
    rows = connection.execute(sa.select(terms).order_by(terms.c.client, terms.c.since))
    latest = {row.client: msgspec.json.decode(row.body, type=Terms) for row in rows}
    changed = []
    for plan in plans:
        agreed, before = terms_of(plan), latest.get(plan.client)
        if before is None or _promise(before) != _promise(agreed):
            changed.append(plan.client)
            body = msgspec.json.encode(agreed).decode()
            row = {"client": plan.client, "since": at, "dialplan": plan.sha256, "body": body}
            # A clock that was set back must not keep sipbot from starting.
            connection.execute(insert(terms).values(row).on_conflict_do_nothing())
    return changed


def _promise(agreed: Terms) -> Terms:
    """What is promised, whichever form of the file said so first."""
    return msgspec.structs.replace(agreed, dialplan=None, since=None)


# -- calls ---------------------------------------------------------------------------------------


def _calls(connection: sa.Connection, client: str, span: Span) -> Iterator[CallFact]:
    query = (
        sa.select(
            calls.c.call,
            calls.c.received_at,
            calls.c.caller,
            calls.c.answered_at,
            calls.c.ended_at,
            calls.c.state,
            memos.c.id,
            memos.c.category,
        )
        .outerjoin(memos, memos.c.call == calls.c.call)
        .where(*_within(client, span), ledger_usage.taken_here())
        .order_by(calls.c.received_at, calls.c.call)
    )
    # All rows at once: while a reader has some to come, the ledger's writer must wait.
    rows = connection.execute(query).all()
    for first in range(0, len(rows), MEMOS_AT_ONCE):
        part = rows[first : first + MEMOS_AT_ONCE]
        bodies = _bodies(connection, [row.id for row in part if row.id is not None])
        for row in part:
            yield CallFact(
                call=row.call,
                received_at=row.received_at,
                caller=row.caller,
                answered_at=row.answered_at,
                ended_at=row.ended_at,
                state=None if row.state is None else EndState(row.state),
                memo=None if row.id is None else memo_fact(row.category, bodies.get(row.id, "")),
            )


def _bodies(connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
    rows = connection.execute(sa.select(memos.c.id, memos.c.body).where(memos.c.id.in_(ids)))
    return {row.id: row.body for row in rows.all()}


def _within(client: str, span: Span) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        calls.c.client == client,
        calls.c.received_at >= span.since,
        calls.c.received_at < span.until,
    )


def _later(connection: sa.Connection, client: str, span: Span) -> list[Later]:
    query: sa.Select[Any] = (
        sa.select(calls.c.call, calls.c.received_at, calls.c.caller, memos.c.category)
        .outerjoin(memos, memos.c.call == calls.c.call)
        .where(*_within(client, span), calls.c.caller.is_not(None))
    )
    return [
        Later(call=row.call, received_at=row.received_at, caller=row.caller, category=row.category)
        for row in connection.execute(query).all()
    ]


def memo_fact(category: str | None, body: str) -> MemoFact:
    """Return what people did with a memo; of one that cannot be read, its category alone."""
    try:
        memo = msgspec.json.decode(body, type=_Body)
    except msgspec.DecodeError:
        return MemoFact(category=category)
    back = _calls_back(memo.history)
    return MemoFact(
        category=category,
        claimed_at=next(
            (one.at for one in memo.history if one.what in ("claimed", call_back.BEGUN)), None
        ),
        called_back_at=back[0][0] if back else None,
        calls_back=len(back),
        reached_first=bool(back) and back[0][1],
        done_at=_done_at(memo.history),
        reopened=any(one.what == "reopened" for one in memo.history),
        asked=frozenset(one.item for one in memo.asked),
        rated={name: memo.answers[name] for name in SURVEYS if name in memo.answers},
    )


def _calls_back(history: Sequence[_Entry]) -> list[tuple[datetime, bool]]:
    """Return when somebody called back, and whether the caller was reached."""
    found: list[tuple[datetime, str | None]] = []
    going = counted = awaited = False
    """Whether a call that sipbot placed goes on, is in `found`, and nobody said what came of it."""
    for one in history:
        if one.what == call_back.BEGUN:
            going, counted, awaited = True, False, False
        elif one.what == call_back.CONNECTED:
            if not counted:
                found.append((one.at, None))
                awaited = True
            going = counted = True
        elif one.what == "called_back":
            at = found.pop()[0] if awaited or (going and counted) else one.at
            found.append((at, one.outcome))
            counted, awaited = going, False
        elif one.what == call_back.ENDED:
            ended = one.call_back.ended if one.call_back else None
            if counted and awaited:
                found[-1] = (found[-1][0], one.outcome)
            elif not counted and (one.outcome is not None or ended not in _NOT_CALLED):
                found.append((one.at, one.outcome))
                awaited = True
            awaited = awaited and one.outcome is None
            going = counted = False
    return [(at, outcome == Outcome.REACHED) for at, outcome in found]


def _done_at(history: Sequence[_Entry]) -> datetime | None:
    done: datetime | None = None
    for one in history:
        if one.what == "done":
            done = one.at
        elif one.what == "reopened":
            done = None
    return done


# -- quota ---------------------------------------------------------------------------------------


def _months(span: Span, tz: ZoneInfo) -> Iterator[quota.Month]:
    month = quota.month_of(span.since, tz)
    while month.begins(tz) < span.until:
        yield month
        month = month.following


def _month(
    connection: sa.Connection,
    client: str,
    agreed: Terms,
    month: quota.Month,
    span: Span,
    tz: ZoneInfo,
) -> QuotaFact:
    begins, ends = (one.begins(tz) for one in (month, month.following))

    def counted(since: datetime, until: datetime) -> int:
        asked = quota.Ask(
            client=client,
            since=since,
            until=until,
            counts=agreed.counts,
            exclude=agreed.exclude,
        )
        return ledger_usage.calls_that_count(connection, [asked])[0] if since < until else 0

    return QuotaFact(
        limit=agreed.calls_per_month,
        before=counted(begins, span.since),
        within=counted(max(begins, span.since), min(ends, span.until)),
    )
