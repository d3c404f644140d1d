"""When a client's service is below what was promised, and what is then said.  Pure.

Data path: kpi -> [service] -> service_watch -> alerts
"""

from datetime import UTC, datetime, timedelta

from sipbot.kpi import Figures
from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.plan import Dialplan
from sipbot.quota import Month, alert_of, month_of

KIND = "service"
"""Before the client in an alert's id."""

PERIODS = ("today", "month")
"""Of the topic ``stats/<period>``: since midnight, and since the month's first, client's zone."""

REMEDY = (
    "Look at the client's open memos and missed calls; sipbot report kpi shows every figure. The "
    "targets are those in [targets] of the client's dialplan"
)


def alert(client: str) -> str:
    """Return the id of the alert about a client's service."""
    return alert_of(client, KIND)


def window(plan: Dialplan, now: datetime) -> Span | None:
    """Return what is looked back on; None where nothing was promised."""
    form = plan.form.targets
    if form is None or not form.limits():
        return None
    return Span(since=now - timedelta(hours=form.window_h), until=now)


def problem(plan: Dialplan, found: Figures) -> str | None:
    """Return what an alert says of a client; None while every promise is kept.

    A figure that was measured on too few says nothing.
    """
    form = plan.form.targets
    if form is None:
        return None
    said = [
        f"{BY_KEY[one.key].name} {one.value:.1f} "
        f"(agreed: {'at least' if BY_KEY[one.key].at_least else 'at most'} {one.target:g})"
        for one in found.values.values()
        if one.met is False and one.n >= form.fewest_calls and one.value is not None
    ]
    if not said:
        return None
    return f"{plan.client}, last {form.window_h} h, below its targets: {'; '.join(said)}"


def period(name: str, plan: Dialplan, now: datetime) -> Span:
    """Return one of `PERIODS` as it is so far."""
    tz = plan.hours.tz
    if name == "month":
        month: Month = month_of(now, tz)
        return Span(since=month.begins(tz), until=now)
    local = now.astimezone(tz)
    midnight = datetime(local.year, local.month, local.day, tzinfo=tz)
    return Span(since=midnight.astimezone(UTC), until=now)
