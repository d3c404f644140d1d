"""``sipbot config``: is what the admin wrote right, and what may be written?

Mistakes go to standard error, one a line, as ``file:line:column: key = value: problem. remedy``;
with ``--json`` to standard output as a list.  Exit code 0 is right, 1 a mistake, 2 a wrong command
line.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from sipbot import config
from sipbot.errors import MistakesError, SipbotError

config_app = typer.Typer(no_args_is_help=True, help="The settings: check them, print their schema.")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings; without it $SIPBOT_CONFIG, else ./config.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@config_app.command("check")
def check_config(*, config_path: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Read config.toml and the SIPBOT_* variables and say everything that is wrong.

    Example: sipbot config check --config config.toml
    """
    with exit_code(as_json=as_json):
        settings = config.load(config_path)
        if as_json:
            print_json({"ok": True, "site": settings.site, "mistakes": []})
        else:
            typer.echo(f"The settings of site {settings.site} are right.")


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of config.toml, for editors and for reading.

    Example: sipbot config schema > config.schema.json
    """
    print_json(config.schema())


@contextmanager
def exit_code(*, as_json: bool) -> Iterator[None]:
    """Turn errors into their message and exit code; a traceback helps nobody at 3 a.m."""
    try:
        yield
    except SipbotError as error:
        mistakes = error.mistakes if isinstance(error, MistakesError) else ()
        if as_json:
            listed = [msgspec.to_builtins(each, enc_hook=str) for each in mistakes]
            print_json({"ok": False, "problem": str(error), "mistakes": listed})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None


def print_json(value: object) -> None:
    """Write a value as indented JSON to standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
