"""What of this site's recordings is here, and what is in the store; for commands.

Data path: ledger, recordings, s3 -> [audio_store_view] -> sipbot audio-store, sipbot doctor
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from sipbot.audio_store import UNDER_WAY, files_in, object_key
from sipbot.audio_store_target import put
from sipbot.errors import DamagedError
from sipbot.ledger_audio_store import stored_here, waiting
from sipbot.recordings import BOTH, Recordings
from sipbot.s3 import S3

File = tuple[str, str]
"""Call and name."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is in both places."""

    here: int
    """Encrypted files on this machine."""
    there: int
    waiting: int
    """Calls of which the store has still to be told."""
    lost: tuple[File, ...]
    """The store had them, and has not."""
    missing_here: tuple[File, ...]
    """The store has them, and this machine should."""
    strays: tuple[File, ...]
    """The store has them, and neither this machine nor its ledger knows them."""


def view_of(ledger: Path, recordings: Recordings, site: str, keys: Sequence[str]) -> View:
    """Compare ledger, disk and store; blocks.

    Args:
        ledger: its file.
        recordings: of this site.
        site: ours.
        keys: of every object that the store has of it.

    Raises:
        LedgerError: there is none, or it is of another release.
        SpoolError: the disk refuses.
    """
    there = set(files_in(site, keys))
    known = {(one.call, one.name): one.tag for one in stored_here(ledger)}
    here = set(_sealed(recordings))
    lost = {file for file, tag in known.items() if tag != UNDER_WAY} - there
    gone = {file for file in known if not recordings.is_there(*file)}
    return View(
        here=len(here),
        there=len(there),
        waiting=waiting(ledger),
        lost=tuple(sorted(lost)),
        missing_here=tuple(sorted(gone & there)),
        strays=tuple(sorted(there - known.keys() - here)),
    )


def _sealed(recordings: Recordings) -> Iterator[File]:
    calls = recordings.calls() if recordings.spool.is_dir() else []
    return ((call, name) for call in calls for name in BOTH if recordings.is_sealed(call, name))


def fetch(store: S3, site: str, recordings: Recordings, file: File, sha256: str | None) -> bool:
    """Put a file back that is missing here; blocks.  Return whether it was missing.

    Args:
        store: has it.
        site: ours.
        recordings: get it.
        file: call and name.
        sha256: of its plain bytes, where its memo names it.

    Raises:
        AudioStoreError: the store is away, or has it not.
        DamagedError: it is not what its memo names.
        SpoolError: no key here opens it, or the disk refuses.
    """
    call, name = file
    key = object_key(site, call, name)

    def proven(found: str) -> None:
        if sha256 is not None and found != sha256:
            raise DamagedError(
                f"{key}: is not the recording that its memo names (its hash differs)"
            )

    return recordings.bring_back(call, name, lambda target: store.get(key, target), proven)


def refill(store: S3, site: str, recordings: Recordings, file: File) -> bool:
    """Store a file once more; blocks.  Return whether it is still here, and so there now.

    Raises:
        AudioStoreError: the store is away, or does not take it.
        SpoolError: the disk refuses.
    """
    call, name = file
    if put(store, site, recordings, call, name) is None:
        return False
    if not recordings.is_sealed(call, name):  # erased meanwhile, perhaps after its deletion there
        store.delete(object_key(site, call, name))
        return False
    return True
