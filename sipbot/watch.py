"""What operators see: the memos, events and calls of one client, or of all, as they come."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from sipbot.errors import DeafError
from sipbot.link import Broker, explained, open_link, tls_context
from sipbot.topics import Topics
from sipbot.watched import Watched


async def watch(
    broker: Broker,
    site: str,
    client: str | None = None,
    subscribed: asyncio.Event | None = None,
    answers: asyncio.Event | None = None,
) -> AsyncGenerator[Watched, None]:
    """Yield the memos, events and calls of one client, or of all (None), as they come.

    Args:
        broker, site: where to listen, and whose feed.
        client: id of the client; None for all.
        subscribed: set once nothing that is published can be missed any more.
        answers: the answers to commands are wanted, too; set when the broker lets us read them.

    Raises:
        FeedError: the broker cannot be reached, refused us or went away.
    """
    topics, every = Topics(site), Topics(site).everything_of(client)
    with explained(broker):
        async with open_link(broker, tls_context(broker)) as link:
            if answers is not None:
                answers.clear()
                with suppress(DeafError):  # whoever may not read them sees the rest all the same
                    await link.subscribe(topics.answers_of(client), qos=1)
                    answers.set()
            # Brokers bound what they queue for one subscriber with QoS 1, the open list too:
            # Mosquitto 2.0.11 showed 1,020 of 1,500 memos with its defaults, and all with QoS 0.
            for topic, qos in ((every[0], 0), *((topic, 1) for topic in every)):
                await link.subscribe(topic, qos=qos)
            if subscribed is not None:
                subscribed.set()
            said = set[Watched]()
            async for heard in link.messages():
                place = topics.parse(heard.topic)
                if place is not None:
                    seen = Watched(place=place, payload=heard.payload, retained=heard.retained)
                    if seen not in said:  # what is retained comes to both subscriptions
                        yield seen
                    said |= {seen} if seen.retained else set()
