"""Ports that nobody has: for bots, brokers and callers that tests start side by side.

They come from below the range from which Linux gives ports to outgoing connections (32768), so no
connection takes one between its choice and its use.  Each process of a test run has a share of its
own, and gives no port twice before its share is used up.
"""

import contextlib
import os
import random
import socket

_FIRST, _END = 10_000, 32_768
_SHARES = 8
"""So many processes of one test run may ask."""


class _Share:
    """The ports of this process."""

    def __init__(self, number: int) -> None:
        size = (_END - _FIRST) // _SHARES
        self._first = _FIRST + number % _SHARES * size
        self._end = self._first + size
        # Two test runs on one machine begin at different places.
        self._next = random.randrange(self._first, self._end)

    def row(self, number: int) -> int:
        """Return the first of some ports in a row, an even one."""
        for _ in range(self._end - self._first):
            first = self._next + self._next % 2  # RTP's are even (RFC 3550 section 11)
            if first + number > self._end:
                first = self._first
            self._next = first + number
            if _all_free(range(first, first + number)):
                return first
        raise AssertionError(f"no {number} free ports in a row")


def _all_free(ports: range) -> bool:
    with contextlib.ExitStack() as probes:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            for port in ports:
                probe = probes.enter_context(socket.socket(socket.AF_INET, kind))
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return False
    return True


_share = _Share(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")))


def free_ports(number: int = 1) -> int:
    """Return the first of some ports in a row that nobody has, neither of UDP nor of TCP.

    Args:
        number: how many.
    """
    return _share.row(number)
