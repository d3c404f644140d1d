"""Reads a client's week of the ledger for its pack: figures, trend, calls, complaints, actions.

Data path: ledger_reader, kpi -> [weekly] -> pack
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sipbot.call_counts import by_end, by_hour
from sipbot.kpi import AGAIN_WITHIN, Figures
from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.ledger_report import Handled
from sipbot.plan import Dialplan
from sipbot.quota import month_of
from sipbot.report.pack import (
    TREND_WEEKS,
    Complaint,
    Figure,
    Pack,
    Plan,
    Problem,
    benchmark_of,
    missed_of,
    problems_of,
)
from sipbot.report.statement import Taken
from sipbot.report.weeks import Week
from sipbot.report.words import Say
from sipbot.targets_form import FEWEST_CALLS

SHOWN = tuple(key for key in BY_KEY if key != "received")
"""Figures of the table; the calls received are the sum of the ends."""

_AT_ONCE = 500
"""Memos asked for in one statement: SQLite takes 32,766 values."""


def span_of(week: Week, plan: Dialplan) -> Span:
    """Return a client's week as a stretch of time."""
    tz = plan.hours.tz
    return Span(since=week.begins(tz), until=week.ends(tz))


def weeks_of(week: Week) -> list[Week]:
    """Return the weeks of a pack's trend, the first the oldest."""
    return [week.before(back) for back in range(TREND_WEEKS - 1, -1, -1)]


class Packs:
    """Makes packs of many clients; the figures of a week that all of them need are made once.

    Args:
        ledger: where everything is.
        plans: of all clients: of the others are the medians.
        now: UTC-aware.
    """

    def __init__(self, ledger: ReadOnlyLedger, plans: Sequence[Dialplan], now: datetime) -> None:
        self._ledger, self._plans, self._now = ledger, plans, now
        self._figures: dict[Week, dict[str, Figures]] = {}

    def of(self, plan: Dialplan, week: Week, say: Say) -> Pack:
        """Return a client's pack of a week.

        Raises:
            LedgerError: the ledger refuses.
        """
        if week not in self._figures:
            self._figures[week] = benchmarks(self._ledger, self._plans, week, self._now)
        return pack_of(self._ledger, plan, week, self._now, say, self._figures[week])


def benchmarks(
    ledger: ReadOnlyLedger, plans: Sequence[Dialplan], week: Week, now: datetime
) -> dict[str, Figures]:
    """Return every client's figures of a week, for the medians of all packs of it.

    Raises:
        LedgerError: the ledger refuses.
    """
    return {plan.client: ledger.figures(plan, span_of(week, plan), now) for plan in plans}


def pack_of(
    ledger: ReadOnlyLedger,
    plan: Dialplan,
    week: Week,
    now: datetime,
    say: Say,
    others: dict[str, Figures],
) -> Pack:
    """Return a client's pack of a week.

    Args:
        ledger: where everything is.
        plan: the client's.
        week: of the client's time zone.
        now: UTC-aware.
        say: the reader's language.
        others: figures of clients in that week, by client; the pack's own may be among them.

    Raises:
        LedgerError: the ledger refuses.
    """
    span = span_of(week, plan)
    later = ledger.taken(plan.client, Span(since=span.since, until=span.until + AGAIN_WITHIN))
    calls = [one for one in later if one.at < span.until]
    handled = _handled(ledger, calls)
    weeks = weeks_of(week)
    trend = [ledger.figures(plan, span_of(one, plan), now) for one in weeks]
    figures = _figures(trend, say, [one for who, one in others.items() if who != plan.client])
    terms, ends = trend[-1].terms, by_end(one.state for one in calls)
    quota = _plan(ledger, plan, span, now)
    categories = plan.form.report.complaints if plan.form.report else ()
    compared = [one for one in figures if one.benchmark is not None]
    return Pack(
        client=plan.client,
        say_name=plan.say_name,
        language=say.language,
        week=str(week),
        tz=plan.hours.tz.key,
        since=span.since,
        until=span.until,
        made_at=now,
        complete=span.until <= now,
        dialplan="" if terms.since is None else terms.dialplan or "",
        within_s=terms.within_s,
        resolved_from=None if _resolved(trend[-1]) else span.until + AGAIN_WITHIN,
        received=len(calls),
        ends=ends,
        figures=figures,
        weeks=tuple(map(str, weeks)),
        heat=by_hour((one.at for one in calls), plan.hours.tz),
        missed=missed_of(calls, later),
        complaints=_complaints(calls, handled, categories),
        complaint_categories=categories,
        problems=_problems(plan, figures, ends, quota, say, handled),
        actions=tuple(ledger.actions(plan.client, span.since, span.until)),
        plan=quota,
        benchmark_clients=len(others.keys() - {plan.client}) if compared else 0,
        reviewed=tuple(ledger.reviewed(plan.client, span)),
    )


def _problems(
    plan: Dialplan,
    figures: Sequence[Figure],
    ends: dict[str, int],
    quota: Plan,
    say: Say,
    handled: dict[str, Handled],
) -> tuple[Problem, ...]:
    memos = handled.values()
    return problems_of(
        figures,
        ends,
        quota,
        say.number,
        fewest=plan.form.targets.fewest_calls if plan.form.targets else FEWEST_CALLS,
        waiting=sum(one.status != "done" for one in memos),
        unread=sum(one.stage == "recognition_failed" for one in memos),
        broken=sum(one.broken for one in memos),
    )


def _figures(trend: Sequence[Figures], say: Say, others: Sequence[Figures]) -> tuple[Figure, ...]:
    present, previous = trend[-1], trend[-2]
    return tuple(
        Figure(
            key=key,
            name=_name(key, present, say),
            unit=BY_KEY[key].unit,
            value=_value(present, key),
            n=present[key].n if key != "fcr" or _resolved(present) else 0,
            previous=_value(previous, key),
            trend=tuple(_value(one, key) for one in trend),
            target=present[key].target,
            at_least=BY_KEY[key].at_least is not False,
            # How many calls others have is theirs; how well they are served can be compared.
            benchmark=None
            if BY_KEY[key].unit == "calls"
            else benchmark_of([_value(one, key) for one in others]),
            definition=BY_KEY[key].said(say.language),
        )
        for key in SHOWN
    )


def _name(key: str, found: Figures, say: Say) -> str:
    name = BY_KEY[key].named(say.language)
    if key != "service_level":
        return name
    return say.say("within", name=name, s=f"{found.terms.within_s:g}")


def _resolved(found: Figures) -> bool:
    """Whether everybody's days to call again are over: before, only the first calls are known."""
    return found.until + AGAIN_WITHIN <= found.made_at


def _value(found: Figures, key: str) -> float | None:
    return None if key == "fcr" and not _resolved(found) else found[key].value


def _handled(ledger: ReadOnlyLedger, calls: Sequence[Taken]) -> dict[str, Handled]:
    memos = [one.memo for one in calls if one.memo is not None]
    found: dict[str, Handled] = {}
    for first in range(0, len(memos), _AT_ONCE):
        found |= ledger.handled(memos[first : first + _AT_ONCE])
    return found


def _complaints(
    calls: Sequence[Taken], handled: dict[str, Handled], categories: Sequence[str]
) -> tuple[Complaint, ...]:
    found = []
    for call in calls:
        if call.memo is None or call.category is None or call.category not in categories:
            continue
        what = handled.get(call.memo)
        done = [one.at for one in what.history if one.what == "done"] if what else []
        found.append(
            Complaint(
                at=call.at,
                memo=call.memo,
                caller=call.caller,
                category=call.category,
                status=call.status or "open",
                result=what.result if what else None,
                done_at=done[-1] if done and call.status == "done" else None,
            )
        )
    return tuple(found)


def _plan(ledger: ReadOnlyLedger, plan: Dialplan, span: Span, now: datetime) -> Plan:
    tz = plan.hours.tz
    last = month_of(span.until - timedelta(microseconds=1), tz)
    month = ledger.figures(plan, Span(since=last.begins(tz), until=span.until), now)
    used, over = month["quota_used"].value, month["quota_over"].value
    return Plan(
        month=str(last),
        used=None if used is None else int(used),
        limit=month.terms.calls_per_month,
        over=None if over is None else int(over),
    )
