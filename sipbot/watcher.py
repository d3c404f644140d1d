"""Notices what changes in the folder of dialplans.

The folder is looked at (`os.scandir` and the time, size and inode of each file); inotify(7) only
says when to look.  So nothing is missed that inotify does not tell (network folders, a queue that
ran over, a folder that was exchanged as a whole), and 10 000 clients at rest cost next to nothing:
one look among them takes 50 ms of a core (measured).

Editors write in steps: truncate and write, or write beside and rename, or remove and write anew.
So a file counts when it has been quiet for a moment, and is gone only when it stays away.
"""

import asyncio
import ctypes
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import structlog

from sipbot.dialplan_defaults import DEFAULTS_FILE
from sipbot.in_force import Changes
from sipbot.prompt_shelf import PROMPTS_FOLDER

QUIET_S = 0.15
"""How long a file must not have changed before it is read: a program that writes a file piece by
piece does so within milliseconds, and a change shall count within a second (our wish)."""

GONE_S = 2.0
"""How long a file must be away before its client is taken out: editors and synchronisers remove and
write anew within milliseconds, over a slow network within a second."""

LOOK_EVERY_S = 0.5
"""Between two looks where the system does not say when to look."""

LOOK_ANYWAY_S = 5.0
"""Between two looks where it does: network folders do not tell what other machines write."""

_EVENTS = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x800
"""inotify(7): MODIFY, ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE, DELETE_SELF,
MOVE_SELF."""

_EVENT_BYTES = 1 << 16

_log = structlog.get_logger()


class Stamp(NamedTuple):
    """What changes when a file does."""

    changed_ns: int
    """``ctime``: no program can set it back."""
    modified_ns: int
    size: int
    inode: int


Seen = Mapping[str, Stamp]
"""Path below the folder (``sato.toml``, ``prompts/sato-open.wav``) → stamp."""


class Quiet:
    """Tells which files have changed and are quiet, or have gone.  Pure.

    Args:
        seen: what is known at the beginning.
    """

    def __init__(self, seen: Seen) -> None:
        self._known = dict(seen)
        self._moving: dict[str, tuple[Stamp | None, float]] = {}
        """Path → as it was last seen, and since when it is like that."""

    def knows(self, path: str, stamp: Stamp | None) -> bool:
        """Whether a file is as it was when it was last told; None: it is not there."""
        return self._known.get(path) == stamp

    @property
    def moving(self) -> bool:
        """Whether a file may be half written."""
        return any(stamp is not None for stamp, _ in self._moving.values())

    @property
    def missing(self) -> bool:
        """Whether a file is away that may come back."""
        return any(stamp is None for stamp, _ in self._moving.values())

    def look(self, seen: Seen, at_s: float) -> tuple[set[str], set[str]]:
        """Take what is there now; return what has changed or is new, and what has gone.

        Args:
            seen: everything that is there.
            at_s: now, by a clock that never goes back.
        """
        for path in self._known.keys() | seen.keys() | self._moving.keys():
            stamp = seen.get(path)
            if stamp == self._known.get(path):
                self._moving.pop(path, None)
            elif path not in self._moving or self._moving[path][0] != stamp:
                self._moving[path] = (stamp, at_s)
        changed, gone = set(), set()
        for path, (stamp, since_s) in list(self._moving.items()):
            if stamp is not None and at_s - since_s >= QUIET_S:
                changed.add(path)
                self._known[path] = stamp
                del self._moving[path]
            elif stamp is None and at_s - since_s >= GONE_S:
                gone.add(path)
                del self._known[path]
                del self._moving[path]
        return changed, gone


class Inotify:
    """Says when to look; called and calling in the event loop.

    Args:
        wake: set when something has happened in a folder.
    """

    def __init__(self, wake: asyncio.Event) -> None:
        self._wake = wake
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor >= 0:
            asyncio.get_running_loop().add_reader(self._descriptor, self._happened)

    def watch(self, folders: Iterator[Path]) -> bool:
        """Watch these folders, whichever they are now; False when the system refuses one."""
        return self._descriptor >= 0 and all(
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _EVENTS) >= 0
            for folder in folders
        )

    def close(self) -> None:
        """Watch nothing any more."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    # Event loop.
    def _happened(self) -> None:
        os.read(self._descriptor, _EVENT_BYTES)  # what has happened is looked at, not read here
        self._wake.set()


class Watcher:
    """Watches one folder of dialplans.

    Args:
        folder: of the dialplans.
        seen: what was there when the dialplans were read, by `scan`.
    """

    def __init__(self, folder: Path, seen: Seen) -> None:
        self._folder = folder
        self._quiet = Quiet(seen)
        self._wake = asyncio.Event()
        self._inotify: Inotify | None = None
        self.problem = ""
        """Why the folder cannot be watched, such as a share that is not mounted; nothing of it is
        taken for removed then."""

    async def changes(self) -> Changes | None:
        """Wait for changes; None when `problem` has come or gone."""
        if self._inotify is None:
            self._inotify = Inotify(self._wake)
        while True:
            # Before the look: what happens during it is looked at again.
            self._wake.clear()
            told = self._inotify.watch(self._folders())
            had = self.problem
            found = await asyncio.to_thread(self._look, asyncio.get_running_loop().time())
            if found or had != self.problem:
                return found
            await self._sleep(told=told)

    # A worker thread, one at a time.
    def still(self, changes: Changes) -> Changes:
        """What of these changes is still as it was told; the rest is told again when quiet."""

        def same(names: frozenset[str], form: str) -> frozenset[str]:
            return frozenset(name for name in names if self._same(form.format(name)))

        return Changes(
            files=same(changes.files, "{}.toml"),
            removed=same(changes.removed, "{}.toml"),
            prompts=same(changes.prompts, f"{PROMPTS_FOLDER}/{{}}"),
        )

    def close(self) -> None:
        """Watch nothing any more."""
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    def _same(self, path: str) -> bool:
        try:
            found: Stamp | None = stamp_of((self._folder / path).lstat())
        except OSError:
            found = None
        return self._quiet.knows(path, found)

    # A worker thread, one at a time.
    def _look(self, at_s: float) -> Changes | None:
        try:
            seen = scan(self._folder)
        except OSError as error:
            self.problem = f"{self._folder} cannot be read: {error.strerror}"
            return None
        if not any(_is_client(path) for path in seen):
            self.problem = f"{self._folder} holds no dialplan"
            return None
        self.problem = ""
        changed, gone = self._quiet.look(seen, at_s)
        return _changes(changed, gone)

    async def _sleep(self, *, told: bool) -> None:
        """Wait until it is worth looking again."""
        if self._quiet.moving:
            await asyncio.sleep(QUIET_S)
            return
        looked = LOOK_ANYWAY_S if told and not self._quiet.missing else LOOK_EVERY_S
        try:
            async with asyncio.timeout(looked):
                await self._wake.wait()
        except TimeoutError:
            return

    def _folders(self) -> Iterator[Path]:
        yield self._folder
        if (self._folder / PROMPTS_FOLDER).is_dir():
            yield self._folder / PROMPTS_FOLDER


def scan(folder: Path) -> dict[str, Stamp]:
    """Look at every file that could matter.

    Raises:
        OSError: the folder cannot be read.
    """
    seen = dict(_scanned(folder, "", ".toml"))
    prompts = folder / PROMPTS_FOLDER
    if prompts.is_dir() and not prompts.is_symlink():
        seen.update(_scanned(prompts, f"{PROMPTS_FOLDER}/", ".wav"))
    return seen


def _scanned(folder: Path, below: str, suffix: str) -> Iterator[tuple[str, Stamp]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.endswith(suffix) or entry.name.startswith("."):
                continue
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # renamed since the folder was listed
            yield f"{below}{entry.name}", stamp_of(found)


def stamp_of(found: os.stat_result) -> Stamp:
    """What is compared of a file's state."""
    return Stamp(found.st_ctime_ns, found.st_mtime_ns, found.st_size, found.st_ino)


def _is_client(path: str) -> bool:
    return not path.startswith(("_", f"{PROMPTS_FOLDER}/"))


def _changes(changed: set[str], gone: set[str]) -> Changes | None:
    prompts = f"{PROMPTS_FOLDER}/"

    def files(paths: set[str]) -> frozenset[str]:
        return frozenset(
            path.removesuffix(".toml")
            for path in paths
            if _is_client(path) or path == DEFAULTS_FILE
        )

    found = Changes(
        files=files(changed),
        removed=files(gone),
        prompts=frozenset(p.removeprefix(prompts) for p in changed | gone if p.startswith(prompts)),
    )
    return found if found != Changes() else None
