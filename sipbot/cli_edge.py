"""``sipbot edge``: the Kamailio in front of the agents, as text and tried."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import typer

from sipbot import config
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.edge import (
    find,
    make_private,
    problem_with,
    secret_of,
    write_files,
    write_private,
)
from sipbot.edge_config import Plan, dispatcher_list, kamailio_cfg, table_versions, uacreg
from sipbot.errors import ConfigError, Mistake
from sipbot.from_settings import edge_folder, edge_of
from sipbot.front_config import dispatcher_list as front_list
from sipbot.front_config import kamailio_cfg as front_cfg
from sipbot.front_form import read_front

edge_app = typer.Typer(no_args_is_help=True, help="The Kamailio in front of the agents.")

File = Literal["kamailio.cfg", "dispatcher.list", "uacreg", "version"]


@edge_app.command("config", epilog="Example: sipbot edge config > /etc/kamailio/kamailio.cfg")
def show(
    config_path: ConfigOption = None,
    file: Annotated[File, typer.Option("--file", help="Which file to print.")] = "kamailio.cfg",
    folder: Annotated[
        Path, typer.Option("--folder", help="Where your Kamailio reads these files.")
    ] = Path("/etc/kamailio"),
    run_folder: Annotated[
        Path, typer.Option("--run-folder", help="Where it may make its sockets.")
    ] = Path("/run/kamailio"),
) -> None:
    """Print a file for a Kamailio of your own (edge.mode = "own"): docs/operations.md."""
    settings = config.load(config_path)
    plan = msgspec.structs.replace(
        edge_of(settings, secret_of(edge_folder(settings) / "secret")),
        folder=str(folder.absolute()),
        run_folder=str(run_folder.absolute()),
    )
    match file:
        case "kamailio.cfg":
            typer.echo(kamailio_cfg(plan), nl=False)
        case "dispatcher.list":
            typer.echo(dispatcher_list(plan, frozenset(plan.agents)), nl=False)
        case "uacreg":
            typer.echo(uacreg(plan))
        case "version":
            typer.echo(table_versions(), nl=False)


@edge_app.command("check", epilog="Example: sipbot edge check")
def check(
    config_path: ConfigOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Let Kamailio check the configuration that these settings make; nothing is started."""
    settings = config.load(config_path)
    kamailio = find(settings.edge.kamailio)
    path = config_path or config.DEFAULT_FILE
    if kamailio is None:
        remedy = "apt install kamailio kamailio-tls-modules; or set edge.kamailio to its path"
        problem = "is not installed"
        raise _mistake(path, settings.edge.kamailio, problem, remedy, key="edge.kamailio")
    with tempfile.TemporaryDirectory() as folder:
        secret = secret_of(Path(folder) / "secret")
        plan = msgspec.structs.replace(edge_of(settings, secret), folder=folder)
        write_files(plan, frozenset(plan.agents))
        problem = asyncio.run(problem_with(Path(folder), kamailio))
    if problem:
        raise _mistake(path, kamailio, f"refuses its configuration: {problem}", _REMEDY)
    _say(plan, kamailio, as_json=as_json)


@edge_app.command(
    "front", epilog="Example: sipbot edge front front.toml --folder /etc/sipbot/front"
)
def front(
    file: Annotated[Path, typer.Argument(help="The front's settings: docs/operations.md.")],
    folder: Annotated[Path, typer.Option("--folder", help="Where Kamailio's files go.")],
    kamailio: Annotated[str, typer.Option("--kamailio", help="The program.")] = "kamailio",
) -> None:
    """Write the files of a Kamailio in front of several sipbots, and let it check them.

    Nothing is started; one that runs goes on until it is told to read them anew.
    """
    plan = read_front(file, folder)
    program = find(kamailio)
    if program is None:
        problem, remedy = "is not installed", "apt install kamailio; or name it with --kamailio"
        raise _mistake(file, kamailio, problem, remedy, key="--kamailio")
    make_private(Path(plan.folder))
    write_private(Path(plan.folder) / "kamailio.cfg", front_cfg(plan))
    write_private(Path(plan.folder) / "dispatcher.list", front_list(plan))
    problem = asyncio.run(problem_with(Path(plan.folder), program))
    if problem:
        remedy = "Kamailio 5.6 or newer? Is the address one of this machine, or floating = true?"
        raise _mistake(file, program, f"refuses its configuration: {problem}", remedy, key="(file)")
    lines = sum(node.lines for node in plan.nodes)
    typer.echo(
        f"{plan.address}:{plan.port} for {len(plan.nodes)} nodes with {lines} lines; run it:"
    )
    typer.echo(f"{program} -DD -E -f {plan.folder}/kamailio.cfg -w {plan.folder} -Y {plan.folder}")


_REMEDY = "apt install kamailio kamailio-tls-modules (5.6 or newer); are the paths of TLS right?"


def _say(plan: Plan, kamailio: str, *, as_json: bool) -> None:
    if as_json:
        told = {"ok": True, "kamailio": kamailio, "agents": len(plan.agents), "port": plan.port}
        typer.echo(json.dumps(told))
        return
    where = f"{plan.address}:{plan.port}"
    typer.echo(f"{kamailio} takes the configuration: {where} for {len(plan.agents)} agents")


def _mistake(path: Path, value: str, problem: str, remedy: str, key: str = "edge") -> ConfigError:
    return ConfigError([Mistake(file=path, key=key, value=value, problem=problem, remedy=remedy)])
