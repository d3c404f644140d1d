"""``sipbot dialplan calendar`` and ``diff``: when a client is open, and what a change changes."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sipbot import config
from sipbot.calendar_page import html_calendar
from sipbot.calendar_terminal import terminal_calendar
from sipbot.calendar_view import CalendarView, Called, month_view, year_view
from sipbot.cli_config import ConfigOption, JsonOption, exit_code, print_json
from sipbot.cli_dialplan_source import (
    ClientArgument,
    FolderOption,
    RegionOption,
    is_file,
    load_any,
    one_plan,
    source,
)
from sipbot.dialplan import Dialplan
from sipbot.dialplan_diff import Change, changes
from sipbot.dialplan_people import shift_words
from sipbot.errors import UsageError
from sipbot.last_good import APPLIED_FOLDER
from sipbot.terminal import printable

_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_SUNDAY_FIRST = ("ja", "ko")
"""Weeks begin on Sunday on the calendars of Japan and Korea."""


def show_calendar(
    which: ClientArgument,
    *,
    year: Annotated[
        int | None, typer.Option(help="A whole year; without it or --month, this one.")
    ] = None,
    month: Annotated[str, typer.Option(help="One month with its hours: 2027-01.")] = "",
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page to print or mail into this file.")
    ] = None,
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the days on which a client is open, holidays and closures included, and who is on call.

    Example: sipbot dialplan calendar yamato --month 2027-01
    """
    with exit_code(as_json=as_json):
        plan, _ = one_plan(which, folder, region, config_path)
        view = _view(plan, year, month)
        if html is not None:
            html.write_text(html_calendar(view), encoding="utf-8")
            typer.echo(f"wrote {html}", err=as_json)
        if as_json:
            days = [{"state": day.state} | msgspec.to_builtins(day) for day in view.days]
            gaps = [msgspec.to_builtins(one) for one in view.gaps]
            found = {"client": plan.client, "tz": view.tz, "days": days, "nobody_on_call": gaps}
            print_json(found)
        elif html is None:
            Console(highlight=False).print(terminal_calendar(view))


def diff_dialplans(
    old: Annotated[
        str, typer.Argument(help="A file, or a client: then what is in force is compared.")
    ],
    new: Annotated[
        str | None, typer.Argument(help="A file; without it, the client's file in the folder.")
    ] = None,
    *,
    start: Annotated[
        str, typer.Option("--from", help="First of the twelve months compared; today without it.")
    ] = "",
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a change of a dialplan means to callers: hours, greetings, steps, routes, limits.

    Example: sipbot dialplan diff yamato
    """
    with exit_code(as_json=as_json):
        if new is None and is_file(old):
            raise UsageError(f"{old}: is a file; name the other one as well, or a client")
        before, after, region = _forms(old, new, folder, region, config_path)
        today = datetime.now(UTC).astimezone(after.hours.tz).date()
        found = changes(before, after, region, _day(start) if start else today)
        if as_json:
            print_json([msgspec.to_builtins(one) for one in found])
        else:
            _tell(found)


def _view(plan: Dialplan, year: int | None, month: str) -> CalendarView:
    sunday, name = plan.language in _SUNDAY_FIRST, plan.say_name
    # Without numbers: the page may be mailed to the client.
    rota = tuple((form.name, shift_words(form)) for form in plan.form.rota)
    called = Called(plan.escalation, rota)
    try:
        if month:
            written = _MONTH.fullmatch(month)
            if not written or not 1 <= int(written[2]) <= 12 or year is not None:
                raise UsageError(f"--month {month}: write one month alone, such as 2027-01")
            at = int(written[1]), int(written[2])
            return month_view(plan.hours, *at, name=name, sunday=sunday, called=called)
        wanted = year or datetime.now(UTC).astimezone(plan.hours.tz).year
        if not 1970 <= wanted <= 9998:
            raise UsageError(f"--year {wanted}: write a year such as 2027")
        return year_view(plan.hours, wanted, name=name, sunday=sunday, called=called)
    except ValueError as error:
        raise UsageError(f"{plan.client}: {error}") from None


def _forms(
    old: str, new: str | None, folder: Path | None, region: str | None, config_path: Path | None
) -> tuple[Dialplan, Dialplan, str]:
    """What is in force and what is to come."""
    if new is not None:
        before, region = one_plan(old, folder, region, config_path)
        return before, one_plan(new, folder, region, config_path)[0], region
    after, region = one_plan(old, folder, region, config_path)
    applied = config.load(config_path).var / APPLIED_FOLDER / f"{after.client}.toml"
    if not applied.is_file():
        remedy = "Start sipbot with this client once, or name two files"
        raise UsageError(f"{applied}: no form of {after.client} has been in force yet. {remedy}")
    path, region = source(folder, region, config_path)
    return load_any(applied, path, region), after, region


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--from {text}: is not a day. Write it as 2026-12-01") from None


def _tell(found: list[Change]) -> None:
    if not found:
        typer.echo("Nothing changes for callers.")
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold cyan")
    table.add_column(overflow="fold")
    last = ""
    for one in found:
        table.add_row("" if one.about == last else one.about, Text(f"{printable(one.text)}."))
        last = one.about
    Console(highlight=False).print(table)
