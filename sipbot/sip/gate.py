"""Who may call at all: decided by the agent itself, for it needs no dialplan."""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime

import uuid6

from sipbot.records import CallOffer
from sipbot.sip.headers import content_type, read_offer, transaction_of

_REJECTED_AS = {486: "capacity", 503: "capacity", 415: "body", 603: "replaces", 481: "replaces"}
"""The library's final response → `wire.Refused.why`: 486 is its word for "all lines busy", 603 is
ours for a takeover and 481 says that there was nothing to take over (RFC 3891 section 3)."""

COPIES_S = 32.0
"""How long a caller sends copies of an INVITE: 64 * T1 (RFC 3261 section 17.1.1.2, timer B)."""

COPIES_MAX = 2_000
"""Refused INVITEs that are remembered: sixty a second; copies beyond that count as calls."""


class Gate:
    """Looks at an INVITE before anybody is asked.

    Args:
        allow: networks in CIDR notation whose calls are accepted.
    """

    def __init__(self, allow: Iterable[str]) -> None:
        self._allow = [ipaddress.ip_network(network) for network in allow]
        self._rejected: dict[str, float] = {}

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

    def is_again(self, raw: str, now_s: float) -> bool:
        """Whether the library has refused this very INVITE before.

        It refuses without a transaction when no line is free, so that a copy, sent because the
        answer was late or lost, is refused and told again; but it is one call.

        Args:
            raw: the INVITE.
            now_s: monotonic.
        """
        for old in [key for key, at in self._rejected.items() if now_s - at > COPIES_S]:
            del self._rejected[old]
        key = transaction_of(raw)
        known = key in self._rejected
        if len(self._rejected) < COPIES_MAX:
            self._rejected.setdefault(key, now_s)
        return known

    def rejection(self, source: str, code: int) -> str:
        """Return why the library has answered an INVITE with `code` (`wire.Refused.why`)."""
        return _REJECTED_AS.get(code, "media") if self.allows(source) else "source"


def offer_of(raw: str, source: str) -> CallOffer:
    """Return what an INVITE says, with a new call id."""
    call = str(uuid6.uuid7())
    return read_offer(raw, call=call, received_at=datetime.now(UTC), source=source)
