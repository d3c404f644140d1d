"""``sipbot dialplan``: is what the admin wrote right, and what does it mean to callers?

Mistakes go to standard error, one a line, as ``file:line:column: key = value: problem. remedy``;
with ``--json`` to standard output as a list.  A warning is told in the same form and is no mistake.
Exit code 0 is right, 1 a mistake, 2 a wrong command line.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sipbot import config, dialplan, dialplan_form
from sipbot.cli_config import ConfigOption, JsonOption, exit_code, print_json
from sipbot.dialplan import Dialplan, Dialplans
from sipbot.errors import Mistake, SipbotError, UsageError
from sipbot.numbers import canonical, display, is_region

dialplan_app = typer.Typer(
    no_args_is_help=True, help="The clients' dialplans: check them, show what they say."
)

_Folder = Annotated[
    Path | None,
    typer.Option("--dialplans", help="Folder of dialplans; without it, the settings say."),
]
_Region = Annotated[
    str | None,
    typer.Option("--region", help="Whose numbers are meant, such as JP; goes with a given path."),
]


@dialplan_app.command("schema")
def dialplan_schema() -> None:
    """Print the JSON Schema of a dialplan file, for editors and for reading.

    Example: sipbot dialplan schema > dialplan.schema.json
    """
    print_json(dialplan_form.schema())


@dialplan_app.command("check")
def check_dialplans(
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder or one file; without it, the folder the settings name."),
    ] = None,
    *,
    region: _Region = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the dialplans and say everything that is wrong, without touching a running sipbot.

    Example: sipbot dialplan check dialplans/yamato.toml
    """
    with exit_code(as_json=as_json):
        folder, region = _source(path, region, config_path)
        if folder.is_file():
            plans: tuple[Dialplan, ...] = (dialplan.load_file(folder, region),)
        else:
            plans = dialplan.load_all(folder, region).all
        numbers = sum(len(plan.numbers) for plan in plans)
        warnings = [warning for plan in plans for warning in _warnings(plan)]
        if as_json:
            clients = [plan.client for plan in plans]
            told = [msgspec.to_builtins(each, enc_hook=str) for each in warnings]
            found = {"ok": True, "clients": clients, "numbers": numbers, "mistakes": []}
            print_json(found | {"warnings": told})
        else:
            for warning in warnings:
                typer.echo(f"warning: {warning}", err=True)
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
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the dialplans say: for all, for one client, or for the number a caller dials.

    Example: sipbot dialplan show 03-1234-5678
    """
    with exit_code(as_json=as_json):
        folder, region = _source(folder, region, config_path)
        plans = dialplan.load_all(folder, region)
        chosen = plans.all if which is None else (_find(plans, which),)
        if as_json:
            print_json([_facts(plan) for plan in chosen])
        elif which is None:
            Console().print(_table(plans))
        else:
            for key, value in _facts(chosen[0]).items():
                shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
                typer.echo(f"{key}: {shown}")


def _warnings(plan: Dialplan) -> list[Mistake]:
    today = datetime.now(UTC).astimezone(plan.hours.tz).date()
    due = dialplan.due_for_review(plan, today)
    return [*plan.warnings, *([due] if due else [])]


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
    for key, value in plan.form.model_dump(mode="json", by_alias=True, exclude_none=True).items():
        if isinstance(value, dict):
            facts |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            facts[key] = value
    found = {"greeting": plan.greeting, "thanks": plan.thanks, "path": plan.path}
    facts |= {"numbers": list(plan.numbers)} | {key: str(path) for key, path in found.items()}
    return facts | {"sha256": plan.sha256}


def _table(plans: Dialplans) -> Table:
    table = Table("Client", "Name", "Language", "Numbers", "Rings (s)", "Longest message (s)")
    for plan in plans.all:
        numbers = ", ".join(display(number, plans.region) for number in plan.numbers)
        limits = (f"{plan.answer.after_s:g}", f"{plan.record.max_s:g}")
        table.add_row(plan.client, escape(plan.say_name), plan.language, numbers, *limits)
    return table
