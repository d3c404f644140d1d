"""Which dialplans a command means: the options that all of ``sipbot dialplan`` share."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from sipbot import config, dialplan
from sipbot.dialplan import Dialplan, Dialplans, Loader
from sipbot.errors import DialplanError, SipbotError, UsageError
from sipbot.numbers import canonical, is_region
from sipbot.prompt_shelf import PROMPTS_FOLDER
from sipbot.toml_file import read

FolderOption = Annotated[
    Path | None,
    typer.Option("--dialplans", help="Folder of dialplans; without it, the settings say."),
]
RegionOption = Annotated[
    str | None,
    typer.Option("--region", help="Whose numbers are meant, such as JP; goes with a given path."),
]
ClientArgument = Annotated[
    str, typer.Argument(help="A client, one of its numbers, or a dialplan file.")
]


def source(path: Path | None, region: str | None, config_path: Path | None) -> tuple[Path, str]:
    """The folder and region: both from the settings, or both from the command line.

    Raises:
        UsageError: the path does not exist, or there is no such region.
    """
    if region is not None and not is_region(region):
        raise UsageError(f"--region {region}: is not a region. Write two capitals such as JP")
    if path is not None and config_path is None:
        if not path.exists():
            file = path if path.suffix else Path("dialplans") / f"{path.name}.toml"
            raise UsageError(
                f"{path}: does not exist. Name a dialplan file, such as {file}, or a folder of them"
            )
        return path, region or config.Settings.model_fields["region"].default
    settings = config.load(config_path)
    return path or settings.dialplans, region or settings.region


def find_plan(plans: Dialplans, which: str) -> Dialplan:
    """The plan of a client, by its id or by a number in any spelling.

    Raises:
        SipbotError: nobody has this name or number.
    """
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


def one_plan(
    which: str, folder: Path | None, region: str | None, config_path: Path | None
) -> tuple[Dialplan, str]:
    """The plan that a command's argument means, and the region it was loaded with.

    Raises:
        SipbotError: there is none, or its file has mistakes.
    """
    if is_file(which):
        path = Path(which)
        found, region = source(folder or path, region, config_path)
        return load_any(path, found if found.is_dir() else path.parent, region), region
    found, region = source(folder, region, config_path)
    path = found / f"{which}.toml"
    if not which.startswith((".", "_")) and "/" not in which and path.is_file():
        return dialplan.load_file(path, region), region
    return find_plan(dialplan.load_all(found, region), which), region


def is_file(which: str) -> bool:
    """Tell whether a command's argument means a file rather than a client or number."""
    return which.endswith(".toml") or "/" in which


def load_any(path: Path, folder: Path, region: str) -> Dialplan:
    """Read a dialplan that may stand anywhere under any name: an older form, a proposal.

    Its prompts and defaults are those beside it when there are prompts, else the folder's.

    Args:
        path: the file.
        folder: of the dialplans.
        region: whose national numbers are meant.

    Raises:
        DialplanError: with every mistake of the file.
    """
    home = path.parent if (path.parent / PROMPTS_FOLDER).is_dir() else folder
    client = read(path, DialplanError).values.get("client")
    if client == path.stem or not isinstance(client, str) or "/" in client:
        return Loader(home, region).load(path)
    with tempfile.TemporaryDirectory() as scratch:
        renamed = Path(scratch) / f"{client}.toml"
        renamed.write_bytes(path.read_bytes())
        try:
            plan = Loader(home, region).load(renamed)
        except DialplanError as error:
            told = [msgspec.structs.replace(one, file=path) for one in error.mistakes]
            raise DialplanError(told) from None
    warnings = tuple(msgspec.structs.replace(one, file=path) for one in plan.warnings)
    return replace(plan, path=path.absolute(), warnings=warnings)
