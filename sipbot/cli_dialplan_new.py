"""``sipbot dialplan new``: a client's file that works as it is, to be changed from there."""

import re
import tempfile
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from sipbot.cli_config import ConfigOption, exit_code
from sipbot.cli_dialplan_source import FolderOption, RegionOption, source
from sipbot.dialplan import Dialplan, Loader, claimed_twice
from sipbot.dialplan_mutation import mutants
from sipbot.dialplan_template import NewClient, draft, pinned, written, zone_of
from sipbot.dialplan_tests import mistakes_of, run_tests
from sipbot.errors import DialplanError, UsageError
from sipbot.form_parts import CLIENT_PATTERN


class Language(StrEnum):
    """What callers speak."""

    JA = "ja"
    EN = "en"
    KO = "ko"


class Trade(StrEnum):
    """What the client does; a template each."""

    LAW = "law"
    CLINIC = "clinic"
    PROPERTY = "property"
    SHOP = "shop"
    SUPPORT = "support"


def new_dialplan(
    client: Annotated[str, typer.Argument(help="Id of the client, such as sato-law.")],
    *,
    trade: Annotated[Trade, typer.Option(help="What the client does.")],
    number: Annotated[list[str], typer.Option(help="What callers dial; once for each number.")],
    language: Annotated[Language, typer.Option(help="What callers speak.")] = Language.JA,
    say_name: Annotated[
        str, typer.Option(help="The client's name as people say it; the id without it.")
    ] = "",
    tz: Annotated[
        str, typer.Option(help="Time zone; in Japan and Korea it goes without saying.")
    ] = "",
    folder: FolderOption = None,
    region: RegionOption = None,
    config_path: ConfigOption = None,
) -> None:
    """Write the file of a new client, with comments and with tests that pass.

    Example: sipbot dialplan new sato-law --trade law --number 0312345678 --say-name 佐藤法律
    """
    with exit_code(as_json=False):
        path, region = source(folder, region, config_path)
        if not re.fullmatch(CLIENT_PATTERN, client):
            raise UsageError(f"{client}: is not an id. Write small letters, digits and hyphens")
        target = path / f"{client}.toml"
        if target.exists() or target.is_symlink():
            raise UsageError(f"{target}: exists already and stays as it is. Choose another id")
        zone = tz or zone_of(region)
        if not zone:
            raise UsageError(
                f'the region {region} has several time zones. Add --tz "Europe/Berlin"'
            )
        wanted = NewClient(
            client=client,
            say_name=say_name or client,
            trade=str(trade),
            language=str(language),
            numbers=tuple(number),
            tz=zone,
            region=region,
        )
        text, plan = _made(wanted, path, region)
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
        _say(target, plan)


def _made(wanted: NewClient, folder: Path, region: str) -> tuple[str, Dialplan]:
    """The text of the file, checked beside the other clients before anybody sees it."""
    loader = Loader(folder, region)
    if loader.mistakes:
        raise DialplanError(loader.mistakes)
    today = _today()
    text = draft(wanted, today)
    plan = _loaded(text, wanted, loader, folder)
    text = written(wanted, plan, today)
    plan = _loaded(text, wanted, loader, folder)
    missed = [one for one in mutants(plan, region, today) if not one.caught]
    text += pinned(wanted, missed)
    plan = _loaded(text, wanted, loader, folder)
    return text, plan


def _loaded(text: str, wanted: NewClient, loader: Loader, folder: Path) -> Dialplan:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{wanted.client}.toml"
        path.write_text(text, encoding="utf-8")
        target = folder / path.name
        try:
            plan = loader.load(path)
            others = [loader.load(one) for one in sorted(folder.glob("[!_.]*.toml"))]
            mistakes = [
                *claimed_twice([*others, plan]),
                *mistakes_of(plan, run_tests(plan, wanted.region)),
            ]
        except DialplanError as error:
            mistakes = list(error.mistakes)
        if mistakes:
            told = [
                msgspec.structs.replace(one, file=target) if one.file == path else one
                for one in mistakes
            ]
            raise DialplanError(told)
    return plan


def _today() -> date:
    return datetime.now(UTC).date()


def _say(target: Path, plan: Dialplan) -> None:
    tests = len(plan.trials)
    typer.echo(f"wrote {target}, with {tests} tests that pass. Next:\n")
    typer.echo(f"  sipbot dialplan show {target}")
    typer.echo(f"  sipbot dialplan simulate {target} --say …")
    typer.echo(f"  sipbot dialplan test {target} --mutate")
