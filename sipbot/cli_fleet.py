"""What commands read of the archive: reports of all sites, memos of other ones.

Data path: archive_store, fleet -> [cli_fleet] -> cli_report, cli_kpi, cli_memos
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import pydantic
import typer

from sipbot.archive import SiteMemo
from sipbot.archive_store import ArchiveStore, Server
from sipbot.config import Settings
from sipbot.errors import UnreadableError, UsageError
from sipbot.fleet import ask, fleet_ledger
from sipbot.from_settings import archive_of, ledger_path
from sipbot.ledger_day import Span
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.memo import Memo, Status

ArchiveOption = Annotated[
    bool, typer.Option("--archive", help="Of all sites, from the archive, not from our ledger.")
]


def server_of(settings: Settings) -> Server:
    """Return where the archive is.

    Raises:
        UsageError: there is none.
    """
    server = archive_of(settings)
    if server is None:
        raise UsageError("there is no archive: name it in archive.url of config.toml")
    return server


@contextmanager
def ledger_of(
    settings: Settings, clients: Sequence[str], spans: Sequence[Span], *, archive: bool
) -> Iterator[ReadOnlyLedger]:
    """Open the ledger that figures are made of: this site's, or one of all sites' calls.

    Args:
        settings: checked.
        clients: whose figures.
        spans: of which stretches of time.
        archive: whether those of all sites are wanted.

    Raises:
        SipbotError: the ledger or the archive refuses.
    """
    with ReadOnlyLedger.open(ledger_path(settings)) as own:
        server = server_of(settings) if archive else None
        with fleet_ledger(own, clients, spans, server) as ledger:
            yield ledger


def latest(
    settings: Settings, limit: int, client: str | None, status: Status | None, *, not_done: bool
) -> list[tuple[str, Memo]]:
    """Return the latest memos of all sites, each with its site, newest first."""
    value = None if status is None else status.value
    found = ask(
        server_of(settings),
        lambda store: store.memos(limit, client, value, not_done=not_done),
    )
    return [(one.site, _memo(one)) for one in found]


async def owner_of(server: Server, part: str, client: str | None) -> tuple[str, str, str] | None:
    """Return site, client and whole id of the memo whose id is this, or begins or ends so.

    Args:
        server: where the archive is.
        part: the id, or its first or last characters.
        client: only this one's; None for all.

    Raises:
        ArchiveError: the archive is away.
        UsageError: several fit.
    """
    store = await ArchiveStore.open(server)
    try:
        found = await store.memo(part)
    finally:
        await store.close()
    fit = [(site, memo) for site, memo in ((one.site, _memo(one)) for one in found)]
    fit = [(site, memo) for site, memo in fit if client in (None, memo.client)]
    fit = [one for one in fit if one[1].id == part] or fit
    if len(fit) > 1:
        names = ", ".join(f"{memo.id} of {site}" for site, memo in fit)
        raise UsageError(f"memo {part}: several have such an id: {names}. Give more of it")
    return (fit[0][0], fit[0][1].client, fit[0][1].id) if fit else None


def _memo(one: SiteMemo) -> Memo:
    try:
        return Memo.model_validate_json(one.payload)
    except pydantic.ValidationError:
        # Not "from error": it quotes what the caller said.
        raise UnreadableError(
            f"a memo of site {one.site} in the archive is not one that this release can read: "
            "upgrade this site"
        ) from None
