"""What an account may read and write on the bus, as topic filters.  Pure.

Data path: accounts -> [bus_rights] -> (mqtt_acl -> Mosquitto, embedded broker)

An operator writes commands under the own name only (`Topics.commands_by`), so that whose name a
command carries is the broker's word.
"""

import msgspec

from sipbot.accounts import EVERY, Account, may
from sipbot.topics import Topics

_ANY = "any"
"""Stands for whatever client, where an account works for all."""


class BusRights(msgspec.Struct, frozen=True, kw_only=True):
    """Topic filters of one user; what none of them covers is forbidden."""

    read: tuple[str, ...]
    write: tuple[str, ...]

    def may_subscribe(self, wanted: str) -> bool:
        """Tell whether all that this filter could bring may be read."""
        return any(covers(allowed, wanted) for allowed in self.read)

    def may_read(self, topic: str) -> bool:
        """Tell whether messages of this topic may be read."""
        return any(covers(allowed, topic) for allowed in self.read)

    def may_write(self, topic: str) -> bool:
        """Tell whether something may be published there."""
        return any(covers(allowed, topic) for allowed in self.write)


NO_RIGHTS = BusRights(read=(), write=())
"""Of somebody who has no account (any more)."""


def bus_rights(account: Account, topics: Topics) -> BusRights:
    """Return what an account may on the bus.

    Args:
        account: whose rights.
        topics: of the site.
    """
    clients = [None] if account.clients == EVERY else list(account.clients)
    read = [topics.state]
    if may(account, "system"):
        read += [topics.info, topics.alerts]
    write = list[str]()
    for client in clients:
        if may(account, "see", client or _ANY):
            read.append(topics.below(client, masked=account.masked))
        if may(account, "act", client or _ANY):
            write.append(topics.commands_by(client, account.name))
    return BusRights(read=tuple(read), write=tuple(write))


def own_rights(topics: Topics) -> BusRights:
    """Return what sipbot itself needs: all of its site."""
    return BusRights(read=(topics.site,), write=(topics.site,))


def covers(allowed: str, wanted: str) -> bool:
    """Tell whether every topic of `wanted` is one of `allowed`; both are filters or topics."""
    inner = wanted.split("/")
    for place, level in enumerate(allowed.split("/")):
        if level == "#":
            return True
        if place >= len(inner) or inner[place] == "#":
            return False
        if level not in ("+", inner[place]):
            return False
    return len(inner) == len(allowed.split("/"))
