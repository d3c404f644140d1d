"""Memos that other sites own: their list, and the page of one, which sends commands to its site.

Data path: archive -> main_line -> [pages_elsewhere] -> browser; browser -> [pages_elsewhere] ->
main_line -> main -> broker -> the site that owns the memo

Accounts that may not know who called do not come here: the words of another site's memo are hidden
by that site.
"""

import asyncio
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

import pydantic
import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sipbot.accounts import Account, may
from sipbot.command import VERBS
from sipbot.console import looks
from sipbot.console.audit import note
from sipbot.console.cards import Card, Wanted, card_of
from sipbot.console.guard import ForbiddenError, Me, need
from sipbot.console.memo_acts import Told, Typed, done, fields_of, refused
from sipbot.console.memo_sheet import Audio, Where, sheet
from sipbot.console.viewer import Viewer
from sipbot.errors import ConsoleError
from sipbot.ledger_lists import Body
from sipbot.memo import Memo
from sipbot.topics import ID

AGAIN_S = 30
"""How often a page that is open asks for the list again: nobody works from it all day, and each
time is a question to the archive (our wish)."""

SEEN_S, LOOK_S = 3.0, 0.3
"""How long, and how often, is looked for what a site has just done: the archive has it with the
site's next delivery (our wish)."""

REV_DIGITS = 9

router = APIRouter(include_in_schema=False)

_log = structlog.get_logger()


def _allowed(me: Account) -> bool:
    return not me.masked


looks.PAGES.append(looks.Place("/elsewhere", "elsewhere", _allowed, of_archive=True))


@router.get("/elsewhere", response_class=HTMLResponse)
async def elsewhere(request: Request, me: Me) -> HTMLResponse:
    """Show what other sites have to do."""
    viewer = _viewer(request, me)
    now, rows = viewer.parts.store.now(), list[tuple[str, Card]]()
    more = away = False
    unreadable = 0
    try:
        found, more = await viewer.parts.main.others(None if me.clients == "*" else me.clients)
    except ConsoleError as error:
        _log.warning("other sites' memos are not shown", problem=str(error))
        found, away = (), True
    for one in found:
        card = card_of(
            Body(id=one.id, rev=one.rev, client=one.client, status=one.status, body=one.body)
        )
        if card is None or not _is_place(one.site, one.id):
            unreadable += 1
        elif may(me, "see", one.client):
            rows.append((one.site, card))
    rows.sort(key=lambda row: row[1].key(now))
    values = {**viewer.values(now), "wanted": Wanted(), "query": ""}
    return looks.show(
        request,
        "elsewhere.html",
        me,
        **values,
        rows=rows,
        more=more,
        unreadable=unreadable,
        away=away,
        again_s=AGAIN_S,
    )


@router.get("/elsewhere/{site}/{identifier}", response_class=HTMLResponse)
async def memo_page(request: Request, me: Me, site: str, identifier: str) -> HTMLResponse:
    """Show another site's memo."""
    viewer = _viewer(request, me)
    memo = await _memo(viewer, site, identifier)
    if memo is None:
        return _missing(request, viewer)
    words, query = viewer.look.words, request.query_params
    told = done(query.get("told", ""), words)
    rev = query.get("rev", "")
    if told is not None and rev.isdecimal() and memo.rev < int(rev[:REV_DIGITS]):
        told = Told(kind="good", words=f"{told.words} {words['not_seen_yet']}")
    return await _page(request, viewer, site, memo, told)


@router.post("/elsewhere/{site}/{identifier}/{verb}")
async def act(
    request: Request,
    me: Me,
    site: str,
    identifier: str,
    verb: str,
    typed: Annotated[Typed, Form()],
) -> Response:
    """Have the site that owns a memo do what an operator asks for."""
    viewer = _viewer(request, me)
    memo = await _memo(viewer, site, identifier)
    if memo is None or verb not in VERBS:
        return _missing(request, viewer)
    need(me, "act", memo.client)
    again = partial(_page, request, viewer, site, typed=typed)
    words = viewer.look.words
    fields, wrong = fields_of(verb, typed, viewer.parts.store.now())
    if wrong:
        return await again(memo, told=Told(kind="bad", words=words[wrong]), status=422)
    detail = f"{verb} at {site}"
    await note(request, "command", me.name, client=memo.client, memo=memo.id, detail=detail)
    fields = {"by": me.name, "memo": memo.id, **fields}
    try:
        answer = await viewer.parts.main.obey(memo.client, verb, fields, site=site)
    except ConsoleError as error:
        _log.warning("another site has not answered", site=site, problem=str(error))
        told = Told(kind="bad", words=words["told_site_silent"].format(site=site))
        return await again(memo, told=told, status=503)
    now_as = await _seen(viewer, site, memo, answer.rev or 0)
    if answer.status == "accepted":
        where = f"/elsewhere/{site}/{memo.id}?told={verb}&rev={answer.rev or 0}"
        return RedirectResponse(where, status_code=303)
    return await again(now_as, told=refused(answer, words), status=409)


async def _seen(viewer: Viewer, site: str, memo: Memo, rev: int) -> Memo:
    """Return the memo as the archive has it, once it has this revision, or after `SEEN_S`."""
    for _ in range(round(SEEN_S / LOOK_S)):
        if memo.rev >= rev:
            break
        await asyncio.sleep(LOOK_S)
        memo = await _memo(viewer, site, memo.id) or memo
    return memo


def _viewer(request: Request, me: Account) -> Viewer:
    """Return who looks.

    Raises:
        ForbiddenError: the account must not know who called.
    """
    if not _allowed(me):
        raise ForbiddenError
    return Viewer(request, me)


async def _memo(viewer: Viewer, site: str, identifier: str) -> Memo | None:
    """Return another site's memo; None when this account may see none of this id there.

    Raises:
        ConsoleError: the archive does not answer, or this release cannot read the memo.
    """
    if not _is_place(site, identifier):
        return None
    found = await viewer.parts.main.other(site, identifier)
    if found is None:
        return None
    try:
        memo = Memo.model_validate_json(found)
    except pydantic.ValidationError:
        # Not "from error": it quotes what the caller said.
        raise ConsoleError(
            f"memo {identifier} of site {site} is not one that this release can read: upgrade this "
            "site"
        ) from None
    return memo if may(viewer.me, "see", memo.client) else None


def _is_place(site: str, identifier: str) -> bool:
    return all(map(ID.fullmatch, (site, identifier)))


def _missing(request: Request, viewer: Viewer) -> HTMLResponse:
    words = viewer.look.words["no_memo"]
    return looks.show(request, "missing.html", viewer.me, status=404, problem=words)


async def _page(
    request: Request,
    viewer: Viewer,
    site: str,
    memo: Memo,
    told: Told | None,
    *,
    typed: Typed | None = None,
    status: int = 200,
) -> HTMLResponse:
    listening = _address(memo.audio.url) if may(viewer.me, "listen", memo.client) else ""
    base = f"/elsewhere/{site}/"
    where = Where(list_of="/elsewhere", memos=base, memo=base + memo.id, audio=listening, site=site)
    problem = "" if listening else viewer.look.words["no_audio"]
    audio = Audio(duration_s=memo.audio.duration_s, elsewhere=listening, problem=problem)
    values: dict[str, Any] = await sheet(viewer, memo, memo, where, audio, typed or Typed())
    return looks.show(request, "memo.html", viewer.me, status=status, **values, query="", told=told)


def _address(url: str) -> str:
    """Return where a browser hears a recording; empty when the site has no console."""
    return url if urlsplit(url).scheme in ("http", "https") else ""
