"""Silent connections of one host keep nobody else out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from sipbot.console import connections

HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"

Open = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Site:
    """A server that answers when it is told to."""

    def __init__(self) -> None:
        self.port = 0
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self._opened: list[asyncio.StreamWriter] = []

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.set()
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})

    async def open(self, source: str) -> Open:
        reader, writer = await asyncio.open_connection(HERE, self.port, local_addr=(source, 0))
        self._opened.append(writer)
        return reader, writer

    async def ask(self, source: str) -> bytes:
        """Return the first line of an answer; empty when there is none."""
        reader, writer = await self.open(source)
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
            return await reader.readline()
        except ConnectionResetError:
            return b""

    async def leave(self) -> None:
        """End every connection that is still there."""
        for writer in self._opened:
            writer.close()
        for writer in self._opened:
            with contextlib.suppress(ConnectionResetError):
                await writer.wait_closed()


@asynccontextmanager
async def a_site(proxies: Sequence[str] = ()) -> AsyncIterator[Site]:
    site, state, spoken = Site(), ServerState(), connections.protocol(proxies)
    config = uvicorn.Config(
        site.answer, http=spoken, interface="asgi3", lifespan="off", log_config=None
    )
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: spoken(config=config, server_state=state, app_state={}),  # type: ignore[call-arg]  # as uvicorn calls it
        HERE,
        0,
    )
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        await site.leave()
        server.close()
        await server.wait_closed()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "OF_ADDRESS_MAX", 3)
    monkeypatch.setattr(connections, "REQUEST_S", 3600.0)


@pytest.mark.usefixtures("few")
async def test_silent_connections_of_one_address_leave_room_for_others() -> None:
    async with a_site() as site:
        site.go.set()
        silent = [await site.open(ELSEWHERE) for _ in range(3)]
        answers = [await site.ask(ELSEWHERE), await site.ask(HERE)]
        silent[0][1].close()
        while not (later := await site.ask(ELSEWHERE)):
            await asyncio.sleep(0)
    assert [b"", b"HTTP/1.1 200 OK\r\n"] == answers
    assert b"HTTP/1.1 200 OK\r\n" == later


@pytest.mark.usefixtures("few")
async def test_connections_of_a_proxy_are_not_counted() -> None:
    async with a_site([ELSEWHERE]) as site:
        site.go.set()
        for _ in range(3):
            await site.open(ELSEWHERE)
        answer = await site.ask(ELSEWHERE)
    assert b"HTTP/1.1 200 OK\r\n" == answer


async def test_request_that_does_not_come_is_not_waited_for_but_an_answer_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.05)
    async with a_site() as site:
        slow = asyncio.create_task(site.ask(HERE))
        await site.asked.wait()
        reader, writer = await site.open(HERE)
        writer.write(b"GET / HTTP/1.1\r\nHost: he")
        ended = await reader.read()
        site.go.set()
        answer = await slow
    assert (b"", b"HTTP/1.1 200 OK\r\n") == (ended, answer)
