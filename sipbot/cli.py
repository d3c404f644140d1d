"""The ``sipbot`` command: parse, call one function, print, exit code.  No logic lives here.

Exit code 0 is success, 1 a failure that the message explains, 2 a wrong command line.
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import sipbot
from sipbot import (
    cli_config,
    cli_dialplan,
    cli_ledger,
    cli_memos,
    cli_models,
    cli_outbox,
    cli_prompts,
    config,
    log,
    view,
)
from sipbot.app import App
from sipbot.cli_call import call
from sipbot.cli_demo import demo
from sipbot.cli_doctor import doctor
from sipbot.cli_status import status
from sipbot.dialplan import Dialplans, load_all
from sipbot.errors import SipbotError

app = typer.Typer(
    name="sipbot",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Answer a client's line, record and transcribe the message, publish a memo over MQTT.",
)
app.add_typer(cli_memos.memos_app, name="memos")
app.add_typer(cli_outbox.outbox_app, name="outbox")
app.add_typer(cli_ledger.ledger_app, name="ledger")
app.add_typer(cli_models.app, name="models")
app.add_typer(cli_config.config_app, name="config")
app.add_typer(cli_dialplan.dialplan_app, name="dialplan")
app.add_typer(cli_prompts.prompts_app, name="prompts")

app.command()(call)
app.command()(demo)
app.command()(doctor)
app.command()(status)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings; without it $SIPBOT_CONFIG, else ./config.toml."),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sipbot {sipbot.__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answer a client's line, record and transcribe the message, publish a memo over MQTT."""


@app.command()
def run(*, config_path: ConfigOption = None) -> None:
    """Answer calls until told to stop (Ctrl-C or SIGTERM).

    On a terminal a live view of the calls is shown, and the log goes to sipbot.log in the folder
    var; elsewhere JSON logs go to standard error.

    Example: sipbot run --config config.toml
    """
    settings = config.load(config_path)
    dialplans = load_all(settings.dialplans, settings.region)
    watched = sys.stdout.isatty() and settings.log.format != "json"
    log.configure(settings.log.level, "json" if watched else settings.log.format)
    with contextlib.ExitStack() as stack:
        if watched and sys.stderr.isatty():
            stack.enter_context(view.stderr_to(settings.var / "sipbot.log"))
        asyncio.run(_run(settings, dialplans, watched=watched))


async def _run(settings: config.Settings, dialplans: Dialplans, *, watched: bool) -> None:
    async with AsyncExitStack() as stack:
        bot = await App.open(stack, settings, dialplans)
        loop = asyncio.get_running_loop()
        # A closed terminal says SIGHUP; without one (nohup, a supervisor) it is not ours to take.
        for number in (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if watched else ())):
            loop.add_signal_handler(number, bot.stop)
        if not watched:
            await bot.run()
            return
        async with asyncio.TaskGroup() as group:
            viewer = group.create_task(view.show(bot, Console()), name="view")
            await bot.run()
            viewer.cancel()


def main() -> None:
    """Run the command line; every expected failure is one message and an exit code."""
    try:
        app()
    except SipbotError as error:
        _say([error])
        sys.exit(error.exit_code)
    except BaseExceptionGroup as group:
        expected, others = group.split(SipbotError)
        if expected is None or others is not None:
            raise
        _say(list(_leaves(expected)))
        sys.exit(1)


def _leaves(group: BaseExceptionGroup[SipbotError]) -> Iterator[SipbotError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _say(errors: list[SipbotError]) -> None:
    for error in errors:
        sys.stderr.write(f"{error}\n")
