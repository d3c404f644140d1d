"""The one door to what callers said: recordings and their masked copies, plain or encrypted.

Data path: spool, audio_keys, age_file -> [recordings] -> whoever listens

The C recorder writes ``audio.wav`` as it is, and the ears follow it while it grows.  Once nobody
writes or recognises any more, `Recordings.seal` puts ``audio.wav.age`` in its place.  At every
instant at least one of the two is whole; where both are, a crash came between, and they are equal.
Nobody else opens either by its path, so whoever listens need not know which one is there.
"""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from sipbot.audio_keys import PROOFS, AudioKeys, prove
from sipbot.disk import RESERVE_BYTES, look, sync_folder
from sipbot.errors import DamagedError, LockedError, SpoolError
from sipbot.whole_file import DRAFT, alone_in, is_file, replacing, sha256_of

AUDIO, MASKED = "audio.wav", "audio-masked.wav"
"""In a call's folder: what was recorded, and its copy without names and numbers."""
BOTH = (AUDIO, MASKED)

SEALED = ".age"
"""Behind the name of an encrypted file."""

_CHUNK_BYTES = 1 << 20


def files_of(name: str) -> tuple[str, ...]:
    """Return every name under which a recording, or a part of it, may be in a call's folder."""
    return (name, f"{name}{DRAFT}", f"{name}{SEALED}", f"{name}{SEALED}{DRAFT}")


class Recordings:
    """The recordings of one site; from any thread and process.

    Whatever is asked of a disk that does not answer is a `SpoolError`.

    Args:
        spool: the folder with one folder a call.
        keys: with which they are encrypted; None leaves them as they are.
    """

    def __init__(self, spool: Path, keys: AudioKeys | None = None) -> None:
        self.spool = spool
        self.keys = keys
        self._proven = ""
        """The recipient that encrypts, once it is known to be this site's."""

    def folder(self, call: str) -> Path:
        """Return where a call's files are."""
        return self.spool / call

    def calls(self) -> list[str]:
        """Return the calls that have a folder, oldest first."""
        return sorted(entry.name for entry in os.scandir(self.spool) if entry.is_dir())

    def is_there(self, call: str, name: str = AUDIO) -> bool:
        """Tell whether there is such a file, plain or encrypted."""
        return any(is_file(one) for one in self._places(call, name))

    def is_plain(self, call: str, name: str = AUDIO) -> bool:
        """Tell whether there is one that whoever can read the folder can read."""
        return is_file(self._places(call, name)[0])

    def is_sealed(self, call: str, name: str = AUDIO) -> bool:
        """Tell whether there is an encrypted one."""
        return is_file(self._places(call, name)[1])

    def changed_ns(self, call: str, name: str = AUDIO) -> int:
        """Return when it was last written to, in nanoseconds; encrypting does not count.

        Raises:
            SpoolError: there is none, or the disk does not say.
        """
        for path in self._places(call, name):
            try:
                return path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
            except OSError as error:
                raise SpoolError(f"{path}: cannot be looked at: {error.strerror}") from error
        raise self._missing(call, name)

    def open(self, call: str, name: str = AUDIO) -> BinaryIO:
        """Return a recording's plain bytes, to be read from any place.

        Raises:
            LockedError: it is encrypted, and its key is not here; says where it is looked for.
            DamagedError: it is encrypted and was changed, or is another call's.
            SpoolError: there is none, or the disk refuses.
        """
        plain, sealed = self._places(call, name)
        # Twice: a file that is being encrypted or decrypted changes its name between two looks.
        for path in (plain, sealed, plain):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise SpoolError(f"{path}: cannot be read: {error.strerror}") from error
            return file if path == plain else self._unlocked(file, path, call, name)
        raise self._missing(call, name)

    def sha256(self, call: str, name: str = AUDIO) -> str:
        """Return the hash of a recording's plain bytes.

        Raises:
            SpoolError: as `open`.
        """
        with self.open(call, name) as file:
            return sha256_of(file)

    def playable(self, call: str, copy: Path) -> Path:
        """Return a plain file of a recording, for a program that reads nothing else.

        Args:
            call: whose recording.
            copy: where a plain copy is put when there are keys, for then the file may be encrypted
                at any time; for its owner alone, and removed by whoever asks.

        Raises:
            SpoolError: as `open`, or the disk refuses.
        """
        if self.keys is None and self.is_plain(call):
            return self._places(call, AUDIO)[0]
        try:
            with self.open(call) as source:
                copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with replacing(copy) as target:
                    shutil.copyfileobj(source, target, _CHUNK_BYTES)
        except OSError as error:
            raise SpoolError(f"{copy}: cannot be written: {error.strerror}") from error
        return copy

    def put(self, call: str, name: str, content: bytes) -> None:
        """Write a file whole or not at all, encrypted where there are keys.

        Whoever calls this is alone in the folder (`alone_in`).

        Raises:
            LockedError: there is no key.
            OSError: the disk refuses.
        """
        plain, sealed = self._places(call, name)
        if self.keys is None:
            with replacing(plain) as target:
                target.write(content)
            sealed.unlink(missing_ok=True)
            return
        self._encrypt(io.BytesIO(content), sealed, call, name)
        plain.unlink(missing_ok=True)
        sync_folder(plain.parent)

    def seal(self, call: str, name: str = AUDIO, *, sha256: str | None = None) -> bool:
        """Put an encrypted file in the place of a plain one; blocks, for a thread.

        Done again after a crash at any point, it goes on; the plain file goes last, once the
        encrypted one has been read back from its file and is the same.

        Args:
            call: whose; nobody writes to the file, or recognises it, any more.
            name: which file.
            sha256: what its memo says that it is; None where nobody says.

        Returns:
            Whether there was a plain one.

        Raises:
            LockedError: there is no key; the file stays as it is.
            SpoolError: the disk refuses, has no room, or it is not what its memo says; the file
                stays as it is.
        """
        plain, sealed = self._places(call, name)
        try:
            if not plain.is_file():
                return False
            with alone_in(plain.parent):
                if not plain.is_file():
                    return False  # somebody else was faster
                self._seal(plain, sealed, call, name, sha256)
        except OSError as error:
            raise SpoolError(f"{plain}: cannot be encrypted: {error.strerror}") from error
        return True

    def unseal(self, call: str) -> bool:
        """Put a plain recording beside an encrypted one, for the ears; `seal` takes it away again.

        Returns:
            Whether that was needed.

        Raises:
            SpoolError: as `open`, or the disk refuses.
        """
        plain, sealed = self._places(call, AUDIO)
        try:
            if plain.is_file() or not sealed.is_file():
                return False
            with alone_in(plain.parent):
                if plain.is_file():
                    return False
                self._room(plain, sealed.stat().st_size)
                with self.open(call) as source, replacing(plain, like=sealed) as target:
                    shutil.copyfileobj(source, target, _CHUNK_BYTES)
        except OSError as error:
            raise SpoolError(f"{plain}: cannot be decrypted: {error.strerror}") from error
        return True

    def open_sealed(self, call: str, name: str = AUDIO) -> BinaryIO | None:
        """Return the bytes of an encrypted file as they are on the disk; None: there is none.

        Raises:
            SpoolError: the disk refuses.
        """
        sealed = self._places(call, name)[1]
        try:
            return sealed.open("rb")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SpoolError(f"{sealed}: cannot be read: {error.strerror}") from error

    def bring_back(
        self,
        call: str,
        name: str,
        fetch: Callable[[BinaryIO], None],
        proven: Callable[[str], None],
    ) -> bool:
        """Put an encrypted file where it was, if it is missing; blocks.

        Args:
            call: whose.
            name: which file.
            fetch: writes its bytes; what it raises leaves no file.
            proven: is given the hash of its plain bytes; what it raises leaves no file.

        Returns:
            False when there is such a file, plain or encrypted.

        Raises:
            LockedError: no key here opens it.
            DamagedError: it was changed, or is another call's.
            SpoolError: the disk refuses.
        """
        from sipbot import age_file  # noqa: PLC0415 - see `_unlocked`

        sealed = self._places(call, name)[1]
        try:
            sealed.parent.mkdir(parents=True, exist_ok=True)
            with alone_in(sealed.parent):
                if self.is_there(call, name):
                    return False
                with replacing(sealed) as target:
                    fetch(target)
                    target.flush()
                    with Path(target.name).open("rb") as again, self._explained(sealed):
                        identities = self._need_keys().identities()
                        proof = age_file.Reader(again, identities, _bound(call, name))
                        found = sha256_of(cast("BinaryIO", proof))
                    proven(found)
                return True
        except OSError as error:
            raise SpoolError(f"{sealed}: cannot be written: {error.strerror}") from error

    def rewrap(self, call: str, name: str = AUDIO) -> bool:
        """Let the first key open an encrypted file; its sound is not decrypted for it.

        Returns:
            Whether that was needed.

        Raises:
            SpoolError: as `open`, or the disk refuses; the file stays as it is.
        """
        from sipbot import age_file  # noqa: PLC0415 - see `_unlocked`

        sealed = self._places(call, name)[1]
        if not is_file(sealed):
            return False
        try:
            with alone_in(sealed.parent), sealed.open("rb") as source, self._explained(sealed):
                identities = self._need_keys().identities()
                if age_file.opens(source, identities[0]):
                    return False
                with replacing(sealed, like=sealed) as target:
                    age_file.rewrap(source, target, identities, _bound(call, name))
                    target.flush()
                    with Path(target.name).open("rb") as again:
                        proof = age_file.Reader(again, identities[:1], _bound(call, name))
                        sha256_of(cast("BinaryIO", proof))
        except OSError as error:
            raise SpoolError(f"{sealed}: cannot be written: {error.strerror}") from error
        return True

    # -- one file -------------------------------------------------------------------------------

    def _seal(self, plain: Path, sealed: Path, call: str, name: str, sha256: str | None) -> None:
        with plain.open("rb") as file:
            digest = sha256_of(file)
        if sha256 is not None and digest != sha256:
            raise DamagedError(
                f"{plain}: is not the recording that its memo names (its hash differs); it stays "
                "unencrypted. Compare it with a backup"
            )
        if not sealed.is_file() or (name != AUDIO and self._hash_of(sealed, call, name) != digest):
            self._room(plain, plain.stat().st_size)
            with plain.open("rb") as file:
                self._encrypt(file, sealed, call, name, like=plain)
        if self._hash_of(sealed, call, name) != digest:
            raise DamagedError(
                f"{sealed}: is another recording than {plain.name} beside it; both stay. Listen to "
                "both, and move the wrong one away"
            )
        plain.unlink()
        sync_folder(plain.parent)

    def _hash_of(self, sealed: Path, call: str, name: str) -> str:
        with self._unlocked(sealed.open("rb"), sealed, call, name) as file:
            return sha256_of(file)

    def _encrypt(
        self, source: BinaryIO, sealed: Path, call: str, name: str, like: Path | None = None
    ) -> None:
        from sipbot import age_file  # noqa: PLC0415 - see `_unlocked`

        identities = self._need_keys().identities()
        if identities[0].recipient != self._proven:
            prove(identities, islice(self._sealed(), PROOFS), self._need_keys().where)
            self._proven = identities[0].recipient
        with replacing(sealed, like) as target:
            age_file.seal(source, target, identities[0], _bound(call, name))

    def _sealed(self) -> Iterator[Path]:
        """Every encrypted file, those of the latest calls first."""
        for call in reversed(self.calls()):
            yield from (path for name in BOTH if (path := self._places(call, name)[1]).is_file())

    def _unlocked(self, file: BinaryIO, path: Path, call: str, name: str) -> BinaryIO:
        # Where nothing is encrypted, the process that leads calls does not load the library.
        from sipbot import age_file  # noqa: PLC0415

        try:
            with self._explained(path):
                identities = self._need_keys().identities()
                reader = age_file.Reader(file, identities, _bound(call, name))
        except BaseException:
            file.close()
            raise
        return cast("BinaryIO", io.BufferedReader(reader, age_file.CHUNK_BYTES))

    def _need_keys(self) -> AudioKeys:
        if self.keys is None:
            raise LockedError(
                "the recording is encrypted, and config.toml names no key: set "
                "privacy.audio_key_file to the file with its key"
            )
        return self.keys

    @contextmanager
    def _explained(self, path: Path) -> Iterator[None]:
        """Say which file cannot be opened, and what to do."""
        try:
            yield
        except LockedError as error:
            where = self.keys.where if self.keys is not None else ""
            if where and where not in str(error):
                raise LockedError(
                    f"{path}: no key in {where} opens it: it is encrypted for another one. Add the "
                    "key that it was encrypted with, on a line of its own"
                ) from None
            raise LockedError(f"{path}: {error}") from None
        except DamagedError as error:
            raise DamagedError(
                f"{path}: cannot be decrypted: {error}. Bring it back from a backup"
            ) from None

    def _room(self, plain: Path, size: int) -> None:
        if look(plain.parent).free_bytes < RESERVE_BYTES + size:
            raise SpoolError(
                f"{plain}: no room for another form of it; calls come first. Make room in var"
            )

    def _places(self, call: str, name: str) -> tuple[Path, Path]:
        plain = self.folder(call) / name
        return plain, plain.with_name(f"{name}{SEALED}")

    def _missing(self, call: str, name: str) -> SpoolError:
        return SpoolError(f"{self.folder(call) / name}: cannot be read: there is no such file")


def _bound(call: str, name: str) -> str:
    """What is said in an encrypted file's header: it counts for this call and this name alone."""
    return f"{call}/{name}"
