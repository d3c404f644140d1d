"""The console's line to main: what operators do goes out on stdout, answers and news come in.

Data path: pages -> [main_line] -> main; main -> [main_line] -> hub -> browsers
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterable, Callable
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec
import uuid6

from sipbot import console_wire as wire
from sipbot.archive import OpenMemo
from sipbot.audit import AuditEntry
from sipbot.client_card import ClientCard
from sipbot.command import ASK_TTL_S
from sipbot.console.hub import Hub
from sipbot.decision import Answer
from sipbot.errors import ConsoleError
from sipbot.lines import encode

PATIENCE_S = 10.0
"""How long a browser waits for main's answer.  A transaction takes milliseconds, and a ledger whose
lock somebody holds gives up after 5 s (`sipbot.ledger_schema.BUSY_MS`)."""

CARD_S = 2.0
"""How long a page waits for a card; main has it in memory, and the memo itself matters more."""

ABROAD_S = 15.0
"""How long a page waits for another site or the archive: longer than main does
(`sipbot.ask.ANSWER_S`, `sipbot.other_sites.ARCHIVE_S`), whose words say what does not answer."""

WAITING_MAX = 500
"""Requests without an answer; more than all operators of a site press at once."""


class MainLine:
    """Speaks with main; everything here runs in the event loop.

    Args:
        write: hands one line to main.
        hub: is told the news.
    """

    def __init__(self, write: Callable[[bytes], None], hub: Hub) -> None:
        self._write = write
        self._hub = hub
        # By chance: main may still answer what an earlier life has asked, under other numbers.
        self._numbers = itertools.count(secrets.randbits(62))
        self._waiting: dict[int, asyncio.Future[wire.Answered]] = {}

    async def obey(
        self, client: str, verb: str, fields: dict[str, Any], *, site: str = ""
    ) -> Answer:
        """Have a command obeyed as if it had come over the bus.

        Args:
            client: of the memo; who may act for it was asked before.
            verb: of docs/mqtt.md.
            fields: of the command, such as ``by``, ``memo``, ``expected_rev``; ``req`` and ``ts``
                are added.
            site: that owns the memo; empty: ours.

        Raises:
            ConsoleError: main does not answer, or could not do it.
        """
        whole = {"schema": 1, "req": str(uuid6.uuid7()), "ts": datetime.now(UTC), **fields}
        if site:  # whoever was told that nobody answers acts anew
            whole["ttl_s"] = ASK_TTL_S
        payload = msgspec.Raw(msgspec.json.encode(whole))
        answered = await self._ask(
            lambda n: wire.Obey(n=n, client=client, verb=verb, payload=payload, site=site),
            ABROAD_S if site else PATIENCE_S,
        )
        if answered.answer is None:
            raise ConsoleError("main gave no answer to a command: see its log")
        return answered.answer

    async def record(self, entry: AuditEntry) -> None:
        """Have a row stored in the audit log; it is stored when this returns.

        Raises:
            ConsoleError: it could not be stored, so what it is about must not be done.
        """
        await self._ask(lambda n: wire.Record(n=n, entry=entry))

    async def acknowledge(self, client: str, operator: str, sha256: str) -> None:
        """Have stored that an operator has read a form of a client's file.

        Raises:
            ConsoleError: it could not be stored, or another form is in force by now.
        """
        await self._ask(
            lambda n: wire.Acknowledge(n=n, client=client, operator=operator, sha256=sha256)
        )

    async def card(self, client: str) -> ClientCard | None:
        """Return a client's knowledge card as it is in force; None for a client without one.

        Raises:
            ConsoleError: main does not answer.
        """
        answered = await self._ask(lambda n: wire.AskCard(n=n, client=client), CARD_S)
        return answered.card

    async def others(self, clients: tuple[str, ...] | None) -> tuple[tuple[OpenMemo, ...], bool]:
        """Return what other sites have to do for these clients, or all (None), oldest first.

        Returns:
            The memos, and whether there are more.

        Raises:
            ConsoleError: the archive does not answer.
        """
        answered = await self._ask(lambda n: wire.AskOthers(n=n, clients=clients), ABROAD_S)
        return answered.others, answered.more

    async def other(self, site: str, memo: str) -> bytes | None:
        """Return another site's memo as JSON; None when that site has none of this id.

        Raises:
            ConsoleError: the archive does not answer.
        """
        answered = await self._ask(lambda n: wire.AskOther(n=n, site=site, memo=memo), ABROAD_S)
        found = bytes(answered.memo)
        return None if found == b"null" else found

    def say(self, message: wire.FromConsole) -> None:
        """Say something that needs no answer."""
        self._write(encode(message))

    async def listen(self, parent: AsyncIterable[bytes]) -> None:
        """Hear main until it closes its end.

        Raises:
            WireError: a line is not a message of this border.
        """
        async for line in parent:
            self._hear(wire.to_console.decode(line))

    def _hear(self, message: wire.FromMain) -> None:
        match message:
            case wire.Ping():
                self.say(wire.Pong(n=message.n))
            case wire.Answered():
                waiting = self._waiting.get(message.n)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            case wire.Clients():
                self._hub.learn(message)
            case wire.Behind():
                self._hub.learn_files(message)
            case wire.Changed() | wire.Live() | wire.Site():
                self._hub.tell(message)

    async def _ask(
        self,
        request: Callable[[int], wire.Asking],
        patience_s: float = PATIENCE_S,
    ) -> wire.Answered:
        if len(self._waiting) >= WAITING_MAX:
            raise ConsoleError("main is busy: try again in a moment")
        n = next(self._numbers)
        self._waiting[n] = asyncio.get_running_loop().create_future()
        try:
            self.say(request(n))
            async with asyncio.timeout(patience_s):
                answered = await self._waiting[n]
        except TimeoutError:
            raise ConsoleError("main does not answer: try again in a moment") from None
        finally:
            del self._waiting[n]
        if answered.problem:
            raise ConsoleError(answered.problem)
        return answered


def to_pipe(pipe: BinaryIO) -> Callable[[bytes], None]:
    """Return what writes lines to main's pipe."""

    # Blocks for as long as main does not read; it reads always, and the lines are short.
    def write(line: bytes) -> None:
        pipe.write(line)
        pipe.flush()

    return write
