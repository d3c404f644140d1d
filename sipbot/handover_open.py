"""Opens a bundle and proves that every byte is the one that the giving site has signed.

Data path: FILE -> seal -> tight_tar -> [handover_open] -> a staging folder

Everything is checked while it is unpacked, into a folder of our own under names that the manifest
has and `sipbot.handover` allows; nothing of it is used before the last byte was right.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import msgspec

from sipbot import handover, seal
from sipbot.disk import look
from sipbot.errors import HandoverError
from sipbot.handover import Consent, FileFact, Manifest
from sipbot.seal import Keys
from sipbot.tight_tar import Member, members

SPARE_BYTES = 200 << 20
"""Left free on the disk beside what is unpacked: the calls on the line go on."""


_MOVED = ("audio/", f"{handover.PLANS}/")
"""What goes to its place as it is (`sipbot.handover_stage`); all else is read and thrown away, and
forcing each of 20,000 files to disk would take minutes."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A bundle whose bytes are proved."""

    manifest: Manifest
    sha256: str
    """Of the manifest."""
    signer: str
    """Fingerprint of the key that signed it."""
    folder: Path
    """Where its files are."""

    def read(self, path: str) -> bytes:
        """Return one of its files.

        Raises:
            HandoverError: it has none of this name.
        """
        if path not in self._paths:
            raise HandoverError(f"the bundle has no {path}: ask for one that is complete")
        return (self.folder / path).read_bytes()

    @cached_property
    def _paths(self) -> frozenset[str]:
        return frozenset(one.path for one in self.manifest.files)

    def below(self, folder: str) -> list[str]:
        """Return the paths of its files below a folder."""
        return [one.path for one in self.manifest.files if one.path.startswith(f"{folder}/")]


def open_bundle(file: Path, keys: Keys, stage: Path, signed_by: str | None) -> Opened:
    """Open, prove and unpack a bundle.

    Args:
        file: the bundle.
        keys: of this site.
        stage: an empty folder of ours; removed again when anything is wrong.
        signed_by: fingerprint that the giving site has told; None to look only.

    Raises:
        HandoverError: it is not for us, not by them, was changed, or there is no room.
    """
    try:
        size = file.stat().st_size
        room = look(stage).free_bytes
    except OSError as error:
        raise HandoverError(f"{file}: cannot be read: {error.strerror}") from error
    # age and tar add to what they hold and compress nothing: no bundle unpacks to more than it is.
    if room < 2 * size + SPARE_BYTES:
        raise HandoverError(
            f"{stage}: {room >> 20} MB are free, {(2 * size + SPARE_BYTES) >> 20} MB are needed to "
            f"unpack {file}: make room, or set var to another disk"
        )
    clear = stage / "bundle.tar"
    try:
        keys.open(file, clear)
        with clear.open("rb") as source:
            return _be_meant_for(_unpacked(source, stage, signed_by), keys.recipient)
    except OSError as error:
        shutil.rmtree(stage, ignore_errors=True)
        raise HandoverError(f"{stage}: cannot be written: {error.strerror}") from error
    except HandoverError:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    finally:
        clear.unlink(missing_ok=True)


def _unpacked(source: BinaryIO, stage: Path, signed_by: str | None) -> Opened:
    found = members(source)
    said = _next(found, handover.MANIFEST).content.all(handover.MANIFEST_BYTES)
    signature = _next(found, handover.SIGNATURE).content.all(64)
    sums = _next(found, handover.SUMS).content.all(handover.MANIFEST_BYTES)
    manifest = handover.decode(said)
    if sums != handover.sums(manifest.files):
        raise _changed(handover.SUMS)
    folder = stage / handover.FOLDER
    signer = ""
    for fact in manifest.files:
        _unpack(_next(found, fact.path), fact, folder)
        if fact.path == handover.KEY:
            signer = seal.check_signature(said, signature, (folder / fact.path).read_bytes())
            _be_expected(signer, signed_by)
    if next(found, None) is not None:
        raise HandoverError("the tar holds more than its manifest names: the bundle was changed")
    if not signer:
        raise HandoverError(f"the bundle has no {handover.KEY}: nobody can tell who made it")
    return Opened(
        manifest=manifest, sha256=hashlib.sha256(said).hexdigest(), signer=signer, folder=folder
    )


def _be_meant_for(opened: Opened, recipient: str) -> Opened:
    """Return a bundle that its signer has locked for this site, and may give.

    Raises:
        HandoverError: says which.
    """
    manifest = opened.manifest
    if manifest.to != recipient:
        raise HandoverError(
            f"the bundle was made for {manifest.to}, and locked anew for this site by somebody "
            f"else: ask {manifest.site} for one of your own"
        )
    try:
        consent = msgspec.json.decode(opened.read(handover.CONSENT), type=Consent)
    except msgspec.DecodeError as error:
        raise HandoverError(f"{handover.CONSENT}: cannot be read: {error}") from error
    said = consent.kind, consent.client, consent.scope, consent.recipient
    if said != ("given", manifest.client, manifest.scope, manifest.recipient):
        raise HandoverError(
            f"{handover.CONSENT}: is not the client's consent to what this bundle holds: ask "
            f"{manifest.site} for the consent, and for another bundle"
        )
    return opened


def _unpack(member: Member, fact: FileFact, folder: Path) -> None:
    if member.size != fact.bytes:
        raise _changed(fact.path)
    path = folder / fact.path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        while chunk := member.content.read():
            digest.update(chunk)
            out.write(chunk)
        if fact.path.startswith(_MOVED):
            out.flush()
            os.fsync(out.fileno())
    if digest.hexdigest() != fact.sha256:
        raise _changed(fact.path)


def _next(found: Iterator[Member], name: str) -> Member:
    member = next(found, None)
    if member is None or member.name != f"{handover.FOLDER}/{name}":
        raise _changed(name)
    return member


def _be_expected(signer: str, signed_by: str | None) -> None:
    if signed_by is not None and signer != signed_by:
        raise HandoverError(
            f"the bundle is signed with the key {signer}, not with {signed_by}: compare the "
            "fingerprint with the giving site over the telephone"
        )


def _changed(path: str) -> HandoverError:
    return HandoverError(
        f"{path}: is not what was signed: the bundle was changed. Ask for it again"
    )
