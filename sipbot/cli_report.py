"""``sipbot report``: what a client company is handed, made from the ledger.

Reads only, whether sipbot runs or not; `sipbot.cli_report_review` writes.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from sipbot import config, private_file
from sipbot.cli_config import ConfigOption
from sipbot.cli_dialplan_source import find_plan, is_file, one_plan
from sipbot.cli_fleet import ArchiveOption, ledger_of
from sipbot.cli_kpi import kpi_app
from sipbot.cli_report_review import action_app, quality_app
from sipbot.config import Settings
from sipbot.errors import UsageError
from sipbot.ledger_day import Span
from sipbot.plan import Dialplan
from sipbot.quota import Month, month_of
from sipbot.reload import start
from sipbot.report import months, weekly
from sipbot.report.files import pack_as, reader_of, statement_as
from sipbot.report.weeks import Week
from sipbot.report.words import Say
from sipbot.report_form import ReportFileForm as Format

report_app = typer.Typer(
    no_args_is_help=True, help="What clients are handed: weekly packs, monthly statements."
)

report_app.add_typer(kpi_app)
report_app.add_typer(action_app, name="action")
report_app.add_typer(quality_app, name="quality")

_OF_ALL: tuple[Format, ...] = ("html", "csv", "json")
"""A PDF takes ten times as long as the three together (2 s of a processor beside 0.2 s, measured on
a busy client's week); it is made when it is asked for."""

ClientOrNumber = Annotated[
    str, typer.Argument(help="A client, one of its numbers, or a dialplan file.")
]
FormatOption = Annotated[
    Format | None, typer.Option("--format", help="Without it, the ending of the file's name says.")
]
LanguageOption = Annotated[
    Literal["ja", "en"] | None,
    typer.Option("--language", help="Of the reader; without it, the client's."),
]
OutOption = Annotated[
    Path | None, typer.Option("-o", "--out", help="File to write; without it, standard output.")
]


@report_app.command(
    "monthly", epilog="Example: sipbot report monthly sato-law --month 2026-10 -o statement.html"
)
def monthly_command(
    client: ClientOrNumber,
    *,
    month: Annotated[
        str | None, typer.Option("--month", help="Such as 2026-10; without it, the last whole one.")
    ] = None,
    form: FormatOption = None,
    language: LanguageOption = None,
    out: OutOption = None,
    config_file: ConfigOption = None,
    archive: ArchiveOption = False,
) -> None:
    """Make a month's statement: every call, which of them count, and what they cost.

    A call belongs to the month in which it came, in the client's time zone.
    """
    form = form_of(form, out)
    settings = config.load(config_file)
    plan, now = plan_of(settings, client, config_file), datetime.now(UTC)
    tz = plan.hours.tz
    chosen = _month(month, tz, now)
    span = Span(since=chosen.begins(tz), until=chosen.following.begins(tz))
    with ledger_of(settings, [plan.client], [span], archive=archive) as ledger:
        made = months.statement_of(ledger, plan, chosen, now)
    say = Say(language or reader_of(plan), plan.hours.tz)
    deliver(statement_as(form, made, say), out)


@report_app.command(
    "weekly", epilog="Example: sipbot report weekly sato-law --week 2026-W46 -o week.html"
)
def weekly_command(
    client: Annotated[
        str | None, typer.Argument(help="A client, one of its numbers, or a dialplan file.")
    ] = None,
    *,
    everybody: Annotated[
        bool, typer.Option("--all", help="Of every client: HTML, CSV and JSON into the folder -o.")
    ] = False,
    week: Annotated[
        str | None, typer.Option("--week", help="Such as 2026-W46; without it, the last whole one.")
    ] = None,
    form: FormatOption = None,
    language: LanguageOption = None,
    out: OutOption = None,
    config_file: ConfigOption = None,
    archive: ArchiveOption = False,
) -> None:
    """Make a week's pack: results against targets, missed calls, complaints, actions, plots.

    A week is one of ISO 8601, Monday to Sunday, in the client's time zone.
    """
    if (client is None) is not everybody:
        raise UsageError("whose pack? Name a client, or all of them by --all")
    if everybody and (out is None or not out.is_dir()):
        raise UsageError("--all: into which folder? Name one that exists by -o")
    forms = [form] if form else _OF_ALL if everybody else [form_of(form, out)]
    settings = config.load(config_file)
    plans = start(settings.dialplans, settings.region, settings.var).in_force.plans
    chosen = plans.all if client is None else [plan_of(settings, client, config_file)]
    now = datetime.now(UTC)
    spans = [
        weekly.span_of(each, plan)
        for plan in chosen
        for each in weekly.weeks_of(_week(week, plan.hours.tz, now))
    ]
    clients = [plan.client for plan in plans.all]  # the medians are of all of them
    with ledger_of(settings, clients, spans, archive=archive) as ledger:
        packs = weekly.Packs(ledger, plans.all, now)
        for plan in chosen:
            found = _week(week, plan.hours.tz, now)
            say = Say(language or reader_of(plan), plan.hours.tz)
            made = packs.of(plan, found, say)
            for each in forms:
                file = out / f"{plan.client}-{found}.{each}" if out and everybody else out
                deliver(pack_as(each, made, say), file)


def form_of(form: Format | None, out: Path | None) -> Format:
    """Return the form that the options mean.

    Raises:
        UsageError: neither says one.
    """
    if form is not None:
        return form
    if out is None:
        return "html"
    match out.suffix:
        case ".html" | ".htm":
            return "html"
        case ".pdf":
            return "pdf"
        case ".csv":
            return "csv"
        case ".json":
            return "json"
    raise UsageError(f"-o {out}: which form? End it with .html, .pdf, .csv or .json, or --format")


def plan_of(settings: Settings, client: str, config_file: Path | None) -> Dialplan:
    """Return the client's dialplan; the last good form of one that is wrong.

    Raises:
        SipbotError: there is no such client, or there is no good form of its file.
    """
    if is_file(client):
        return one_plan(client, None, None, config_file)[0]
    found = start(settings.dialplans, settings.region, settings.var).in_force
    return find_plan(found.plans, client)


def deliver(content: bytes, out: Path | None) -> None:
    """Write a report to its file, whole or not at all, or to standard output.

    It may name callers: the file is for its owner alone.

    Raises:
        ReportError: it cannot be written.
    """
    if out is None:
        typer.echo(content, nl=False)
        return
    private_file.write(out, content)


def _month(text: str | None, tz: ZoneInfo, now: datetime) -> Month:
    """Return the month that is meant; the one before the present without any.

    Raises:
        UsageError: the text is no month.
    """
    if text is None:
        present = month_of(now, tz)
        number = present.number - 1
        return Month(present.year, number) if number else Month(present.year - 1, 12)
    found = Month.parse(text)
    if found is None:
        raise UsageError(f"--month {text}: is no month. Write year and month such as 2026-10")
    _check_begun("--month", text, found.begins(tz), now)
    return found


def _week(text: str | None, tz: ZoneInfo, now: datetime) -> Week:
    """Return the week that is meant; the one before the present without any.

    Raises:
        UsageError: the text is no week.
    """
    if text is None:
        return Week.of(now, tz).before()
    found = Week.parse(text)
    if found is None:
        raise UsageError(f"--week {text}: is no week. Write year and week such as 2026-W46")
    _check_begun("--week", text, found.begins(tz), now)
    return found


def _check_begun(option: str, text: str, begins: datetime, now: datetime) -> None:
    """Refuse what has not begun: its zeros would look as if nobody had called."""
    if begins > now:
        raise UsageError(f"{option} {text}: has not begun. Leave it out for the last whole one")
