"""Who is calling, as far as operators may know.

Numbers are the trunk's word: P-Asserted-Identity (RFC 3325) is believed because only allowed
sources reach us, From is what the caller's telephone says.  Whoever withholds the number (非通知)
stays unnumbered and unnamed, also when the trunk asserts a number together with ``Privacy: id``:
RFC 3325 section 7 forbids showing it.
"""

from dataclasses import dataclass
from typing import Literal

from sipbot.numbers import canonical, is_anonymous, is_anonymous_name, is_e164
from sipbot.records import CallOffer, Party

Source = Literal["asserted", "from", "withheld"]


@dataclass(frozen=True, kw_only=True)
class CallerId:
    """The caller as operators see them."""

    number: str | None
    """Canonical; None when withheld or when the URI has no user."""
    name: str
    """Display name; empty when there is none or it is withheld."""
    source: Source


WITHHELD = CallerId(number=None, name="", source="withheld")


def caller_number(offer: CallOffer, region: str) -> CallerId:
    """Return who is calling.

    Args:
        offer: the INVITE, from an allowed source.
        region: ISO 3166-1 alpha-2, whose national numbers are meant.
    """
    if offer.anonymous or _anonymous(offer.from_):
        return WITHHELD
    asserted = [party for party in offer.asserted if party.user and not _anonymous(party)]
    # RFC 3325 section 9.1 allows two, one sip: and one tel:; the telephone number is wanted.
    asserted.sort(key=lambda party: not is_e164(canonical(party.user, region)))
    if asserted:
        number = canonical(asserted[0].user, region)
        name = _name(asserted[0]) or _name(offer.from_)
        return CallerId(number=number, name=name, source="asserted")
    number = canonical(offer.from_.user, region)
    return CallerId(number=number or None, name=_name(offer.from_), source="from")


def _anonymous(party: Party) -> bool:
    host = party.uri.partition("@")[2].partition(";")[0]
    if is_anonymous(party.user, host):
        return True
    return is_anonymous_name(party.name) and not any(char.isdigit() for char in party.user)


def _name(party: Party) -> str:
    return "" if is_anonymous_name(party.name) else party.name.strip()
