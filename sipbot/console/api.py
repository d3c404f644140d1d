"""The console's JSON interface; its description is at ``/api/openapi.json``."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from sipbot.console.guard import Me, csrf_token

router = APIRouter(prefix="/api")


class SessionView(BaseModel):
    """Who is logged in."""

    name: str
    role: str
    clients: list[str]
    """``["*"]``: all."""
    masked: bool
    csrf: str
    """To be sent as ``X-CSRF-Token`` with everything that changes something."""


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
