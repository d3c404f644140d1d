"""Operators: what they were shown, by a subscriber of our own and by mosquitto_sub.

An operator follows the contract of ``docs/mqtt.md`` and nothing else: who knows (memo, rev), or a
higher rev of the memo, drops what comes again; who loses the connection comes back and subscribes
again.  The subscriber of our own speaks MQTT 3.1.1 by the standard library: it is back within
milliseconds, before a publisher that backs off, and so misses no event of a broker that is back.
"""

import asyncio
import contextlib
import itertools
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence

import msgspec

from tests.brokers import PATIENCE_S, publish

MEMOS = ("sipbot/1/test/client/+/memo/+",)
"""The open list of all clients of the site ``test``."""

EVERYTHING = (*MEMOS, "sipbot/1/test/client/+/feed")
"""What operators of all clients of the site ``test`` subscribe to."""

KNOCK_EVERY_S = 0.005
"""Between two attempts to connect; a publisher waits 0.25 s at least (sipbot/mqtt.py)."""

QUIET_S = 5.0
"""A broker that has sent nothing for so long has nothing more to send; it is on loopback."""

SHOWN_WITHIN_S = 120.0
"""What an operator has not been shown by then is lost; after a reconnect thousands of memos are
said again before the new ones."""

LINE_BYTES = 8_000_000
"""Longer than any memo (sipbot/lines.py) as one line of mosquitto_sub."""

_numbers = itertools.count()


class Call(msgspec.Struct, frozen=True):
    """Of a memo: which call left it."""

    id: str
    from_: str = msgspec.field(name="from")

    @property
    def user(self) -> str:
        """The user part of From, which the harness has chosen."""
        return self.from_.removeprefix("sip:").partition("@")[0]


class Shown(msgspec.Struct, frozen=True):
    """Of a memo: what the harness compares."""

    id: str
    rev: int
    client: str
    call: Call


class Event(msgspec.Struct, frozen=True):
    """Of the feed: what the harness compares."""

    type: str
    memo: str
    rev: int
    seq: int


_memos = msgspec.json.Decoder(Shown)
_events = msgspec.json.Decoder(Event)


class Journal:
    """What one operator was shown, in the order it came; known revisions are dropped."""

    def __init__(self) -> None:
        self.memos: dict[str, Shown] = {}
        """Memo id to the highest revision shown."""
        self.first_at: dict[str, float] = {}
        """Memo id to when it was shown first; monotonic, seconds."""
        self.repeated = 0
        """Revisions that came though they were known, as the contract allows."""
        self.contradictions: list[str] = []
        """Known revisions that came again with other words, which nothing allows."""
        self.events: dict[str, list[Event]] = {}
        """Client to its events that were not known."""
        self.early: list[Event] = []
        """Events that came before their memo, which nobody could read then."""
        self.cleared: set[str] = set()
        """Topics of memos that were cleared."""
        self.last_at = time.monotonic()
        self._words: dict[tuple[str, int], bytes] = {}
        self._told: set[tuple[str, int]] = set()

    def take(self, topic: str, payload: bytes) -> None:
        """Note one message."""
        self.last_at = time.monotonic()
        client, kind = topic.split("/")[4:6]
        if kind == "feed":
            self._hear(client, _events.decode(payload))
        elif payload:
            self._read(_memos.decode(payload), payload)
        else:
            self.cleared.add(topic)

    def _read(self, memo: Shown, payload: bytes) -> None:
        known = self._words.setdefault((memo.id, memo.rev), payload)
        if known is not payload:
            self.repeated += 1
            if known != payload and json.loads(known) != json.loads(payload):
                self.contradictions.append(memo.id)
        best = self.memos.get(memo.id)
        if best is None or memo.rev > best.rev:
            self.memos[memo.id] = memo
        self.first_at.setdefault(memo.id, self.last_at)

    def _hear(self, client: str, event: Event) -> None:
        if (event.memo, event.rev) in self._told:
            return
        self._told.add((event.memo, event.rev))
        self.events.setdefault(client, []).append(event)
        best = self.memos.get(event.memo)
        if best is None or best.rev < event.rev:
            self.early.append(event)

    def users(self) -> list[str]:
        """The caller of each memo, once for each memo."""
        return [memo.call.user for memo in self.memos.values()]

    def revs(self) -> dict[str, int]:
        """Memo id to the highest revision shown."""
        return {memo.id: memo.rev for memo in self.memos.values()}


class Compared(msgspec.Struct, frozen=True):
    """What was accepted, against what was shown."""

    lost: int
    """Accepted and never shown."""
    duplicated: int
    """Shown more than once, each time more counted."""


def compare(accepted: Iterable[str], shown: Sequence[str]) -> Compared:
    """Compare the journal of acceptances with the memos that were shown, caller by caller."""
    seen = set(shown)
    lost = sum(user not in seen for user in accepted)
    return Compared(lost=lost, duplicated=len(shown) - len(seen))


def disorder(seqs: Sequence[int]) -> int:
    """Count the places where an event is not the successor of the one before, from 1 on."""
    return sum(now != before + 1 for before, now in itertools.pairwise([0, *seqs]))


async def settled(journal: Journal, wanted: int, limit_s: float) -> None:
    """Return when so many memos were shown, or nothing comes any more."""
    deadline = time.monotonic() + limit_s
    while len(journal.memos) < wanted and time.monotonic() < deadline:
        if time.monotonic() - journal.last_at > QUIET_S:
            return
        await asyncio.sleep(0.05)


# -- a subscriber of our own ---------------------------------------------------------------------


@contextlib.asynccontextmanager
async def subscriber(port: int, journal: Journal) -> AsyncIterator[None]:
    """Subscribe to everything as soon as there is a broker, and again whenever there is one."""
    async with asyncio.TaskGroup() as group:
        staying = group.create_task(_stay(port, journal), name="operator")
        try:
            yield
        finally:
            staying.cancel()


async def _stay(port: int, journal: Journal) -> None:
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await _session(port, journal)
        await asyncio.sleep(KNOCK_EVERY_S)


async def _session(port: int, journal: Journal) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_connect(f"operator-{os.getpid()}-{next(_numbers)}"))
        writer.write(_subscribe(EVERYTHING))
        while True:
            head, body = await _packet(reader)
            if head >> 4 == 3:  # PUBLISH
                topic_end = 2 + int.from_bytes(body[:2])
                qos = head >> 1 & 3
                if qos:
                    writer.write(b"\x40\x02" + body[topic_end : topic_end + 2])  # PUBACK
                journal.take(body[2:topic_end].decode(), body[topic_end + (2 if qos else 0) :])
    finally:
        writer.close()


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the first byte and the body of the next control packet (MQTT 3.1.1, section 2.2)."""
    head = (await reader.readexactly(1))[0]
    length = shift = 0
    while (byte := (await reader.readexactly(1))[0]) & 0x80:
        length, shift = length | (byte & 0x7F) << shift, shift + 7
    return head, await reader.readexactly(length | byte << shift)


def _connect(name: str) -> bytes:
    # Version 4 is MQTT 3.1.1; a clean session; no keep-alive, for loopback needs none.
    return _framed(0x10, _text("MQTT") + b"\x04\x02\x00\x00" + _text(name))


def _subscribe(filters: Sequence[str]) -> bytes:
    return _framed(0x82, b"\x00\x01" + b"".join(_text(one) + b"\x01" for one in filters))


def _framed(head: int, body: bytes) -> bytes:
    assert len(body) < 128 * 128
    length = [len(body)] if len(body) < 128 else [len(body) % 128 | 0x80, len(body) // 128]
    return bytes([head, *length]) + body


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2) + text.encode()


# -- mosquitto_sub -------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def mosquitto_sub(
    port: int, journal: Journal, *options: str, filters: Sequence[str] = EVERYTHING
) -> AsyncIterator[None]:
    """Run mosquitto_sub, which comes back by itself when the broker does; options go to it."""
    argv = _mosquitto_sub(port, filters, *options, "-F", "%t\t%p")
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=LINE_BYTES
    )
    try:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(_pump(process, journal), name="mosquitto_sub")
            try:
                yield
            finally:
                reading.cancel()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def open_list(port: int, client: str, wanted: int, limit_s: float) -> Journal:
    """Return everything that is retained for an operator of one client who comes now."""
    journal = Journal()
    base = f"sipbot/1/test/client/{client}/memo"
    async with mosquitto_sub(port, journal, filters=[f"{base}/+"]):
        await settled(journal, wanted, limit_s)
        # What comes now is behind all that is retained.
        await publish(port, f"{base}/end", "")
        async with asyncio.timeout(PATIENCE_S):
            while f"{base}/end" not in journal.cleared:
                await asyncio.sleep(0.01)
    return journal


async def introduce(port: int, name: str) -> None:
    """Subscribe to everything with a persistent session, and leave at once."""
    argv = _mosquitto_sub(port, EVERYTHING, "-c", "-i", name, "-E")
    process = await asyncio.create_subprocess_exec(*argv)
    async with asyncio.timeout(PATIENCE_S):
        code = await process.wait()
    assert code == 0, f"mosquitto_sub ended with {code}"


def _mosquitto_sub(port: int, filters: Sequence[str], *options: str) -> list[str]:
    wanted = [word for one in filters for word in ("-t", one)]
    return [
        *["mosquitto_sub", "-V", "mqttv311", "-h", "127.0.0.1", "-p", str(port), "-q", "1"],
        *[*wanted, *options],
    ]


async def _pump(process: asyncio.subprocess.Process, journal: Journal) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        topic, payload = line.rstrip(b"\n").split(b"\t", 1)
        journal.take(topic.decode(), payload)


@contextlib.asynccontextmanager
async def heard_on_the_bus(
    port: int, topics: str, form: str, hear: Callable[[bytes], None]
) -> AsyncIterator[None]:
    """Subscribe as operators do, while the block runs.

    Args:
        port: the broker's.
        topics: filter.
        form: what a line has, in the words of `mosquitto_sub -F`.
        hear: takes a line, its end included.
    """
    process = await asyncio.create_subprocess_exec(
        *["mosquitto_sub", "-V", "mqttv311", "-h", "127.0.0.1", "-p", str(port), "-q", "1"],
        *["-F", form, "-t", topics],
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 24,
    )
    assert process.stdout is not None
    stdout = process.stdout

    async def read() -> None:
        async for line in stdout:
            hear(line)

    reading = asyncio.create_task(read())
    try:
        yield
    finally:
        process.kill()
        await process.wait()
        await reading
