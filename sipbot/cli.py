"""The ``sipbot`` command: parse, call one function, print, exit code.  No logic lives here.

Exit code 0 is success, 1 a failure that the message explains, 2 a wrong command line.
"""

import gc
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Annotated

import typer

import sipbot
from sipbot.errors import SipbotError

PARTS = {
    "call": "cli_call:call",
    "demo": "cli_demo:demo",
    "doctor": "cli_doctor:doctor",
    "status": "cli_status:status",
    "edge": "cli_edge:edge_app",
    "quota": "cli_quota:quota",
    "capacity": "cli_capacity:capacity",
    "report": "cli_report:report_app",
    "run": "cli_run:run",
    "memos": "cli_memos:memos_app",
    "accounts": "cli_accounts:accounts_app",
    "mqtt": "cli_mqtt:mqtt_app",
    "outbox": "cli_outbox:outbox_app",
    "archive": "cli_archive:archive_app",
    "audio-store": "cli_audio_store:audio_store_app",
    "notify": "cli_notify:notify_app",
    "ledger": "cli_ledger:ledger_app",
    "privacy": "cli_privacy:privacy_app",
    "models": "cli_models:app",
    "config": "cli_config:config_app",
    "dialplan": "cli_dialplan:dialplan_app",
    "client": "cli_client:client_app",
    "prompts": "cli_prompts:prompts_app",
    "speech": "cli_speech:speech_app",
}
"""First word → module and function or group, in the order of the help."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"sipbot {sipbot.__version__}")
        raise typer.Exit


def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answer a client's line, record and transcribe the message, publish a memo over MQTT."""


def program(first: str = "") -> typer.Typer:
    """Return the command line: of one part when the first word names it, else the whole.

    A main process that was killed is back a third sooner without the modules of the other commands
    (1.06 instead of 1.44 s of CPU, measured).
    """
    app = typer.Typer(
        name="sipbot",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        help="Answer a client's line, record and transcribe the message, publish a memo over MQTT.",
    )
    app.callback()(root)
    for name in (first,) if first in PARTS else PARTS:
        module, attribute = PARTS[name].split(":")
        part = getattr(import_module(f"sipbot.{module}"), attribute)
        if isinstance(part, typer.Typer):
            app.add_typer(part, name=name)
        else:
            app.command(name)(part)
    return app


def _imported(first: str = "") -> typer.Typer:
    """Return `program`, without looking for garbage on the way: imports make none.

    What was imported is left out of later looks, too.  A main process that was killed is back a
    tenth to a quarter sooner (1.02 instead of 1.34 s of processor, in another run 1.01 instead of
    1.10; medians of five and of seven).
    """
    gc.disable()
    app = program(first)
    gc.freeze()
    gc.enable()
    return app


def main() -> None:
    """Run the command line; every expected failure is one message and an exit code."""
    try:
        _imported(*sys.argv[1:2])()
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
