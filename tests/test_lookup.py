"""Looking up hosts' names beside the agent's thread."""

from ipaddress import IPv4Address

from sipbot.sip.lookup import Lookup


def test_address_needs_nobody_to_ask() -> None:
    assert (IPv4Address("127.0.0.7"),) == Lookup("127.0.0.7", may_ask=False).addresses()


def test_name_is_not_known_at_once_where_too_many_are_being_asked() -> None:
    assert () == Lookup("localhost", may_ask=False).addresses()
