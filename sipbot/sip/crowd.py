"""How many calls the library can still make room for: pjmedia's poll set has 64 places.  Pure.

Every call takes two of them, for RTP and RTCP, and what is closed keeps its place for another half
second (``PJ_IOQUEUE_MAX_HANDLES`` and ``PJ_IOQUEUE_KEY_FREE_DELAY``, pjlib/config.h).  The call
that finds none aborts the process: the 33rd of those that had come and gone within half a second
did (measured with 2.15.1; tests/test_agent_crowd.py).  So SIP waits while too many are still there.
"""

from collections import deque

PLACES = 32
"""Calls that fit into the set, the closed ones included."""

IN_ONE_STEP = 10
"""INVITEs that one step of the library may take (``MAX_IMMEDIATE_PACKET``, sip_transport_udp.c)."""

KEPT_S = 0.7
"""The half second, counted from the clock's tick on which pjmedia closes the sockets of a call,
with room for a clock that is late."""


class Crowd:
    """Counts who has just left."""

    def __init__(self) -> None:
        self._left_at_s: deque[float] = deque()

    def left(self, now_s: float) -> None:
        """Note that a call has ended, or was refused after the library had made its sockets."""
        self._left_at_s.append(now_s)

    def is_full(self, inside: int, now_s: float) -> bool:
        """Return whether SIP has to wait: for places that are free soon, never for calls to end.

        Args:
            inside: calls that have not ended.
            now_s: monotonic.
        """
        while self._left_at_s and now_s - self._left_at_s[0] >= KEPT_S:
            self._left_at_s.popleft()
        closed = len(self._left_at_s)
        return closed > 0 and inside + closed + IN_ONE_STEP > PLACES
