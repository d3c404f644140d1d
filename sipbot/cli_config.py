"""``sipbot config`` and ``sipbot dialplan``: is what the admin wrote right, and what does it mean?

Mistakes go to standard error, one a line, as ``file:line:column: key = value: problem. remedy``;
with ``--json`` to standard output as a list.  Exit code 0 is right, 1 a mistake, 2 a wrong command
line.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sipbot import config, dialplan, dialplan_form
from sipbot.dialplan import Dialplan, Dialplans
from sipbot.errors import MistakesError, SipbotError, UsageError
from sipbot.numbers import canonical, display, is_region

config_app = typer.Typer(no_args_is_help=True, help="The settings: check them, print their schema.")
dialplan_app = typer.Typer(
    no_args_is_help=True, help="The clients' dialplans: check them, show what they say."
)

_Config = Annotated[
    Path | None,
    typer.Option("--config", help="Settings; without it $SIPBOT_CONFIG, else ./config.toml."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
_Folder = Annotated[
    Path | None,
    typer.Option("--dialplans", help="Folder of dialplans; without it, the settings say."),
]
_Region = Annotated[
    str | None,
    typer.Option("--region", help="Whose numbers are meant, such as JP; goes with a given path."),
]


@config_app.command("check")
def check_config(*, config_path: _Config = None, as_json: _Json = False) -> None:
    """Read config.toml and the SIPBOT_* variables and say everything that is wrong.

    Example: sipbot config check --config config.toml
    """
    with _exit_code(as_json=as_json):
        settings = config.load(config_path)
        if as_json:
            _print_json({"ok": True, "site": settings.site, "mistakes": []})
        else:
            typer.echo(f"The settings of site {settings.site} are right.")


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of config.toml, for editors and for reading.

    Example: sipbot config schema > config.schema.json
    """
    _print_json(config.schema())


@dialplan_app.command("schema")
def dialplan_schema() -> None:
    """Print the JSON Schema of a dialplan file, for editors and for reading.

    Example: sipbot dialplan schema > dialplan.schema.json
    """
    _print_json(dialplan_form.schema())


@dialplan_app.command("check")
def check_dialplans(
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder or one file; without it, the folder the settings name."),
    ] = None,
    *,
    region: _Region = None,
    config_path: _Config = None,
    as_json: _Json = False,
) -> None:
    """Read the dialplans and say everything that is wrong, without touching a running sipbot.

    Example: sipbot dialplan check dialplans/yamato.toml
    """
    with _exit_code(as_json=as_json):
        folder, region = _source(path, region, config_path)
        if folder.is_file():
            plans: tuple[Dialplan, ...] = (dialplan.load_file(folder, region),)
        else:
            plans = dialplan.load_all(folder, region).all
        numbers = sum(len(plan.numbers) for plan in plans)
        if as_json:
            clients = [plan.client for plan in plans]
            _print_json({"ok": True, "clients": clients, "numbers": numbers, "mistakes": []})
        else:
            counted = f"{_count(len(plans), 'dialplan')} with {_count(numbers, 'number')}"
            typer.echo(f"{counted} {'is' if len(plans) == 1 else 'are'} right.")


@dialplan_app.command("show")
def show_dialplans(
    which: Annotated[
        str | None, typer.Argument(help="A client or a number; without it, all clients.")
    ] = None,
    *,
    folder: _Folder = None,
    region: _Region = None,
    config_path: _Config = None,
    as_json: _Json = False,
) -> None:
    """Show what the dialplans say: for all, for one client, or for the number a caller dials.

    Example: sipbot dialplan show 03-1234-5678
    """
    with _exit_code(as_json=as_json):
        folder, region = _source(folder, region, config_path)
        plans = dialplan.load_all(folder, region)
        chosen = plans.all if which is None else (_find(plans, which),)
        if as_json:
            _print_json([_facts(plan) for plan in chosen])
        elif which is None:
            Console().print(_table(plans))
        else:
            for key, value in _facts(chosen[0]).items():
                shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                typer.echo(f"{key}: {shown}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _source(path: Path | None, region: str | None, config_path: Path | None) -> tuple[Path, str]:
    """The folder and region: both from the settings, or both from the command line."""
    if region is not None and not is_region(region):
        raise UsageError(f"--region {region}: is not a region. Write two capitals such as JP")
    if path is not None and config_path is None:
        if not path.exists():
            raise UsageError(f"{path}: does not exist. Name a dialplan file or a folder of them")
        return path, region or config.Settings.model_fields["region"].default
    settings = config.load(config_path)
    return path or settings.dialplans, region or settings.region


def _find(plans: Dialplans, which: str) -> Dialplan:
    for plan in plans.all:
        if plan.client == which:
            return plan
    found = plans.find(which)
    if found is None:
        number = canonical(which, plans.region)
        known = ", ".join(plan.client for plan in plans.all)
        raise SipbotError(
            f"{which}: no client of this name, and no dialplan claims {number}: "
            f"such a call is refused. Clients: {known}"
        )
    return found


def _facts(plan: Dialplan) -> dict[str, Any]:
    """All keys of the file by their dotted names, defaults included, then what was found."""
    facts: dict[str, Any] = {}
    for key, value in plan.model_dump(mode="json", by_alias=True).items():
        if isinstance(value, dict):
            facts |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            facts[key] = value
    return facts


def _table(plans: Dialplans) -> Table:
    table = Table("Client", "Name", "Language", "Numbers", "Rings (s)", "Longest message (s)")
    for plan in plans.all:
        numbers = ", ".join(display(number, plans.region) for number in plan.numbers)
        limits = (f"{plan.answer.after_s:g}", f"{plan.record.max_s:g}")
        table.add_row(plan.client, escape(plan.say_name), plan.language, numbers, *limits)
    return table


@contextmanager
def _exit_code(*, as_json: bool) -> Iterator[None]:
    """Turn errors into their message and exit code; a traceback helps nobody at 3 a.m."""
    try:
        yield
    except SipbotError as error:
        mistakes = error.mistakes if isinstance(error, MistakesError) else ()
        if as_json:
            listed = [msgspec.to_builtins(each, enc_hook=str) for each in mistakes]
            _print_json({"ok": False, "problem": str(error), "mistakes": listed})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(error.exit_code) from None


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
