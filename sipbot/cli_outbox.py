"""``sipbot outbox``: what is still to be delivered, and try it again.

Nothing of what callers said is shown here: ids, times, and the words of the broker.
"""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from sipbot import archive, audio_store, config, control, local_time, report_order
from sipbot import control_wire as wire
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_table import print_whole
from sipbot.config import Settings
from sipbot.errors import ControlError, LedgerError, NotRunningError, UsageError
from sipbot.from_settings import ledger_path
from sipbot.ledger import Ledger, ReadOnlyLedger, Undelivered
from sipbot.notice import TARGET_PREFIX

outbox_app = typer.Typer(
    no_args_is_help=True, help="Deliveries that were not made yet: list them, try them again."
)


@outbox_app.command("list", epilog="Example: sipbot outbox list --dead")
def list_command(
    config_file: ConfigOption = None,
    *,
    dead: Annotated[
        bool, typer.Option("--dead", help="Only those that were refused too often.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List what was not delivered yet, in order per target and client."""
    with ReadOnlyLedger.open(ledger_path(config.load(config_file))) as ledger:
        found = ledger.undelivered(dead_only=dead)
    if as_json:
        typer.echo(msgspec.json.encode(found))
        return
    if not found:
        typer.echo("no dead letters" if dead else "everything was delivered")
        return
    due = local_time.titled("due")
    names = ("id", "target", "client", "memo", "rev", due, "attempts", "last error")
    table = Table(*names)
    for one in found:
        table.add_row(*_row(one))
    print_whole(table)


@outbox_app.command(
    "retry", epilog="Examples: sipbot outbox retry --all, sipbot outbox retry 17 18"
)
def retry_command(
    deliveries: Annotated[
        list[int] | None, typer.Argument(help="Ids, as sipbot outbox list shows them.")
    ] = None,
    config_file: ConfigOption = None,
    *,
    all_dead: Annotated[
        bool, typer.Option("--all", help="Every dead letter; the others are tried by themselves.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Try deliveries again now, as if they had never been refused.

    A running sipbot is asked to; without one they are due at the next start.
    """
    if not deliveries and not all_dead:
        raise UsageError("which deliveries? Name ids of sipbot outbox list, or say --all")
    settings = config.load(config_file)
    request = wire.RetryOutbox(deliveries=tuple(deliveries or ()), all_dead=all_dead)
    done = asyncio.run(_retry(settings, request))
    if as_json:
        typer.echo(msgspec.json.encode({"retried": done.retried, "unknown": done.unknown}))
    else:
        none = all_dead and not done.retried
        word = "no dead letters: the others are tried by themselves, or name their ids"
        typer.echo(word if none else f"due now: {len(done.retried)} deliveries")
    if done.unknown:
        names = ", ".join(map(str, done.unknown))
        raise UsageError(f"not waiting to be delivered: {names}: sipbot outbox list names those")


async def _retry(settings: Settings, request: wire.RetryOutbox) -> wire.Retried:
    try:
        reply = await control.ask(control.socket_path(settings.var), request)
    except NotRunningError:
        return await _retry_alone(settings, request)
    if not isinstance(reply, wire.Retried):
        raise ControlError(f"sipbot answered {type(reply).__name__}: it is of another release")
    return reply


async def _retry_alone(settings: Settings, request: wire.RetryOutbox) -> wire.Retried:
    """Write to the ledger ourselves: nobody runs, so there is no other writer."""
    path = ledger_path(settings)
    if not path.is_file():
        raise LedgerError(f"{path}: there is no ledger yet: name its settings with --config")
    async with Ledger.open(path) as ledger:
        done = await ledger.retry(request.deliveries, datetime.now(UTC), all_dead=request.all_dead)
    return wire.Retried(retried=done.retried, unknown=done.unknown)


def _row(one: Undelivered) -> tuple[str, ...]:
    due = f"{one.due_at.astimezone():%Y-%m-%d %H:%M:%S}"
    if one.dead_at is not None:
        due = f"dead since {one.dead_at.astimezone():%Y-%m-%d %H:%M:%S}"
    return (
        str(one.id),
        one.target,
        one.client,
        one.memo or f"{_kind(one)} {one.req}".strip(),
        "" if one.rev is None else str(one.rev),
        due,
        str(one.attempts),
        one.last_error or "",
    )


def _kind(one: Undelivered) -> str:
    if one.target in (archive.TARGET, audio_store.TARGET) or one.target.startswith(
        report_order.PREFIX
    ):
        return ""  # what it is stands in its name
    return "notification" if one.target.startswith(TARGET_PREFIX) else "answer"
