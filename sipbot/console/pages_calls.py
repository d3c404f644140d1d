"""The calls of a day: what became of each INVITE, and that none is missing.

Data path: store -> [pages_calls] -> browser

The figures add up to the INVITEs of the day; each is a link to its calls.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from sipbot.accounts import may
from sipbot.console import looks
from sipbot.console.guard import Me
from sipbot.console.store import DayOfCalls
from sipbot.console.viewer import Viewer
from sipbot.ledger_day import GOING, DayCall, End, Span
from sipbot.records import EndState
from sipbot.topics import ID

FIRST_YEAR = 2000
"""No ledger is older; what somebody types beyond it is not asked for."""

HIDDEN = "●●●"
"""Instead of a number, for accounts that may not learn who called."""

router = APIRouter()

looks.PAGES.append(looks.Place("/calls", "calls"))


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls somebody wants to see."""

    day: date
    client: str = ""
    """Empty: of all clients that the account may see."""
    end: End | None = None
    after: str = ""

    def query(self, **other: str) -> str:
        """Return the question as a part of an address, with these changes."""
        fields = {"day": self.day.isoformat(), "client": self.client, "end": self.end or ""}
        return urlencode({name: value for name, value in (fields | other).items() if value})

    def span(self) -> Span:
        """Return the day from midnight to midnight, by the clock of this site."""
        since, until = midnight(self.day), midnight(self.day + timedelta(days=1))
        return Span(since=since, until=until)


def asked_of(query: Mapping[str, str], today: date) -> Asked:
    """Return which calls an address asks for; what is no such question is left out."""
    client, after, end = (query.get(name, "") for name in ("client", "after", "end"))
    ends: tuple[End, ...] = (GOING, *EndState)
    return Asked(
        day=_day(query.get("day", ""), today),
        client=client if ID.fullmatch(client) else "",
        end=next((one for one in ends if one == end), None),
        after=after if ID.fullmatch(after) else "",
    )


@router.get("/calls", response_class=HTMLResponse)
async def calls(request: Request, me: Me) -> HTMLResponse:
    """Show the calls of a day."""
    viewer = Viewer(request, me)
    store = viewer.parts.store
    now = store.now()
    asked = asked_of(request.query_params, now.astimezone().date())
    found = await store.day(
        viewer.clients, asked.span(), client=asked.client, end=asked.end, after=asked.after
    )
    return looks.show(
        request,
        "calls.html",
        me,
        **viewer.values(now),
        asked=asked,
        found=found,
        bars=_bars(found),
        day_words=_day_words(asked.day, viewer.look.language),
        today=now.astimezone().date(),
        a_day=timedelta(days=1),
        clients=clients_of(viewer),
        caller=lambda call: HIDDEN if call.caller and viewer.hidden else call.caller,
        dialled=lambda call: HIDDEN if call.number and viewer.hidden else call.number,
        lasted=lambda call: _lasted(call, viewer),
        may_see=lambda call: bool(call.client) and may(me, "see", call.client),
    )


def _bars(found: DayOfCalls) -> list[tuple[End, int, float]]:
    """Return what there is of each end, most first, with its part of the most in percent."""
    some = [(end, number) for end, number in found.counts.items() if number]
    some.sort(key=lambda one: -one[1])
    most = some[0][1] if some else 1
    return [(end, number, 100 * number / most) for end, number in some]


def clients_of(viewer: Viewer) -> list[str]:
    """Return the clients to choose from."""
    known = (one for one in viewer.parts.hub.clients if may(viewer.me, "see", one))
    return sorted(known)


def _lasted(call: DayCall, viewer: Viewer) -> str:
    lasted_s = call.lasted_s
    return "" if lasted_s is None else looks.span_words(lasted_s, viewer.look.words)


def _day(value: str, today: date) -> date:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return today
    return day if FIRST_YEAR <= day.year <= today.year else today


def midnight(day: date) -> datetime:
    """Return when a day begins, by the clock of this site; UTC-aware."""
    # astimezone takes a time without zone as the site's.
    return datetime.combine(day, time()).astimezone(UTC)


def _day_words(day: date, language: str) -> str:
    if language == "ja":
        weekday: Any = "月火水木金土日"[day.weekday()]
        return f"{day.year}年{day.month}月{day.day}日（{weekday}）"
    return f"{day:%A}, {day.day} {day:%B} {day.year}"
