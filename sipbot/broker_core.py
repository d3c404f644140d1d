"""amqtt as sipbot needs it: the door's rights, and the ways that are slow in it made short.

Data path: broker (who is let in) -> [broker_core] -> whoever has subscribed

amqtt 0.12.1, without these of its mistakes; what is left of them is in
``docs/decisions/0020-amqtt.md``:

* It compares every message with every filter, and every new subscription with everything that is
  retained.  `FilterTable` finds both.
* A filter that nobody subscribes to any more it keeps after an UNSUBSCRIBE: of 30,000 requests,
  each with a subscription of its own for the answer, 17 a second were answered on average, and 6 a
  second at the end (measured).
* At every CONNECT it sends the retained messages of every filter that anybody has subscribed to,
  and breaks the connection off when somebody subscribes meanwhile.
* It sends everything that is retained at once, and drops what is not acknowledged within five
  seconds.
* A client that has gone without a word stays connected for ever, whatever keep-alive it named.
"""

import asyncio
from collections import deque
from typing import Any

from amqtt.adapters import StreamReaderAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig
from amqtt.mqtt.constants import QOS_0
from amqtt.session import Session

from sipbot.bus_door import BusDoor
from sipbot.bus_rights import covers
from sipbot.filter_table import FilterTable

IN_FLIGHT = 20
"""Retained messages that one subscriber is sent before it has acknowledged the first of them, as
Mosquitto's max_inflight_messages: amqtt gives each five seconds, which a list of a thousand memos
sent at once may need."""

LARGEST_BYTES = 2 * 1024 * 1024
"""Of one message.  A memo with every word of 30 minutes timed is below 600 kB (sipbot/lines.py);
amqtt would wait, with memory, for the 256 MB that MQTT 3.1.1 allows (section 2.2.3)."""

_Subscribers = list[tuple[Session, int]]


class BrokerCore(Broker):  # type: ignore[misc]  # amqtt is imported without types
    """amqtt's broker.

    Args:
        config: amqtt's.
        door: what each may read and write.
    """

    def __init__(self, config: BrokerConfig, door: BusDoor) -> None:
        super().__init__(config)
        self._subscriptions: FilterTable[_Subscribers] = FilterTable()
        self._door = door

    # Event loop; amqtt asks here before each SUBSCRIBE and PUBLISH.
    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        user = session.username
        if action == Action.SUBSCRIBE:
            return self._door.may_subscribe(user, topic)
        if action == Action.PUBLISH:
            return self._door.may_write(user, topic)
        return self._door.may_read(user, topic)

    # Event loop; amqtt's own loop calls it again and again.
    async def _run_broadcast(self, running_tasks: deque[asyncio.Task[Any]]) -> None:
        """Send on what has come, one message after the other."""
        message = await self._broadcast_queue.get()
        await self._send_on(message, running_tasks)
        while not self._broadcast_queue.empty():
            await self._send_on(self._broadcast_queue.get_nowait(), running_tasks)

    async def _send_on(
        self, message: dict[str, Any], running_tasks: deque[asyncio.Task[Any]]
    ) -> None:
        topic = message["topic"]
        for subscribers in self._subscriptions.matching(topic):
            for session, granted in subscribers:
                if not self._door.may_read(session.username, topic):
                    continue
                qos = message.get("qos", granted)
                if session.transitions.state == "connected":
                    handler = self._get_handler(session)
                    if handler is not None:
                        sent = handler.mqtt_publish(topic, message["data"], qos, retain=False)
                        running_tasks.append(asyncio.ensure_future(sent))
                elif not session.clean_session and qos != QOS_0:
                    await self._retain_broadcast_message(message, qos, session)

    async def _handle_unsubscription(
        self,
        client_session: Session,
        handler: Any,  # noqa: ANN401 - amqtt's, without types
        unsubscribe_waiter: asyncio.Future[Any],
    ) -> None:
        await super()._handle_unsubscription(client_session, handler, unsubscribe_waiter)
        for topic in unsubscribe_waiter.result().topics:
            if not self._subscriptions.get(topic, True):
                del self._subscriptions[topic]

    async def _publish_session_retained_messages(self, session: Session) -> None:
        # Queued while the session was away, by the rights that its user had then.
        waiting = session.retained_messages
        for _ in range(waiting.qsize()):
            message = waiting.get_nowait()
            if self._door.may_read(session.username, message.topic):
                waiting.put_nowait(message)
        await super()._publish_session_retained_messages(session)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        wanted, qos = subscription
        subscribers = self._subscriptions.get(wanted, ())
        theirs = any(subscriber is session for subscriber, _qos in subscribers)
        # amqtt does not ask about what is retained, and rights may be less than at the SUBSCRIBE.
        if not theirs or not self._door.may_subscribe(session.username, wanted):
            return
        topics = self._retained_by(wanted)
        for first in range(0, len(topics), IN_FLIGHT):
            await self._send_retained(topics[first : first + IN_FLIGHT], qos, session)

    def _retained_by(self, wanted: str) -> list[str]:
        """Return the topics with a retained message that a filter matches."""
        if "+" not in wanted and "#" not in wanted:
            return [wanted] if wanted in self._retained_messages else []
        return [
            topic
            for topic in self._retained_messages
            if covers(wanted, topic) and not (topic.startswith("$") and wanted[0] in "+#")
        ]

    async def _send_retained(self, topics: list[str], qos: int, session: Session) -> None:
        handler = self._get_handler(session)
        # As it is now: it may have changed, or be cleared, since the subscription.
        found = [self._retained_messages.get(topic) for topic in topics]
        if handler is None or session.transitions.state != "connected":
            return
        sending = [
            asyncio.ensure_future(
                handler.mqtt_publish(one.topic, one.data, _lesser(qos, one.qos), retain=True)
            )
            for one in found
            if one is not None
        ]
        if sending:
            await asyncio.wait(sending)


def _lesser(granted: int, published: int | None) -> int:
    """Return the QoS of a delivery (MQTT 3.1.1, section 3.8.4)."""
    return granted if published is None else min(granted, published)


class PatientReader(StreamReaderAdapter):  # type: ignore[misc]  # amqtt is imported without types
    """What comes from a client: its first bytes once more, then the rest, and how much of it.

    Args:
        first: what was read already; it ends where a packet does.
        reader: what follows.
    """

    def __init__(self, first: bytes, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._first = first
        self.reads = 0
        """Rises as long as something comes."""

    async def read(self, n: int = -1) -> bytes:
        """Return the next bytes; nothing, and nothing ever after, when it is too much at once."""
        if self._first:
            found, self._first = self._first[:n], self._first[n:]
            return found
        if n > LARGEST_BYTES:
            self.feed_eof()
            return b""
        found = bytes(await super().read(n))
        self.reads += 1
        return found
