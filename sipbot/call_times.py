"""When a call was answered and when it ended: in order, whatever happens to the wall clock.

NTP steps a clock, a person sets it, a machine wakes up: between answer and end the wall clock may
go back, and the difference of two of its readings would make a call that lasted -3590 s.  So the
end is told as the answer plus the time that has passed, measured by a clock that only rises.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class CallTimes:
    """The times of one call.

    Args:
        invited_at: when the INVITE arrived, UTC.
        now: the wall clock, UTC-aware.
        monotonic: a clock that only rises, in seconds.
    """

    def __init__(
        self,
        invited_at: datetime,
        *,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.answered_at: datetime | None = None
        self._invited_at = invited_at
        self._now = now
        self._monotonic = monotonic
        self._answered_s: float | None = None
        self._left_at: datetime | None = None

    def answer(self, at_s: float | None = None) -> datetime:
        """The call is answered; return when that is.

        Args:
            at_s: when, by the clock that only rises; None for now.
        """
        now_s = self._monotonic()
        self._answered_s = now_s if at_s is None else at_s
        ago = timedelta(seconds=max(0.0, now_s - self._answered_s))
        self.answered_at = max(self._now() - ago, self._invited_at)
        return self.answered_at

    def resume(self, answered_at: datetime | None) -> None:
        """The call is one that an earlier run of sipbot left behind; what it measured is gone."""
        self.answered_at, self._answered_s = answered_at, None

    def leave(self, last_written: datetime, audio_s: float) -> None:
        """The call ended when its recording last grew, and lasted as long as that at least."""
        began = self.answered_at or self._invited_at
        self._left_at = max(last_written, began + timedelta(seconds=audio_s))

    def end(self) -> datetime:
        """The call ends now, unless it has ended before; return when that is."""
        if self._left_at is None:
            self._left_at = self._ends_at()
        return self._left_at

    def _ends_at(self) -> datetime:
        if self.answered_at is not None and self._answered_s is not None:
            return self.answered_at + timedelta(seconds=self._monotonic() - self._answered_s)
        return max(self._not_before_invite(), self.answered_at or self._invited_at)

    def _not_before_invite(self) -> datetime:
        return max(self._now(), self._invited_at)
