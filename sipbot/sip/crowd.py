"""How many calls the library can still make room for: pjmedia's poll set has 64 places.  Pure.

Every call takes two of them, for RTP and RTCP, and what is closed keeps its place for another half
second (``PJ_IOQUEUE_MAX_HANDLES`` and ``PJ_IOQUEUE_KEY_FREE_DELAY``, pjlib/config.h).  The call
that finds none aborts the process: the 33rd of those that had come and gone within half a second
did (measured with 2.15.1; tests/test_agent_crowd.py).  So SIP waits while many are still there
(`Crowd.is_full`), and those that were read with others are dropped and come again
(`Crowd.has_no_room`, `sipbot.sip.pjsua_intake`).

The half second begins when the sockets are seen to be gone: where the library's threads find no
processor, that may be later than the end of the call by any time.
"""

from collections import deque
from collections.abc import Callable

PLACES = 32
"""Calls that fit into the set, the closed ones included."""

KEPT_FREE = 4
"""Places for calls that we make: as many as an agent has lines."""

COMFORTABLE = 20
"""Up to so many, SIP is read: the rest is for what one read may bring, so that few are dropped."""

KEPT_S = 0.6
"""The half second, and a tenth for a thread that is held up between closing and noting the time."""


class Crowd:
    """Counts who has just left.

    Args:
        open_calls: tells how many calls have sockets at this moment.
    """

    def __init__(self, open_calls: Callable[[], int]) -> None:
        self._open_calls = open_calls
        self._leaving = 0
        self._closed_at_s: deque[float] = deque()

    def left(self) -> None:
        """Note that a call has ended, or was refused after the library had made its sockets."""
        self._leaving += 1

    def is_full(self, inside: int, now_s: float) -> bool:
        """Return whether SIP has to wait: for places that are free soon, never for calls to end.

        Args:
            inside: calls that have not ended.
            now_s: monotonic.
        """
        gone = self._gone(inside, now_s)
        return gone > 0 and inside + gone > COMFORTABLE

    def has_no_room(self, inside: int, now_s: float) -> bool:
        """Return whether one call more may find no place; the arguments are those of `is_full`."""
        return inside + self._gone(inside, now_s) >= PLACES - KEPT_FREE

    def _gone(self, inside: int, now_s: float) -> int:
        """Return how many have left whose places are not free yet."""
        if self._leaving:
            closed = max(0, self._leaving - max(0, self._open_calls() - inside))
            self._closed_at_s.extend([now_s] * closed)
            self._leaving -= closed
        while self._closed_at_s and now_s - self._closed_at_s[0] >= KEPT_S:
            self._closed_at_s.popleft()
        return self._leaving + len(self._closed_at_s)
