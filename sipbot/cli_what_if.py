"""``sipbot report what-if``: a month's calls with another number of lines or another plan."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from pydantic import ValidationError
from rich import box
from rich.console import Console
from rich.table import Table

from sipbot import config, kpi, what_if
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_dialplan_source import find_plan
from sipbot.errors import UsageError
from sipbot.from_settings import ledger_path
from sipbot.kpi import Figures
from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.plan import Dialplan
from sipbot.price_form import PriceForm
from sipbot.quota import Ask, Month
from sipbot.reload import start
from sipbot.report import months
from sipbot.report.statement import Taken, itemised, sum_of
from sipbot.what_if import Replayed

what_if_app = typer.Typer()

_SHOWN = ("offered", "answered", "missed", "missed_rate", "service_level", "quota_used")


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
    """Replay a month's calls with other lines, another quota or another price.

    Lines are those of the whole site, so all clients' calls are replayed.  A caller who found all
    lines busy and would find one is taken to leave a message.  With nothing changed, the figures
    are those of the ledger.
    """
    wanted = Month.parse(month)
    if wanted is None:
        raise UsageError(f"--month {month}: is no month. Write year and month such as 2026-10")
    settings, now = config.load(config_path), datetime.now(UTC)
    plan = find_plan(
        start(settings.dialplans, settings.region, settings.var).in_force.plans, client
    )
    tz = plan.hours.tz
    span = Span(since=wanted.begins(tz), until=wanted.following.begins(tz))
    with ReadOnlyLedger.open(ledger_path(settings)) as ledger:
        facts, taken = ledger.facts(plan, span), ledger.taken(plan.client, span)
        replayed = what_if.replay(ledger.on_lines(span), lines) if lines else Replayed()
    quota = calls_per_month or facts.terms.calls_per_month
    price, _ = months.price_of(plan, facts.terms)
    otherwise_priced = _changed(plan, price, {"monthly": monthly, "over": over})
    asked = months.asked_of(plan, wanted, facts.terms)
    was = kpi.figures(facts, now)
    would = kpi.figures(what_if.facts_if(facts, replayed, quota), now)
    otherwise = what_if.taken_if(taken, replayed)
    costs = (
        _cost(asked, taken, facts.terms.calls_per_month, price),
        _cost(asked, otherwise, quota, otherwise_priced),
    )
    if as_json:
        typer.echo(msgspec.json.encode({"was": was, "would": would, "cost": costs}))
    else:
        Console().print(render(plan, was, would, costs), markup=False)


def render(
    plan: Dialplan, was: Figures, would: Figures, costs: tuple[str | None, str | None]
) -> Table:
    """Return both side by side for a terminal."""
    shown = Table(box=box.SIMPLE, title=plan.say_name)
    for name in ("figure", "was", "would be"):
        shown.add_column(name, justify="left" if name == "figure" else "right")
    for key in (*_SHOWN, "quota_over"):
        values = [one[key].value for one in (was, would)]
        shown.add_row(
            BY_KEY[key].name,
            *("not measured" if one is None else f"{one:,.1f}" for one in values),
        )
    shown.add_row("Cost", *(one or "no price is set" for one in costs))
    return shown


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
) -> str | None:
    """Return what a month costs, tax included; None without a price."""
    if price is None:
        return None
    total = sum_of(itemised(taken, asked, included, price), price).total
    return f"{total} {price.currency}"
