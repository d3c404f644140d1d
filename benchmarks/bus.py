"""A subscriber that notes when each memo arrives, by this process's monotonic clock."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 60.0
"""What has not come by then does not come; a run ends with an error and not with a wrong figure."""


class Arrival(msgspec.Struct, frozen=True):
    """A memo as it came."""

    at: float
    """Monotonic, seconds."""
    memo: dict[str, Any]

    @property
    def engine(self) -> str | None:
        """Which ear wrote the text."""
        engine: str | None = self.memo["recognition"]["engine"]
        return engine


class Bus:
    """What has arrived so far; belongs to the event loop it was made in."""

    def __init__(self) -> None:
        self.arrivals: dict[tuple[str, str], Arrival] = {}
        """(user part of From, stage) → the first memo of that call in that stage."""
        self.state = ""
        self._changed = asyncio.Event()

    def take(self, at: float, topic: str, payload: bytes | bytearray) -> None:
        """Note one message; called in the event loop."""
        if topic.endswith("/state"):
            self.state = json.loads(payload)["state"]
        elif payload:
            memo = json.loads(payload)
            user = memo["call"]["from"].removeprefix("sip:").partition("@")[0]
            self.arrivals.setdefault((user, memo["stage"]), Arrival(at, memo))
        self._changed.set()

    async def until(self, true: Callable[[], bool], what: str) -> None:
        """Wait until something is true.

        Raises:
            TimeoutError: it did not come; the message names it.
        """
        until = time.monotonic() + PATIENCE_S
        while not true():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), until - time.monotonic())
            except TimeoutError:
                raise TimeoutError(f"{what} did not come within {PATIENCE_S:g} s") from None

    async def memo(self, user: str, stage: str) -> Arrival:
        """Wait for the memo of a caller in a stage.

        Raises:
            TimeoutError: it did not come.
        """
        await self.until(lambda: (user, stage) in self.arrivals, f"memo of {user}, {stage}")
        return self.arrivals[user, stage]


@asynccontextmanager
async def subscribed(port: int) -> AsyncIterator[Bus]:
    """Listen to a broker on loopback with MQTT 3.1.1 and QoS 1."""
    loop = asyncio.get_running_loop()
    bus = Bus()
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)

    # paho's network thread.
    def hear(_client: paho.Client, _userdata: object, message: paho.MQTTMessage) -> None:
        at = time.monotonic()
        loop.call_soon_threadsafe(bus.take, at, message.topic, message.payload)

    client.on_message = hear
    client.connect("127.0.0.1", port)
    client.subscribe([("sipbot/1/+/state", 1), ("sipbot/1/+/client/+/memo/+", 1)])
    client.loop_start()
    try:
        yield bus
    finally:
        client.disconnect()
        client.loop_stop()
