"""``sipbot quota``: what clients have used of their calls of a month, counted from the ledger."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from sipbot import config, reload
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_dialplan_source import find_plan, is_file, one_plan
from sipbot.dialplan import Dialplans
from sipbot.errors import UsageError
from sipbot.from_settings import ledger_path
from sipbot.ledger import ReadOnlyLedger
from sipbot.plan import Dialplan
from sipbot.quota import Level, Month, Use, ask, month_of, use
from sipbot.terminal import printable

_STYLES: dict[Level, str | None] = {"below": None, "warned": "yellow", "used_up": "red"}


def quota(
    client: Annotated[
        str | None, typer.Argument(help="A client or one of its numbers; without it, all clients.")
    ] = None,
    *,
    month: Annotated[
        str | None, typer.Option("--month", help="Such as 2026-11; without it, the present one.")
    ] = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count the calls of a month that count against each client's quota.

    Reads the ledger, whether sipbot runs or not.  A month is one of the client's time zone, and a
    call belongs to the month in which it came.  A file that is wrong does not hide the figures: the
    client's last good form counts.

    Example: sipbot quota sato-law --month 2026-11
    """
    wanted = _wanted(month)
    settings = config.load(config_path)
    plans: Sequence[Dialplan]
    if client is not None and is_file(client):
        plans = [one_plan(client, None, None, config_path)[0]]
    else:
        in_force = _in_force(settings)
        plans = in_force.all if client is None else [find_plan(in_force, client)]
    found = count(ledger_path(settings), plans, wanted, datetime.now(UTC))
    if as_json:
        typer.echo(msgspec.json.encode(found))
    else:
        Console().print(render(found), markup=False)


def count(ledger: Path, plans: Sequence[Dialplan], month: Month | None, now: datetime) -> list[Use]:
    """Return what each of these clients has used, those who have used most of theirs first.

    Args:
        ledger: the file.
        plans: the clients'.
        month: which month; None for the present one of each client's zone.
        now: UTC-aware.

    Raises:
        LedgerError: there is no ledger, or it cannot be read.
    """
    months = [month or month_of(now, plan.hours.tz) for plan in plans]
    with ReadOnlyLedger.open(ledger) as reader:
        numbers = reader.calls_that_count(list(map(ask, plans, months)))
    return sorted(map(use, plans, months, numbers), key=_most_used_first)


def render(uses: Sequence[Use]) -> Table:
    """Return a table for a terminal; a client without a quota has no limit and no share."""
    shown = Table(box=box.SIMPLE)
    for name in ("client", "month"):
        shown.add_column(name)
    for name in ("used", "limit", "left", "%"):
        shown.add_column(name, justify="right")
    for one in uses:
        cells = [one.client, one.month, str(one.used)]
        if one.limit is None:
            cells += ["none", "", ""]
        else:
            cells += [str(one.limit), str(max(0, one.limit - one.used)), str(one.percent)]
        shown.add_row(*cells, style=_STYLES[one.level])
    return shown


def _in_force(settings: config.Settings) -> Dialplans:
    """The clients' dialplans as a start would take them; says which files do not count.

    Raises:
        DialplanError: a client's file is wrong, and there is no good form of it.
    """
    found = reload.start(settings.dialplans, settings.region, settings.var).in_force
    for refusal in found.refused.values():
        form = "its last good form counts" if found.form(refusal.path.stem) else "it is left out"
        typer.echo(f"warning: {printable(str(refusal.mistakes[0]))} ({form})", err=True)
    return found.plans


def _most_used_first(one: Use) -> tuple[bool, float, int, str]:
    share = one.used / one.limit if one.limit else 0.0
    return one.limit is None, -share, -one.used, one.client


def _wanted(text: str | None) -> Month | None:
    if text is None:
        return None
    month = Month.parse(text)
    if month is None:
        raise UsageError(f"--month {text}: is no month. Write year and month such as 2026-11")
    return month
