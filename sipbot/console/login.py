"""Logging in and out."""

import math
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from sipbot.accounts import Account
from sipbot.audit import Action
from sipbot.console.audit import note
from sipbot.console.doors import Closed
from sipbot.console.guard import Me, by_proxy, cookie_name, token_of, who
from sipbot.console.looks import look_of, show
from sipbot.console.parts import parts_of
from sipbot.console.places import is_https, safe_next
from sipbot.errors import ConsoleError

WORDS = {
    "en": {
        "wrong": "Name or password is wrong.",
        "locked": "Too many attempts. Try again in {minutes} min, or ask an admin.",
        "busy": "Many people are logging in. Try again in a moment.",
        "stranger": "You are logged in at the proxy, but have no account here. Ask an admin.",
    },
    "ja": {
        "wrong": "ユーザー名またはパスワードが違います。",
        "locked": "失敗が続いたため、{minutes} 分ほど待ってからもう一度お試しください。"
        "お急ぎのときは管理者に連絡してください。",
        "busy": "ログインが混み合っています。少し待ってからもう一度お試しください。",
        "stranger": "認証済みですが、ここのアカウントがありません。管理者に連絡してください。",
    },
}

router = APIRouter(include_in_schema=False)

_log = structlog.get_logger()


@router.get("/login")
async def door(request: Request, next: str = "/") -> Response:  # noqa: A002 - as the address has it
    """Show the door, or let in whom the proxy knows."""
    if who(request) is not None:
        return RedirectResponse(safe_next(next), 303)
    if parts_of(request).settings.proxy_user_header:
        account = by_proxy(request)
        if account is None:
            return _door(request, next, "stranger", 403)
        await _written(request, "login", account.name, "by the proxy")
        return _let_in(request, account, next)
    return _door(request, next)


@router.post("/login")
async def knock(
    request: Request,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",  # noqa: A002 - as the form has it
) -> Response:
    """Let in who knows the password."""
    parts = parts_of(request)
    if parts.settings.proxy_user_header:
        return _door(request, next, "stranger", 403)
    accounts = parts.accounts.now()
    found = await parts.doors.knock(accounts, name, password, request.state.address)
    # What is no account's name may be a password that was typed too early.
    known = name if accounts.get(name) is not None else ""
    match found:
        case Account():
            await _written(request, "login", found.name)
            return _let_in(request, found, next)
        case Closed():
            # Nothing is written: strangers may knock at a closed door as often as they like.
            word = "locked" if found.locked else "busy"
            return _door(request, next, word, 429, found.wait_s)
        case _:
            await _written(request, "login_failed", known)
            if parts.doors.wait_s(name, request.state.address):
                await _written(request, "locked_out", known)
            return _door(request, next, "wrong", 401)


@router.post("/logout")
async def leave(request: Request, me: Me) -> Response:
    """End the session."""
    parts_of(request).sessions.end(token_of(request))
    await _written(request, "logout", me.name)
    answer = RedirectResponse("/login", 303)
    settings = parts_of(request).settings
    answer.delete_cookie(
        cookie_name(settings), secure=is_https(settings), httponly=True, samesite="lax"
    )
    return answer


def _let_in(request: Request, account: Account, back: str) -> Response:
    parts = parts_of(request)
    # A session that was there before is not taken over: its token may be known to somebody.
    parts.sessions.end(token_of(request))
    answer = RedirectResponse(safe_next(back), 303)
    answer.set_cookie(
        cookie_name(parts.settings),
        parts.sessions.begin(account, parts.accounts.now()),
        secure=is_https(parts.settings),
        httponly=True,
        samesite="lax",
    )
    return answer


def _door(
    request: Request, back: str, word: str = "", status: int = 200, wait_s: float = 0.0
) -> Response:
    words = WORDS[look_of(request, None).language]
    problem = words[word].format(minutes=max(1, math.ceil(wait_s / 60))) if word else ""
    headers = {"Retry-After": str(math.ceil(wait_s))} if wait_s else None
    form = not parts_of(request).settings.proxy_user_header
    return show(
        request,
        "login.html",
        None,
        status=status,
        headers=headers,
        problem=problem,
        form=form,
        back=safe_next(back),
    )


async def _written(request: Request, action: Action, account: str, detail: str = "") -> None:
    """Write it down where that is possible: a full disk must not keep people from the memos."""
    try:
        await note(request, action, account, detail=detail)
    except ConsoleError as error:
        _log.warning("not in the audit log", action=action, account=account, problem=str(error))
