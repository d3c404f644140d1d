"""Waiting for work: a SIP packet, or a word of the parent, whichever comes first.

pjsua2 waits for its own sockets only.  A loop that has others as well would have to look at them in
turn, a hundred times a second, and that was half of what a line cost (docs/decisions/0024).  So the
waiting is done here, for all sockets together, and pjsua2 is asked not to wait at all.
"""

import errno
import select
import socket
from collections.abc import Iterator

from sipbot.errors import ChildStartError
from sipbot.sip import stderr
from sipbot.sip.own_sockets import udp_sockets

SO_PEEK_OFF = 42
"""socket(7): each look with MSG_PEEK goes on behind the one before.  For UDP since Linux 3.4; the
standard library has no name for it."""

LOOKED_MAX = 200
"""Packets looked at in one go: about what the kernel queues by default (212,992 bytes)."""

PACKET_BYTES = 65_535
"""The longest UDP packet."""


class Wait:
    """Waits for any of some descriptors; those of audio are none of them.

    Args:
        sip_port: UDP port of the SIP transport, which has just been opened.

    Raises:
        ChildStartError: no socket of this process has that port.
    """

    def __init__(self, sip_port: int) -> None:
        self._poll = select.poll()
        self._sip = _udp_socket(sip_port)
        self._looks_behind = True
        """Whether the kernel lets us look behind the first packet."""
        self.add(self._sip)

    def add(self, descriptor: int) -> None:
        """Wait for what this one has to read, too."""
        self._poll.register(descriptor, select.POLLIN)

    def remove(self, descriptor: int) -> None:
        """Wait for it no longer; it is about to be closed."""
        self._poll.unregister(descriptor)

    def until(self, limit_s: float) -> frozenset[int]:
        """Wait for at most `limit_s`; return the descriptors that can be read or have ended."""
        ready = self._poll.poll(max(0.0, limit_s) * 1000)  # rounded up to whole milliseconds
        return frozenset(descriptor for descriptor, _ in ready)

    def queued(self, ready: frozenset[int]) -> list[tuple[bytes, str]]:
        """Return the SIP packets that wait to be read, and ``address:port`` of their senders.

        They stay where they are.  Costs 37 us for one packet, 110 us for seven (measured, Linux
        6.18, both cores busy), and nothing when `until` saw none in `ready`.  Where the kernel
        has no SO_PEEK_OFF, that is said once, and only the first packet is seen.
        """
        if self._sip not in ready:
            return []
        sip = socket.socket(fileno=self._sip)
        try:
            if not self._peeks_from_start(sip):
                return list(_looked_at(sip, 1))
            try:
                return list(_looked_at(sip, LOOKED_MAX))
            finally:
                sip.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, -1)
        finally:
            sip.detach()

    def _peeks_from_start(self, sip: socket.socket) -> bool:
        """Let each look go on behind the one before; return False where the kernel cannot."""
        if not self._looks_behind:
            return False
        try:
            sip.setsockopt(socket.SOL_SOCKET, SO_PEEK_OFF, 0)
        except OSError as error:  # a kernel that only resembles Linux, such as a sandbox's
            if error.errno not in {errno.ENOPROTOOPT, errno.EOPNOTSUPP}:
                raise
            self._looks_behind = False
            stderr.say(
                f"this kernel has no SO_PEEK_OFF ({error.strerror}): if this agent is killed, a "
                "caller who finds all lines busy may be missing in the ledger. Use Linux 3.4 or "
                "later"
            )
        return self._looks_behind


def _looked_at(sip: socket.socket, limit: int) -> Iterator[tuple[bytes, str]]:
    for _ in range(limit):
        try:
            packet, source = sip.recvfrom(PACKET_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except (BlockingIOError, ConnectionError):  # an ICMP error is pjsip's to hear of
            return
        yield packet, f"{source[0]}:{source[1]}"


def _udp_socket(port: int) -> int:
    """Return the descriptor of this process's UDP socket with `port`; pjsua2 does not show it."""
    for descriptor, its_port in udp_sockets():
        if its_port == port:
            return descriptor
    raise ChildStartError(
        f"no socket of this agent has the UDP port {port} that it has just opened. It is a fault "
        "of sipbot: report it"
    )
