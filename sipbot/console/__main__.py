"""``python -m sipbot.console SETTINGS``: the web console, a child of ``sipbot run``.

SETTINGS is the JSON of `sipbot.console_wire.ConsoleSettings`.  It says `Ready` on stdout once
browsers can connect, answers `Ping`, and ends when stdin closes, so it never outlives its parent.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import uvicorn

from sipbot import console_wire as wire
from sipbot import log, passwords
from sipbot.accounts_file import AccountsFile
from sipbot.console import connections
from sipbot.console.doors import Doors
from sipbot.console.finder import Finder
from sipbot.console.hub import Hub
from sipbot.console.main_line import MainLine, to_pipe
from sipbot.console.parts import Parts, recordings_of
from sipbot.console.sessions import Sessions
from sipbot.console.store import Store
from sipbot.console.veil import Veil
from sipbot.console.web import guarded
from sipbot.errors import ConsoleError, SipbotError
from sipbot.lines import LIMIT_BYTES
from sipbot.stdout import claim_stdout

NICE = 10
"""Calls come first; the second ear, which is at 19, waits for a page."""

CONNECTIONS_MAX = 500
"""At the same time, of all addresses (`connections.OF_ADDRESS_MAX` of one): 50 consoles with their
news and six files each, and again as many."""

STOP_S = 2
"""How long an orderly end waits for answers; what is streamed has no end of its own."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: our parent decides when we end."""

    def install_signal_handlers(self) -> None:
        """Install none."""


async def _run(settings: wire.ConsoleSettings, main: MainLine, hub: Hub) -> None:
    async with AsyncExitStack() as stack:
        parent = asyncio.StreamReader(limit=LIMIT_BYTES)
        stdin, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(parent), sys.stdin
        )
        stack.callback(stdin.close)
        store = Store(Path(settings.ledger))
        await store.open()
        stack.push_async_callback(store.close)
        finder = _finder(settings)
        stack.push_async_callback(finder.close)
        listening = stack.enter_context(_listen(settings.address, settings.port))
        server = _server(_parts(settings, store, finder, main, hub))
        try:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(server.serve([listening]), name="web")
                searching = group.create_task(finder.keep_up(), name="search")
                main.say(wire.Ready(pid=os.getpid(), port=listening.getsockname()[1]))
                await main.listen(parent)
                # News have no end of their own: uvicorn would log each stream as a mistake.
                logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
                server.should_exit = server.force_exit = True
                searching.cancel()
                await serving
        except* SipbotError as problems:
            raise problems.exceptions[0] from None


def _finder(settings: wire.ConsoleSettings) -> Finder:
    file = Path(settings.var) / "console" / "search.sqlite3"
    return Finder(Path(settings.ledger), file, settings.region)


def _parts(
    settings: wire.ConsoleSettings, store: Store, finder: Finder, main: MainLine, hub: Hub
) -> Parts:
    return Parts(
        settings=settings,
        accounts=AccountsFile(Path(settings.accounts)),
        store=store,
        finder=finder,
        veil=Veil(
            Path(settings.dialplans),
            settings.region,
            recordings_of(settings),
            lambda: hub.clients,
        ),
        main=main,
        hub=hub,
        sessions=Sessions(Path(settings.var) / "console" / "sessions.json", time.time),
        doors=Doors(passwords.fits, passwords.hashed(os.urandom(16).hex())),
    )


def _server(parts: Parts) -> _Server:
    return _Server(
        uvicorn.Config(
            guarded(parts),
            http=connections.protocol(parts.settings.proxy_from),
            log_config=None,
            access_log=False,
            proxy_headers=False,  # sipbot.console.gate knows which proxies to believe
            server_header=False,
            date_header=True,
            lifespan="off",
            ws="none",
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=STOP_S,
            h11_max_incomplete_event_size=16_384,
        )
    )


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        raise ConsoleError(
            f"console.port = {port}: {address}: {error.strerror}: choose another port, or end the "
            "program that has it"
        ) from error


def main() -> int:
    """Run the console; return the exit code."""
    pipe = claim_stdout()
    os.nice(NICE)
    # Ctrl-C in a terminal reaches the whole process group; the parent decides when we end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log.configure("info", "auto")
    settings = msgspec.json.decode(sys.argv[1], type=wire.ConsoleSettings)
    hub = Hub()
    try:
        asyncio.run(_run(settings, MainLine(to_pipe(pipe), hub), hub))
    except SipbotError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
