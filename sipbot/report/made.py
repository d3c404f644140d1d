"""Makes the report that an order names, in the process that reckons.

Data path: ledger_reader, the archive -> [made] -> reckoning -> report_target
"""

from collections.abc import Sequence
from pathlib import Path

from sipbot.errors import ReportError
from sipbot.fleet import fleet_ledger
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.notice import Attachment
from sipbot.plan import Dialplan
from sipbot.quota import Month
from sipbot.reload import start
from sipbot.report import months, weekly
from sipbot.report.files import pack_as, statement_as
from sipbot.report.weeks import Week
from sipbot.report.words import Say
from sipbot.report_order import Order, ReportAsk


def made(own: ReadOnlyLedger, ask: ReportAsk) -> list[Attachment]:
    """Return a report as its files.

    Args:
        own: this site's ledger.
        ask: what is wanted.

    Raises:
        ReportError: it can never be made: there is no such client or period, or a library lacks.
        SipbotError: it cannot be made now.
    """
    order = ask.order
    plans = start(Path(ask.dialplans), ask.region, Path(ask.var)).in_force.plans.all
    plan = next((one for one in plans if one.client == ask.client), None)
    if plan is None:
        raise ReportError(f"{ask.client}: is no client any more; put its file back, or let it be")
    say = Say(order.language, plan.hours.tz)
    if order.kind == "weekly":
        contents = _week(own, ask, plan, plans, say)
    else:
        contents = _month(own, ask, plan, say)
    return [
        Attachment(name=f"{ask.client}-{order.period}.{form}", content=content)
        for form, content in zip(order.files, contents, strict=True)
    ]


def _week(
    own: ReadOnlyLedger, ask: ReportAsk, plan: Dialplan, plans: Sequence[Dialplan], say: Say
) -> list[bytes]:
    week = Week.parse(ask.order.period)
    if week is None:
        raise _no_period(ask.order)
    # The medians are of all clients, each with the week of its own zone.
    spans = [weekly.span_of(one, plan) for one in weekly.weeks_of(week)]
    spans += [weekly.span_of(week, one) for one in plans]
    clients = [one.client for one in plans]
    with fleet_ledger(own, clients, spans, ask.archive) as ledger:
        pack = weekly.Packs(ledger, plans, ask.now).of(plan, week, say)
    return [pack_as(form, pack, say) for form in ask.order.files]


def _month(own: ReadOnlyLedger, ask: ReportAsk, plan: Dialplan, say: Say) -> list[bytes]:
    month, tz = Month.parse(ask.order.period), plan.hours.tz
    if month is None:
        raise _no_period(ask.order)
    span = Span(since=month.begins(tz), until=month.following.begins(tz))
    with fleet_ledger(own, [plan.client], [span], ask.archive) as ledger:
        statement = months.statement_of(ledger, plan, month, ask.now)
    return [statement_as(form, statement, say) for form in ask.order.files]


def _no_period(order: Order) -> ReportError:
    return ReportError(f"{order.period}: is no period of a {order.kind} report")
