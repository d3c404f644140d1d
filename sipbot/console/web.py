"""The console as one web application."""

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, Response

import sipbot
from sipbot.console import (
    api,
    audio,
    events,
    login,
    looks,
    pages_calls,
    pages_cards,
    pages_elsewhere,
    pages_figures,
    pages_list,
    pages_live,
    pages_memo,
    pages_plans,
    pages_search,
    pages_system,
)
from sipbot.console.gate import Gate
from sipbot.console.guard import (
    ForbiddenError,
    NotLoggedInError,
    csrf,
    refuse,
    send_to_login,
)
from sipbot.console.parts import Parts
from sipbot.errors import ConsoleError, LedgerError

ROUTERS = (
    looks.router,
    login.router,
    pages_list.router,
    pages_memo.router,
    pages_elsewhere.router,
    pages_live.router,
    pages_calls.router,
    pages_search.router,
    pages_plans.router,
    pages_cards.router,
    pages_figures.router,
    pages_system.router,
    audio.router,
    events.router,
    api.router,
)
"""Every page's; a new page adds its own here."""

AWAY = "sipbot cannot do that now: try again in a moment; its log says why"
"""All that a browser is told of it: paths and remedies of the server are for its keeper."""

_log = structlog.get_logger()


def build(parts: Parts) -> FastAPI:
    """Return the application, without its gate.

    Args:
        parts: what its pages work with.
    """
    web = FastAPI(
        title="sipbot console",
        version=sipbot.__version__,
        # The pages of FastAPI's own documentation fetch scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(csrf)],
    )
    web.state.parts = parts
    for router in ROUTERS:
        # Described is what programs ask for; pages are for people.
        web.include_router(router, include_in_schema=router is api.router)
    web.mount("/static", looks.Assets())
    web.add_exception_handler(NotLoggedInError, send_to_login)
    web.add_exception_handler(ForbiddenError, refuse)
    for problem in (ConsoleError, LedgerError):
        web.add_exception_handler(problem, _away)
    return web


def guarded(parts: Parts) -> Gate:
    """Return the application behind its gate, as it is served.

    The gate is outside of everything, so that an answer about a mistake of ours passes it, too.

    Args:
        parts: what its pages work with.
    """
    return Gate(build(parts), parts.settings)


# Event loop, for FastAPI.
async def _away(request: Request, error: Exception) -> Response:
    """Answer that what is asked for cannot be had now."""
    _log.warning("a request cannot be served", path=request.url.path, problem=str(error))
    if request.url.path.startswith("/api/"):
        return JSONResponse({"problem": AWAY}, 503)
    return Response(f"{AWAY}\n", 503, media_type="text/plain")
