"""The forms of the clients' files that were last in force, kept below ``var``.

A file that is broken at the next start must not keep its client's callers waiting: the form that
was last in force is used in its place, and somebody is told.  ``sipbot dialplan diff`` compares
with it.  The bytes are kept as they were, so the SHA-256 is that of the form; the time at which a
form came into force is the copy's own.

Whatever is written is whole and on disk before it has its name: a copy that a power cut could tear
would be worse than none.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sipbot.disk import sync_folder
from sipbot.errors import DialplanError, SpoolError
from sipbot.kept_prompts import KeptPrompts
from sipbot.plan import Dialplan
from sipbot.toml_file import TomlFile, content_of, parse, read

APPLIED_FOLDER = "dialplans"
"""Below ``var``."""

_MARK = ".refused"
_NEW = ".new"
_MANY = 50
"""From so many files on, the disk is told once to write everything: ten thousand times one by one
takes a minute on a disk that needs 5 ms each."""


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """That a file is not in force: told again after a restart, and cleared once."""

    since: datetime


class LastGood:
    """The kept forms of one site.  Every call reads or writes the disk.

    Args:
        folder: where they are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prompts = KeptPrompts(folder / "prompts")
        """What their calls play."""

    def path(self, name: str) -> Path:
        """Where the form of a client is kept, or would be; also of ``_defaults``."""
        return self.folder / f"{name}.toml"

    def read(self, name: str) -> TomlFile | None:
        """The kept form; None when there is none that can be read."""
        try:
            return read(self.path(name), DialplanError, links=False)
        except DialplanError:
            return None  # whoever needs it says that it is missing

    def keep(self, texts: Mapping[str, str]) -> None:
        """Keep these forms: name → the file's text.  What is kept already is not written.

        Raises:
            SpoolError: the disk refused.
        """
        changed = {name: text for name, text in texts.items() if not self._has(name, text)}
        self._write({f"{name}.toml": text.encode() for name, text in changed.items()})

    def forget(self, name: str) -> None:
        """Keep nothing of a client any more.

        Raises:
            SpoolError: the disk refused.
        """
        try:
            self.path(name).unlink(missing_ok=True)
        except OSError as error:
            raise _refused(self.path(name), error) from error
        self.prompts.forget(name)

    def names(self) -> list[str]:
        """Everybody of whom a form is kept; not ``_defaults``."""
        return [name for name in self._named(".toml") if name[0] not in "_."]

    def is_kept(self, name: str, sha256: str) -> bool:
        """Whether just this form is kept."""
        return self._sha256(name) == sha256

    # -- what is not in force ----------------------------------------------------------------------

    def marks(self) -> dict[str, Mark]:
        """What was not in force when sipbot last ran: the alert's id → since when."""
        found = {}
        for alert in self._named(_MARK):
            try:
                content = (self.folder / f"{alert}{_MARK}").read_bytes()
                mark = msgspec.json.decode(content, type=Mark)
            except (OSError, msgspec.DecodeError):
                mark = Mark(since=datetime.now(UTC))  # that it was refused is what matters
            found[alert] = mark
        return found

    def mark(self, marks: Mapping[str, Mark], cleared: Iterable[str]) -> None:
        """Note what is not in force, and what is again; both by the alert's id.

        Raises:
            SpoolError: the disk refused.
        """
        self._write({f"{alert}{_MARK}": msgspec.json.encode(mark) for alert, mark in marks.items()})
        for alert in cleared:
            path = self.folder / f"{alert}{_MARK}"
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise _refused(path, error) from error

    def _named(self, ending: str) -> list[str]:
        try:
            with os.scandir(self.folder) as entries:
                names = sorted(entry.name for entry in entries)
        except OSError:
            return []  # nothing is kept yet, or nothing of it can be read: `keep` says so
        return [name.removesuffix(ending) for name in names if name.endswith(ending)]

    # -- the disk ----------------------------------------------------------------------------------

    def _has(self, name: str, text: str) -> bool:
        return _content(self.path(name)) == text.encode() and bool(text)

    def _sha256(self, name: str) -> str:
        content = _content(self.path(name))
        return hashlib.sha256(content).hexdigest() if content else ""

    def _write(self, contents: Mapping[str, bytes]) -> None:
        """Write files so that each has its old or its new content, whatever happens."""
        if not contents:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name, content in contents.items():
                with (self.folder / f"{name}{_NEW}").open("wb") as file:
                    file.write(content)
                    if len(contents) < _MANY:
                        file.flush()
                        os.fsync(file.fileno())
            if len(contents) >= _MANY:
                os.sync()
            for name in contents:
                (self.folder / f"{name}{_NEW}").replace(self.folder / name)
            sync_folder(self.folder)
        except OSError as error:
            raise _refused(self.folder, error) from error


def text_of(plan: Dialplan, kept: LastGood) -> TomlFile | None:
    """The file that a plan was made of, or the kept form of it; None when neither is there."""
    for path in (plan.path, kept.path(plan.client)):
        content = _content(path)
        if hashlib.sha256(content).hexdigest() == plan.sha256:
            return parse(path, content, DialplanError)
    return None


def _content(path: Path) -> bytes:
    try:
        return content_of(path, DialplanError, links=False)
    except DialplanError:
        return b""


def _refused(path: Path, error: OSError) -> SpoolError:
    return SpoolError(f"{path}: the last good dialplans cannot be kept: {error.strerror}")
