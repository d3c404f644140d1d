"""The prompts of the forms that were last in force, kept below ``var`` with the forms.

A prompt that is removed or spoilt must not silence a client: while the folder has none that can be
played, the kept one is.  Each sound is kept once, by its SHA-256, however many clients name it, and
is looked at before it is used; what no client's form names any more is removed.  While the disk
does not tell what some client's names, no sound is removed.

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
        self._clients: dict[str, dict[str, Kept]] = {}
        self._unread: set[Path] | None = None
        """Indexes that are there and could not be read yet; None: the folder was not."""
        self._drafts: dict[Path, Path] = {}
        """What is written and has not its name yet → the name, in the order of need."""
        self._sound_ones: set[str] = set()
        """Kept sounds that this run has compared with their SHA-256."""
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
        self._drafts.clear()
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
        if client in self._all() or self._is_unread(client):
            self.keep({client: {}})

    # -- what is written ---------------------------------------------------------------------------

    def _keep(
        self, clients: dict[str, dict[str, Path]], before: dict[str, dict[str, Kept]]
    ) -> None:
        new: dict[str, dict[str, Kept]] = {}
        for client, prompts in clients.items():
            old = before.get(client, {})
            kept = {name: self._kept(path, old.get(name)) for name, path in prompts.items()}
            found = {name: one for name, one in kept.items() if one is not None}
            if self._is_unread(client) and len(found) < len(prompts):
                continue  # what its index names may be all that there is
            if found != old or self._is_unread(client):
                new[client] = found
        for client, found in new.items():
            if found:
                self._write(self._index_of(client), msgspec.json.encode(found))
        written = bool(self._drafts)
        self._name_drafts()
        gone: set[str] = set()
        for client, found in new.items():
            if not found:
                self._index_of(client).unlink(missing_ok=True)
            if self._unread is not None:
                self._unread.discard(self._index_of(client))
            gone |= {one.sha256 for one in before.pop(client, {}).values()}
            if found:
                before[client] = found
        self._touch(gone)
        if new or written:
            sync_folder(self.folder)

    def _kept(self, path: Path, old: Kept | None) -> Kept | None:
        """Copy a prompt unless it is kept already.

        One that cannot be played any more (it was in force a moment ago) leaves the one of before.
        """
        try:
            facts = path.stat()
            same = old and (old.bytes, old.mtime_ns) == (facts.st_size, facts.st_mtime_ns)
            if old and same and self._is_whole(old):
                return old
            check_prompt(path)
            with path.open("rb") as file:
                content = file.read(PROMPT_LIMIT_BYTES + 1)
        except (OSError, PromptError):
            return old
        sha256 = hashlib.sha256(content).hexdigest()
        kept = Kept(sha256, len(content), facts.st_mtime_ns)
        if not self._is_whole(kept):
            self._write(self._sound(sha256), content)
        return kept

    def _is_whole(self, kept: Kept) -> bool:
        """Tell whether the copy can be relied on, or will be; its contents are read once a run.

        A disk that has spoilt it in place shows no other size.
        """
        sound = self._sound(kept.sha256)
        if sound in self._drafts.values():
            return True
        try:
            if not sound.is_file() or sound.stat().st_size != kept.bytes:
                return False
            if kept.sha256 not in self._sound_ones:
                if hashlib.sha256(sound.read_bytes()).hexdigest() != kept.sha256:
                    return False
                self._sound_ones.add(kept.sha256)
        except OSError:
            return False  # it is written anew, or the disk refuses that
        return True

    def _write(self, path: Path, content: bytes) -> None:
        """Write what is to be in a file; `_name_drafts` puts it there."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{path.name}{_NEW}")
        with draft.open("wb") as file:
            file.write(content)
        self._drafts[draft] = path

    def _name_drafts(self) -> None:
        """Give the drafts their names so that each file is old or new, whatever happens."""
        if len(self._drafts) >= _MANY:
            os.sync()
        else:
            for draft in self._drafts:
                with draft.open("rb") as file:
                    os.fsync(file.fileno())
        for draft, path in self._drafts.items():
            draft.replace(path)
        self._drafts.clear()

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
        if not self._unswept or self._unread is None or self._unread:
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
        """Every client's prompts; read once, but what cannot be read again at each call."""
        try:
            if self._unread is None:
                self._unread = {path for path in self._files() if path.suffix == _INDEX}
        except OSError:
            return self._clients  # nothing of it can be read now
        for path in tuple(self._unread):
            try:
                self._clients[path.stem] = _index(path)
            except OSError:
                continue
            self._unread.discard(path)
        return self._clients

    def _is_unread(self, client: str) -> bool:
        return self._unread is None or self._index_of(client) in self._unread

    def _files(self) -> list[Path]:
        try:
            return list(self.folder.iterdir())
        except FileNotFoundError:
            return []  # nothing is kept yet

    def _sound(self, sha256: str) -> Path:
        return self.folder / f"{sha256}{_SOUND}"

    def _index_of(self, client: str) -> Path:
        return self.folder / f"{client}{_INDEX}"


def _index(path: Path) -> dict[str, Kept]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Kept])
    except (FileNotFoundError, msgspec.DecodeError):
        return {}  # what it named is kept anew as soon as the client's file is in force
