"""The dialplans in force: whose, since when, and what they mean to callers; and files that are not.

Data path: main_line -> hub, plans -> [pages_plans] -> browser

Read only: a dialplan is a file, and whoever may change it changes the file.  Who reads which is
asked of `accounts.may` client by client; what one may not read is not told to be there.
"""

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from sipbot import console_wire as wire
from sipbot.accounts import EVERY, Account, may
from sipbot.console import looks, plan_values
from sipbot.console.guard import ForbiddenError, Me, need
from sipbot.console.viewer import Viewer
from sipbot.in_force import DEFAULTS
from sipbot.plan import Dialplan
from sipbot.public_holidays import ANNOUNCED_THROUGH
from sipbot.topics import ID

PAGE = 50
"""Clients of one page: as many dialplans are compiled for it, 2 ms each."""

FILES = 20
"""Files out of force on one page."""

ASKED_CHARS = 100

LAST_YEAR = max(ANNOUNCED_THROUGH.values()) + 30
"""Up to which a calendar leads; nobody's dialplan looks further."""

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")

router = APIRouter()


def may_read_some(account: Account) -> bool:
    """Tell whether there are clients whose dialplans this account may read."""
    some = (DEFAULTS,) if account.clients == EVERY else account.clients
    return any(may(account, "plans", client) for client in some)


looks.PAGES.append(looks.Place("/dialplans", "plans", may_read_some))


@router.get("/dialplans", response_class=HTMLResponse)
async def dialplans(request: Request, me: Me) -> HTMLResponse:
    """Show the clients whose dialplans are in force, and the files that are not."""
    if not may_read_some(me):
        raise ForbiddenError
    viewer = Viewer(request, me)
    asked, after, before = _asked(request.query_params)
    parts, now = viewer.parts, viewer.parts.store.now()
    theirs = [one for name, one in sorted(parts.hub.clients.items()) if may(me, "plans", name)]
    # Ten thousand of them take too long for whoever listens or reads news meanwhile.
    found = await asyncio.to_thread(plan_values.fitting, theirs, asked)
    some = [one for one in found if one.client > after][: PAGE + 1]
    shown, more = some[:PAGE], len(some) > PAGE
    plans = await parts.plans.some([one.client for one in shown])
    used = await parts.plans.used([known.plan for known in plans.values()], now)
    language, region = viewer.look.language, parts.settings.region
    forms = {name: known.plan for name, known in plans.items()}
    lines = await asyncio.to_thread(plan_values.lines_of, shown, forms, now, language, region)
    files = _files(viewer, before)
    return looks.show(
        request,
        "plans.html",
        me,
        **_values(viewer, now),
        asked=asked,
        theirs=len(theirs),
        found=len(found),
        shown=shown,
        more=urlencode({"q": asked, "after": shown[-1].client}) if more else "",
        plans=plans,
        used=used,
        lines=lines,
        files=files[:FILES],
        more_files=urlencode({"before": files[FILES - 1].name}) if len(files) > FILES else "",
        untold=parts.hub.behind_untold if me.clients == EVERY else 0,
    )


@router.get("/dialplans/{client}", response_class=HTMLResponse)
async def dialplan(request: Request, me: Me, client: str) -> HTMLResponse:
    """Show one client's dialplan as it is in force."""
    need(me, "plans", client)
    viewer = Viewer(request, me)
    parts, words, now = viewer.parts, viewer.look.words, viewer.parts.store.now()
    known, file = parts.hub.clients.get(client), parts.hub.behind.get(client)
    if known is None and file is None:
        return looks.show(request, "missing.html", me, status=404, problem=words["plan_no"])
    found = await parts.plans.one(client)
    values: dict[str, Any] = {"plan": None}
    if found is not None:
        used = await parts.plans.used([found.plan], now)
        # In a thread: the picture alone takes as long as fifty rows of the list.
        values = {
            "since": found.since,
            "used": used.get(client),
            **await asyncio.to_thread(_of, viewer, request.query_params, found.plan, now),
        }
    return looks.show(
        request,
        "plan.html",
        me,
        **_values(viewer, now),
        known=known,
        file=_for(me, file) if file else None,
        numbers=plan_values.numbers_of(known, parts.settings.region) if known else [],
        **values,
    )


def _values(viewer: Viewer, now: datetime) -> dict[str, Any]:
    """Return what the templates of both pages need."""
    words = viewer.look.words
    return {
        **viewer.values(now),
        "span": lambda at: looks.span_words((now - at).total_seconds(), words),
    }


# A thread of asyncio's.
def _of(viewer: Viewer, query: Mapping[str, str], plan: Dialplan, now: datetime) -> dict[str, Any]:
    """Return what the template needs of the dialplan itself."""
    language, region = viewer.look.language, viewer.parts.settings.region
    today = now.astimezone(plan.hours.tz).date()
    month = _month(query, today)
    return {
        "plan": plan,
        "state": plan_values.now_of(plan, now, language),
        "hours": list(plan_values.hours_of(plan, viewer.look.words)),
        "view": plan_values.month_of(plan, month),
        "month_title": plan_values.title_of(month, language),
        "month_before": f"{month - timedelta(days=1):%Y-%m}",
        "month_after": f"{month + timedelta(days=31):%Y-%m}",
        "today": today,
        **plan_values.script_of(plan, region),
        **plan_values.people_of(plan, region),
    }


def _asked(query: Mapping[str, str]) -> tuple[str, str, str]:
    """Return what is looked for, and where the lists of clients and of files go on."""
    after, before = query.get("after", ""), query.get("before", "")
    return query.get("q", "")[:ASKED_CHARS].strip(), after if ID.fullmatch(after) else "", before


def _files(viewer: Viewer, after: str) -> list[wire.File]:
    """Return the files that are not in force and may be read about, the next ones by name."""
    behind = viewer.parts.hub.behind
    names = (name for name in sorted(behind) if name > after and may(viewer.me, "plans", name))
    shown = zip(names, range(FILES + 1), strict=False)
    return [_for(viewer.me, behind[name]) for name, _ in shown]


def _for(me: Account, file: wire.File) -> wire.File:
    """Return a file without the names of clients that one may not read of."""
    mistakes = (
        one if not one.rival or may(me, "plans", one.rival) else wire.FileMistake(words=one.apart)
        for one in file.mistakes
    )
    return msgspec.structs.replace(file, mistakes=tuple(mistakes))


def _month(query: Mapping[str, str], today: date) -> date:
    """Return the first day of the month that is asked for, this month when none is."""
    written = _MONTH.fullmatch(query.get("month", ""))
    if written is None or int(written[1]) > LAST_YEAR:
        return today.replace(day=1)
    return datetime(int(written[1]), int(written[2]), 1, tzinfo=UTC).date()
