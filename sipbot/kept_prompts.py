"""The prompts of the forms that were last in force, kept below ``var`` with the forms.

A prompt that is removed or spoilt must not silence a client: while the folder has none that can be
played, the kept one is.  Each sound is kept once, by its SHA-256, however many clients name it, and
is looked at before it is used; what no client's form names any more is removed.

It is copied, not linked: an editor that writes into the file would spoil both.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from sipbot.disk import sync_folder
from sipbot.errors import PromptError, SpoolError
from sipbot.wav import PROMPT_LIMIT_BYTES, check_prompt

GRACE_S = 3600.0
"""Until a sound that no form names is removed: calls on the line keep the form they came in with
(longer than any call that still plays prompts: `sipbot.longest` and our wish)."""

_INDEX, _SOUND, _NEW = ".json", ".wav", ".new"
_MANY = 50
"""From so many sounds on, the disk is told once to write everything (`sipbot.last_good`)."""


class Kept(msgspec.Struct, frozen=True):
    """One prompt of a client, as it was when its form came into force."""

    sha256: str
    bytes: int
    mtime_ns: int
    """Of the file in the clients' folder: one that has not changed is not read again."""


class KeptPrompts:
    """The kept prompts of one site.  Every call reads or writes the disk.

    Args:
        folder: where they are; made when the first is written.
        clock: seconds since the epoch, as files have them.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._clients: dict[str, dict[str, Kept]] | None = None
        self._unswept = True
        """Whether there may be something that nobody names."""

    def find(self, client: str, name: str) -> Path | None:
        """The kept prompt of a client; None when there is none that can be played."""
        kept = self._all().get(client, {}).get(name)
        if kept is None:
            return None
        path = self._sound(kept.sha256)
        try:
            check_prompt(path)
            whole = hashlib.sha256(path.read_bytes()).hexdigest() == kept.sha256
        except (OSError, PromptError):
            return None
        return path if whole else None

    def keep(self, clients: Mapping[str, Mapping[str, Path]]) -> None:
        """Keep these clients' prompts in place of those kept before.

        Args:
            clients: client → name of a prompt → its file.

        Raises:
            SpoolError: the disk refused.
        """
        before = self._all()
        try:
            self._keep({name: {**clients[name]} for name in clients}, before)
            self._sweep()
        except OSError as error:
            self._unswept = True  # a draft may be left
            problem = f"{self.folder}: the prompts in force cannot be kept: {error.strerror}"
            raise SpoolError(problem) from error

    def forget(self, client: str) -> None:
        """Keep nothing of a client any more.

        Raises:
            SpoolError: the disk refused.
        """
        if client in self._all():
            self.keep({client: {}})

    # -- what is written ---------------------------------------------------------------------------

    def _keep(
        self, clients: dict[str, dict[str, Path]], before: dict[str, dict[str, Kept]]
    ) -> None:
        new: dict[str, dict[str, Kept]] = {}
        written = 0
        for client, prompts in clients.items():
            old = before.get(client, {})
            found: dict[str, Kept] = {}
            for name, path in prompts.items():
                kept, fresh = self._kept(path, old.get(name), sync=written < _MANY)
                written += fresh
                if kept is not None:
                    found[name] = kept
            if found != old:
                new[client] = found
        gone: set[str] = set()
        for client, found in new.items():
            self._write_index(client, found, sync=len(new) < _MANY)
            gone |= {one.sha256 for one in before.pop(client, {}).values()}
            if found:
                before[client] = found
        self._touch(gone)
        if max(written, len(new)) >= _MANY:
            os.sync()
        elif new:
            sync_folder(self.folder)

    def _kept(self, path: Path, old: Kept | None, *, sync: bool) -> tuple[Kept | None, bool]:
        """Copy a prompt unless it is kept already; whether it was copied.

        One that cannot be played any more (it was in force a moment ago) leaves the one of before.
        """
        try:
            facts = path.stat()
            if old and (old.bytes, old.mtime_ns) == (facts.st_size, facts.st_mtime_ns):
                sound = self._sound(old.sha256)
                if sound.is_file() and sound.stat().st_size == old.bytes:
                    return old, False
            check_prompt(path)
            with path.open("rb") as file:
                content = file.read(PROMPT_LIMIT_BYTES + 1)
        except (OSError, PromptError):
            return old, False
        sha256 = hashlib.sha256(content).hexdigest()
        kept = Kept(sha256, len(content), facts.st_mtime_ns)
        sound = self._sound(sha256)
        if sound.is_file() and sound.read_bytes() == content:
            return kept, False
        self._write(sound, content, sync=sync)
        return kept, True

    def _write_index(self, client: str, found: dict[str, Kept], *, sync: bool) -> None:
        path = self.folder / f"{client}{_INDEX}"
        if found:
            self._write(path, msgspec.json.encode(found), sync=sync)
        else:
            path.unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes, *, sync: bool) -> None:
        """Write a file so that it has its old or its new content, whatever happens."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}{_NEW}")
        with draft.open("wb") as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)

    # -- what nobody names -------------------------------------------------------------------------

    def _touch(self, sounds: set[str]) -> None:
        """Let the grace of sounds that are named no more begin."""
        if not sounds:
            return
        self._unswept = True
        now = self._clock()
        for sha256 in sounds - self._named():
            path = self._sound(sha256)
            if path.is_file():
                os.utime(path, (now, now))

    def _sweep(self) -> None:
        """Remove the sounds that no form names, and drafts that a crash has left."""
        if not self._unswept:
            return
        named = self._named()
        self._unswept = False
        for path in self._files():
            if path.suffix == _NEW or (path.suffix == _SOUND and path.stem not in named):
                if self._clock() - path.stat().st_mtime >= GRACE_S:
                    path.unlink(missing_ok=True)
                else:
                    self._unswept = True

    def _named(self) -> set[str]:
        return {one.sha256 for found in self._all().values() for one in found.values()}

    def _all(self) -> dict[str, dict[str, Kept]]:
        """Every client's prompts; read once."""
        if self._clients is None:
            self._clients = {}
            for path in self._files():
                if path.suffix == _INDEX:
                    self._clients[path.stem] = _index(path)
        return self._clients

    def _files(self) -> list[Path]:
        try:
            return list(self.folder.iterdir())
        except OSError:
            return []  # nothing is kept yet, or nothing of it can be read

    def _sound(self, sha256: str) -> Path:
        return self.folder / f"{sha256}{_SOUND}"


def _index(path: Path) -> dict[str, Kept]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Kept])
    except (OSError, msgspec.DecodeError):
        return {}  # what it named is kept anew as soon as the client's file is in force
