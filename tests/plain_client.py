"""An MQTT 3.1.1 client by the standard library: what any operator's program may be.

It knows nothing of sipbot's own client, subscribes and unsubscribes for each answer, and takes a
fraction of a millisecond a message, so that dozens of operators fit into one test.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import AsyncIterator, Callable

PATIENCE_S = 300.0
"""An acknowledgement that never comes fails the test after this."""

_PUBLISH, _PUBACK, _SUBACK, _UNSUBACK, _CONNACK = 3, 4, 9, 11, 2

_numbers = itertools.count()


class PlainClient:
    """A connection; from `plain_client`.

    Args:
        reader, writer: of the connection.
        hear: called with topic and payload of every message.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        hear: Callable[[str, bytes], None],
    ) -> None:
        self._reader, self._writer, self._hear = reader, writer, hear
        self._ids = itertools.cycle(range(1, 65_536))
        self._waiting: dict[tuple[int, int], asyncio.Future[None]] = {}

    async def connect(self) -> None:
        """Say hello with a clean session and without keep-alive, which loopback does not need."""
        name = _text(f"plain-{os.getpid()}-{next(_numbers)}")
        self._writer.write(_framed(0x10, _text("MQTT") + b"\x04\x02\x00\x00" + name))
        await self._acknowledged(_CONNACK, 0)

    async def subscribe(self, topic: str) -> None:
        """Subscribe with QoS 1."""
        number = next(self._ids)
        self._writer.write(_framed(0x82, number.to_bytes(2) + _text(topic) + b"\x01"))
        await self._acknowledged(_SUBACK, number)

    async def unsubscribe(self, topic: str) -> None:
        number = next(self._ids)
        self._writer.write(_framed(0xA2, number.to_bytes(2) + _text(topic)))
        await self._acknowledged(_UNSUBACK, number)

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the PUBACK."""
        number = next(self._ids)
        body = _text(topic) + number.to_bytes(2) + payload
        self._writer.write(_framed(0x33 if retain else 0x32, body))
        await self._acknowledged(_PUBACK, number)

    async def _acknowledged(self, kind: int, number: int) -> None:
        waiting = self._waiting[kind, number] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(PATIENCE_S):
            await waiting

    async def read(self) -> None:
        """Read until cancelled."""
        while True:
            head, body = await self._packet()
            kind = head >> 4
            if kind == _PUBLISH:
                end = 2 + int.from_bytes(body[:2])
                qos = head >> 1 & 3
                if qos:
                    self._writer.write(b"\x40\x02" + body[end : end + 2])
                self._hear(body[2:end].decode(), body[end + (2 if qos else 0) :])
                continue
            number = 0 if kind == _CONNACK else int.from_bytes(body[:2])
            waiting = self._waiting.pop((kind, number), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(None)

    async def _packet(self) -> tuple[int, bytes]:
        """Return the first byte and the body of the next control packet (MQTT 3.1.1, 2.2)."""
        head = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while (byte := (await self._reader.readexactly(1))[0]) & 0x80:
            length, shift = length | (byte & 0x7F) << shift, shift + 7
        return head, await self._reader.readexactly(length | byte << shift)


@contextlib.asynccontextmanager
async def plain_client(port: int, hear: Callable[[str, bytes], None]) -> AsyncIterator[PlainClient]:
    """Connect to a broker on this machine; disconnect at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    client = PlainClient(reader, writer, hear)
    try:
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(client.read(), name="plain client")
            try:
                await client.connect()
                yield client
                writer.write(b"\xe0\x00")  # DISCONNECT
                await writer.drain()
            finally:
                reading.cancel()
    finally:
        writer.close()


def _framed(head: int, body: bytes) -> bytes:
    length = bytearray()
    rest = len(body)
    while True:
        rest, seven = rest >> 7, rest & 0x7F
        length.append(seven | (0x80 if rest else 0))
        if not rest:
            return bytes([head, *length]) + body


def _text(text: str) -> bytes:
    return len(text.encode()).to_bytes(2) + text.encode()
