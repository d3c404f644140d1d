"""What of this site's recordings is here, and what is in the store; for commands.

Data path: ledger, recordings, s3 -> [audio_store_view] -> sipbot audio-store, sipbot doctor
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from sipbot.audio_store import UNDER_WAY, File, files_in, object_key
from sipbot.erase import delete_files
from sipbot.errors import DamagedError
from sipbot.ledger_audio_store_view import erased_elsewhere, gone_here, stored_in, waiting
from sipbot.recordings import AUDIO, BOTH, Recordings
from sipbot.retention import BY_HAND, Kind, Wanted
from sipbot.s3 import S3, Bucket


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is in both places."""

    here: int
    """Encrypted files on this machine."""
    there: int
    waiting: int
    """Calls of which the store has still to be told."""
    lost: tuple[File, ...]
    """The store had them, and has not; they are here."""
    nowhere: tuple[File, ...]
    """The store had them, and has not; they are not here either, and nobody erased them."""
    missing_here: tuple[File, ...]
    """The store has them, and this machine should."""
    strays: tuple[File, ...]
    """The store has them, and nothing here knows of their calls."""
    erased_elsewhere: dict[str, int]
    """Store that config.toml names no more → files there that were erased here since."""


def view_of(ledger: Path, recordings: Recordings, bucket: Bucket, keys: Sequence[str]) -> View:
    """Compare ledger, disk and store; blocks.

    Args:
        ledger: its file.
        recordings: of this site.
        bucket: which store.
        keys: of every object that it has of our site.

    Raises:
        LedgerError: there is none, or it is of another release.
        SpoolError: the disk refuses.
    """
    there = set(files_in(bucket.site, keys))
    known = {(one.call, one.name): one.tag for one in stored_in(ledger, bucket.place)}
    gone = gone_here(ledger, {call for call, _ in there | known.keys()})
    kept = {(call, name) for call, name in there | known.keys() if _is_kept(gone, call, name)}
    lacks = {file for file in kept - there if known[file] != UNDER_WAY}
    lost = {file for file in lacks if recordings.is_sealed(*file)}
    nowhere = {file for file in lacks if not recordings.is_there(*file)}
    missing = {file for file in kept & there if not recordings.is_there(*file)}
    return View(
        here=sum(1 for _ in _sealed(recordings)),
        there=len(there),
        waiting=waiting(ledger),
        lost=tuple(sorted(lost)),
        nowhere=tuple(sorted(nowhere)),
        missing_here=tuple(sorted(missing)),
        strays=tuple(sorted(file for file in there - known.keys() if file[0] not in gone)),
        erased_elsewhere=erased_elsewhere(ledger, bucket.place),
    )


def _is_kept(gone: dict[str, frozenset[str]], call: str, name: str) -> bool:
    """Whether the call is known, and the file was not erased."""
    return call in gone and name not in gone[call]


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
        AudioStoreError: the store is away, or has it not (`AudioStoreRefusedError`).
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


def take_away_erased(ledger: Path, recordings: Recordings, files: Sequence[File]) -> list[File]:
    """Delete of files that were brought back what somebody erased meanwhile; blocks.  Return them.

    Raises:
        LedgerError: it cannot be read.
        SpoolError: one cannot be deleted.
    """
    gone = gone_here(ledger, {call for call, _ in files})
    erased = [(call, name) for call, name in files if not _is_kept(gone, call, name)]
    for call, name in erased:
        kind = Kind.AUDIO if name == AUDIO else Kind.MASKED
        wanted = Wanted(call=call, kinds=(kind,), rule=BY_HAND, memo=None)
        delete_files(recordings.spool, [wanted])
    return erased
