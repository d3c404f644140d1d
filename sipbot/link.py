"""One connection with an MQTT broker; only importer of aiomqtt.

MQTT 3.1.1 (aiomqtt 2.x, docs/decisions/0003-aiomqtt.md).  Whatever goes wrong is a FeedError.
paho's callbacks run in the event loop here: aiomqtt polls its socket from the loop.
"""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import aiomqtt
import msgspec

from sipbot.errors import DeafError, FeedError

REFUSED = 0x80
"""SUBACK code of a subscription that failed (MQTT 3.1.1, section 3.9.3); MQTT 5 has more above."""

ACK_TIMEOUT_S = 10.0
"""How long to wait for CONNACK and PUBACK; aiomqtt's own default."""


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
    outlives_us: bool = False
    """Whether it may keep sipbot's session while sipbot is away; the embedded one ends with us."""

    def __repr__(self) -> str:
        """Hide the password, which would else end in a log."""
        return f"Broker({self.host}:{self.port})"


class Will(msgspec.Struct, frozen=True, kw_only=True):
    """What the broker says, retained, when the connection dies."""

    topic: str
    payload: bytes


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One message that came."""

    topic: str
    payload: bytes
    retained: bool
    """True for what was there before the subscription."""
    acknowledge: Callable[[], None]
    """To be called once it cannot get lost any more; until then a broker that keeps the session
    sends it again at the next connect.  Does nothing where there is nothing to acknowledge."""


class Link:
    """A connection that stands; from `open_link`."""

    def __init__(self, client: aiomqtt.Client) -> None:
        self._client = client
        self._held = False

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool) -> None:
        """Publish and wait for the broker's acknowledgement, however long.

        Raises:
            FeedError: the connection is closed.
        """
        with _feed_errors():
            await self._client.publish(topic, payload, qos=qos, retain=retain)

    async def subscribe(self, topic: str, *, qos: int) -> None:
        """Subscribe and wait for the broker's acknowledgement.

        Raises:
            DeafError: the broker refuses it.
            FeedError: the connection is closed, or there is no acknowledgement in time.
        """
        async with in_time("SUBACK"):
            with _feed_errors():
                codes = await self._client.subscribe(topic, qos=qos)
        # aiomqtt hands the refusal on without a word.
        if any((code if isinstance(code, int) else code.value) >= REFUSED for code in codes):
            raise DeafError(f"the broker does not let us read {topic}: allow it in its ACL")

    async def messages(self) -> AsyncIterator[Heard]:
        """Yield what comes.

        Raises:
            FeedError: the connection was lost.
        """
        with _feed_errors():
            async for message in self._client.messages:
                payload = message.payload
                yield Heard(
                    topic=message.topic.value,
                    payload=payload if isinstance(payload, bytes) else b"",
                    retained=bool(message.retain),
                    # paho drops an acknowledgement for a connection that is closed.
                    acknowledge=partial(self._paho.ack, message.mid, message.qos),
                )

    @property
    def _paho(self) -> Any:  # noqa: ANN401 - paho's client, whose types aiomqtt does not hand on
        # aiomqtt 2.5 has no way to acknowledge by hand; docs/decisions/0003-aiomqtt.md.
        return self._client._client  # noqa: SLF001

    def stop_reading(self) -> None:
        """Read nothing from the broker until `read_on`: it has to wait.

        Acknowledgements of what we publish wait as well, and after a minute without a word of the
        broker's the connection counts as dead (keep-alive, MQTT 3.1.1, section 3.1.2.10).
        """
        sock, self._held = self._paho.socket(), True
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock.fileno())

    def read_on(self) -> None:
        """End what `stop_reading` has begun, if it has and the connection still stands."""
        sock, held = self._paho.socket(), self._held
        self._held = False
        if held and sock is not None:
            asyncio.get_running_loop().add_reader(sock.fileno(), self._read)
            self._read()  # what TLS has decoded already makes no socket readable

    # Event loop, whenever there is something to read: as aiomqtt's own, which has no way to pause.
    def _read(self) -> None:
        sock = self._paho.socket()
        self._paho.loop_read()
        while isinstance(sock, ssl.SSLSocket) and sock.pending():
            self._paho.loop_read()

    def acknowledge_by_hand(self) -> None:
        """Leave it to the receiver of each message when it is acknowledged."""
        self._paho.manual_ack_set(True)  # noqa: FBT003 - paho's only argument


@asynccontextmanager
async def open_link(
    broker: Broker,
    tls: ssl.SSLContext | None,
    *,
    name: str | None = None,
    will: Will | None = None,
    keep: bool = False,
) -> AsyncIterator[Link]:
    """Connect; disconnect at the end.

    Args:
        broker: where it is.
        tls: from `tls_context`.
        name: the MQTT client's; None for any.
        will: what to say for us when we die.
        keep: the broker keeps subscriptions and what it could not deliver, by `name`; messages
            are then acknowledged by hand.

    Raises:
        FeedError: the broker cannot be reached or refuses us.
    """
    last = None if will is None else aiomqtt.Will(will.topic, will.payload, qos=1, retain=True)
    client = aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=name,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=not keep,
        keepalive=broker.keepalive_s,
        # aiomqtt's limits use asyncio.wait_for, which on Python 3.11 swallows a cancellation that
        # comes together with the answer: sipbot would never end.  `in_time` bounds instead.
        timeout=math.inf,
        tls_context=tls,
        will=last,
    )
    link, stack = Link(client), AsyncExitStack()
    if keep:
        link.acknowledge_by_hand()
    async with in_time("CONNACK"):
        with _feed_errors():
            await stack.enter_async_context(client)
    try:
        yield link
    finally:
        async with in_time("end of the connection"):
            with _feed_errors():
                await stack.aclose()


@asynccontextmanager
async def in_time(what: str) -> AsyncIterator[None]:
    """Bound how long the broker may take to answer.

    Raises:
        FeedError: it took longer.
    """
    try:
        async with asyncio.timeout(ACK_TIMEOUT_S):
            yield
    except TimeoutError as error:
        raise FeedError(f"no {what} within {ACK_TIMEOUT_S:.0f} s") from error


async def reach(broker: Broker) -> None:
    """Connect as a client without a name or a will, and leave: can it be done?

    Raises:
        FeedError: the broker cannot be reached or refused us.
    """
    with explained(broker):
        async with open_link(broker, tls_context(broker)):
            return


@contextmanager
def explained(broker: Broker) -> Iterator[None]:
    """Tell a person who cannot reach the broker which settings to look at."""
    try:
        yield
    except FeedError as error:
        raise FeedError(
            f"broker {broker.host}:{broker.port}: {error}. Is it running (the embedded one runs "
            "with sipbot), and are mqtt.host, mqtt.port, mqtt.username and mqtt.password right?"
        ) from error


def tls_context(broker: Broker) -> ssl.SSLContext | None:
    """Return how the connection is encrypted; None when it is not.

    Raises:
        FeedError: the authority's certificate cannot be read.
    """
    if not broker.tls:
        return None
    try:
        return ssl.create_default_context(cafile=broker.ca_file)
    except OSError as error:
        raise FeedError(
            f"mqtt.ca_file = {broker.ca_file}: {error}: name a PEM file with the certificate of "
            "the authority that signed the broker's"
        ) from error


@contextmanager
def _feed_errors() -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttError as error:
        raise FeedError(str(error)) from error
