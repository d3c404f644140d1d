"""Looks for words among all memos: a box in the head of every page, and the page of what is found.

Data path: finder -> hits -> [pages_search] -> browser

Masked accounts look for nothing: whether a number or a name is found would tell it to them, and so
would the time that it takes to say no (docs/decisions/0017-search.md).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from sipbot.accounts import Account, may
from sipbot.console import looks
from sipbot.console.audit import note
from sipbot.console.finder import FoundPage
from sipbot.console.guard import ForbiddenError, Me
from sipbot.console.hits import hit_of
from sipbot.console.pages_calls import FIRST_YEAR, clients_of, midnight
from sipbot.console.parts import parts_of
from sipbot.console.viewer import Viewer
from sipbot.ledger_day import Clients
from sipbot.search_file import When
from sipbot.search_words import QUERY_CHARS, Word, words_of
from sipbot.topics import ID

router = APIRouter()


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for."""

    typed: str = ""
    client: str = ""
    """Empty: of all clients that the account may see."""
    since: date | None = None
    until: date | None = None
    """The last day."""
    after: str = ""

    def query(self, **other: str) -> str:
        """Return the question as a part of an address, with these changes."""
        fields = {
            "q": self.typed,
            "client": self.client,
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
        }
        return urlencode({name: value for name, value in (fields | other).items() if value})

    def when(self) -> When:
        """Return the days from midnight to midnight, by the clock of this machine."""
        return When(
            since=midnight(self.since) if self.since else None,
            until=midnight(self.until + timedelta(days=1)) if self.until else None,
        )


def sought_of(query: Mapping[str, str], today: date) -> Sought:
    """Return what an address looks for; what is no such question is left out."""
    client, after = query.get("client", ""), query.get("after", "")
    return Sought(
        # What cannot be written back into an address is nothing that was typed.
        typed=query.get("q", "")[:QUERY_CHARS].encode(errors="replace").decode(),
        client=client if ID.fullmatch(client) else "",
        since=_day(query.get("from", ""), today),
        until=_day(query.get("to", ""), today),
        after=after if ID.fullmatch(after) else "",
    )


@router.get("/search", response_class=HTMLResponse)
async def search(request: Request, me: Me) -> HTMLResponse:
    """Show what was found."""
    viewer = Viewer(request, me)
    now = viewer.parts.store.now()
    sought = sought_of(request.query_params, now.astimezone().date())
    words = words_of(sought.typed, viewer.parts.settings.region)
    page = None
    if words and not viewer.hidden:
        page = await found(
            request, me, words, client=sought.client, when=sought.when(), after=sought.after
        )
    hits = [hit_of(body, words) for body in page.bodies] if page else []
    return looks.show(
        request,
        "search.html",
        me,
        status=403 if viewer.hidden else 200,
        **viewer.values(now),
        sought=Sought() if viewer.hidden else sought,
        page=page,
        hits=[hit for hit in hits if hit],
        clients=clients_of(viewer),
        today=now.astimezone().date(),
        most=QUERY_CHARS,
    )


async def found(
    request: Request,
    me: Account,
    words: tuple[Word, ...],
    *,
    client: str,
    when: When,
    after: str,
) -> FoundPage:
    """Return a page of what was found, once it is written down that somebody looks.

    Args:
        request: that asks.
        me: the account.
        words: that are looked for.
        client: only this one's memos; empty for all that the account may see.
        when: the calls came.
        after: `FoundPage.after` of the page before; empty for the first.

    Raises:
        ForbiddenError: the account may not know who called.
        ConsoleError: it could not be written down.
        LedgerError: the memos cannot be read.
    """
    if me.masked:
        raise ForbiddenError
    whose: Clients = me.clients
    if client:
        whose = (client,) if may(me, "see", client) else ()
    # Never the words: they are callers' names and numbers.
    named = client if client and whose else None
    await note(request, "search", me.name, client=named, detail=f"{len(words)} words")
    return await parts_of(request).finder.find(whose, words, when, after)


def _day(value: str, today: date) -> date | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= today.year else None
