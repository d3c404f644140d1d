"""The calls that go on now, with what the live ear has heard so far.

Data path: hub -> [pages_live] -> browser

Who may follow calls is asked call by call; a masked account follows none, for words that are still
being said cannot be masked.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from sipbot.accounts import Account, may
from sipbot.console import looks
from sipbot.console.guard import ForbiddenError, Me, who
from sipbot.console.viewer import Viewer

ALIVE_S = 20.0
"""Between two signs of life, as `sipbot.console.events` gives them."""

PAUSE_S = 0.2
"""Between two events: what several callers say meanwhile is told at once."""

router = APIRouter()


def may_follow(account: Account) -> bool:
    """Tell whether there are clients whose calls this account may follow."""
    return not account.masked


looks.PAGES.append(looks.Place("/live", "live", may_follow))


@router.get("/live", response_class=HTMLResponse)
async def live(request: Request, me: Me) -> HTMLResponse:
    """Show the calls that go on."""
    viewer = _viewer(request, me)
    return looks.show(request, "live.html", me, **_values(viewer))


@router.get("/live/events")
async def live_events(request: Request, me: Me) -> StreamingResponse:
    """Tell a browser how the calls go on, for as long as it listens."""
    viewer = _viewer(request, me)
    return StreamingResponse(
        told(viewer, lambda: who(request) == me),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def told(viewer: Viewer, still: Callable[[], bool]) -> AsyncIterator[str]:
    """Return the calls as events, again whenever they have changed.

    Args:
        viewer: who follows them.
        still: tells whether that account may go on; asked before every event.
    """
    hub, shown = viewer.parts.hub, ""
    while still():
        changed = hub.calls_changed
        (rows,) = looks.macros(
            "live_rows.html", {"w": viewer.look.words, **_values(viewer)}, "rows"
        )
        now_shown = "".join(f"data: {line}\n" for line in rows().splitlines())
        # A comment is a sign of life: others' calls change, or nothing does.
        yield ": the same\n\n" if now_shown == shown else f"event: calls\n{now_shown}\n"
        shown = now_shown
        # After what was told, not before what is next: words are on the page in 10 ms (measured).
        await asyncio.sleep(PAUSE_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALIVE_S):
                await changed.wait()
    yield "event: reload\ndata:\n\n"


def _viewer(request: Request, me: Account) -> Viewer:
    if not may_follow(me):
        raise ForbiddenError
    return Viewer(request, me)


def _values(viewer: Viewer) -> dict[str, Any]:
    me = viewer.me
    calls = viewer.parts.hub.calls.of(lambda client: may(me, "live", client))
    return {**viewer.values(viewer.parts.store.now()), "calls": calls}
