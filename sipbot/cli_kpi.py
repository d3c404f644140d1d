"""``sipbot report kpi``: the figures of a client's service, reckoned from the ledger."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from sipbot import config
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_dialplan_source import find_plan
from sipbot.cli_fleet import ArchiveOption, ledger_of
from sipbot.cli_what_if import what_if_app
from sipbot.errors import UsageError
from sipbot.kpi import Figures, Value
from sipbot.kpi_definitions import BY_KEY
from sipbot.ledger_day import Span
from sipbot.plan import Dialplan
from sipbot.reload import start

kpi_app = typer.Typer()
kpi_app.add_typer(what_if_app)

_DAYS = 7
"""Days that are looked back on without any other wish: a week has every day once."""

FromOption = Annotated[
    str | None, typer.Option("--from", help="First day, such as 2026-10-01; a week without it.")
]
ToOption = Annotated[
    str | None, typer.Option("--to", help="Last day, included; without it, yesterday.")
]


@kpi_app.command(
    "kpi", epilog="Example: sipbot report kpi sato-law --from 2026-10-01 --to 2026-10-31 --json"
)
def kpi_command(
    client: Annotated[
        str | None, typer.Argument(help="A client or one of its numbers; without it, all clients.")
    ] = None,
    *,
    first: FromOption = None,
    last: ToOption = None,
    config_path: ConfigOption = None,
    archive: ArchiveOption = False,
    as_json: JsonOption = False,
) -> None:
    """Reckon the figures of a client's service; docs/kpi.md says what each means.

    Reads the ledger, whether sipbot runs or not.  Days are those of the client's time zone.
    """
    settings, now = config.load(config_path), datetime.now(UTC)
    in_force = start(settings.dialplans, settings.region, settings.var).in_force.plans
    plans = in_force.all if client is None else [find_plan(in_force, client)]
    spans = [period(first, last, plan.hours.tz, now) for plan in plans]
    clients = [plan.client for plan in plans]
    with ledger_of(settings, clients, spans, archive=archive) as ledger:
        found = [ledger.figures(plan, span, now) for plan, span in zip(plans, spans, strict=True)]
    if as_json:
        typer.echo(msgspec.json.encode(found[0] if client is not None else found))
        return
    console = Console()
    for plan, one in zip(plans, found, strict=True):
        console.print(render(plan, one), markup=False)


def period(first: str | None, last: str | None, tz: ZoneInfo, now: datetime) -> Span:
    """Return the days that are meant, by the clocks of a zone.

    Raises:
        UsageError: one of them is no day, or they are the wrong way round.
    """
    today = now.astimezone(tz).date()
    end = today if last is None else _day("--to", last) + timedelta(days=1)
    begin = end - timedelta(days=_DAYS) if first is None else _day("--from", first)
    if begin >= end:
        raise UsageError(f"--from {begin} is after --to {end - timedelta(days=1)}: swap them")
    return Span(since=_midnight(begin, tz), until=_midnight(end, tz))


def render(plan: Dialplan, found: Figures) -> Table:
    """Return a client's figures for a terminal."""
    since, until = (one.astimezone(plan.hours.tz) for one in (found.since, found.until))
    last = (until - timedelta(microseconds=1)).date()
    shown = Table(box=box.SIMPLE, title=f"{plan.say_name}: {since.date()} to {last}")
    shown.add_column("figure")
    for name in ("value", "of", "target"):
        shown.add_column(name, justify="right")
    for value in found.values.values():
        definition = BY_KEY[value.key]
        target = "" if value.target is None else f"{value.target:g}"
        limit = f"{'≥' if definition.at_least else '≤'} {target}" if target else ""
        style = "red" if value.met is False else None
        name = definition.name
        if value.key == "service_level":
            name = f"{name}, within {found.terms.within_s:g} s"
        shown.add_row(name, _shown(value), str(value.n), limit, style=style)
    for kind, number in found.missed.items():
        shown.add_row(f"missed: {kind}", str(number), "", "", style="dim")
    return shown


def _shown(value: Value) -> str:
    if value.value is None:
        return "not measured"
    unit = BY_KEY[value.key].unit
    digits = 0 if unit == "calls" else 1
    mark = {"percent": " %", "s": " s"}.get(unit, "")
    return f"{value.value:,.{digits}f}{mark}"


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} {text}: is no day. Write one such as 2026-10-01") from None


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=tz).astimezone(UTC)
