"""The session with the MQTT broker: what sipbot says and hears on the bus.

Data path: outbox -> [mqtt] -> link -> broker, and back: broker -> link -> [mqtt] -> desk

The session reconnects by itself, says what it must be known by (state, info, alerts) at every
connect and leaves the memos to the outbox, the commands to the desk.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import structlog

from sipbot import __version__
from sipbot.backoff import backoff_s
from sipbot.errors import DeafError, FeedError
from sipbot.link import ACK_TIMEOUT_S, Broker, Heard, Link, Will, in_time, open_link, tls_context
from sipbot.topics import (
    AlertPayload,
    InfoPayload,
    LivePayload,
    Numbers,
    SiteState,
    StatePayload,
    Topics,
    says_lost,
)

__all__ = ["ACK_TIMEOUT_S", "RECONNECT_BASE_S", "RECONNECT_CAP_S", "Broker", "Feed"]

RECONNECT_BASE_S = 0.5
RECONNECT_CAP_S = 15.0
"""A broker that was restarted is back in a second; after a long outage the feed should be drained
within 30 s (acceptance D3), so the longest wait is half of that."""

_log = structlog.get_logger()


class Feed:
    """sipbot's side of the bus.  Publishes; reads its own state topic and operators' commands.

    Args:
        broker: where it is.
        site: id of this site; also names the MQTT client (``sipbot-<site>``).
        boot: an id that is new at every start.
        on_session: called in the event loop after every connect; nudges the outbox.
        on_command: called in the event loop with everything that comes to a command's topic, and
            to acknowledge it; what it returns is awaited before anything more is read.  None when
            nobody obeys.
        die: a random number, 0 <= die < 1, for the jitter of reconnects.

    Raises:
        FeedError: the authority's certificate cannot be read.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        site: str,
        boot: str,
        on_session: Callable[[], None] | None = None,
        on_command: Callable[[Heard], Awaitable[object] | None] | None = None,
        die: Callable[[], float] = random.random,
    ) -> None:
        self.connected = asyncio.Event()
        self.topics = Topics(site)
        self.on_session = on_session
        self.deaf: str | None = None
        """Why no command is heard; None when all are."""
        self.on_deaf: Callable[[str | None], None] | None = None
        """Called in the event loop at every connect with `deaf`."""
        self._on_command = on_command
        self._broker = broker
        self._tls = tls_context(broker)
        self._die = die
        self._site = site
        self._boot = boot
        self._session = 0
        self._connected_at = datetime.now(UTC)
        self._link: Link | None = None
        self._stopping = asyncio.Event()
        self._deadlines: set[asyncio.Timeout] = set()
        # Nobody has looked yet whether a caller would be answered.
        self._state = self._state_payload("degraded", ("starting",))
        self._said: dict[str, bytes] = {}
        self.set_clients({})

    @property
    def session(self) -> int:
        """Number of the present connection; rises with every reconnect."""
        return self._session

    async def run(self) -> None:
        """Stay connected until `stop` is called or the task is cancelled."""
        failures = 0
        while not self._stopping.is_set():
            before = self._session
            try:
                await self._live_once()
            except* FeedError as group:
                failures = 1 if self._session > before else failures + 1
                wait_s = backoff_s(
                    failures, base_s=RECONNECT_BASE_S, cap_s=RECONNECT_CAP_S, die=self._die()
                )
                _log.warning(
                    "broker not reachable",
                    broker=f"{self._broker.host}:{self._broker.port}",
                    error=str(group.exceptions[0]),
                    wait_s=round(wait_s, 1),
                )
                await self._stopped_within(wait_s)

    def stop(self) -> None:
        """Say ``stopping`` and let `run` return."""
        self._stopping.set()

    async def set_state(
        self, state: SiteState, reasons: Sequence[str] = (), numbers: Numbers | None = None
    ) -> None:
        """Say how the site is, now or as soon as the broker is there."""
        self._state = self._state_payload(state, reasons, numbers)
        await self._say(self.topics.state, self._state.encode())

    def set_clients(self, hashes: Mapping[str, str]) -> None:
        """Set what ``info`` says at the next connect: client id to SHA-256 of its dialplan."""
        now = datetime.now(UTC)
        info = InfoPayload(version=__version__, boot=self._boot, ts=now, clients=hashes)
        self._said[self.topics.info] = info.encode()

    async def say_clients(self, hashes: Mapping[str, str]) -> None:
        """Say anew which forms are in force, now or as soon as the broker is there."""
        self.set_clients(hashes)
        await self._say(self.topics.info, self._said[self.topics.info])

    async def alert(self, alert: str, payload: AlertPayload | None) -> None:
        """Raise an alert, or clear it (None), now or as soon as the broker is there."""
        topic = self.topics.alert(alert)
        self._said[topic] = b"" if payload is None else payload.encode()
        await self._say(topic, self._said[topic])

    async def live(self, client: str, call: str, payload: LivePayload) -> None:
        """Tell how a call goes; best effort (QoS 0), dropped while the broker is away."""
        if not self.connected.is_set():
            return
        try:
            await self.publish(self.topics.live(client, call), payload.encode(), qos=0)
        except FeedError as error:
            _log.debug("live event dropped", call=call, error=str(error))

    async def publish_memo(self, client: str, memo: str, payload: bytes) -> None:
        """See `sipbot.outbox.Publisher`."""
        await self.publish(self.topics.memo(client, memo), payload, retain=True)

    async def publish_feed(self, client: str, payload: bytes) -> None:
        """See `sipbot.outbox.Publisher`."""
        await self.publish(self.topics.feed(client), payload)

    async def publish_answer(self, client: str, req: str, payload: bytes) -> None:
        """See `sipbot.outbox.Publisher`."""
        await self.publish(self.topics.answer(client, req), payload)

    async def stats(self, client: str, period: str, payload: bytes) -> None:
        """See `sipbot.service_watch.Bus`."""
        await self.publish(self.topics.stats(client, period), payload, retain=True)

    async def works(self) -> bool:
        """See `sipbot.outbox.Publisher`."""
        return await self._say(self.topics.state, self._state.encode())

    # -- one connection --------------------------------------------------------------------------

    async def _live_once(self) -> None:
        self._connected_at = datetime.now(UTC)
        async with open_link(
            self._broker,
            self._tls,
            name=f"sipbot-{self._site}",
            will=self._will(),
            # Commands that come while we are away, or that we have not acknowledged, come then.
            keep=self._broker.outlives_us,
        ) as link:
            await self._listen(link)
            self._link = link
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read(link), name="mqtt reader")
                try:
                    await self._greet()
                    await self._stopping.wait()
                finally:
                    # Also when cancelled: a clean DISCONNECT discards the last will, so without
                    # these words the retained state would stay "ready" for ever.
                    if not reader.done():
                        link.read_on()  # the PUBACK of the last words, too
                        self._lose()
                        await self._say_stopping(link)
                        reader.cancel()

    async def _listen(self, link: Link) -> None:
        """Subscribe; a broker that lets us read nothing is still one to publish on."""
        try:
            await link.subscribe(self.topics.state, qos=1)
        except DeafError as error:
            _log.warning("a last will that comes late stays uncorrected", problem=str(error))
        if self._on_command is None:
            return
        self.deaf = None
        try:
            for topic in self.topics.commands:
                await link.subscribe(topic, qos=1)
        except DeafError as error:
            self.deaf = str(error)
            _log.error("no command of an operator is heard", problem=self.deaf)
        if self.on_deaf is not None:
            self.on_deaf(self.deaf)

    async def _greet(self) -> None:
        """Say everything others must know, then let the outbox in."""
        for topic in list(self._said):
            payload = self._said[topic]
            await self.publish(topic, payload, retain=True)
            if not payload and not self._said[topic]:
                del self._said[topic]
        await self.publish(self.topics.state, self._state.encode(), retain=True)
        if self._link is None:
            raise FeedError("the connection was closed together with the last PUBACK")
        self._session += 1
        self.connected.set()
        _log.info("broker connected", session=self._session)
        if self.on_session is not None:
            self.on_session()

    async def _read(self, link: Link) -> None:
        """Watch for commands, the loss of the connection, and a last will that came late.

        A broker may notice a dead connection only after the next one stands; its "lost" would then
        be the last word on a site that is well.
        """
        try:
            async for heard in link.messages():
                if heard.topic != self.topics.state and self._on_command is not None:
                    room = self._on_command(heard)
                    if room is not None:
                        await _pause(link, room)
                    continue
                if heard.topic == self.topics.state and says_lost(heard.payload):
                    await self.publish(self.topics.state, self._state.encode(), retain=True)
                heard.acknowledge()
        finally:
            self._lose()

    def _lose(self) -> None:
        """Fail every publish that is under way: its PUBACK will never come."""
        self.connected.clear()
        self._link = None
        for deadline in (one for one in self._deadlines if not one.expired()):
            deadline.reschedule(asyncio.get_running_loop().time())

    async def _say_stopping(self, link: Link) -> None:
        payload = self._state_payload("stopping").encode()
        try:
            async with in_time("PUBACK"):
                await link.publish(self.topics.state, payload, qos=1, retain=True)
        except FeedError as error:
            _log.warning("could not say goodbye", error=str(error))

    async def _say(self, topic: str, payload: bytes) -> bool:
        """Publish what is said again at every connect; a failure now (False) is mended then."""
        if self._link is None:
            return False
        try:
            await self.publish(topic, payload, retain=True)
        except FeedError as error:
            _log.warning("will be said after reconnecting", topic=topic, error=str(error))
            return False
        return True

    async def publish(self, topic: str, data: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """See `sipbot.masked_feed.Bus`."""
        link = self._link
        if link is None:
            raise FeedError("the broker is not connected")
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S) as deadline:
                self._deadlines.add(deadline)
                try:
                    await link.publish(topic, data, qos=qos, retain=retain)
                finally:
                    self._deadlines.discard(deadline)
        except (TimeoutError, FeedError) as error:
            raise FeedError(f"{topic}: {str(error) or 'no PUBACK from the broker'}") from error

    async def _stopped_within(self, wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._stopping.wait()

    def _will(self) -> Will:
        # The will is fixed at CONNECT, hence the time of the connection, as Sparkplug 3.0 has it.
        lost = StatePayload(state="lost", boot=self._boot, ts=self._connected_at)
        return Will(topic=self.topics.state, payload=lost.encode())

    def _state_payload(
        self, state: SiteState, reasons: Sequence[str] = (), numbers: Numbers | None = None
    ) -> StatePayload:
        now = datetime.now(UTC)
        return StatePayload(
            state=state, boot=self._boot, ts=now, reasons=tuple(reasons), numbers=numbers
        )


async def _pause(link: Link, room: Awaitable[object]) -> None:
    _log.warning("too many commands wait for the ledger; nothing is read from the broker")
    link.stop_reading()
    try:
        await room
    finally:
        link.read_on()
    _log.info("there is room for commands again")
