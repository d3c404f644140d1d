"""Brings the bytes of a model to this machine by HTTP, and holds them against their hash.

Nothing here trusts what it receives: a download counts only after its size and hash are right.
What has arrived is kept, so that a broken connection costs nothing but time.  Proxies come from the
environment (``https_proxy``, ``no_proxy``).
"""

import contextlib
import http
import http.client
import os
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec
import structlog

from sipbot import __version__
from sipbot.errors import ModelError
from sipbot.models import Pin, hash_file

Report = Callable[[str, int, int], None]
"""Told what is being fetched, the bytes done and the bytes in all (0: not known)."""

HEADROOM_BYTES = 128 << 20
"""Left free: recordings may share the disk; 4 calls of 30 min at 16 000 B/s are 115 MB."""

_CHUNK_BYTES = 1 << 18
_TIMEOUT_S = 20.0
"""For the connection, and for each silence of the server."""
_RETRIES = 4
"""In a row and without one new byte; every byte received starts the count again."""
_RETRY_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_LIST_MAX_BYTES = 1 << 22
"""The publisher's model list is below 100 kB."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_log = structlog.get_logger()


class _Interrupted(Exception):  # noqa: N818 - not an error yet: the transfer goes on
    """The transfer stopped half-way or the server is busy; going on may help.

    Args:
        problem: what happened.
        stale: the server no longer has what the part file began with.
    """

    def __init__(self, problem: str, *, stale: bool = False) -> None:
        self.stale = stale
        super().__init__(problem)


class _SameSecurity(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Refuse to leave https: an MD5 alone does not protect against a forger on the way."""
        if req.type == "https" and not newurl.startswith("https:"):
            raise ModelError(f"{req.full_url}: redirects from https to {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(
    url: str,
    target: Path,
    pin: Pin,
    report: Report,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch a URL into a file, going on where an earlier attempt stopped.

    What has arrived is kept in ``<target>.part``, the server's validator (RFC 9110 section 8.8) in
    ``<target>.part.tag``, so that also the next run can go on.

    Args:
        url: https, or http on the loopback.
        target: appears only when size and hash are right.
        pin: what the file must be.
        report: told about progress.
        pause: waits so many seconds between attempts.

    Raises:
        ModelError: unreachable, refused, or not what `pin` says.
    """
    part = target.with_name(target.name + ".part")
    for fresh in (False, True):
        if fresh:
            _forget(part)
        resumed = part.exists()
        _transfer(url, part, pin, report, pause)
        try:
            check(part, pin, source=url, name=target.name)
        except ModelError:
            _forget(part)
            if not resumed:
                raise
            _log.info("resumed download is wrong, starting afresh", url=url)
        else:
            part.replace(target)
            _forget(part)
            return


def check(path: Path, pin: Pin, *, source: str, name: str = "") -> None:
    """Hold a file against its pin.

    Raises:
        ModelError: names the file, what was expected, what was found, and the source.
    """
    name = name or path.name
    size = path.stat().st_size
    if size != pin.bytes:
        raise ModelError(f"{name}: expected {pin.bytes} bytes, got {size} from {source}")
    if pin.sha256 and (got := hash_file(path, "sha256")) != pin.sha256:
        raise ModelError(f"{name}: expected SHA-256 {pin.sha256}, got {got} from {source}")
    if pin.md5 and (got := hash_file(path, "md5")) != pin.md5:
        raise ModelError(f"{name}: expected MD5 {pin.md5}, got {got} from {source}")


def check_space(folder: Path, needed_bytes: int) -> None:
    """Make sure that a folder's disk can take so much and still has room for recordings.

    Raises:
        ModelError: it cannot.
    """
    free = shutil.disk_usage(folder).free
    if free < needed_bytes + HEADROOM_BYTES:
        raise ModelError(
            f"{folder}: needs {needed_bytes} bytes and {HEADROOM_BYTES} to spare, but only {free} "
            "are free. Remedy: make room, or choose another disk with --models-dir"
        )


class _Listed(msgspec.Struct):
    name: str
    md5: str
    size: int


def listed_pin(list_url: str, name: str) -> Pin:
    """Look a model up in the publisher's model list.

    Raises:
        ModelError: the list cannot be read or does not name the model.
    """
    try:
        with _opened(urllib.request.Request(_checked(list_url))) as response:  # noqa: S310 - checked
            entries = msgspec.json.decode(response.read(_LIST_MAX_BYTES), type=list[_Listed])
    except _Interrupted as error:
        raise ModelError(f"{list_url}: {error}") from error
    except (OSError, http.client.HTTPException, msgspec.MsgspecError) as error:
        raise ModelError(f"{list_url}: not a model list: {error}") from error
    for entry in entries:
        if entry.name == name:
            return Pin(bytes=entry.size, md5=entry.md5)
    raise ModelError(f"{list_url}: does not name {name}")


def _transfer(
    url: str, part: Path, pin: Pin, report: Report, pause: Callable[[float], None]
) -> None:
    """Bring `part` to the pinned size; attempts that bring bytes are free, others are counted."""
    failures = 0
    while _size(part) < pin.bytes:
        before = _size(part)
        try:
            _attempt(url, part, pin, report)
        except _Interrupted as error:
            if error.stale:
                _forget(part)
            failures = 1 if _size(part) > before else failures + 1
            if failures > _RETRIES:
                raise ModelError(f"{url}: {error}; gave up after {failures} attempts") from error
            _log.info("download interrupted, going on", url=url, at_bytes=_size(part))
            pause(float(2**failures))


def _attempt(url: str, part: Path, pin: Pin, report: Report) -> None:
    start = _size(part)
    request = urllib.request.Request(_checked(url))  # noqa: S310 - checked
    request.add_header("Accept-Encoding", "identity")  # a compressed body would have other bytes
    request.add_header("User-Agent", f"sipbot/{__version__}")
    if start:
        request.add_header("Range", f"bytes={start}-")
        if tag := _read_tag(part):
            request.add_header("If-Range", tag)
    with _opened(request) as response:
        start = _accept(response, url, part, start, pin)
        _write_tag(part, response)
        with part.open("r+b" if part.exists() else "wb") as file:
            file.seek(start)
            file.truncate()
            _receive(response, file, start, pin, url, report)


def _accept(response: http.client.HTTPResponse, url: str, part: Path, start: int, pin: Pin) -> int:
    """Return the position at which the body begins; 0 when the server sends all of it."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        if response.headers.get("Content-Range") != f"bytes {start}-{pin.bytes - 1}/{pin.bytes}":
            shown = response.headers.get("Content-Range")
            _forget(part)
            raise ModelError(f"{url}: asked for byte {start} of {pin.bytes} on, got {shown!r}")
        return start
    if response.length not in {None, pin.bytes}:
        raise ModelError(f"{url}: expected {pin.bytes} bytes, the server has {response.length}")
    return 0


def _receive(
    response: http.client.HTTPResponse,
    file: IO[bytes],
    start: int,
    pin: Pin,
    url: str,
    report: Report,
) -> None:
    done = start
    report(url, done, pin.bytes)
    while True:
        try:
            chunk = response.read(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _Interrupted(f"interrupted at byte {done} of {pin.bytes}: {error}") from error
        if not chunk:
            break
        done += len(chunk)
        if done > pin.bytes:
            raise ModelError(f"{url}: sends more than the expected {pin.bytes} bytes")
        file.write(chunk)
        report(url, done, pin.bytes)
    file.flush()
    os.fsync(file.fileno())
    if done < pin.bytes:
        raise _Interrupted(f"ended at byte {done} of {pin.bytes}")


@contextlib.contextmanager
def _opened(request: urllib.request.Request) -> Iterator[http.client.HTTPResponse]:
    """Open a URL; tell what is hopeless (ModelError) from what may pass (_Interrupted)."""
    opener = urllib.request.build_opener(_SameSecurity)
    try:
        response = opener.open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            answer = f"the server answers {error.code} {error.reason}"
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise _Interrupted(answer, stale=True) from error
            if error.code in _RETRY_STATUS:
                raise _Interrupted(answer) from error
            raise ModelError(f"{request.full_url}: {answer}") from error
    except urllib.error.URLError as error:
        raise ModelError(f"{request.full_url}: cannot be reached: {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(f"no answer: {error!r}") from error
    with response:
        yield response


def _checked(url: str) -> str:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return url
    raise ModelError(f"{url}: only https may be used to fetch models")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _tag_path(part: Path) -> Path:
    return part.with_name(part.name + ".tag")


def _read_tag(part: Path) -> str:
    path = _tag_path(part)
    return path.read_text("ascii") if path.exists() else ""


def _write_tag(part: Path, response: http.client.HTTPResponse) -> None:
    tag = response.headers.get("ETag") or ""
    # RFC 9110 section 13.1.5: a weak tag must not be used in If-Range.
    strong = tag if tag.isascii() and tag.startswith('"') else ""
    _tag_path(part).write_text(strong, "ascii")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag_path(part).unlink(missing_ok=True)
