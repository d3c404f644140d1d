"""A client's card on a page of its own, and who has read the client's file as it is in force.

Data path: main_line, ledger -> [pages_cards] -> browser; browser -> [pages_cards] -> main

Operators say here that they have read a changed file; the list and the page of a memo lead here
until they have.  ``sipbot client ack`` and ``unread`` are the same at the command line.
"""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from sipbot.console import looks
from sipbot.console.audit import note
from sipbot.console.guard import ForbiddenError, Me
from sipbot.console.viewer import Viewer
from sipbot.errors import ConsoleError, LedgerError
from sipbot.ledger_reader import ReadOnlyLedger
from sipbot.ledger_review import Acknowledged
from sipbot.unread import Unread, unread, works_for

SHORT = 8
"""Of a hash, as pages show it: enough to tell two forms of one file apart."""

router = APIRouter(include_in_schema=False)

_log = structlog.get_logger()


@router.get("/cards/{client}", response_class=HTMLResponse)
async def card(request: Request, me: Me, client: str) -> HTMLResponse:
    """Show a client's card, and who has read its file."""
    return await _page(Viewer(request, me), request, client)


@router.post("/cards/{client}/read")
async def read(
    request: Request, me: Me, client: str, sha256: Annotated[str, Form()] = ""
) -> Response:
    """Write down that somebody has read the form that the page has shown."""
    viewer = Viewer(request, me)
    if not works_for(me, client):
        raise ForbiddenError
    known = viewer.parts.hub.clients.get(client)
    if known is None or known.sha256 != sha256:
        return await _page(viewer, request, client, told="card_changed_again", status=409)
    await note(request, "change", me.name, client=client, detail=f"has read {sha256[:SHORT]}")
    try:
        await viewer.parts.main.acknowledge(client, me.name, sha256)
    except ConsoleError as error:
        _log.warning("a reading is not stored", client=client, problem=str(error))
        return await _page(viewer, request, client, told="told_unanswered", status=503)
    return RedirectResponse(f"/cards/{client}", status_code=303)


async def to_read(viewer: Viewer, client: str | None = None) -> list[Unread]:
    """Return which files this account has still to read: those of one client, or of all."""
    clients = viewer.parts.hub.clients
    files = {
        one.client: one.sha256
        for one in clients.values()
        if client in (None, one.client) and works_for(viewer.me, one.client)
    }
    if not files:
        return []
    path = Path(viewer.parts.settings.ledger)
    try:
        done = await asyncio.to_thread(_read, path, None, viewer.me.name)
    except LedgerError as error:  # the memos of the page matter more
        _log.warning("not known which files are read", problem=str(error))
        return []
    return unread(files, [viewer.me], done)


async def _page(
    viewer: Viewer, request: Request, client: str, *, told: str = "", status: int = 200
) -> HTMLResponse:
    if not works_for(viewer.me, client):
        raise ForbiddenError
    parts, words = viewer.parts, viewer.look.words
    known = parts.hub.clients.get(client)
    if known is None:
        return looks.show(request, "missing.html", viewer.me, status=404, problem=words["plan_no"])
    done = await asyncio.to_thread(_read, Path(parts.settings.ledger), client, None)
    left = unread({client: known.sha256}, parts.accounts.now(), done)
    plan = (await parts.plans.some([client])).get(client)
    return looks.show(
        request,
        "card.html",
        viewer.me,
        status=status,
        **viewer.values(parts.store.now()),
        **await client_card(viewer, client),
        known=known,
        since=plan.since if plan is not None else None,
        mine=next((one for one in left if one.operator == viewer.me.name), None),
        left=[one.operator for one in left],
        done=done[::-1],
        short=SHORT,
        told=told,
    )


async def client_card(viewer: Viewer, client: str) -> dict[str, Any]:
    """Return what templates say of a client itself, as its dialplan in force has it."""
    problem = ""
    found = None
    if not viewer.hidden:  # it names people, and their numbers
        try:
            found = await viewer.parts.main.card(client)
        except ConsoleError:
            problem = viewer.look.words["card_missing"]
    return {"client_card": found, "card_problem": problem}


# A thread of asyncio's.
def _read(ledger: Path, client: str | None, operator: str | None) -> list[Acknowledged]:
    with ReadOnlyLedger.open(ledger) as opened:
        return opened.acknowledged(client=client, operator=operator)
