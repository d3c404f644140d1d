"""Which IPv4 packets a socket gets at all: a filter that the kernel runs before anybody reads.

pjsip follows audio to wherever ten packets come from while the caller is silent (measured with
2.15.1: somebody else got 43 of 50 packets of our voice), and offers no setting for it.  What the
kernel has thrown away, it cannot follow.
"""

import ctypes
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Network

_SO_ATTACH_FILTER = 26
"""asm-generic/socket.h; Python has no name for it."""

_SOURCE = 0xFFF00000 + 12
"""SKF_NET_OFF (linux/filter.h) and the place of the source address in an IPv4 header (RFC 791)."""

_LOAD, _AND, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x54, 0x15, 0x06
"""BPF_LD|BPF_W|BPF_ABS, BPF_ALU|BPF_AND|BPF_K, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K."""

_ALL_BYTES = 0xFFFFFFFF

MAX_NETWORKS = 60
"""A jump goes over 255 instructions at most, and each network takes three."""


def program(networks: Iterable[IPv4Network]) -> bytes:
    """Return the classic BPF program that lets packets from these networks pass, and no others.

    Args:
        networks: at most `MAX_NETWORKS`; none lets nothing pass.
    """
    wanted = sorted(set(networks))
    steps: list[tuple[int, int, int, int]] = []
    for left, network in zip(range(len(wanted) - 1, -1, -1), wanted, strict=True):
        steps.append((_LOAD, 0, 0, _SOURCE))
        steps.append((_AND, 0, 0, int(network.netmask)))
        steps.append((_JUMP_IF_EQUAL, 3 * left + 1, 0, int(network.network_address)))
    steps += [(_RETURN, 0, 0, 0), (_RETURN, 0, 0, _ALL_BYTES)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def attach(descriptor: int, networks: Iterable[IPv4Network]) -> None:
    """Let a socket get packets from these networks only; what it had before no longer holds.

    Args:
        descriptor: of an open IPv4 socket; stays the caller's.
        networks: see `program`.

    Raises:
        OSError: the kernel does not take the filter.
    """
    code = program(networks)
    held = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: unsigned short, then a pointer at its own alignment
    wanted = struct.pack("HP", len(code) // 8, ctypes.addressof(held))
    door = socket.socket(fileno=descriptor)
    try:
        door.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, wanted)
    finally:
        door.detach()
