"""The sockets of a call's audio, which pjsua2 does not show: who may send to them.

Audio comes from where the caller's SDP says, or from where its SIP came, which is the same place
seen through a NAT.  Anybody else could put words into a recording, or be sent our voice.
"""

import ctypes
import socket
import struct
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv4Network

from pjsua2 import _pjsua2

from sipbot.errors import CallError
from sipbot.sip.own_sockets import udp_sockets
from sipbot.sip.packet_filter import attach
from sipbot.sip.stack import StackSettings

_INFO_BYTES = 8192
"""Room for ``pjmedia_transport_info`` (1.4 kB in 2.15.1)."""

_RTP_AT, _RTCP_AT = 0, 40
"""Where ``sock_info`` has its two ``pj_sock_t`` (long): each is followed by a ``pj_sockaddr`` of 28
bytes, and the second is aligned to 8."""

_lib = ctypes.CDLL(_pjsua2.__file__)
_lib.pjsua_call_get_med_transport_info.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]


def networks_of(addresses: Iterable[str]) -> list[IPv4Network]:
    """Return the hosts that are meant by ``address`` or ``address:port``; names are left out."""
    found = []
    for address in addresses:
        try:
            found.append(IPv4Network(IPv4Address(address.partition(":")[0])))
        except AddressValueError:
            continue  # pjsip has asked DNS for it, and audio is sent there; nothing is let in
    return found


def open_calls(stack: StackSettings) -> int:
    """Return how many calls of an endpoint have sockets at this moment, two each."""
    ports = range(stack.rtp_port, stack.rtp_port + stack.rtp_ports)
    return (sum(port in ports for _, port in udp_sockets()) + 1) // 2


def only_from(call_id: int, index: int, networks: Iterable[IPv4Network]) -> None:
    """Let a call's audio come from these networks only.

    Args:
        call_id: pjsua's number of the call.
        index: of its audio among its media.
        networks: whose packets are taken.

    Raises:
        CallError: the library does not show its sockets, or the kernel takes no filter.
    """
    info = ctypes.create_string_buffer(_INFO_BYTES)
    status = _lib.pjsua_call_get_med_transport_info(call_id, index, info)
    if status != 0:
        raise CallError(f"the sockets of a call are not known: pjsip's status {status}")
    wanted = list(networks)
    for place in (_RTP_AT, _RTCP_AT):
        (descriptor,) = struct.unpack_from("l", info, place)
        try:
            _check(descriptor)
            attach(descriptor, wanted)
        except OSError as error:
            raise CallError(
                f"a call's audio cannot be closed to strangers: {error}. It is a fault of sipbot: "
                "report it"
            ) from error


def _check(descriptor: int) -> None:
    """Raise OSError unless it is a UDP socket: the place in C's memory was counted by hand."""
    door = socket.socket(fileno=descriptor)
    try:
        if (door.family, door.type) != (socket.AF_INET, socket.SOCK_DGRAM):
            raise OSError(f"descriptor {descriptor} is no UDP socket")
    finally:
        door.detach()
