"""``sipbot archive``: make its tables, see what it has, fill it again.

Nothing of what callers said is shown here.
"""

import asyncio
from typing import Annotated

import msgspec
import typer
from rich.progress import Progress

from sipbot import config
from sipbot.archive import Held
from sipbot.archive_store import RELEASE, ArchiveStore, Server
from sipbot.cli_config import ConfigOption, JsonOption
from sipbot.cli_fleet import server_of
from sipbot.fleet import ask
from sipbot.from_settings import ledger_path
from sipbot.ledger_archive import ArchiveSource

archive_app = typer.Typer(
    no_args_is_help=True,
    help="The PostgreSQL archive of all sites: make it, look at it, refill it.",
)


@archive_app.command(
    "init", epilog="Example: sipbot archive init --url postgresql://owner@db.example/sipbot"
)
def init_command(
    config_file: ConfigOption = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="Of a role that owns the database; else archive.url."),
    ] = None,
) -> None:
    """Make the archive's tables, or bring them up to date; once for all sites."""
    server = server_of(config.load(config_file))
    if url is not None:
        server = msgspec.structs.replace(server, url=url)
    added = asyncio.run(_init(server))
    done = f"made, release {RELEASE}" if added else f"there already, release {RELEASE}"
    typer.echo(f"{server.url}: tables {done}")


@archive_app.command("status", epilog="Example: sipbot archive status --json")
def status_command(config_file: ConfigOption = None, *, as_json: JsonOption = False) -> None:
    """Say how much the archive has of each site, and what our ledger has still to tell it."""
    settings = config.load(config_file)
    server = server_of(settings)
    with ArchiveSource.open(ledger_path(settings)) as source:
        own, waiting = source.held(settings.site), source.waiting()
    sites = ask(server, lambda store: store.held())
    if as_json:
        told = {"url": server.url, "sites": sites, "ledger": own, "waiting": waiting}
        typer.echo(msgspec.json.encode(told))
        return
    typer.echo(f"{server.url}, release {RELEASE}")
    for one in sites:
        typer.echo(f"{one.site}: {one.calls} calls, {one.memos} memos")
    typer.echo(f"our ledger: {own.calls} calls, {own.memos} memos; {waiting} deliveries wait")
    there = next((one for one in sites if one.site == own.site), Held(site="", calls=0, memos=0))
    if not waiting and (there.calls, there.memos) != (own.calls, own.memos):
        typer.echo("They differ, and nothing waits: sipbot archive refill")


@archive_app.command("refill", epilog="Example: sipbot archive refill")
def refill_command(config_file: ConfigOption = None) -> None:
    """Store everything that our ledger has once more; what is newer there stays.

    For a new archive, and for one that was restored from a backup. sipbot may run meanwhile.
    """
    settings = config.load(config_file)
    server = server_of(settings)
    with ArchiveSource.open(ledger_path(settings)) as source:
        own = source.held(settings.site)
        asyncio.run(_refill(server, source, own))
    typer.echo(f"refilled: {own.calls} calls, {own.memos} memos of site {own.site}")


async def _init(server: Server) -> list[int]:
    store = await ArchiveStore.open(server, any_release=True)
    try:
        return await store.init()
    finally:
        await store.close()


async def _refill(server: Server, source: ArchiveSource, own: Held) -> None:
    store = await ArchiveStore.open(server)
    try:
        with Progress(transient=True) as progress:
            task = progress.add_task("calls", total=own.calls)
            for page in source.pages():
                await store.put(page)
                progress.advance(task, len(page.calls))
    finally:
        await store.close()
