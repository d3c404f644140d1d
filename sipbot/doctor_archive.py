"""What ``sipbot doctor`` finds about the archive: is it there, and does it have everything?"""

from collections.abc import Iterator

from sipbot.archive_store import RELEASE, ArchiveStore
from sipbot.config import Settings
from sipbot.doctor_finding import Finding
from sipbot.errors import ArchiveError, LedgerError
from sipbot.from_settings import archive_of, ledger_path
from sipbot.ledger_archive import ArchiveSource

_PART = "archive"


async def examine(settings: Settings) -> list[Finding]:
    """Return what is to be said of the archive; nothing where there is none."""
    server = archive_of(settings)
    if server is None:
        return []
    try:
        store = await ArchiveStore.open(server)
        try:
            held = {one.site: one.calls for one in await store.held()}
        finally:
            await store.close()
    except ArchiveError as error:
        remedy = "Calls and memos go on without it, and wait in the ledger"
        return [Finding(part=_PART, state="failed", found=str(error), remedy=remedy)]
    return list(_compared(settings, held))


def _compared(settings: Settings, held: dict[str, int]) -> Iterator[Finding]:
    there = held.get(settings.site, 0)
    found = f"{settings.archive.url}, release {RELEASE}: {there} calls of site {settings.site}"
    yield Finding(part=_PART, state="ok", found=found)
    try:
        with ArchiveSource.open(ledger_path(settings)) as source:
            calls, waiting = source.held(settings.site).calls, source.waiting()
    except LedgerError:
        return  # its own finding says so
    if calls != there and not waiting:
        yield Finding(
            part=_PART,
            state="warning",
            found=f"the ledger has {calls} calls, the archive {there}, and nothing waits for it",
            remedy="sipbot archive refill",
        )
