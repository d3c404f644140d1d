"""What a store beside this machine has of its recordings.  Pure.

Data path: audio_vault -> [audio_store] -> audio_store_target -> s3

Only encrypted files leave the machine.  A file is known by its tag, so nobody has to read a
recording to see whether the store has this form of it.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO

import msgspec

from sipbot.recordings import AUDIO, BOTH, MASKED, SEALED
from sipbot.retention import Kind

TARGET = "audio-store"
"""Of deliveries."""

PREFIX = "audio:"
"""Before the call, in a delivery."""

TAGGED_BYTES = 1024
"""Of a file's beginning: an age header with two stanzas, its MAC and the nonce are some 400 bytes
(measured), and no two files, nor one before and after a change of its key, have the same."""

UNDER_WAY = ""
"""Tag of a file that is being stored for the first time, or was when sipbot died: whoever erases it
meanwhile must know that the store may have it."""

_GONE_WITH = {AUDIO: {Kind.AUDIO, Kind.CALLS}, MASKED: {Kind.MASKED, Kind.CALLS}}


File = tuple[str, str]
"""Call and name: what an object is of."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the store has, or may have."""

    call: str
    name: str
    """One of `sipbot.recordings.BOTH`; the object's name has `SEALED` behind it."""
    tag: str
    size_bytes: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the files of a call."""

    tags: Mapping[str, str]
    """Name → tag of what the store has."""
    gone: frozenset[str]
    """Names of what was erased here; all, when there is no such call any more."""


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be done for a call."""

    put: tuple[str, ...]
    delete: tuple[str, ...]


def todo(here: Mapping[str, str], kept: Kept) -> Todo:
    """Compare what is here with what the store has.

    What is missing here without having been erased stays there: it may be all that there is.  What
    was erased goes, also where its file is still here (a roll-back deletes rows first).

    Args:
        here: name → tag of the encrypted files on this machine.
        kept: what the ledger knows.
    """
    wanted = [name for name in BOTH if name in here and name not in kept.gone]
    return Todo(
        put=tuple(name for name in wanted if kept.tags.get(name) != here[name]),
        delete=tuple(name for name in BOTH if name in kept.tags and name in kept.gone),
    )


def gone_names(kinds: Sequence[Kind]) -> frozenset[str]:
    """Return the files that tombstones of these kinds speak of."""
    return frozenset(name for name in BOTH if _GONE_WITH[name].intersection(kinds))


def tag_of(file: BinaryIO) -> str:
    """Return the tag of an encrypted file; the file is at its beginning before and after."""
    tag = hashlib.sha256(file.read(TAGGED_BYTES)).hexdigest()
    file.seek(0)
    return tag


def object_key(site: str, call: str, name: str) -> str:
    """Return what the store calls a file."""
    return f"{site}/{call}/{name}{SEALED}"


def files_in(site: str, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield call and name of the objects that are recordings of a site; others are not ours."""
    for key in keys:
        match key.removesuffix(SEALED).split("/"):
            case [owner, call, name] if owner == site and name in BOTH and key.endswith(SEALED):
                yield call, name
