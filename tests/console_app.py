"""The console's application in this process, with a real ledger; no browser, no socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from sipbot import console_wire as wire
from sipbot.accounts_file import AccountsFile
from sipbot.age_file import Identity
from sipbot.audio_keys import write_keys
from sipbot.audit import AuditEntry
from sipbot.client_card import ClientCard
from sipbot.command import read
from sipbot.console.doors import Doors
from sipbot.console.finder import Finder
from sipbot.console.hub import Hub
from sipbot.console.main_line import MainLine
from sipbot.console.parts import Parts, recordings_of
from sipbot.console.sessions import Sessions, csrf_of
from sipbot.console.store import Store
from sipbot.console.veil import Veil
from sipbot.console.web import guarded
from sipbot.ledger import Ledger
from sipbot.memo import Memo
from tests.consoles import CLIENTS, DIALPLANS, left
from tests.memo_samples import AT

URL = "http://127.0.0.1:8470"


class Main:
    """What main does for the console: obeys, keeps the audit log, tells what has changed."""

    def __init__(self, ledger: Ledger, hub: Hub) -> None:
        self.line = MainLine(self._write, hub)
        self.audit: list[AuditEntry] = []
        self.cards: dict[str, ClientCard] = {}
        self.problem = ""
        """Why no card is given."""
        self._ledger = ledger
        self._asked: asyncio.Queue[wire.Obey | wire.Acknowledge] = asyncio.Queue()

    def _write(self, line: bytes) -> None:
        match wire.to_main.decode(line):
            case wire.Record() as asked:
                self.audit.append(asked.entry)
                asyncio.get_running_loop().call_soon(self._answer, wire.Answered(n=asked.n))
            case wire.Obey() | wire.Acknowledge() as asked:
                self._asked.put_nowait(asked)
            case wire.AskCard() as asked:
                card = None if self.problem else self.cards.get(asked.client)
                answer = wire.Answered(n=asked.n, card=card, problem=self.problem)
                asyncio.get_running_loop().call_soon(self._answer, answer)

    async def run(self) -> None:
        while True:
            asked = await self._asked.get()
            if isinstance(asked, wire.Acknowledge):
                now = datetime.now(UTC)
                rows = self._ledger.reviews
                await rows.acknowledge(asked.client, asked.operator, asked.sha256, now)
                self._answer(wire.Answered(n=asked.n))
                continue
            request = read(asked.client, asked.verb, bytes(asked.payload))
            assert request is not None
            answer = await self._ledger.commands.obey(request, datetime.now(UTC))
            self._answer(wire.Answered(n=asked.n, answer=answer))

    async def changed(self, memo: str) -> None:
        """Tell of a memo's latest revision."""
        now = await self._ledger.memo(memo)
        assert now is not None
        told = wire.Changed(client=now.client, memo=now.id, rev=now.rev, status=now.status.value)
        self._hear(told)

    def _answer(self, answered: wire.Answered) -> None:
        self._hear(answered)

    def _hear(self, message: wire.FromMain) -> None:
        self.line._hear(message)


@dataclass(frozen=True)
class Desk:
    """A console, and what is behind it."""

    parts: Parts
    main: Main
    ledger: Ledger
    spool: Path

    @asynccontextmanager
    async def browser(self, name: str, language: str = "en") -> AsyncIterator["Browser"]:
        """Log somebody in."""
        accounts = self.parts.accounts.now()
        account = accounts.get(name)
        assert account is not None
        token = self.parts.sessions.begin(account, accounts)
        transport = httpx.ASGITransport(guarded(self.parts))
        headers = {"Origin": URL, "Accept-Language": language, "Accept": "text/html"}
        async with httpx.AsyncClient(
            transport=transport, base_url=URL, headers=headers, cookies={"sipbot": token}
        ) as client:
            yield Browser(client, csrf_of(token))

    async def leave(self, memo: Memo) -> Memo:
        """Let a call leave this memo, and tell the console."""
        await left(self.ledger, self.spool, memo)
        await self.main.changed(memo.id)
        return memo


@dataclass(frozen=True)
class Browser:
    """A browser without scripts."""

    http: httpx.AsyncClient
    csrf: str

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=headers)

    async def post(self, path: str, **fields: str) -> httpx.Response:
        return await self.http.post(path, data={"csrf": self.csrf, **fields})


@asynccontextmanager
async def a_desk(
    folder: Path, accounts: Sequence[str], memos: Sequence[Memo] = (), *, encrypted: bool = False
) -> AsyncIterator[Desk]:
    """Run the application.

    Args:
        folder: for everything that is written.
        accounts: tables of accounts.toml.
        memos: that are there when it starts.
        encrypted: whether there is a key, in ``audio.agekey``.
    """
    if encrypted:
        write_keys(folder / "audio.agekey", [Identity.new()], AT)
    path = folder / "accounts.toml"
    path.write_text("\n".join(f"[[account]]\n{one}\n" for one in accounts), encoding="utf-8")
    path.chmod(0o600)
    spool = folder / "spool"
    hub = Hub()
    hub.learn(wire.Clients(first=True, last=True, clients=CLIENTS))
    async with Ledger.open(folder / "sipbot.sqlite3") as ledger:
        for memo in memos:
            await left(ledger, spool, memo)
        store = Store(folder / "sipbot.sqlite3")
        await store.open()
        finder = Finder(folder / "sipbot.sqlite3", folder / "console" / "search.sqlite3", "JP")
        main = Main(ledger, hub)
        settings = wire.ConsoleSettings(
            site="tokyo",
            region="JP",
            ledger=str(folder / "sipbot.sqlite3"),
            var=str(folder),
            spool=str(spool),
            dialplans=str(DIALPLANS),
            address="127.0.0.1",
            port=8470,
            url="",
            accounts=str(path),
            audio_key_file=str(folder / "audio.agekey") if encrypted else "",
        )
        parts = Parts(
            settings=settings,
            accounts=AccountsFile(path),
            store=store,
            finder=finder,
            veil=Veil(DIALPLANS, "JP", recordings_of(settings), lambda: hub.clients),
            main=main.line,
            hub=hub,
            sessions=Sessions(folder / "sessions.json", lambda: datetime.now(UTC).timestamp()),
            doors=Doors(lambda _known, _typed: False, ""),
        )
        obeying = asyncio.create_task(main.run())
        try:
            yield Desk(parts=parts, main=main, ledger=ledger, spool=spool)
        finally:
            obeying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await obeying
            await finder.close()
            await store.close()
