"""Waiting for work: a SIP packet, or a word of the parent, whichever comes first.

pjsua2 waits for its own sockets only.  A loop that has others as well would have to look at them in
turn, a hundred times a second, and that was half of what a line cost (docs/decisions/0024).  So the
waiting is done here, for all sockets together, and pjsua2 is asked not to wait at all.
"""

import select
import socket
from pathlib import Path

from sipbot.errors import ChildStartError


class Wait:
    """Waits for any of some descriptors; those of audio are none of them.

    Args:
        sip_port: UDP port of the SIP transport, which has just been opened.

    Raises:
        ChildStartError: no socket of this process has that port.
    """

    def __init__(self, sip_port: int) -> None:
        self._poll = select.poll()
        self.add(_udp_socket(sip_port))

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


def _udp_socket(port: int) -> int:
    """Return the descriptor of this process's UDP socket with `port`; pjsua2 does not show it."""
    for file in Path("/proc/self/fd").iterdir():
        try:
            found = socket.socket(fileno=int(file.name))
        except OSError:  # no socket, or the folder's own descriptor, closed by now
            continue
        try:
            is_it = found.type == socket.SOCK_DGRAM and found.family == socket.AF_INET
            if is_it and found.getsockname()[1] == port:
                return found.fileno()
        finally:
            found.detach()
    raise ChildStartError(
        f"no socket of this agent has the UDP port {port} that it has just opened. It is a fault "
        "of sipbot: report it"
    )
