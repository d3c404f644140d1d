"""How often somebody may ask, and how often somebody may guess.  Pure: the clock is an argument.

What is remembered of strangers is bounded: the keys that were heard of longest ago go first.
"""

from collections import OrderedDict

KEYS_MAX = 10_000
"""Of one kind that are remembered: more addresses than a site has browsers, in a megabyte."""


class Buckets:
    """A bucket of tokens for each key: a burst is free, then only so many a second.

    Args:
        per_s: tokens that come back in a second.
        burst: most that a key can save up.
    """

    def __init__(self, per_s: float, burst: float) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """Key to the tokens that were left, and when."""

    def take(self, key: str, now_s: float) -> float:
        """Take a token; return how many seconds are missing to the next when there is none.

        Args:
            key: who asks.
            now_s: of a clock that never goes back.
        """
        left, at = self._left.pop(key, (self._burst, now_s))
        left = min(self._burst, left + (now_s - at) * self._per_s)
        allowed = left >= 1
        self._left[key] = (left - 1 if allowed else left, now_s)
        if len(self._left) > KEYS_MAX:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self._per_s


class Locks:
    """Closed for a while after so many failures; each further failure doubles the while.

    Args:
        after: failures that close.
        first_s: for how long at first.
        longest_s: for how long at most; as long after the last failure all is forgotten, too.
    """

    def __init__(self, after: int, first_s: float, longest_s: float) -> None:
        self._after = after
        self._first_s = first_s
        self._longest_s = longest_s
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """Key to its failures, and when the last one was."""

    def wait_s(self, key: str, now_s: float) -> float:
        """Return for how many seconds it is still closed; 0 when it is open."""
        failures, at = self._failed.get(key, (0, now_s))
        return max(0.0, at + self._closed_s(failures) - now_s)

    def failed(self, key: str, now_s: float) -> bool:
        """Count a failure; return whether it closes."""
        failures, at = self._failed.pop(key, (0, now_s))
        if now_s - at > self._longest_s + self._closed_s(failures):
            failures = 0
        self._failed[key] = (failures + 1, now_s)
        if len(self._failed) > KEYS_MAX:
            self._failed.popitem(last=False)
        return failures + 1 >= self._after

    def succeeded(self, key: str) -> None:
        """Forget the failures."""
        self._failed.pop(key, None)

    def _closed_s(self, failures: int) -> float:
        if failures < self._after:
            return 0.0
        doublings = min(failures - self._after, 20)
        return min(self._longest_s, self._first_s * 2.0**doublings)
