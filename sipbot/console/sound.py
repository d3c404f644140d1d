"""A recording as an answer to a browser: whole, or the range that it asks for (RFC 9110, 14).

What stands on the disk may be encrypted, so the bytes come through the door (`sipbot.recordings`),
some at a time: who jumps to the end of half an hour has its end decrypted, and no more.
"""

import asyncio
import re
from pathlib import PurePath
from typing import BinaryIO

from fastapi import Request
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from sipbot.errors import SpoolError

WAV = "audio/wav"

_CHUNK_BYTES = 1 << 18
"""16 s of sound: what is read ahead of a slow browser."""
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class Sound(Response):
    """A recording, which is closed when it is sent.

    Args:
        request: may ask for a range.
        file: the recording, open.
        etag: names these very bytes.
        filename: for who keeps it.
        inline: whether it is to be played rather than kept.
    """

    def __init__(
        self, request: Request, file: BinaryIO, *, etag: str, filename: str, inline: bool
    ) -> None:
        size = file.seek(0, 2)
        shown = "inline" if inline else "attachment"
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": f'"{etag}"',
            "Content-Disposition": f'{shown}; filename="{PurePath(filename).name}"',
        }
        asked = request.headers.get("range", "")
        if request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
            asked = ""  # it has the beginning of other bytes
        status, first, last = _wanted(asked, size)
        if status == 416:
            headers["Content-Range"] = f"bytes */{size}"
        elif status == 206:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        self._file, self._first, self._left = file, first, last + 1 - first
        headers["Content-Length"] = str(self._left)
        super().__init__(None, status, headers, WAV)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Send it."""
        start = {"type": "http.response.start", "status": self.status_code}
        try:
            await send({**start, "headers": self.raw_headers})
            self._file.seek(self._first)
            while self._left:
                chunk = await asyncio.to_thread(self._file.read, min(_CHUNK_BYTES, self._left))
                if not chunk:
                    raise SpoolError("a recording became shorter while it was sent")
                self._left -= len(chunk)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()


def _wanted(asked: str, size: int) -> tuple[int, int, int]:
    """Return status, first and last byte; of several ranges, or none, it is the whole."""
    found = _RANGE.fullmatch(asked.strip())
    whole = (200, 0, size - 1)
    if found is None or found.group(0) == "bytes=-":
        return whole
    first, last = found.groups()
    if not first:  # so many bytes from the end
        length = min(int(last), size)
        return (206, size - length, size - 1) if length else (416, 0, -1)
    if last and int(last) < int(first):
        return whole
    if int(first) >= size:
        return 416, 0, -1
    return 206, int(first), min(int(last or size), size - 1)
