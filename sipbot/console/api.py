"""The console's JSON interface: what its pages show and do, for programs.

``/api/openapi.json`` describes it.  A program logs in like a browser (``POST /login``), sends
``Origin`` as a page of the console would, and with what changes something ``X-CSRF-Token``.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sipbot.accounts import may
from sipbot.command import LEASE_MAX_S, LEASE_MIN_S, NOTE_CHARS, TARGET_CHARS
from sipbot.console.audit import note
from sipbot.console.cards import VIEWS, Card, View, Wanted, card_of, is_key, veiled
from sipbot.console.guard import Me, csrf_token, need
from sipbot.console.pages_search import found
from sipbot.console.parts import parts_of
from sipbot.errors import ConsoleError
from sipbot.memo import Memo
from sipbot.memo_history import Outcome
from sipbot.search_file import When
from sipbot.search_words import QUERY_CHARS, words_of
from sipbot.topics import ID

_ID = r"^[a-z0-9][a-z0-9-]{0,62}$"

Verb = Literal["claim", "release", "note", "snooze", "call", "callback", "done", "reopen"]

HTTP_OF = {"accepted": 200, "conflict": 409, "rejected": 422, "expired": 410}
"""Of an answer's status (docs/ack.schema.json)."""


class Problem(BaseModel):
    """Why something was not done."""

    problem: str


class SessionView(BaseModel):
    """Who is logged in."""

    name: str
    role: str
    clients: list[str]
    """``["*"]``: all."""
    masked: bool
    csrf: str
    """To be sent as ``X-CSRF-Token`` with everything that changes something."""


class Row(BaseModel):
    """One memo in a list."""

    id: str
    rev: int
    client: str
    status: str
    stage: str
    urgent: bool
    category: str | None
    at: datetime
    """When the call came."""
    due: datetime | None
    holder: str | None
    held_until: datetime | None
    snoozed_until: datetime | None
    name: str
    company: str
    number: str
    """To call back; empty when there is none."""
    confirmed: bool
    text: str | None
    """The beginning."""
    result: str | None


class Rows(BaseModel):
    """A page of a list."""

    memos: list[Row]
    after: str
    """To be asked for next; empty when this is the last page."""
    counts: dict[str, int]


class Found(BaseModel):
    """A page of the memos that hold what was looked for."""

    memos: list[Row]
    after: str
    """To be asked for next; empty when this is the last page."""
    read_since: datetime | None
    """Memos of earlier calls were not looked at yet; null: all were."""


class Wish(BaseModel):
    """What a command says besides its verb and memo; docs/command.schema.json."""

    model_config = ConfigDict(extra="forbid")

    expected_rev: Annotated[int, Field(ge=1, le=2**31)] | None = None
    lease_s: Annotated[int, Field(ge=LEASE_MIN_S, le=LEASE_MAX_S)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=NOTE_CHARS)] | None = None
    until: AwareDatetime | None = None
    outcome: Outcome | None = None
    number: Annotated[str, Field(min_length=1, max_length=TARGET_CHARS)] | None = None
    extension: Annotated[str, Field(min_length=1, max_length=TARGET_CHARS)] | None = None


class Done(BaseModel):
    """What became of a command; docs/ack.schema.json."""

    status: Literal["accepted", "conflict", "rejected", "expired"]
    code: str | None
    problem: str | None
    rev: int | None
    holder: str | None
    until: datetime | None


_Responses = dict[int | str, dict[str, Any]]

_NOT: _Responses = {
    401: {"model": Problem, "description": "Nobody is logged in"},
    429: {"description": "Too many requests"},
    503: {"model": Problem, "description": "Ledger or main process do not answer"},
}
_NO_MEMO: _Responses = {404: {"model": Problem, "description": "These clients have no such memo"}}
_NO_RIGHT: _Responses = {403: {"model": Problem, "description": "The account may not do that"}}

router = APIRouter(prefix="/api", responses=_NOT)


@router.get("/openapi.json", include_in_schema=False)
async def description(request: Request, me: Me) -> JSONResponse:  # noqa: ARG001 - me is the guard
    """Describe this interface."""
    return JSONResponse(request.app.openapi())


@router.get("/session")
async def session(request: Request, me: Me) -> SessionView:
    """Return who is logged in."""
    return SessionView(
        name=me.name,
        role=me.role,
        clients=list(me.clients),
        masked=me.masked,
        csrf=csrf_token(request),
    )


@router.get("/memos")
async def memos(
    request: Request,
    me: Me,
    view: Annotated[View, Query(description=f"One of {', '.join(VIEWS)}.")] = "todo",
    client: Annotated[str, Query(pattern=f"^$|{_ID}")] = "",
    category: Annotated[str, Query(max_length=63)] = "",
    after: Annotated[str, Query(max_length=120, description="`after` of the page before.")] = "",
) -> Rows:
    """Return a page of memos: what is urgent first, then what is due, or waits, longest."""
    begins = ID.fullmatch(after) if view == "done" else is_key(after)
    page = await parts_of(request).store.page(
        me.clients,
        Wanted(view=view, client=client, category=category),
        me.name,
        after if begins else "",
    )
    cards = [veiled(card) for card in page.cards] if me.masked else page.cards
    return Rows(memos=[_row(card) for card in cards], after=page.after, counts=page.counts)


@router.get("/search", responses=_NO_RIGHT)
async def search(
    request: Request,
    me: Me,
    q: Annotated[str, Query(min_length=1, max_length=QUERY_CHARS, description="The words.")],
    client: Annotated[str, Query(pattern=f"^$|{_ID}")] = "",
    since: Annotated[AwareDatetime | None, Query(description="When the call came.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Does not belong to it.")] = None,
    after: Annotated[str, Query(max_length=63, description="`after` of the page before.")] = "",
) -> Found:
    """Return the memos, closed ones too, that hold all words, those of the latest calls first."""
    words = words_of(q, parts_of(request).settings.region)
    when = When(since=since, until=until)
    begins = after if ID.fullmatch(after) else ""
    page = await found(request, me, words, client=client, when=when, after=begins)
    cards = (card_of(body) for body in page.bodies)
    return Found(
        memos=[_row(card) for card in cards if card],
        after=page.after,
        read_since=page.read_since,
    )


@router.get(
    "/memos/{memo}",
    responses={**_NO_MEMO, 200: {"description": "docs/memo.schema.json, or its masked form"}},
)
async def memo(
    request: Request, me: Me, memo: Annotated[str, Path(pattern=_ID, max_length=63)]
) -> Response:
    """Return a memo whole, as it is on the bus; masked for a masked account."""
    found = await _memo(request, me.clients, memo)
    if found is None:
        return _no_memo()
    need(me, "see", found.client)
    if not me.masked:
        return _json(found.model_dump_json())
    hidden = await parts_of(request).veil.memo(found)
    return _no_memo() if hidden is None else _json(hidden.model_dump_json())


@router.post(
    "/memos/{memo}/{verb}",
    responses={
        **_NO_MEMO,
        **_NO_RIGHT,
        409: {"model": Done, "description": "Somebody else holds it, or it has changed"},
        410: {"model": Done, "description": "Too late"},
    },
)
async def act(
    request: Request,
    me: Me,
    memo: Annotated[str, Path(pattern=_ID, max_length=63)],
    verb: Verb,
    wish: Wish,
) -> Response:
    """Have a command obeyed, as if it had come over the bus."""
    found = await _memo(request, me.clients, memo)
    if found is None:
        return _no_memo()
    need(me, "act", found.client)
    await note(request, "command", me.name, client=found.client, memo=found.id, detail=verb)
    fields = wish.model_dump(mode="json", exclude_none=True)
    answer = await parts_of(request).main.obey(
        found.client, verb, {"by": me.name, "memo": found.id, **fields}
    )
    told = Done.model_validate(msgspec.structs.asdict(answer), extra="ignore")
    return JSONResponse(told.model_dump(mode="json"), HTTP_OF[answer.status])


@router.get("/site")
async def site(request: Request, me: Me) -> dict[str, Any]:
    """Return how the site is: all of it to an admin, its state to everybody.

    Raises:
        ConsoleError: main has not said so yet.
    """
    heard = parts_of(request).hub.site
    if heard is None:
        raise ConsoleError("the state of the site is not known yet: try again in a moment")
    status: dict[str, Any] = msgspec.json.decode(heard.status)
    if may(me, "system"):
        return status
    return {name: status[name] for name in ("site", "at", "state", "since")}


def _row(card: Card) -> Row:
    return Row.model_validate(msgspec.structs.asdict(card), extra="ignore")


async def _memo(
    request: Request, clients: tuple[str, ...] | Literal["*"], memo: str
) -> Memo | None:
    # A pattern's $ lets a line feed at the end through.
    if ID.fullmatch(memo) is None:
        return None
    return await parts_of(request).store.memo(clients, memo)


def _no_memo() -> JSONResponse:
    return JSONResponse({"problem": "there is no such memo"}, 404)


def _json(body: str) -> Response:
    return Response(body, media_type="application/json")
