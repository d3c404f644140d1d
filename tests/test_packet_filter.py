"""The filter that the kernel runs: whose packets pass, by an interpreter of its instructions."""

import struct
from ipaddress import IPv4Address, IPv4Network

from hypothesis import given
from hypothesis import strategies as st

from sipbot.sip.packet_filter import MAX_NETWORKS, program

ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address)
NETWORKS = st.lists(
    st.builds(lambda a, n: IPv4Network((int(a), n), strict=False), ADDRESSES, st.integers(0, 32)),
    max_size=MAX_NETWORKS,
)


def passes(code: bytes, source: IPv4Address) -> bool:
    """Run classic BPF (linux/filter.h) over a packet from `source`."""
    steps = list(struct.iter_unpack("=HBBI", code))
    at = held = 0
    while True:
        kind, if_true, if_false, value = steps[at]
        at += 1
        if kind == 0x20:
            held = int(source)
        elif kind == 0x54:
            held &= value
        elif kind == 0x15:
            at += if_true if held == value else if_false
        else:
            return bool(value)


@given(networks=NETWORKS, source=ADDRESSES, pick=st.integers(0, 2 * MAX_NETWORKS))
def test_packet_passes_exactly_when_its_source_is_in_a_network(
    networks: list[IPv4Network], source: IPv4Address, pick: int
) -> None:
    if pick < len(networks):
        source = networks[pick].network_address

    assert any(source in one for one in networks) == passes(program(networks), source)


def test_no_network_lets_nothing_pass() -> None:
    assert not passes(program([]), IPv4Address("127.0.0.1"))
