"""Which targets the outbox has, each with its own lane: the bus, and those of notifications."""

from collections.abc import Mapping

from sipbot.ledger import MQTT, Ledger
from sipbot.mqtt import Feed
from sipbot.outbox import Outbox
from sipbot.publisher import Publisher
from sipbot.troubles import Troubles


def outbox_of(
    ledger: Ledger,
    feed: Feed,
    bus: Publisher,
    others: Mapping[str, Publisher],
    troubles: Troubles,
) -> Outbox:
    """Return the outbox; it looks again whenever the broker is back.

    Args:
        ledger: the queue.
        feed: the session with the broker.
        bus: tells the broker, masked topics included.
        others: by the names that deliveries have for them.
        troubles: are told what goes wrong.
    """
    outbox = Outbox(
        ledger,
        {MQTT: bus, **others},
        on_dead=troubles.dead_letters,
        on_trouble=troubles.ledger,
    )
    feed.on_session = outbox.nudge
    return outbox
