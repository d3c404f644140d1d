"""When a client's service is below what was promised, and what is then said.  Pure.

Data path: kpi -> [service] -> service_watch -> alerts
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

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


class Lapse(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that is below what was promised."""

    key: str
    """Of `sipbot.kpi_definitions`."""
    value: float
    target: float
    unclaimed: int = 0
    """Messages that nobody has claimed, with which the value is; 0: it was measured without."""


def lapses(plan: Dialplan, found: Figures, unclaimed: Sequence[datetime] = ()) -> list[Lapse]:
    """Return what is below the client's targets; empty while every promise is kept.

    A figure that was measured on too few says nothing.

    Args:
        plan: the client's.
        found: figures of its `window`.
        unclaimed: when the calls ended whose messages nobody has claimed.
    """
    form = plan.form.targets
    if form is None:
        return []
    below = [
        Lapse(key=one.key, value=one.value, target=one.target)
        for one in found.values.values()
        if one.met is False
        and one.n >= form.fewest_calls
        and one.value is not None
        and one.target is not None
    ]
    return below + _unclaimed(found, unclaimed, form.fewest_calls)


def met(plan: Dialplan, found: Figures) -> frozenset[str]:
    """Return the figures that were measured on enough, and are as promised."""
    form = plan.form.targets
    fewest = form.fewest_calls if form is not None else 1
    values = found.values.values()
    return frozenset(one.key for one in values if one.met is True and one.n >= fewest)


def problem(plan: Dialplan, below: Sequence[Lapse]) -> str | None:
    """Return what an alert says of a client; None while every promise is kept."""
    form = plan.form.targets
    if form is None or not below:
        return None
    said = "; ".join(map(_said, below))
    return f"{plan.client}, last {form.window_h} h, below its targets: {said}"


def _said(lapse: Lapse) -> str:
    about = BY_KEY[lapse.key]
    if lapse.unclaimed:
        wait = f"{lapse.unclaimed} messages unclaimed for longer than {lapse.target:g} s"
        return f"{wait}: {about.name} is {lapse.value:.1f} with them"
    agreed = f"{'at least' if about.at_least else 'at most'} {lapse.target:g}"
    return f"{about.name} {lapse.value:.1f} (agreed: {agreed})"


def _unclaimed(found: Figures, ended: Sequence[datetime], fewest: int) -> list[Lapse]:
    """Say that messages wait so long that the mean time to claim cannot be kept any more.

    The figure itself is of messages that were claimed: those that nobody claims would never be in
    it.  Here each counts with what it has waited so far, once that is longer than was agreed.
    """
    claim = found["claim_time"]
    if claim.target is None or claim.met is False:
        return []
    waits = [(found.made_at - at).total_seconds() for at in ended]
    late = [wait_s for wait_s in waits if wait_s > claim.target]
    n = claim.n + len(late)
    total_s = (claim.value or 0.0) * claim.n + sum(late)
    if not late or n < fewest or total_s / n <= claim.target:
        return []
    value = total_s / n
    return [Lapse(key=claim.key, value=value, target=claim.target, unclaimed=len(late))]


def period(name: str, plan: Dialplan, now: datetime) -> Span:
    """Return one of `PERIODS` as it is so far."""
    tz = plan.hours.tz
    if name == "month":
        month: Month = month_of(now, tz)
        return Span(since=month.begins(tz), until=now)
    local = now.astimezone(tz)
    midnight = datetime(local.year, local.month, local.day, tzinfo=tz)
    return Span(since=midnight.astimezone(UTC), until=now)
