"""What every request passes before a page sees it: host, origin, size, pace, headers of the answer.

Plain ASGI, so that streams (audio, news) are not held up.
"""

import math
import time
import traceback
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sipbot.console.limits import Buckets
from sipbot.console.places import address_of, hosts, is_https, neighbourhood_of, origins
from sipbot.console_wire import ConsoleSettings

BODY_MAX_BYTES = 64 * 1024
"""Of a request: the longest note, every character of it escaped, takes 24 kB."""

PER_S, BURST = 20.0, 600.0
"""Requests of one address (of one /64, with IPv6): a page of the list is 5 of them, an office of 50
operators with two pages each that load at once, as after a restart, is 500.  The news are one
request for hours."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""

STATIC = "/static/"

CSP = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""No script and no style but our files: what a caller said can be shown, never run."""

YEAR_S = 31_536_000

_log = structlog.get_logger()


class Gate:
    """The outermost layer.

    Args:
        app: what comes behind.
        settings: where we are.
        now_s: a clock that never goes back.
    """

    def __init__(
        self, app: ASGIApp, settings: ConsoleSettings, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._settings = settings
        self._now_s = now_s
        self._hosts, self._origins = hosts(settings), origins(settings)
        self._paces = Buckets(PER_S, BURST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it here."""
        if scope["type"] != "http":
            # The console speaks no WebSocket; the server's own start and end pass.
            await (self._app(scope, receive, send) if scope["type"] == "lifespan" else _close(send))
            return
        headers = Headers(scope=scope)
        scope.setdefault("state", {})["address"] = address_of(
            scope["client"][0] if scope.get("client") else "",
            headers.getlist("x-forwarded-for"),
            self._settings.proxy_from,
        )
        answer = _answers(scope, send, https=is_https(self._settings))
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, answer)
            return
        try:
            await self._app(scope, _bounded(receive), answer)
        except Exception as error:  # noqa: BLE001 - its words may be a caller's: not for a log
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}, {place.name}, line {place.lineno}"
            problem = f"{type(error).__name__} in {where}"
            _log.error("a request failed by a fault of sipbot's", problem=problem)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        if headers.get("host", "").lower() not in self._hosts:
            return _refuse(421, "this is not the address of the console: see console.url")
        if not scope["path"].startswith(STATIC):
            asks = neighbourhood_of(scope["state"]["address"])
            wait_s = self._paces.take(asks, self._now_s())
            if wait_s > 0:
                return _refuse(429, "too many requests", {"retry-after": str(math.ceil(wait_s))})
        if scope["method"] not in SAFE and not self._is_ours(headers):
            return _refuse(403, "this was not sent by a page of the console")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > BODY_MAX_BYTES:
            return _refuse(413, "too much")
        return None

    def _is_ours(self, headers: Headers) -> bool:
        """Tell whether a page of ours has sent this; every browser says so."""
        return headers.get("origin", "") in self._origins and headers.get(
            "sec-fetch-site", "same-origin"
        ) in ("same-origin", "none")


def _refuse(code: int, words: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    return PlainTextResponse(f"{words}\n", code, headers)


async def _close(send: Send) -> None:
    await send({"type": "websocket.close", "code": 1008})


def _bounded(receive: Receive) -> Receive:
    read = 0

    async def receive_some() -> MutableMapping[str, Any]:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_MAX_BYTES:
            raise HTTPException(413)
        return message

    return receive_some


def _answers(scope: Scope, send: Send, *, https: bool) -> Send:
    """Return a `send` that adds the headers which every answer has."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["content-security-policy"] = CSP
            headers["x-content-type-options"] = "nosniff"
            headers["x-frame-options"] = "DENY"
            headers["referrer-policy"] = "same-origin"
            headers["cross-origin-opener-policy"] = "same-origin"
            headers["cross-origin-resource-policy"] = "same-origin"
            headers["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
            if https:
                headers["strict-transport-security"] = f"max-age={YEAR_S}"
            if not scope["path"].startswith(STATIC):
                # Memos are not for the disk of whoever sits there next.
                headers.setdefault("cache-control", "no-store")
        await send(message)

    return send_with_headers
