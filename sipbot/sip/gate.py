"""Who may call at all: decided by the agent itself, for it needs no dialplan."""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime

from sipbot.records import COPIES_S, CallOffer
from sipbot.sip.call_id import new_call_id
from sipbot.sip.headers import content_type, names_media, read_offer, told_source, transaction_of

_REJECTED_AS = {486: "capacity", 503: "capacity", 415: "body", 603: "replaces", 481: "replaces"}
"""The library's final response → `wire.Refused.why`: 486 is its word for "all lines busy", 603 is
ours for a takeover and 481 says that there was nothing to take over (RFC 3891 section 3)."""

COPIES_MAX = 2_000
"""Refused INVITEs that are remembered: sixty a second; copies beyond that count as calls."""


class Gate:
    """Looks at an INVITE before anybody is asked.

    Args:
        allow: networks in CIDR notation whose calls are accepted.
        edge: ``address:port`` of the proxy in front of us, the only one that may send us anything;
            empty: there is none.
    """

    def __init__(self, allow: Iterable[str], edge: str = "") -> None:
        self._allow = [ipaddress.ip_network(network) for network in allow]
        self._edge = edge
        self._rejected: dict[str, float] = {}

    def allows(self, source: str) -> bool:
        """Return whether this ``address:port`` may call."""
        host = source.rpartition(":")[0].strip("[]")
        address = ipaddress.ip_address(host)
        return any(address in network for network in self._allow)

    def source_of(self, raw: str, source: str) -> str:
        """Return where an INVITE really comes from, ``address:port``: the edge tells.

        Behind an edge, anybody else's word is that of nobody (0.0.0.0), who may not call.

        Args:
            raw: the INVITE.
            source: who sent it to us.
        """
        if not self._edge:
            return source
        told = told_source(raw) if source == self._edge else ""
        return told if _is_source(told) else "0.0.0.0:0"

    @property
    def busy(self) -> int:
        """The code for "not here": another agent is tried for 486, another site for 503."""
        return 486 if self._edge else 503

    def is_left_to_edge(self, code: int) -> bool:
        """Whether the edge tells how such a call ended: it tries the next agent first."""
        return bool(self._edge) and code == 486

    def look(self, raw: str, source: str) -> tuple[CallOffer, str, int]:
        """Return what an INVITE says, why it is refused (`wire.Refused.why`) and the code.

        Why and code are "" and 0 if it is not.
        """
        offer = offer_of(raw, self.source_of(raw, source))
        if not self.allows(offer.source):
            return offer, "source", 403
        if content_type(raw) not in {"", "application/sdp"}:
            return offer, "body", 415
        if names_media(raw):
            return offer, "media", 488
        return offer, "", 0

    def is_again(self, raw: str, now_s: float) -> bool:
        """Whether the library has refused this very INVITE before.

        It refuses without a transaction when no line is free, so that a copy, sent because the
        answer was late or lost, is refused and told again; but it is one call.

        Args:
            raw: the INVITE.
            now_s: monotonic.
        """
        key = transaction_of(raw)
        known = self.has_refused(key, now_s)
        if len(self._rejected) < COPIES_MAX:
            self._rejected.setdefault(key, now_s)
        return known

    def has_refused(self, key: str, now_s: float) -> bool:
        """Return whether `is_again` has seen an INVITE of this transaction in the last seconds."""
        for old in [one for one, at in self._rejected.items() if now_s - at > COPIES_S]:
            del self._rejected[old]
        return key in self._rejected

    def rejected(self, raw: str, source: str, code: int) -> tuple[CallOffer, str]:
        """Return what an INVITE says that the library has answered with `code`, and why it has."""
        offer = offer_of(raw, self.source_of(raw, source))
        return offer, _REJECTED_AS.get(code, "media") if self.allows(offer.source) else "source"


def _is_source(text: str) -> bool:
    host, _, port = text.rpartition(":")
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return port.isdecimal()


def offer_of(raw: str, source: str) -> CallOffer:
    """Return what an INVITE says, with a new call id."""
    call = new_call_id()
    return read_offer(raw, call=call, received_at=datetime.now(UTC), source=source)
