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
from sipbot.edge import find, problem_with, secret_of, write_files
from sipbot.edge_config import Plan, dispatcher_list, kamailio_cfg, uacreg
from sipbot.errors import ConfigError, Mistake
from sipbot.from_settings import edge_folder, edge_of

edge_app = typer.Typer(no_args_is_help=True, help="The Kamailio in front of the agents.")

File = Literal["kamailio.cfg", "dispatcher.list", "uacreg"]


@edge_app.command("config", epilog="Example: sipbot edge config > /etc/kamailio/kamailio.cfg")
def show(
    config_path: ConfigOption = None,
    file: Annotated[File, typer.Option("--file", help="Which file to print.")] = "kamailio.cfg",
) -> None:
    """Print a file for a Kamailio of your own (edge.mode = "own")."""
    settings = config.load(config_path)
    plan = edge_of(settings, secret_of(edge_folder(settings) / "secret"))
    match file:
        case "kamailio.cfg":
            typer.echo(kamailio_cfg(plan), nl=False)
        case "dispatcher.list":
            typer.echo(dispatcher_list(plan, frozenset(plan.agents)), nl=False)
        case "uacreg":
            typer.echo(uacreg(plan))


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
        problem = asyncio.run(problem_with(plan, kamailio))
    if problem:
        raise _mistake(path, kamailio, f"refuses its configuration: {problem}", _REMEDY)
    _say(plan, kamailio, as_json=as_json)


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
