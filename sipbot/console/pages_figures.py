"""How clients are served: their figures beside what was promised, and who works for them.

Data path: reckoning -> boards -> [pages_figures] -> browser

An account sees the clients whose memos it may see, and sums of no others; who of the operators did
what is for admins alone.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import markupsafe
import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from sipbot.accounts import may, of_client
from sipbot.board import PERIODS, Board, Period, Work, together, work_of
from sipbot.console import looks
from sipbot.console.cards import Card
from sipbot.console.guard import Me
from sipbot.console.pages_calls import clients_of
from sipbot.console.viewer import Viewer
from sipbot.kpi import Value
from sipbot.kpi_definitions import BY_KEY
from sipbot.memo import Status
from sipbot.report.plots import Bar, Frame, heat_map, rows
from sipbot.report.words import Say
from sipbot.topics import ID

SHORT = ("offered", "answered", "answer_rate", "missed", "service_level", "claim_time")
"""Figures at the top: what is asked for first."""

COLUMNS = ("offered", "answer_rate", "missed_rate", "service_level", "claim_time", "call_back_time")
"""Figures in the row of each client."""

UNKNOWN = "–"

router = APIRouter()

looks.PAGES.append(looks.Place("/figures", "board"))


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure as it is shown."""

    name: str
    said: str
    """Its definition."""
    value: str
    measured: bool
    n: int
    target: str
    """Empty: nothing was promised."""
    met: bool | None
    before: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Memos that are to be done now."""

    unclaimed: int
    late: int
    in_work: int
    since: datetime | None
    """When the call of the oldest unclaimed one came."""


@router.get("/figures", response_class=HTMLResponse)
async def figures(request: Request, me: Me) -> Response:
    """Show the figures of a period."""
    viewer = Viewer(request, me)
    period = _period(request.query_params.get("period", ""))
    known, client = clients_of(viewer), request.query_params.get("client", "")
    chosen = client if ID.fullmatch(client) and client in known else ""
    asks_again = request.headers.get("hx-request") == "true"
    store = viewer.parts.store
    await store.sync()
    now = store.now()
    made = await viewer.parts.boards.of(period, now, fresh=asks_again)
    shown = [made.boards[one] for one in known if one in made.boards and chosen in ("", one)]
    cards = [one for one in store.to_do(viewer.clients) if chosen in ("", one.client)]
    stamp = _stamp(made.at, cards, now)
    if asks_again and request.query_params.get("stamp") == stamp:
        return Response(status_code=204)  # nothing moves under who reads
    return looks.show(
        request,
        "figures.html",
        me,
        **viewer.values(now),
        period=period,
        periods=PERIODS,
        clients=known,
        chosen=chosen,
        query=lambda **other: urlencode({"period": period, "client": chosen} | other),
        stamp=stamp,
        made_at=made.at,
        waiting=waiting(cards, now),
        **_shown(viewer, shown, cards, now),
    )


def _shown(
    viewer: Viewer, boards: Sequence[Board], cards: Sequence[Card], now: datetime
) -> dict[str, Any]:
    """Return what is made of the boards."""
    zone = ZoneInfo(boards[0].figures.tz) if len(boards) == 1 else ZoneInfo("UTC")
    say = Say(viewer.look.language, zone)
    one = boards[0] if len(boards) == 1 else None
    by_client = {
        board.client: waiting((card for card in cards if card.client == board.client), now)
        for board in boards
    }
    return {
        "boards": boards,
        "one": one,
        "short": [_row(key, _value(key, boards), _before(key, boards), say) for key in SHORT],
        "all": [_row(key, one.figures[key], one.before[key], say) for key in BY_KEY] if one else [],
        "columns": [BY_KEY[key].named(say.language) for key in COLUMNS],
        "lines": [
            (
                board.client,
                [_row(key, board.figures[key], board.before[key], say) for key in COLUMNS],
                by_client[board.client].unclaimed,
            )
            for board in boards
        ],
        "plots": plots(boards, say),
        "operators": operators(viewer, boards, cards) if may(viewer.me, "system") else None,
        "length": lambda value: UNKNOWN if value is None else say.number(value, "s"),
    }


def _value(key: str, boards: Sequence[Board]) -> Value:
    if len(boards) == 1:
        return boards[0].figures[key]
    return together(key, [one.figures for one in boards])


def _before(key: str, boards: Sequence[Board]) -> Value:
    return together(key, [one.before for one in boards])


def _row(key: str, value: Value, before: Value, say: Say) -> Row:
    what = BY_KEY[key]
    target = ""
    if value.target is not None:
        limit = "at_least" if what.at_least else "at_most"
        target = say.say(limit, value=say.number(value.target, what.unit))
    return Row(
        name=what.named(say.language),
        said=what.said(say.language),
        value=say.number(value.value, what.unit),
        measured=value.value is not None,
        n=value.n,
        target=target,
        met=value.met,
        before=say.number(before.value, what.unit),
    )


def waiting(cards: Iterable[Card], now: datetime) -> Waiting:
    """Return what is to be done now; what was put off waits for its time, not for somebody."""
    some = list(cards)
    free = [one for one in some if one.status is Status.OPEN and not one.is_later(now)]
    return Waiting(
        unclaimed=len(free),
        late=sum(one.due is not None and one.due < now for one in free),
        in_work=sum(one.status is Status.CLAIMED for one in some),
        since=min((one.at for one in free), default=None),
    )


def plots(boards: Sequence[Board], say: Say) -> list[markupsafe.Markup]:
    """Return when calls came and how they ended, of all these clients together."""
    heat = [[sum(one.heat[day][hour] for one in boards) for hour in range(24)] for day in range(7)]
    total = sum(map(sum, heat))
    desc = say["heat_none"]
    if total:
        number, day, hour = max(
            (number, -day, -hour)
            for day, hours in enumerate(heat)
            for hour, number in enumerate(hours)
        )
        day_name = say.days[-day]
        desc = say.say("heat_desc", total=total, peak=number, day=day_name, hour=-hour)
    ends: dict[str, int] = {}
    for board in boards:
        for end, number in board.ends.items():
            ends[end] = ends.get(end, 0) + number
    bars = [
        Bar(label=say.end(end), value=number, shown=say.number(number, "calls"))
        for end, number in sorted(ends.items(), key=lambda one: -one[1])
        if number
    ]
    told = ", ".join(f"{bar.label} {bar.shown}" for bar in bars)
    made = [heat_map(Frame(name="heat", title=say["heat_title"], desc=desc), heat, say.days)]
    if bars:
        frame = Frame(name="ends", title=say["ends_title"], desc=say.say("ends_desc", values=told))
        made.append(rows(frame, bars))
    # `plots` has escaped every word in them.
    return [markupsafe.Markup(one) for one in made]  # noqa: S704


def operators(
    viewer: Viewer, boards: Sequence[Board], cards: Sequence[Card]
) -> list[tuple[Work, int]]:
    """Return what each operator did, and how many memos they have in work now."""
    seen = [one for board in boards for one in board.work if of_client(viewer.me, board.client)]
    holding: dict[str, int] = {}
    for card in cards:
        if card.status is Status.CLAIMED and card.holder:
            holding[card.holder] = holding.get(card.holder, 0) + 1
    idle = [Work(operator=name) for name in holding]
    return [(one, holding.get(one.operator, 0)) for one in work_of([*seen, *idle])]


def _period(value: str) -> Period:
    return next((one for one in PERIODS if one == value), "today")


def _stamp(made_at: datetime, cards: Sequence[Card], now: datetime) -> str:
    """Return what is another one when the page would show something else."""
    found = waiting(cards, now)
    held = hash(frozenset((one.id, one.holder) for one in cards if one.holder)) & 0xFFFFFFFF
    return f"{made_at.timestamp():.3f}-{found.unclaimed}-{found.late}-{found.in_work}-{held:x}"
