"""Hosts' names for the library: looked up beside it, where it would wait for the answer itself.

The library asks the system's resolver and handles nothing else meanwhile: with a name server that
says nothing, a registrar's name took 10 s at a time, and the agent was killed for its silence with
the callers in it.  A caller can name a host as well, in Contact.  So the library is told to ask us
(``pjsip_ext_resolver``, sip_resolve.h), for addresses too; it gets them at once.

Without DNS SRV (RFC 3263), as the library's own way: what else would be asked is another server.
"""

import ctypes
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from ipaddress import IPv4Address
from typing import Any, NamedTuple

import pjsua2 as pj
from pjsua2 import _pjsua2

from sipbot.errors import ChildStartError
from sipbot.sip.lookup import Lookup, limit_resolver

ADDRESSES_MAX = 8
"""PJSIP_MAX_RESOLVED_ADDRESSES of sip_config.h: the library tries them one after the other."""

WAITING_MAX = 32
"""Names looked up at a time, a thread each: more than an agent's calls and registrars need.  The
next one is not known, for callers who name hosts by the hundred must not have as many threads."""

_NOT_KNOWN = 70018
"""PJ_ERESOLVE (pj/errno.h), which the library tells on as 502."""

_PORT, _TLS_PORT = 5060, 5061
"""RFC 3261 section 19.1.2."""

_AF_INET = 2


class _Text(ctypes.Structure):
    """pj_str_t (pj/types.h)."""

    _fields_ = (("start", ctypes.c_void_p), ("length", ctypes.c_long))


class _Target(ctypes.Structure):
    """pjsip_host_info (sip_transport.h and sip_types.h)."""

    _fields_ = (
        ("flag", ctypes.c_uint),
        ("type", ctypes.c_int),
        ("host", _Text),
        ("port", ctypes.c_int),
    )


class _Record(ctypes.Structure):
    """One of pjsip_server_addresses (sip_resolve.h of 2.15.1); a pj_sockaddr has 28 bytes.

    Later releases put a name before it; a test sends a REGISTER by it.
    """

    _fields_ = (
        ("type", ctypes.c_int),
        ("priority", ctypes.c_uint),
        ("weight", ctypes.c_uint),
        ("address", ctypes.c_ubyte * 28),
        ("address_bytes", ctypes.c_int),
    )


class _Addresses(ctypes.Structure):
    """pjsip_server_addresses (sip_resolve.h)."""

    _fields_ = (("count", ctypes.c_uint), ("entry", _Record * ADDRESSES_MAX))


_Answer = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Addresses))
_Resolve = ctypes.CFUNCTYPE(
    None,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.POINTER(_Target),
    ctypes.c_void_p,
    ctypes.c_void_p,
)


class _Resolver(ctypes.Structure):
    """pjsip_ext_resolver (sip_resolve.h)."""

    _fields_ = (("resolve", _Resolve),)


class _Asked(NamedTuple):
    """A question of the library that waits for its answer."""

    lookup: Lookup
    transport: int
    port: int
    token: int
    answer: Any


class Names:
    """Finds hosts for the library; everything but the looking up runs on the stack's thread.

    Args:
        guard: a context that reports an exception as a fault of a call.

    Raises:
        ChildStartError: the library asks nobody but itself.
    """

    def __init__(self, guard: Callable[[str], AbstractContextManager[None]]) -> None:
        limit_resolver()
        self._guard = guard
        self._waiting: list[_Asked] = []
        self._resolver = _Resolver(_Resolve(self._ask))  # the library keeps its address
        library = ctypes.CDLL(_pjsua2.__file__)
        library.pjsua_get_pjsip_endpt.restype = ctypes.c_void_p
        status = library.pjsip_endpt_set_ext_resolver(
            ctypes.c_void_p(library.pjsua_get_pjsip_endpt()), ctypes.byref(self._resolver)
        )
        if status != 0:
            raise ChildStartError(
                f"pjsip takes no resolver (status {status}). It is a fault of sipbot: report it"
            )

    def tell(self) -> None:
        """Give the library the answers that have come."""
        for asked in list(self._waiting):
            addresses = asked.lookup.addresses()
            if addresses is None:
                continue
            self._waiting.remove(asked)
            with self._guard(""):
                _tell(asked, addresses)

    @property
    def waiting(self) -> bool:
        """Whether the library waits for an answer."""
        return bool(self._waiting)

    # Stack thread, inside the library, for each request that it sends.
    def _ask(self, _resolver: int, _pool: int, target: Any, token: int, answer: int) -> None:
        with self._guard(""):
            wanted = target.contents
            # what the library names lives only as long as this call
            host = ctypes.string_at(wanted.host.start, wanted.host.length).decode("latin-1")
            transport = wanted.type & ~pj.PJSIP_TRANSPORT_IPV6 or pj.PJSIP_TRANSPORT_UDP
            default = _TLS_PORT if transport == pj.PJSIP_TRANSPORT_TLS else _PORT
            lookup = Lookup(host.strip("[]"), may_ask=len(self._waiting) < WAITING_MAX)
            asked = _Asked(lookup, transport, wanted.port or default, token, _Answer(answer))
            addresses = lookup.addresses()
            if addresses is None:
                self._waiting.append(asked)
            else:
                _tell(asked, addresses)


def _tell(asked: _Asked, addresses: tuple[IPv4Address, ...]) -> None:
    found = _Addresses()
    for record, address in zip(found.entry, addresses, strict=False):
        # struct sockaddr_in (ip(7)): its family in the order of this machine, the rest as sent
        place = struct.pack("=H", _AF_INET) + struct.pack(">H", asked.port) + address.packed
        record.type = asked.transport
        record.address_bytes = len(place) + 8
        ctypes.memmove(record.address, place, len(place))
        found.count += 1
    status = 0 if found.count else _NOT_KNOWN
    asked.answer(status, asked.token, ctypes.byref(found) if found.count else None)
