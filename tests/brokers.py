"""Real brokers and a real subscriber for the tests, all on loopback, all ended by their pid."""

import asyncio
import contextlib
import json
import sys
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from sipbot.link import Broker
from tests.free_ports import free_ports

ROOT = Path(__file__).parent.parent
PATIENCE_S = 30.0
"""Something that never comes fails the test after this; nothing is expected to take it."""

Kind = Literal["mosquitto", "embedded"]


class Heard(msgspec.Struct, frozen=True):
    """One message as mosquitto_sub printed it."""

    topic: str
    retained: bool
    payload: str

    @property
    def json(self) -> Any:
        """The payload."""
        return json.loads(self.payload)


class RunningBroker:
    """A broker that can be killed and started again on its port."""

    def __init__(self, kind: Kind, *options: str) -> None:
        self.kind = kind
        self.options = options
        self.port = free_ports()
        self.process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> Broker:
        return Broker(host="127.0.0.1", port=self.port, keepalive_s=30)

    async def start(self) -> None:
        if self.kind == "mosquitto":
            argv = ["mosquitto", "-p", str(self.port)]
        else:
            argv = [sys.executable, "-m", "sipbot.broker", "--port", str(self.port)]
        self.process = await asyncio.create_subprocess_exec(
            *argv,
            *self.options,
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        # Mosquitto also tells, before it listens, that clients "running on this machine" may come.
        says, word = (
            (self.process.stderr, b" running\n")
            if self.kind == "mosquitto"
            else (self.process.stdout, b"ready")
        )
        assert says is not None
        async with asyncio.timeout(PATIENCE_S):
            while word not in (line := await says.readline()):
                assert line, f"{argv[0]} ended before it was ready"

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()


@contextlib.asynccontextmanager
async def running(kind: Kind, *options: str) -> AsyncIterator[RunningBroker]:
    broker = RunningBroker(kind, *options)
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()


class Subscriber:
    """mosquitto_sub, read message by message."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._early = deque[str]()

    async def subscribed(self) -> None:
        """Wait until the broker has said that it will send; some send what is retained before."""
        while not (line := await self._line()).startswith("Subscribed "):
            if "\t" in line:
                self._early.append(line)

    async def next(self) -> Heard:
        """Return the next message."""
        line = self._early.popleft() if self._early else ""
        while "\t" not in line:
            line = await self._line()
        topic, retained, payload = line.split("\t", 2)
        return Heard(topic, retained == "1", payload)

    async def _line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = (await self._process.stdout.readline()).decode()
        assert line, "mosquitto_sub ended"
        return line.rstrip("\n")

    async def until(self, word: str) -> list[Heard]:
        """Return the messages up to the one whose topic or payload has this word."""
        messages = [await self.next()]
        while word not in messages[-1].topic and word not in messages[-1].payload:
            messages.append(await self.next())
        return messages


@contextlib.asynccontextmanager
async def subscribed(port: int, *topics: str, user: str = "") -> AsyncIterator[Subscriber]:
    """Subscribe with MQTT 3.1.1 and QoS 1; what is published from then on is heard."""
    filters = [word for topic in topics for word in ("-t", topic)]
    filters += ["-u", user] if user else []
    process = await asyncio.create_subprocess_exec(
        # -d: it tells of the SUBACK, between the messages and without a tab; stdbuf: at once.
        *["stdbuf", "-oL"],
        *["mosquitto_sub", "-d", "-V", "mqttv311", "-h", "127.0.0.1", "-p", str(port), "-q", "1"],
        *["-F", "%t\t%r\t%p", *filters],
        stdout=asyncio.subprocess.PIPE,
    )
    subscriber = Subscriber(process)
    try:
        await subscriber.subscribed()
        yield subscriber
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def publish(port: int, topic: str, payload: str, *options: str) -> None:
    """Publish with QoS 1 and wait for PUBACK."""
    process = await asyncio.create_subprocess_exec(
        *["mosquitto_pub", "-V", "mqttv311", "-h", "127.0.0.1", "-p", str(port), "-q", "1"],
        *["-t", topic, "-m", payload, *options],
    )
    assert await process.wait() == 0
