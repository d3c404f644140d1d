"""Which targets the outbox has, each with its own lane: bus, notifications, archive, store."""

from collections.abc import Mapping

from sipbot.elsewhere import Elsewhere
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
    elsewhere: Elsewhere,
    troubles: Troubles,
) -> Outbox:
    """Return the outbox; it looks again whenever the broker is back.

    Args:
        ledger: the queue.
        feed: the session with the broker.
        bus: tells the broker, masked topics included.
        others: by the names that deliveries have for them.
        elsewhere: archive and audio store, where there are such.
        troubles: are told what goes wrong.
    """
    outbox = Outbox(
        ledger,
        {MQTT: bus, **others, **elsewhere.publishers},
        on_dead=troubles.dead_letters,
        on_trouble=troubles.ledger,
    )
    feed.on_session = outbox.nudge
    elsewhere.nudge_with(outbox.nudge)
    return outbox
