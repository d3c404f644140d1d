"""A tar of which there is only one form, so that no byte of it can be changed unnoticed.

Every header is the one that POSIX ustar (IEEE Std 1003.1-1988) has for a plain file of this name
and size with mode 0600, no owner and time 0; what follows the last file is zeros up to a record of
10,240 bytes.  Any tar reads it.  `members` takes nothing else: no link, no device, no folder, no
other spelling of a number, so there is nothing to be tricked with while unpacking.
"""

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sipbot.errors import HandoverError

BLOCK_BYTES = tarfile.BLOCKSIZE
RECORD_BYTES = tarfile.RECORDSIZE
CHUNK_BYTES = 1 << 20


class Member(NamedTuple):
    """One file on its way out of the tar; read it before the next one is asked for."""

    name: str
    size: int
    """Bytes."""
    content: "Content"


class Content:
    """The bytes of one member."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self._source = source
        self.left = size

    def read(self, limit: int = CHUNK_BYTES) -> bytes:
        """Return some of what is left; nothing at the end.

        Raises:
            HandoverError: the tar ends before its time.
        """
        chunk = self._source.read(min(limit, self.left))
        if self.left and not chunk:
            raise HandoverError("the tar is cut off: fetch the bundle again")
        self.left -= len(chunk)
        return chunk

    def all(self, limit: int) -> bytes:
        """Return everything.

        Raises:
            HandoverError: it is longer than the limit, or cut off.
        """
        if self.left > limit:
            raise HandoverError(f"a file of {self.left} bytes, where {limit} are allowed")
        parts = list(iter(self.read, b""))
        return b"".join(parts)


def header(name: str, size: int) -> bytes:
    """Return the one header of a file.

    Raises:
        HandoverError: ustar cannot hold the name.
    """
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, 0
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")
    except (ValueError, UnicodeError) as error:
        raise HandoverError(
            f"{name!r}: cannot stand in a tar: {error}. Shorten the name"
        ) from error


class Writer:
    """Writes one tar.

    Args:
        out: where to; stays open.
    """

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._bytes = 0

    def add(self, name: str, size: int, content: BinaryIO | bytes | Path) -> None:
        """Write one file.

        Raises:
            HandoverError: the content has another size: it changed meanwhile.
        """
        self._write(header(name, size))
        if isinstance(content, Path):
            with content.open("rb") as file:
                written = self._copy(file)
        else:
            written = self._copy(BytesIO(content) if isinstance(content, bytes) else content)
        if written != size:
            raise HandoverError(f"{name}: changed while it was read: try again")
        self._pad(BLOCK_BYTES)

    def close(self) -> None:
        """Write the end."""
        self._write(bytes(2 * BLOCK_BYTES))
        self._pad(RECORD_BYTES)

    def _copy(self, file: BinaryIO) -> int:
        written = 0
        while chunk := file.read(CHUNK_BYTES):
            self._write(chunk)
            written += len(chunk)
        return written

    def _pad(self, unit: int) -> None:
        self._write(bytes(-self._bytes % unit))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._bytes += len(data)


def members(source: BinaryIO) -> Iterator[Member]:
    """Yield the files of a tar that has the one form.

    Raises:
        HandoverError: it has not.
    """
    place = 0
    while any(block := source.read(BLOCK_BYTES)):
        name, size = _facts(block)
        content = Content(source, size)
        yield Member(name, size, content)
        while content.read():
            pass
        padding = -size % BLOCK_BYTES
        if any(rest := source.read(padding)) or len(rest) != padding:
            raise _other_form("what fills up a block")
        place += BLOCK_BYTES + size + padding
    end = block + source.read(2 * RECORD_BYTES)
    length = place + len(end)
    shortest = -(-(place + 2 * BLOCK_BYTES) // RECORD_BYTES) * RECORD_BYTES
    if any(end) or length != shortest:
        raise _other_form("its end")


def _facts(block: bytes) -> tuple[str, int]:
    """Name and size that a header says, if it is the one header for them."""
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeError, ValueError) as error:
        raise _other_form("a header") from error
    if info.size < 0 or header(info.name, info.size) != block:
        raise _other_form("a header")
    return info.name, info.size


def _other_form(what: str) -> HandoverError:
    return HandoverError(
        f"{what} of the tar is not as sipbot writes it: the bundle was changed, or packed by "
        "another program. Ask for the file as it was made"
    )
