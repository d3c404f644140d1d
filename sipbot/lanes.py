"""Which targets the outbox has, each with its own lane: the bus, notifications, the archive."""

from collections.abc import Mapping

from sipbot.archive_target import Archiving
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
    archiving: Archiving,
    troubles: Troubles,
) -> Outbox:
    """Return the outbox; it looks again whenever the broker is back.

    Args:
        ledger: the queue.
        feed: the session with the broker.
        bus: tells the broker, masked topics included.
        others: by the names that deliveries have for them.
        archiving: the archive, if there is one.
        troubles: are told what goes wrong.
    """
    outbox = Outbox(
        ledger,
        {MQTT: bus, **others, **archiving.publishers},
        on_dead=troubles.dead_letters,
        on_trouble=troubles.ledger,
    )
    feed.on_session = outbox.nudge
    archiving.nudge = outbox.nudge
    return outbox
