"""Where the keys of encrypted recordings come from: a file of age identities, or a variable.

The first identity encrypts, every one of them opens: who changes the key puts the new one first and
keeps the others until nothing is left that was encrypted for them.  The keys are read whenever they
are needed, so a file that was changed counts at once and in every process.
"""

import contextlib
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sipbot.disk import sync_folder
from sipbot.errors import LockedError, UsageError

if TYPE_CHECKING:
    from sipbot.age_file import Identity

PROOFS = 20
"""Encrypted files that are looked at before a key is used for the first time: one of another site
among them, come with a hand-over say, must not stop the rest."""


class AudioKeys:
    """The keys of one site.

    Args:
        file: of identities, one a line, ``#`` before comments; as age-keygen writes it.
        variable: of the environment, which has identities instead, with blanks between them.
    """

    def __init__(self, file: Path | None, variable: str = "") -> None:
        self.file = file
        self._variable = variable

    @property
    def where(self) -> str:
        """What a message calls them."""
        return str(self.file) if self.file is not None else f"${self._variable}"

    def identities(self) -> "list[Identity]":
        """Return the keys, the one that encrypts first; there is at least one.

        Raises:
            LockedError: there is none, or one cannot be read; it names file or variable and remedy.
        """
        # Where nothing is encrypted, the process that leads calls does not load the library.
        from sipbot.age_file import Identity  # noqa: PLC0415

        found = list[Identity]()
        for number, word in self._words():
            try:
                found.append(Identity.parse(word))
            except ValueError as error:
                raise LockedError(
                    f"{self.where}:{number}: {error}. Bring the file back from your copy of the key"
                ) from None
        if not found:
            raise LockedError(
                f"{self.where}: has no key. Make one: sipbot privacy key new; where recordings are "
                "encrypted already, bring back the key that they were encrypted with"
            )
        return found

    def _words(self) -> list[tuple[int, str]]:
        if self.file is None:
            return [(1, word) for word in os.environ.get(self._variable, "").split()]
        try:
            lines = self.file.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            raise LockedError(
                f"{self.file}: does not exist (privacy.audio_key_file). Make a key: sipbot privacy "
                "key new; where recordings are encrypted already, bring back theirs"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise LockedError(
                f"{self.file}: cannot be read: {reason} (privacy.audio_key_file). Give it to the "
                "user who runs sipbot: chown USER and chmod 600"
            ) from error
        words = ((number, line.strip()) for number, line in enumerate(lines, 1))
        return [(number, word) for number, word in words if word and not word.startswith("#")]


def write_keys(path: Path, identities: "Sequence[Identity]", at: datetime) -> None:
    """Write a key file whole or not at all, for its owner alone.

    Args:
        path: where to; what stands there is replaced.
        identities: the one that encrypts first.
        at: when the first one was made, UTC-aware.

    Raises:
        UsageError: it cannot be written.
    """
    first, *others = identities
    lines = [
        f"# made {at.isoformat(timespec='seconds')}; encrypts",
        f"# public key: {first.recipient}",
    ]
    lines.append(first.text)
    for one in others:
        lines += ["# opens what is older, copies and backups too", one.text]
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):  # of the folder, which the message names
            draft.unlink(missing_ok=True)
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}. Name another place with "
            "privacy.audio_key_file"
        ) from error


def prove(identities: "Sequence[Identity]", latest: Iterable[Path], where: str) -> None:
    """See that keys are this site's, before a plain recording is given up for them.

    Keys of another site, or of a test, are valid as well: what they encrypt would be lost with
    them.  Where nothing is encrypted yet, any key is right.

    Args:
        identities: the keys.
        latest: what was encrypted last.
        where: where the keys come from, for the message.

    Raises:
        LockedError: none of the keys opens any of these files.
        DamagedError: one is no file of age.
        OSError: the disk refuses.
    """
    from sipbot import age_file  # noqa: PLC0415 - only where something is encrypted

    tried = []
    for path in latest:
        with path.open("rb") as file:
            if any(age_file.opens(file, one) for one in identities if file.seek(0) == 0):
                return
        tried.append(path)
    if tried:
        raise LockedError(
            f"{tried[0]}: no key in {where} opens it, nor others that were encrypted last; what is "
            "encrypted with these keys could be lost, so it stays plain. Add the key that they "
            "were encrypted with, on a line of its own; if it is lost for ever, move them out of "
            "the spool"
        )
