"""Who may call at all: decided by the agent itself, for it needs no dialplan."""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime

import uuid6

from sipbot.records import CallOffer
from sipbot.sip.headers import content_type, read_offer


class Gate:
    """Looks at an INVITE before anybody is asked.

    Args:
        allow: networks in CIDR notation whose calls are accepted.
    """

    def __init__(self, allow: Iterable[str]) -> None:
        self._allow = [ipaddress.ip_network(network) for network in allow]

    def allows(self, source: str) -> bool:
        """Return whether this ``address:port`` may call."""
        host = source.rpartition(":")[0].strip("[]")
        address = ipaddress.ip_address(host)
        return any(address in network for network in self._allow)

    def refusal(self, raw: str, source: str) -> tuple[str, int]:
        """Return why an INVITE is refused (`wire.Refused.why`) and the code; "", 0 if it is not."""
        if not self.allows(source):
            return "source", 403
        if content_type(raw) not in {"", "application/sdp"}:
            return "body", 415
        return "", 0


def offer_of(raw: str, source: str) -> CallOffer:
    """Return what an INVITE says, with a new call id."""
    call = str(uuid6.uuid7())
    return read_offer(raw, call=call, received_at=datetime.now(UTC), source=source)
