"""Operators of the soak: they claim, call back and close memos about as fast as callers leave them.

Without them every memo of ten thousand calls would stay open, and what the broker has to keep would
grow with the calls.  They follow ``docs/mqtt.md`` and nothing else, by one connection of their own,
and keep the books: which command was answered how often and with what, and which memos are open.
"""

import asyncio
import contextlib
import json
import time
import uuid
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping, Set
from datetime import UTC, datetime

import msgspec

from tests.torture.operators import (
    MEMOS,
    SHOWN_WITHIN_S,
    _connect,
    _framed,
    _packet,
    _subscribe,
    _text,
)
from tests.torture.promise import Promise

OPERATORS = 8
"""At work at the same time, each with one memo: eight commands wait for their answers at most."""

KEEP_OPEN = 100
"""Memos that are left open, the newest ones: fewer than the warm-up leaves, so that the broker
keeps as many after it as at the end."""

LOOK_EVERY_S = 0.1

ACKS = "sipbot/1/test/client/+/ack/+"

VERBS: Mapping[str, Mapping[str, str]] = {
    "claim": {},
    "callback": {"outcome": "reached"},
    "done": {},
}
"""What is done with every memo, in this order."""


class Shown(msgspec.Struct, frozen=True):
    """Of a memo: what an operator goes by."""

    id: str
    client: str
    stage: str


class Answer(msgspec.Struct, frozen=True):
    """Of an answer: what is counted."""

    req: str
    status: str
    code: str | None


class Desk:
    """What the operators have seen and done; belongs to one event loop.

    Args:
        send: sends a packet by their connection to the broker.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._packets = 0
        self._left = deque[Shown]()
        self._todo: asyncio.Queue[Shown] = asyncio.Queue()
        self._awaited: dict[str, asyncio.Event] = {}
        self.subscribed = asyncio.Event()
        self.readable: set[str] = set()
        """Memos that no ear is expected to begin with any more."""
        self.open: set[str] = set()
        """Memos whose topic is not cleared."""
        self.most_open = 0
        self.sent: dict[str, str] = {}
        """Request → verb."""
        self.answers: dict[str, list[Answer]] = {}
        """Request → its answers; more than one is one too many."""
        self.slowest_s = 0.0
        """Longest time from a command to its answer."""
        self.closed: set[str] = set()
        """Memos whose ``done`` was accepted."""

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Take what the broker sends, until cancelled."""
        while True:
            head, body = await _packet(reader)
            match head >> 4:
                case 9:  # SUBACK
                    self.subscribed.set()
                case 3:  # PUBLISH
                    end = 2 + int.from_bytes(body[:2])
                    qos = head >> 1 & 3
                    if qos:
                        self._send(b"\x40\x02" + body[end : end + 2])  # PUBACK
                    self.take(body[2:end].decode(), body[end + (2 if qos else 0) :])

    def take(self, topic: str, payload: bytes) -> None:
        """Note one message."""
        kind, name = topic.split("/")[5:7]
        if kind == "ack":
            answer = msgspec.json.decode(payload, type=Answer)
            self.answers.setdefault(answer.req, []).append(answer)
            if name in self._awaited:
                self._awaited[name].set()
        elif not payload:
            self.open.discard(name)
        else:
            self._see(msgspec.json.decode(payload, type=Shown))

    def _see(self, memo: Shown) -> None:
        self.open.add(memo.id)
        self.most_open = max(self.most_open, len(self.open))
        if memo.stage == "recorded" or memo.id in self.readable:
            return
        self.readable.add(memo.id)
        self._left.append(memo)
        if len(self._left) > KEEP_OPEN:
            self._todo.put_nowait(self._left.popleft())

    async def work(self, name: str) -> None:
        """Close one memo after the other, until cancelled."""
        await self.subscribed.wait()
        while True:
            memo = await self._todo.get()
            answers = [await self._ask(memo, verb, name) for verb in VERBS]
            if answers[-1] == "accepted":
                self.closed.add(memo.id)
            self._todo.task_done()

    async def _ask(self, memo: Shown, verb: str, name: str) -> str:
        """Send a command and return the status of its answer; empty when none comes."""
        req = str(uuid.uuid4())
        command = {"req": req, "by": name, "memo": memo.id, "ts": datetime.now(UTC).isoformat()}
        self.sent[req], self._awaited[req] = verb, asyncio.Event()
        self._packets = self._packets % 65_535 + 1
        topic = _text(f"sipbot/1/test/client/{memo.client}/cmd/{verb}")
        payload = json.dumps({**command, **VERBS[verb]}).encode()
        began = time.monotonic()
        self._send(_framed(0x32, topic + self._packets.to_bytes(2) + payload))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SHOWN_WITHIN_S):
                await self._awaited[req].wait()
        del self._awaited[req]
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return self.answers[req][0].status if req in self.answers else ""

    async def rest(self, memos: Set[str], limit_s: float) -> None:
        """Wait until these were shown to be read, and nothing is left to be closed.

        What takes longer is found by the comparison afterwards.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not self.readable >= memos:
                    await asyncio.sleep(LOOK_EVERY_S)
                await self._todo.join()

    def rows(self, harm: str, in_ledger: set[str]) -> list[Promise]:
        """Judge the answers and the open list; `in_ledger` has the memos that are open there."""
        verbs = Counter(self.sent.values())
        statuses = Counter(
            f"{one.status} {one.code or ''}".strip()
            for answers in self.answers.values()
            for one in answers
        )
        return [
            Promise(
                harm=harm,
                promise="a command is answered once, and accepted",
                tries=len(self.sent),
                lost=sum(
                    all(one.status != "accepted" for one in self.answers.get(req, ()))
                    for req in self.sent
                ),
                duplicated=sum(len(answers) - 1 for answers in self.answers.values())
                + len(self.answers.keys() - self.sent.keys()),
                worst=round(self.slowest_s, 2),
                note=f"sent {_counted(verbs)}; answered {_counted(statuses)}",
            ),
            Promise(
                harm=harm,
                promise="a closed memo is cleared, and an open one is the ledger's",
                tries=len(self.readable | self.open),
                lost=len(self.closed & self.open) + len(self.open ^ in_ledger),
                worst=self.most_open,
                unit="open at once",
                note=f"{len(self.closed):,} closed, {len(self.open):,} open at the end",
            ),
        ]


def _counted(kinds: Counter[str]) -> str:
    return ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))


@contextlib.asynccontextmanager
async def on_duty(port: int) -> AsyncIterator[Desk]:
    """Let operators work at this broker while the block runs."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    desk = Desk(writer.write)
    try:
        writer.write(_connect("soak-operators"))
        writer.write(_subscribe((*MEMOS, ACKS)))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(desk.read(reader), name="operators' reader")]
            for number in range(OPERATORS):
                working = desk.work(f"operator-{number}")
                tasks.append(group.create_task(working, name=f"operator {number}"))
            try:
                await desk.subscribed.wait()
                yield desk
            finally:
                for task in tasks:
                    task.cancel()
    finally:
        writer.close()
