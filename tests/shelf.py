"""A real HTTP server on the loopback that can be told to misbehave."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Seen(NamedTuple):
    path: str
    range: str | None
    if_range: str | None


class Shelf:
    """Serves `files`; the other attributes say how."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.url = ""
        self.etag: str | None = '"first"'
        self.knows_range = True
        self.content_range: str | None = None
        self.cuts: list[int] = []
        """The next bodies end after so many bytes."""
        self.statuses: list[int] = []
        """The next answers are these errors."""
        self.redirects: dict[str, str] = {}
        self.extra = b""
        """Sent behind the body, without a Content-Length."""
        self.seen: list[Seen] = []

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Runs in a thread of the server, one for each connection."""
        asked = request.headers.get("Range")
        if_range = request.headers.get("If-Range")
        self.seen.append(Seen(request.path, asked, if_range))
        if request.path in self.redirects:
            request.send_response(302)
            request.send_header("Location", self.redirects[request.path])
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif self.statuses:
            request.send_error(self.statuses.pop(0))
        elif request.path not in self.files:
            request.send_error(404)
        else:
            self._send(request, self.files[request.path], asked, if_range)

    def _send(
        self,
        request: BaseHTTPRequestHandler,
        body: bytes,
        asked: str | None,
        if_range: str | None,
    ) -> None:
        start = 0
        if asked and self.knows_range and if_range in {None, self.etag}:
            found = re.fullmatch(r"bytes=(\d+)-", asked)
            assert found is not None
            start = int(found[1])
        if start >= len(body) > 0:
            request.send_error(416)
            return
        request.send_response(206 if start else 200)
        if start:
            shown = self.content_range or f"bytes {start}-{len(body) - 1}/{len(body)}"
            request.send_header("Content-Range", shown)
        if self.etag:
            request.send_header("ETag", self.etag)
        if not self.extra:
            request.send_header("Content-Length", str(len(body) - start))
        request.end_headers()
        cut = self.cuts.pop(0) if self.cuts else len(body)
        request.wfile.write(body[start:][:cut] + self.extra)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close waits for them: no answer outlives its test

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is part of these tests."""


@contextmanager
def running_shelf() -> Iterator[Shelf]:
    shelf = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    shelf.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield shelf
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
