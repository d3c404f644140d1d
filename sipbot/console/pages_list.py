"""The list of memos: the first page of it, the next ones while one scrolls, and its rows.

Data path: store -> [pages_list] -> browser
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from sipbot.accounts import may
from sipbot.console import looks
from sipbot.console.cards import VIEWS, Card, View, Wanted, is_key, veiled
from sipbot.console.guard import Me
from sipbot.console.pages_cards import to_read
from sipbot.console.store import Page
from sipbot.console.viewer import Viewer
from sipbot.topics import ID

CATEGORY_CHARS = 63
"""Of a category, as the ledger keeps it."""

NAMED = 5
"""Clients named whose files are still to be read; they stand above the memos, which matter more."""

router = APIRouter()


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """Return which memos an address asks for; what is no such question is left out."""
    view: View = next((one for one in VIEWS if one == query.get("view")), "todo")
    client, category = query.get("client", ""), query.get("category", "")[:CATEGORY_CHARS]
    return Wanted(view=view, client=client if ID.fullmatch(client) else "", category=category)


def query_of(wanted: Wanted, **other: str) -> str:
    """Return a question as a part of an address; the shortest that means it."""
    fields = {"view": wanted.view, "client": wanted.client, "category": wanted.category, **other}
    if fields["view"] == "todo":
        del fields["view"]
    return urlencode({name: value for name, value in fields.items() if value})


@router.get("/", response_class=HTMLResponse)
async def memos(request: Request, me: Me) -> HTMLResponse:
    """Show the list."""
    viewer = Viewer(request, me)
    wanted = wanted_of(request.query_params)
    page = await _page(viewer, wanted, request.query_params.get("after", ""))
    store = viewer.parts.store
    values = _values(viewer, wanted, store.now())
    return looks.show(
        request,
        "list.html",
        me,
        **values,
        page=page,
        to_read=await to_read(viewer),
        most=NAMED,
        views=VIEWS,
        clients=_with(_of(viewer), wanted.client if may(me, "see", wanted.client) else ""),
        categories=_with(store.categories(viewer.clients), wanted.category),
        query_of=lambda **other: query_of(wanted, **other),
    )


@router.get("/rows", response_class=HTMLResponse)
async def rows(request: Request, me: Me) -> HTMLResponse:
    """Show the rows after those that are there."""
    viewer = Viewer(request, me)
    wanted = wanted_of(request.query_params)
    page = await _page(viewer, wanted, request.query_params.get("after", ""))
    context = _context(viewer, wanted, viewer.parts.store.now())
    row, following = looks.macros("rows.html", context, "row", "following")
    return HTMLResponse("".join(map(row, page.cards)) + following(page.after))


def row_of(viewer: Viewer, wanted: Wanted, card: Card, now: datetime) -> str:
    """Return one row of the list, as it is now."""
    shown = veiled(card) if viewer.hidden else card
    (row,) = looks.macros("rows.html", _context(viewer, wanted, now), "row")
    return row(shown)


async def _page(viewer: Viewer, wanted: Wanted, after: str) -> Page:
    """Return a page of what this account may see; where it begins is the browser's word."""
    valid = ID.fullmatch(after) if wanted.view == "done" else is_key(after)
    page = await viewer.parts.store.page(
        viewer.clients, wanted, viewer.me.name, after if valid else ""
    )
    if not viewer.hidden:
        return page
    return Page(
        cards=[veiled(card) for card in page.cards],
        after=page.after,
        counts=page.counts,
        seq=page.seq,
    )


def _values(viewer: Viewer, wanted: Wanted, now: datetime) -> dict[str, Any]:
    return {**viewer.values(now), "wanted": wanted, "query": query_of(wanted)}


def _context(viewer: Viewer, wanted: Wanted, now: datetime) -> dict[str, Any]:
    return {"w": viewer.look.words, "me": viewer.me, **_values(viewer, wanted, now)}


def _of(viewer: Viewer) -> list[str]:
    """Return the clients to choose from: those of the account that are known, or have memos."""
    known = set(viewer.parts.store.clients(viewer.clients))
    known |= {one for one in viewer.parts.hub.clients if may(viewer.me, "see", one)}
    return sorted(known)


def _with(known: list[str], chosen: str) -> list[str]:
    return known if not chosen or chosen in known else sorted([*known, chosen])
