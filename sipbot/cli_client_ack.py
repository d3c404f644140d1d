"""``sipbot client ack`` and ``unread``: which operators have read a client's file as it is now.

A running sipbot is asked to write it down; without one the command does.
"""

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from sipbot import config, local_time
from sipbot import control_wire as wire
from sipbot.accounts_file import read_accounts
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_dialplan_source import find_plan
from sipbot.cli_report_review import ask
from sipbot.config import Settings
from sipbot.errors import UsageError
from sipbot.from_settings import ledger_path
from sipbot.ledger_check import reading
from sipbot.ledger_review import Acknowledged, acknowledged
from sipbot.reload import start
from sipbot.terminal import printable
from sipbot.unread import unread, works_for


def ack_command(
    client: Annotated[str, typer.Argument(help="A client, or one of its numbers.")],
    *,
    by: Annotated[str, typer.Option(help="Account of who has read it.")],
    config_file: ConfigOption = None,
) -> None:
    """Write down that an operator has read a client's file as it is in force now.

    sipbot dialplan show prints it, and sipbot client unread names who has still to read which.
    """
    settings = config.load(config_file)
    plan = find_plan(
        start(settings.dialplans, settings.region, settings.var).in_force.plans, client
    )
    account = read_accounts(settings.console.accounts).get(by)
    if account is None or not works_for(account, plan.client):
        raise UsageError(
            f"--by {by}: has no account with {plan.client}'s memos: sipbot accounts list names them"
        )
    asyncio.run(ask(settings, wire.Acknowledge(plan.client, by, plan.sha256)))
    typer.echo(f"{plan.client}: {by} has read {plan.sha256[:12]}")


def unread_command(
    client: Annotated[str | None, typer.Argument(help="Only this client's file.")] = None,
    config_file: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List which operators have not read a client's file since it was changed."""
    settings = config.load(config_file)
    plans = start(settings.dialplans, settings.region, settings.var).in_force.plans
    chosen = plans.all if client is None else [find_plan(plans, client)]
    files = {plan.client: plan.sha256 for plan in chosen}
    found = unread(files, read_accounts(settings.console.accounts), _read(settings))
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    table = Table("client", "operator", "file", local_time.titled("read before"))
    for one in found:
        before = f"{one.read_before.astimezone():%Y-%m-%d %H:%M}" if one.read_before else "never"
        table.add_row(one.client, printable(one.operator), one.sha256[:12], before)
    Console().print(table, markup=False)


def _read(settings: Settings) -> list[Acknowledged]:
    path = ledger_path(settings)
    if not path.is_file():  # where sipbot has never run, nobody has read anything
        return []
    with reading(path) as ledger:
        return acknowledged(ledger)
