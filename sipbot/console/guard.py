"""Who asks, and whether the page that asks is ours: what pages declare they need.

A page takes ``me: Me`` and gets the account, or is never called.  Everything that changes something
needs the session's token besides: `build` asks for it in one place, so that no page can forget.
"""

import hmac
import time
from typing import Annotated
from urllib.parse import quote

import structlog
from fastapi import Depends, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sipbot.accounts import Account, Right, may
from sipbot.console.audit import note
from sipbot.console.gate import SAFE
from sipbot.console.parts import parts_of
from sipbot.console.places import is_from, is_https
from sipbot.console.sessions import csrf_of
from sipbot.console_wire import ConsoleSettings
from sipbot.errors import ConsoleError
from sipbot.topics import ID

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"

WITHOUT_SESSION = frozenset({"/login", "/look"})
"""Where people log in, and choose language and colours: all that can be done before a login.  That
a page of ours has sent it is known by its origin (`sipbot.console.gate`)."""


_log = structlog.get_logger()


class NotLoggedInError(Exception):
    """Raised when nobody has logged in, or the session is over."""


class ForbiddenError(Exception):
    """Raised when the account may not do that; the answer says no more than that."""


def cookie_name(settings: ConsoleSettings) -> str:
    """Return the name of the session's cookie; browsers keep ``__Host-`` for this host alone."""
    return "__Host-sipbot" if is_https(settings) else "sipbot"


def token_of(request: Request) -> str:
    """Return the session's token; empty when the browser has none."""
    return request.cookies.get(cookie_name(parts_of(request).settings), "")


def who(request: Request) -> Account | None:
    """Return who has logged in here and may go on; None: nobody.  Counts as use of the session.

    A stream asks again now and then: a logout or a lost account ends it.
    """
    parts = parts_of(request)
    accounts = parts.accounts.now()
    token = token_of(request)
    account = parts.sessions.find(token, accounts) if token else None
    if parts.settings.proxy_user_header and (account is None or account.name != _named(request)):
        return None
    return account


def by_proxy(request: Request) -> Account | None:
    """Return whom a trusted proxy says to have logged in; None: nobody that is known here."""
    parts = parts_of(request)
    name = _named(request)
    return parts.accounts.now().get(name) if name else None


def me(request: Request) -> Account:
    """Return who has logged in.

    Raises:
        NotLoggedInError: nobody has.
    """
    account = who(request)
    if account is None:
        raise NotLoggedInError
    return account


Me = Annotated[Account, Depends(me)]


def need(account: Account, what: Right, client: str | None = None) -> None:
    """Let nobody pass who may not do that.

    Raises:
        ForbiddenError: the account may not.
    """
    if not may(account, what, client):
        raise ForbiddenError


def csrf_token(request: Request) -> str:
    """Return what forms send as ``csrf`` and scripts as ``X-CSRF-Token``."""
    return csrf_of(token_of(request))


async def csrf(request: Request) -> None:
    """Let only those change something who have read a page of this session.

    Raises:
        ForbiddenError: the token is missing or another session's.
    """
    if request.method in SAFE or request.url.path in WITHOUT_SESSION:
        return
    given = request.headers.get(CSRF_HEADER, "")
    if not given and "form" in request.headers.get("content-type", ""):
        field = (await request.form()).get(CSRF_FIELD)
        given = field if isinstance(field, str) else ""
    if not token_of(request):
        raise NotLoggedInError
    if not hmac.compare_digest(given.encode(), csrf_token(request).encode()):
        raise ForbiddenError


# Event loop, for FastAPI.
async def send_to_login(request: Request, _error: Exception) -> Response:
    """Answer who has not logged in: pages lead to the door, everything else says so."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"problem": "log in first"}, 401)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    login = f"/login?next={quote(back if request.method == 'GET' else '/')}"
    if "hx-request" in request.headers:
        return Response(status_code=401, headers={"hx-redirect": "/login"})
    if "text/html" in request.headers.get("accept", "") or request.method != "GET":
        return RedirectResponse(login, 303)
    return Response("log in first\n", 401)


# Event loop, for FastAPI.
async def refuse(request: Request, _error: Exception) -> Response:
    """Answer who may not do that, and write down who tried."""
    account = who(request)
    if account is not None:
        await _noted(request, account.name)
    if request.url.path.startswith("/api/"):
        return JSONResponse({"problem": "not allowed"}, 403)
    return Response("not allowed\n", 403)


async def _noted(request: Request, account: str) -> None:
    if parts_of(request).refusals.take(account, time.monotonic()) > 0:
        return
    # The route, not the address: what stands in an address is whatever somebody has typed.
    page = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
    known = (request.path_params.get(name, "") for name in ("identifier", "memo"))
    memo = next((one for one in known if ID.fullmatch(one)), None)
    try:
        await note(request, "refused", account, memo=memo, detail=page)
    except ConsoleError as error:
        _log.warning("not in the audit log", action="refused", problem=str(error))


def _named(request: Request) -> str:
    """Return the name that a trusted proxy gives, empty when there is none."""
    settings = parts_of(request).settings
    header = settings.proxy_user_header
    peer = request.client.host if request.client else ""
    if not header or not is_from(peer, settings.proxy_from):
        return ""
    names = request.headers.getlist(header)
    return names[0] if len(names) == 1 else ""
