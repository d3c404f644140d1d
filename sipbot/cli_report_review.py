"""``sipbot report action`` and ``quality``: what comes of reviews, for the next weekly pack.

A running sipbot is asked to write it down; without one the command does.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from sipbot import config, control, reviews_desk
from sipbot import control_wire as wire
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_dialplan_source import find_plan
from sipbot.config import Settings
from sipbot.errors import ControlError, LedgerError, NotRunningError, UsageError
from sipbot.from_settings import ledger_path
from sipbot.ledger import Ledger
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.quality_form import PER_OPERATOR
from sipbot.reload import start
from sipbot.report.sample import operator_of, sampled
from sipbot.report.weekly import span_of
from sipbot.report.weeks import Week
from sipbot.terminal import printable

action_app = typer.Typer(
    no_args_is_help=True, help="What was agreed on with clients, until it is done."
)
quality_app = typer.Typer(no_args_is_help=True, help="Memos to look at again, and their scores.")


@action_app.command(
    "add", epilog='Example: sipbot report action add sato-law "New greeting" --who Hanako'
)
def add_command(
    client: Annotated[str, typer.Argument(help="A client, or one of its numbers.")],
    text: Annotated[str, typer.Argument(help="What is to be done.")],
    *,
    who: Annotated[str, typer.Option(help="Who does it.")],
    due: Annotated[str, typer.Option(help="Until which day, such as 2026-12-01.")] = "",
    config_file: ConfigOption = None,
) -> None:
    """Write down what was agreed on; every weekly pack has it until it is done."""
    settings = config.load(config_file)
    if due:
        _check_day(due)
    plans = start(settings.dialplans, settings.region, settings.var).in_force.plans
    plan = find_plan(plans, client)
    reply = asyncio.run(ask(settings, wire.Agree(plan.client, text, who, due)))
    if not isinstance(reply, wire.Agreed):
        raise ControlError(f"sipbot answered {type(reply).__name__}: it is of another release")
    typer.echo(f"{reply.number}: written down for {plan.client}")


@action_app.command("done", epilog="Example: sipbot report action done 3")
def done_command(
    number: Annotated[int, typer.Argument(help="As sipbot report action list shows it.")],
    config_file: ConfigOption = None,
) -> None:
    """Write down that something was done; the pack of this week says so, later ones do not."""
    asyncio.run(ask(config.load(config_file), wire.ActionDone(number)))
    typer.echo(f"{number}: done")


@action_app.command("list", epilog="Example: sipbot report action list sato-law --json")
def list_command(
    client: Annotated[str | None, typer.Argument(help="Only this client's.")] = None,
    config_file: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List what was agreed on and is not done."""
    with ReadOnlyLedger.open(ledger_path(config.load(config_file))) as ledger:
        found = ledger.actions(client, datetime.max.replace(tzinfo=UTC))
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    table = Table("number", "client", "what", "who", "due")
    for one in found:
        cells = (one.client, one.text, one.who, one.due)
        table.add_row(str(one.id), *map(printable, cells))
    Console().print(table, markup=False)


@quality_app.command("sample", epilog="Example: sipbot report quality sample sato-law --number 2")
def sample_command(
    client: Annotated[str, typer.Argument(help="A client, or one of its numbers.")],
    *,
    week: Annotated[
        str | None, typer.Option("--week", help="Such as 2026-W46; without it, the last whole one.")
    ] = None,
    number: Annotated[
        int | None,
        typer.Option(min=1, help="Memos of each operator; without it, as the client's file says."),
    ] = None,
    config_file: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose memos of a week for review, the same ones however often it is asked."""
    settings = config.load(config_file)
    plans = start(settings.dialplans, settings.region, settings.var).in_force.plans
    plan = find_plan(plans, client)
    wanted = Week.of(datetime.now(UTC), plan.hours.tz).before() if week is None else _week(week)
    with ReadOnlyLedger.open(ledger_path(settings)) as ledger:
        calls = ledger.taken(plan.client, span_of(wanted, plan))
        handled = ledger.handled([one.memo for one in calls if one.memo is not None])
    worked = [(one.memo, who) for one in handled.values() if (who := operator_of(one.history))]
    usual = plan.form.quality.memos if plan.form.quality else PER_OPERATOR
    found = sampled(worked, f"{plan.client} {wanted}", number or usual)
    if as_json:
        typer.echo(msgspec.json.encode([{"memo": memo, "operator": who} for memo, who in found]))
        return
    table = Table("memo", "operator")
    for row in found:
        table.add_row(*map(printable, row))
    Console().print(table, markup=False)


@quality_app.command(
    "score",
    epilog="Example: sipbot report quality score 019a9c3e --by mari --good greeting --bad wish",
)
def score_command(
    memo: Annotated[str, typer.Argument(help="Its id, or the beginning or end of it.")],
    *,
    by: Annotated[str, typer.Option(help="Who judges.")],
    good: Annotated[list[str] | None, typer.Option(help="Item that was done well.")] = None,
    bad: Annotated[list[str] | None, typer.Option(help="Item that was not.")] = None,
    config_file: ConfigOption = None,
) -> None:
    """Write down how a memo's handling is judged; the weekly pack shows the score."""
    points = dict.fromkeys(good or (), True) | dict.fromkeys(bad or (), False)
    if not points:
        raise UsageError("what was judged? Name items of your checklist by --good and --bad")
    settings = config.load(config_file)
    with ReadOnlyLedger.open(ledger_path(settings)) as ledger:
        found = ledger.memo(memo)
    if found is None:
        raise UsageError(f"{memo}: no memo has this id: sipbot report quality sample names some")
    operator = operator_of(found.history)
    if operator is None:
        raise UsageError(f"{found.id}: nobody has worked on it yet, so there is nothing to judge")
    _check_items(settings, found.client, points)
    request = wire.Judge(found.id, found.client, operator, by, points)
    asyncio.run(ask(settings, request))
    typer.echo(f"{found.id}: {sum(points.values())} of {len(points)} for {operator}")


def _check_items(settings: Settings, client: str, points: Mapping[str, bool]) -> None:
    """Refuse what is not on the client's checklist, if it has one."""
    plans = start(settings.dialplans, settings.region, settings.var).in_force.plans
    form = next((one.form.quality for one in plans.all if one.client == client), None)
    strange = [item for item in points if form is not None and item not in form.checklist]
    if form is not None and strange:
        raise UsageError(
            f"{strange[0]}: is not on the checklist of {client} ([quality] of its file). Judge "
            f"{', '.join(form.checklist)}"
        )


def _check_day(text: str) -> None:
    try:
        date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--due {text}: is no day. Write one such as 2026-12-01") from None


def _week(text: str) -> Week:
    found = Week.parse(text)
    if found is None:
        raise UsageError(f"--week {text}: is no week. Write year and week such as 2026-W46")
    return found


async def ask(settings: Settings, request: wire.Request) -> wire.Reply:
    """Ask a running sipbot to write something down, or do it ourselves where none runs.

    Raises:
        SipbotError: it cannot be written.
    """
    try:
        return await control.ask(control.socket_path(settings.var), request)
    except NotRunningError:
        return await _alone(settings, request)


async def _alone(settings: Settings, request: wire.Request) -> wire.Reply:
    """Write to the ledger ourselves: nobody runs, so there is no other writer."""
    path = ledger_path(settings)
    if not path.is_file():
        raise LedgerError(f"{path}: there is no ledger yet: name its settings with --config")
    async with Ledger.open(path) as ledger:
        return await reviews_desk.handlers(ledger)[type(request)](request)
