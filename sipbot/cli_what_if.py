"""``sipbot report what-if``: a month's calls with other lines, other hours or another plan."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from pydantic import ValidationError
from pydantic_core import PydanticCustomError
from rich import box
from rich.console import Console
from rich.table import Table

from sipbot import config, kpi, what_if
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_dialplan_source import find_plan
from sipbot.errors import UsageError
from sipbot.from_settings import ledger_path
from sipbot.kpi import Facts, Figures
from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.osm_hours import WeekHours, week_hours
from sipbot.plan import Dialplan
from sipbot.price_form import PriceForm
from sipbot.quota import Ask, Month
from sipbot.reload import start
from sipbot.report import months
from sipbot.report.statement import Sum, Taken, itemised, sum_of
from sipbot.what_if import NOTHING_CHANGED, Rehoured, Replayed

what_if_app = typer.Typer()

_SHOWN = (
    *("offered", "answered", "missed", "missed_rate", "service_level", "claim_time"),
    *("quota_used", "quota_over"),
)

_PARTS = {
    "Fee of the month": "monthly_fee",
    "Calls within the quota": "calls",
    "Call-over charge": "over",
    "Tax": "tax",
    "Cost": "total",
}
_NO_PRICE = "no price is set"

UNKNOWN = (
    "{n} calls go as they went: no call of the month came at such hours, so nobody knows how they "
    "would go. Take a month that has some"
)


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls would have met other hours."""

    opened: int
    closed: int
    unknown: int
    """Those of which no call of the month shows how they would go."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A month as it was and as it would be."""

    was: Figures
    would: Figures
    cost: tuple[Sum | None, Sum | None]
    """None: no price is set."""
    hours: Hours


@what_if_app.command(
    "what-if",
    epilog="Example: sipbot report what-if sato-law --month 2026-10 --lines 2",
)
def what_if_command(
    client: Annotated[str, typer.Argument(help="A client or one of its numbers.")],
    *,
    month: Annotated[str, typer.Option("--month", help="Such as 2026-10.")],
    lines: Annotated[
        int | None, typer.Option("--lines", min=1, help="Lines of the site; without it, as was.")
    ] = None,
    hours: Annotated[
        str | None, typer.Option("--hours", help='Weekly hours, such as "Mo-Fr 09:00-18:00".')
    ] = None,
    calls_per_month: Annotated[
        int | None,
        typer.Option("--calls-per-month", min=1, help="Quota; without it, the client's own."),
    ] = None,
    monthly: Annotated[
        str | None, typer.Option("--monthly", help="Fee of a month, such as 15000.")
    ] = None,
    over: Annotated[
        str | None, typer.Option("--over", help="Price of a call beyond the quota, such as 180.")
    ] = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replay a month's calls with other lines, opening hours, another quota or another price.

    Lines are those of the whole site, so all clients' calls are replayed.  A caller who found all
    lines busy and would find one is taken to leave a message; one who would have met other hours,
    to do as who called at such hours.  With nothing changed, the figures are those of the ledger.
    """
    wanted = Month.parse(month)
    if wanted is None:
        raise UsageError(f"--month {month}: is no month. Write year and month such as 2026-10")
    settings, now = config.load(config_path), datetime.now(UTC)
    plans = start(settings.dialplans, settings.region, settings.var).in_force.plans
    plan = find_plan(plans, client)
    tz, week = plan.hours.tz, None if hours is None else _hours(hours)
    span = Span(since=wanted.begins(tz), until=wanted.following.begins(tz))
    with ReadOnlyLedger.open(ledger_path(settings)) as ledger:
        facts, taken = ledger.facts(plan, span), ledger.taken(plan.client, span)
        replayed = what_if.replay(ledger.on_lines(span), lines) if lines else Replayed()
    moved = _rehoured(plan, facts, week)
    quota = calls_per_month or facts.terms.calls_per_month
    price, _ = months.price_of(plan, facts.terms)
    changed = _changed(plan, price, {"monthly": monthly, "over": over})
    asked = months.asked_of(plan, wanted, facts.terms)
    made = Compared(
        was=kpi.figures(facts, now),
        would=kpi.figures(what_if.facts_if(facts, replayed, quota, moved), now),
        cost=(
            _cost(asked, taken, facts.terms.calls_per_month, price),
            _cost(asked, what_if.taken_if(taken, replayed, moved), quota, changed),
        ),
        hours=Hours(opened=moved.opened, closed=moved.closed, unknown=moved.unknown),
    )
    if as_json:
        typer.echo(msgspec.json.encode(made))
        return
    Console().print(render(plan, made), markup=False)
    if moved.unknown:
        typer.echo(UNKNOWN.format(n=moved.unknown), err=True)


def render(plan: Dialplan, made: Compared) -> Table:
    """Return both side by side for a terminal."""
    shown = Table(box=box.SIMPLE, title=plan.say_name)
    for name in ("figure", "was", "would be"):
        shown.add_column(name, justify="left" if name == "figure" else "right")
    for key in _SHOWN:
        values = [one[key].value for one in (made.was, made.would)]
        shown.add_row(
            BY_KEY[key].name,
            *("not measured" if one is None else f"{one:,.1f}" for one in values),
        )
    for name, part in _PARTS.items():
        costs = (f"{getattr(one, part)} {one.currency}" if one else _NO_PRICE for one in made.cost)
        shown.add_row(name, *costs)
    if made.hours.opened or made.hours.closed:
        shown.add_row("Calls that would meet open hours", "", str(made.hours.opened))
        shown.add_row("Calls that would meet closed hours", "", str(made.hours.closed))
    return shown


def _hours(text: str) -> WeekHours:
    try:
        return week_hours(text)
    except PydanticCustomError as error:
        remedy = (error.context or {})["remedy"]
        raise UsageError(f"--hours {text}: {error.message()}. {remedy}") from None


def _rehoured(plan: Dialplan, facts: Facts, week: WeekHours | None) -> Rehoured:
    """Return whose call would meet other hours; closures, holidays and seasons stay as they are."""
    if week is None:
        return NOTHING_CHANGED
    otherwise = msgspec.structs.replace(plan.hours, week=week)
    return what_if.rehoured(
        facts.calls,
        lambda at: plan.hours.at(at).open,
        lambda at: otherwise.at(at).open,
        plan.hours.tz,
    )


def _changed(
    plan: Dialplan, price: PriceForm | None, asked: dict[str, str | None]
) -> PriceForm | None:
    """Return a price with other amounts.

    Raises:
        UsageError: an amount is none, or there is no price that it could be part of.
    """
    found = price
    for key, amount in asked.items():
        if amount is None:
            continue
        if found is None:
            raise UsageError(
                f"--{key} {amount}: {plan.client} has no price, so no currency is known. Write "
                "[price] with currency into its dialplan"
            )
        try:
            found = PriceForm.model_validate({**found.model_dump(), key: amount})
        except ValidationError:
            raise UsageError(
                f"--{key} {amount}: is no amount. Write a decimal number such as 180 or 12.5"
            ) from None
    return found


def _cost(
    asked: Ask, taken: list[Taken], included: int | None, price: PriceForm | None
) -> Sum | None:
    """Return what a month costs; None without a price."""
    return None if price is None else sum_of(itemised(taken, asked, included, price), price)
