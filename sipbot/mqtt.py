"""The session with the MQTT broker; only importer of aiomqtt.

MQTT 3.1.1 (aiomqtt 2.x, docs/decisions/0003-aiomqtt.md).  The session reconnects by itself, says
what it must be known by (state, info, alerts) at every connect and leaves the memos to the outbox.
paho's callbacks run in the event loop here: aiomqtt polls its socket from the loop.
"""

import asyncio
import math
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

import aiomqtt
import msgspec
import structlog

from sipbot import __version__
from sipbot.backoff import backoff_s
from sipbot.errors import FeedError
from sipbot.topics import (
    AlertPayload,
    InfoPayload,
    LivePayload,
    Numbers,
    Place,
    SiteState,
    StatePayload,
    Topics,
    says_lost,
)

ACK_TIMEOUT_S = 10.0
"""How long to wait for CONNACK and PUBACK; aiomqtt's own default."""

RECONNECT_BASE_S = 0.5
RECONNECT_CAP_S = 15.0
"""A broker that was restarted is back in a second; after a long outage the feed should be drained
within 30 s (acceptance D3), so the longest wait is half of that."""

_log = structlog.get_logger()


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker is and how to get in."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca_file: str | None = None
    """PEM file of the authority that signed the broker's certificate; None = the system's."""
    keepalive_s: int = 30

    def __repr__(self) -> str:
        """Hide the password, which would else end in a log."""
        return f"Broker({self.host}:{self.port})"


class Feed:
    """sipbot's side of the bus.  Publishes; reads only its own state topic.

    Args:
        broker: where it is.
        site: id of this site; also names the MQTT client (``sipbot-<site>``).
        boot: an id that is new at every start.
        on_session: called in the event loop after every connect; nudges the outbox.
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
        die: Callable[[], float] = random.random,
    ) -> None:
        self.connected = asyncio.Event()
        self.topics = Topics(site)
        self.on_session = on_session
        self._broker = broker
        self._tls = _tls_context(broker)
        self._die = die
        self._site = site
        self._boot = boot
        self._session = 0
        self._connected_at = datetime.now(UTC)
        self._client: aiomqtt.Client | None = None
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
            except* (aiomqtt.MqttError, FeedError) as group:
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

    async def works(self) -> bool:
        """See `sipbot.outbox.Publisher`."""
        return await self._say(self.topics.state, self._state.encode())

    # -- one connection --------------------------------------------------------------------------

    async def _live_once(self) -> None:
        self._connected_at = datetime.now(UTC)
        async with _open(self._broker, self._tls, f"sipbot-{self._site}", self._will()) as client:
            async with _in_time("SUBACK"):
                await client.subscribe(self.topics.state, qos=1)
            self._client = client
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read(client), name="mqtt reader")
                try:
                    await self._greet()
                    await self._stopping.wait()
                finally:
                    # Also when cancelled: a clean DISCONNECT discards the last will, so without
                    # these words the retained state would stay "ready" for ever.
                    if not reader.done():
                        self._lose()
                        await self._say_stopping(client)
                        reader.cancel()

    async def _greet(self) -> None:
        """Say everything others must know, then let the outbox in."""
        for topic in list(self._said):
            payload = self._said[topic]
            await self.publish(topic, payload, retain=True)
            if not payload and not self._said[topic]:
                del self._said[topic]
        await self.publish(self.topics.state, self._state.encode(), retain=True)
        if self._client is None:
            raise FeedError("the connection was closed together with the last PUBACK")
        self._session += 1
        self.connected.set()
        _log.info("broker connected", session=self._session)
        if self.on_session is not None:
            self.on_session()

    async def _read(self, client: aiomqtt.Client) -> None:
        """Watch for the loss of the connection, and for a last will that came late.

        A broker may notice a dead connection only after the next one stands; its "lost" would then
        be the last word on a site that is well.
        """
        try:
            async for message in client.messages:
                if message.topic.matches(self.topics.state) and says_lost(message.payload):
                    await self.publish(self.topics.state, self._state.encode(), retain=True)
        finally:
            self._lose()

    def _lose(self) -> None:
        """Fail every publish that is under way: its PUBACK will never come."""
        self.connected.clear()
        self._client = None
        for deadline in (one for one in self._deadlines if not one.expired()):
            deadline.reschedule(asyncio.get_running_loop().time())

    async def _say_stopping(self, client: aiomqtt.Client) -> None:
        payload = self._state_payload("stopping").encode()
        try:
            async with _in_time("PUBACK"):
                await client.publish(self.topics.state, payload, qos=1, retain=True)
        except aiomqtt.MqttError as error:
            _log.warning("could not say goodbye", error=str(error))

    async def _say(self, topic: str, payload: bytes) -> bool:
        """Publish what is said again at every connect; a failure now (False) is mended then."""
        if self._client is None:
            return False
        try:
            await self.publish(topic, payload, retain=True)
        except FeedError as error:
            _log.warning("will be said after reconnecting", topic=topic, error=str(error))
            return False
        return True

    async def publish(self, topic: str, data: bytes, *, qos: int = 1, retain: bool = False) -> None:
        """See `sipbot.masked_feed.Bus`."""
        client = self._client
        if client is None:
            raise FeedError("the broker is not connected")
        try:
            async with asyncio.timeout(ACK_TIMEOUT_S) as deadline:
                self._deadlines.add(deadline)
                try:
                    await client.publish(topic, data, qos=qos, retain=retain)
                finally:
                    self._deadlines.discard(deadline)
        except (TimeoutError, aiomqtt.MqttError) as error:
            raise FeedError(f"{topic}: {str(error) or 'no PUBACK from the broker'}") from error

    async def _stopped_within(self, wait_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._stopping.wait()

    def _will(self) -> aiomqtt.Will:
        # The will is fixed at CONNECT, hence the time of the connection, as Sparkplug 3.0 has it.
        lost = StatePayload(state="lost", boot=self._boot, ts=self._connected_at)
        return aiomqtt.Will(self.topics.state, lost.encode(), qos=1, retain=True)

    def _state_payload(
        self, state: SiteState, reasons: Sequence[str] = (), numbers: Numbers | None = None
    ) -> StatePayload:
        now = datetime.now(UTC)
        return StatePayload(
            state=state, boot=self._boot, ts=now, reasons=tuple(reasons), numbers=numbers
        )


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One message seen on the bus."""

    place: Place
    payload: bytes
    retained: bool
    """True for what was there before we came."""


async def watch(
    broker: Broker, site: str, client: str | None = None, subscribed: asyncio.Event | None = None
) -> AsyncGenerator[Watched, None]:
    """Yield the memos, events and calls of one client, or of all (None), as they come.

    Args:
        broker, site: where to listen, and whose feed.
        client: id of the client; None for all.
        subscribed: set once nothing that is published can be missed any more.

    Raises:
        FeedError: the broker cannot be reached, refused us or went away.
    """
    topics, every = Topics(site), Topics(site).everything_of(client)
    try:
        async with _open(broker, _tls_context(broker), None, None) as session:
            # Brokers bound what they queue for one subscriber with QoS 1, the open list too:
            # Mosquitto 2.0.11 showed 1,020 of 1,500 memos with its defaults, and all with QoS 0.
            for topic, qos in ((every[0], 0), *((topic, 1) for topic in every)):
                async with _in_time("SUBACK"):
                    await session.subscribe(topic, qos=qos)
            if subscribed is not None:
                subscribed.set()
            said = set[Watched]()
            async for message in session.messages:
                place, payload = topics.parse(message.topic.value), message.payload
                if place is not None and isinstance(payload, bytes):
                    seen = Watched(place=place, payload=payload, retained=bool(message.retain))
                    if seen not in said:  # what is retained comes to both subscriptions
                        yield seen
                    said |= {seen} if seen.retained else set()
    except aiomqtt.MqttError as error:
        raise _unreachable(broker, error) from error


async def reach(broker: Broker) -> None:
    """Connect as a client without a name or a will, and leave: can it be done?

    Raises:
        FeedError: the broker cannot be reached or refused us.
    """
    try:
        async with _open(broker, _tls_context(broker), None, None):
            return
    except aiomqtt.MqttError as error:
        raise _unreachable(broker, error) from error


@asynccontextmanager
async def _open(
    broker: Broker, tls: ssl.SSLContext | None, name: str | None, will: aiomqtt.Will | None
) -> AsyncIterator[aiomqtt.Client]:
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=name,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        keepalive=broker.keepalive_s,
        # aiomqtt's limits use asyncio.wait_for, which on Python 3.11 swallows a cancellation that
        # comes together with the answer: sipbot would never end.  `_in_time` bounds instead.
        timeout=math.inf,
        tls_context=tls,
        will=will,
    )
    stack = AsyncExitStack()
    async with _in_time("CONNACK"):
        await stack.enter_async_context(client)
    try:
        yield client
    finally:
        async with _in_time("end of the connection"):
            await stack.aclose()


@asynccontextmanager
async def _in_time(what: str) -> AsyncIterator[None]:
    """Bound how long the broker may take to answer."""
    try:
        async with asyncio.timeout(ACK_TIMEOUT_S):
            yield
    except TimeoutError as error:
        raise aiomqtt.MqttError(f"no {what} within {ACK_TIMEOUT_S:.0f} s") from error


def _unreachable(broker: Broker, error: aiomqtt.MqttError) -> FeedError:
    return FeedError(
        f"broker {broker.host}:{broker.port}: {error}. Is it running (the embedded one runs with "
        "sipbot), and are mqtt.host, mqtt.port, mqtt.username and mqtt.password right?"
    )


def _tls_context(broker: Broker) -> ssl.SSLContext | None:
    if not broker.tls:
        return None
    try:
        return ssl.create_default_context(cafile=broker.ca_file)
    except OSError as error:
        raise FeedError(
            f"mqtt.ca_file = {broker.ca_file}: {error}: name a PEM file with the certificate of "
            "the authority that signed the broker's"
        ) from error
