"""The news of the console, heard as a browser hears them."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sipbot.console.web import guarded
from tests.console_app import URL, Desk

END = "the end"
"""Stands for the last piece of an answer."""


@asynccontextmanager
async def news(desk: Desk, path: str, name: str = "hanako") -> AsyncIterator[asyncio.Queue[str]]:
    """Listen to the news as a browser does; what comes is put into a queue, event by event.

    An orderly end is `END`.
    """
    web, heard = desk.parts, asyncio.Queue[str]()
    account = web.accounts.now().get(name)
    assert account is not None
    token = web.sessions.begin(account, web.accounts.now())
    gone = asyncio.Event()

    async def receive() -> dict[str, object]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        body = message.get("body", b"")
        assert isinstance(body, bytes)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            heard.put_nowait(END)
        for event in body.decode().split("\n\n"):
            if event.startswith("event:"):
                heard.put_nowait(event)

    where, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", URL.removeprefix("http://").encode()),
            (b"cookie", f"sipbot={token}".encode()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8470),
    }
    listening = asyncio.create_task(guarded(web)(scope, receive, send))  # type: ignore[arg-type] # ASGI's mappings
    try:
        yield heard
    finally:
        gone.set()
        await listening


async def heard_of(events: asyncio.Queue[str], *names: str) -> str:
    """Return the next event of these."""
    while True:
        event = await events.get()
        if event.split("\n", 1)[0].removeprefix("event: ") in names:
            return event


def since(text: str) -> str:
    found = re.search(r'data-events="([^"]+)"', text)
    assert found is not None
    return found[1].replace("&amp;", "&")
