"""``sipbot ledger``: is it sound, and a copy of it; both while sipbot runs."""

import asyncio
import math
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from sipbot import config, control, local_time, looked
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_table import print_whole
from sipbot.errors import LedgerError
from sipbot.from_settings import ledger_path
from sipbot.ledger_backup import back_up
from sipbot.ledger_check import CHECK_LIMIT_S
from sipbot.ledger_invariants import Soundness, examine
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.spool import spool_of
from sipbot.terminal import printable

ledger_app = typer.Typer(
    no_args_is_help=True, help="The ledger of all calls: check it, copy it while sipbot runs."
)


@ledger_app.command("check", epilog="Example: sipbot ledger check --json")
def check_command(config_file: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Check the ledger: the file, its references, and what must be true of every call and memo.

    Reads only.  Exit code 0 means that everything was looked at and is right.
    """
    settings = config.load(config_file)
    running = asyncio.run(control.is_running(control.socket_path(settings.var)))
    path = ledger_path(settings)
    # A running sipbot cannot commit while a rule is checked; one that is stopped can wait.
    limit_s = CHECK_LIMIT_S if running else math.inf
    found = examine(path, spool_of(settings.var.absolute()), limit_s)
    if as_json:
        typer.echo(msgspec.json.encode({"ok": found.proved, **msgspec.structs.asdict(found)}))
    else:
        _show(path, found)
    if not found.proved:
        raise typer.Exit(1)


@ledger_app.command("backup", epilog="Example: sipbot ledger backup ledger-2026-11-20.sqlite3")
def backup_command(
    copy: Annotated[Path, typer.Argument(help="File to write; must not exist yet.")],
    config_file: ConfigOption = None,
) -> None:
    """Copy the ledger, also while sipbot writes to it, and check the copy.

    The recordings are files of their own: copy var/spool afterwards.
    """
    path = ledger_path(config.load(config_file))
    try:
        looked.copied(path)
    except LedgerError as error:  # a ledger that cannot be written needs its backup all the more
        typer.echo(f"not written down that it was copied: {error}", err=True)
    size = back_up(path, copy)
    typer.echo(f"{copy}: {size / 1e6:.1f} MB, checked and on disk")


@ledger_app.command("audit", epilog="Example: sipbot ledger audit --account hanako")
def audit_command(
    memo: Annotated[str | None, typer.Option(help="Only what was done with this memo.")] = None,
    account: Annotated[str | None, typer.Option(help="Only what this account did.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 50,
    config_file: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show who did what in the web console, or heard here; the latest first."""
    with ReadOnlyLedger.open(ledger_path(config.load(config_file))) as ledger:
        found = ledger.audited(limit, memo=memo, account=account)
    if as_json:
        rows = [{"at": one.at, **msgspec.structs.asdict(one.entry)} for one in found]
        typer.echo(msgspec.json.encode(rows))
        return
    table = Table(local_time.titled("when"), "who", "from", "did", "client", "memo", "")
    for one in found:
        row = one.entry
        when = one.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        cells = (row.account, row.address, row.action, row.client, row.memo, row.detail)
        table.add_row(when, *(printable(cell or "") for cell in cells))
    print_whole(table)


def _show(path: Path, found: Soundness) -> None:
    counts = f"{found.calls} calls, {found.memos} memos, {found.deliveries} deliveries"
    if found.proved:
        typer.echo(f"{path}: sound; {counts}")
        return
    typer.echo(f"{path}: {len(found.problems)} problems, {len(found.unchecked)} rules not checked")
    table = Table("what must be true", "of", "found")
    for problem in found.problems:
        table.add_row(problem.rule, problem.subject, problem.found)
    if found.problems:
        print_whole(table)
    for rule in found.unchecked:
        typer.echo(f"not checked: {rule}")
    if found.unchecked and not found.problems:
        typer.echo(
            f"While sipbot runs each rule has {CHECK_LIMIT_S:g} s: stop sipbot and check again"
        )
    if found.problems:
        typer.echo(
            "Keep this file and var/spool as they are: they are the evidence. A damaged file is "
            "replaced by the latest backup while sipbot is stopped; other problems are mistakes of "
            "sipbot's: report them"
        )
