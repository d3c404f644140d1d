"""``sipbot dialplan``: is what the admin wrote right, and what does it mean to callers?

Mistakes go to standard error, one a line, as ``file:line:column: key = value: problem. remedy``;
with ``--json`` to standard output as a list.  A warning is told in the same form and is no mistake.
Exit code 0 is right, 1 a mistake, 2 a wrong command line.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sipbot import dialplan, dialplan_form
from sipbot.cli_config import ConfigOption, JsonOption, exit_code, print_json
from sipbot.cli_dialplan_calls import run_dialplan_tests, simulate_call
from sipbot.cli_dialplan_elsewhere import elsewhere, named_in_vain
from sipbot.cli_dialplan_hours import diff_dialplans, show_calendar
from sipbot.cli_dialplan_new import new_dialplan
from sipbot.cli_dialplan_source import FolderOption, RegionOption, one_plan, source
from sipbot.dialplan import Dialplan, Dialplans
from sipbot.dialplan_editor import SCHEMA_FILE, editor_files
from sipbot.dialplan_mermaid import mermaid as flowchart
from sipbot.dialplan_outline import outline, shown_number
from sipbot.dialplan_picture import svg as picture
from sipbot.dialplan_tree import terminal_tree
from sipbot.dialplan_tried import load_tried, refuse_failures
from sipbot.errors import Mistake, UsageError
from sipbot.escalation_compile import uncovered
from sipbot.privacy_hints import lacks

dialplan_app = typer.Typer(
    no_args_is_help=True,
    help="The clients' dialplans: make, check, show and test them.",
)
dialplan_app.command("simulate")(simulate_call)
dialplan_app.command("test")(run_dialplan_tests)
dialplan_app.command("diff")(diff_dialplans)
dialplan_app.command("calendar")(show_calendar)
dialplan_app.command("new")(new_dialplan)


@dialplan_app.command("schema")
def dialplan_schema(
    *,
    vscode: Annotated[
        Path | None,
        typer.Option(
            "--vscode",
            help="Write what VS Code and taplo need beside this folder of dialplans instead.",
            metavar="FOLDER",
        ),
    ] = None,
) -> None:
    """Print the JSON Schema of a dialplan file, for editors and for reading.

    Example: sipbot dialplan schema --vscode dialplans
    """
    if vscode is None:
        print_json(dialplan_form.schema())
        return
    with exit_code(as_json=False):
        if not vscode.is_dir():
            raise UsageError(f"{vscode}: is not a folder. Name the folder of dialplans")
        home = vscode.absolute().parent
        for name, text in editor_files(dialplan_form.schema(), vscode.absolute()).items():
            _write_for_editor(home / name, text)


def _write_for_editor(path: Path, text: str) -> None:
    """Write a file, or print what somebody's own file of this name lacks."""
    if path.name != SCHEMA_FILE and path.exists() and path.read_text(encoding="utf-8") != text:
        typer.echo(f"{path} is there already and stays as it is; add this to it:\n\n{text}")
        return
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {path}")


@dialplan_app.command("check")
def check_dialplans(
    path: Annotated[
        Path | None,
        typer.Argument(help="A folder or one file; without it, the folder the settings name."),
    ] = None,
    *,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the dialplans, place their test calls, and say everything that is wrong.

    A running sipbot is not touched; what is right here is what it would accept.
    Targets of notifications are looked up in config.toml, with --config also for a named path.

    Example: sipbot dialplan check dialplans/yamato.toml
    """
    with exit_code(as_json=as_json):
        folder, region = source(path, region, config_path)
        if folder.is_file():
            plans: tuple[Dialplan, ...] = (dialplan.load_file(folder, region),)
            refuse_failures(plans, region)
        else:
            plans = load_tried(folder, region).all
        numbers = sum(len(plan.numbers) for plan in plans)
        warnings = [warning for plan in plans for warning in _warnings(plan)]
        others = elsewhere(path, config_path)
        warnings += named_in_vain(plans, others)
        notes = others.notes(plans)
        if as_json:
            clients = [plan.client for plan in plans]
            told = [msgspec.to_builtins(each, enc_hook=str) for each in warnings]
            found = {"ok": True, "clients": clients, "numbers": numbers, "mistakes": []}
            print_json(found | {"warnings": told, "not_checked": notes})
        else:
            for warning in warnings:
                typer.echo(f"warning: {warning}", err=True)
            for note in notes:
                typer.echo(f"not checked: {note}", err=True)
            counted = f"{_count(len(plans), 'dialplan')} with {_count(numbers, 'number')}"
            typer.echo(f"{counted} {'is' if len(plans) == 1 else 'are'} right.")


@dialplan_app.command("show")
def show_dialplans(
    which: Annotated[
        str | None, typer.Argument(help="A client, a number or a file; without it, all clients.")
    ] = None,
    *,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print the calls as a Mermaid flowchart.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", help="Draw the calls into this file.")
    ] = None,
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the dialplans say: for all, for one client, or for the number a caller dials.

    Example: sipbot dialplan show 03-1234-5678
    """
    with exit_code(as_json=as_json):
        if which is None:
            if mermaid or svg:
                raise UsageError("--mermaid and --svg draw one client: name it")
            folder, region = source(folder, region, config_path)
            plans = dialplan.load_all(folder, region)
            if as_json:
                print_json([_facts(plan) for plan in plans.all])
            else:
                Console().print(_table(plans))
            return
        plan, region = one_plan(which, folder, region, config_path)
        _show(plan, region, mermaid=mermaid, svg=svg, as_json=as_json)


def _show(plan: Dialplan, region: str, *, mermaid: bool, svg: Path | None, as_json: bool) -> None:
    if svg is not None:
        svg.write_text(picture(outline(plan, region), plan.say_name), encoding="utf-8")
        typer.echo(f"wrote {svg}", err=as_json or mermaid)
    if mermaid:
        typer.echo(flowchart(outline(plan, region), plan.say_name), nl=False)
    elif as_json:
        print_json([_facts(plan)])
    elif svg is None:
        Console(highlight=False).print(terminal_tree(plan, region))
        for warning in _warnings(plan):
            typer.echo(f"warning: {warning}", err=True)


def _warnings(plan: Dialplan) -> list[Mistake]:
    today = datetime.now(UTC).astimezone(plan.hours.tz).date()
    due = dialplan.due_for_review(plan, today)
    gap = uncovered(plan, today)
    return [*plan.warnings, *([due] if due else []), *([gap] if gap else []), *lacks(plan)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


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
    table = Table("Client", "Name", "Language", "Numbers", "Rings (s)", "Longest recording (s)")
    for plan in plans.all:
        numbers = ", ".join(shown_number(number, plans.region) for number in plan.numbers)
        limits = (f"{plan.answer.after_s:g}", f"{plan.longest_s:g}")
        table.add_row(plan.client, escape(plan.say_name), plan.language, numbers, *limits)
    return table
