"""How long to wait before trying again.  Pure.

Doubling with jitter, so that a hundred sites do not knock at a returning broker in the same
second; "equal jitter" of Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015):
half of the wait is fixed, so a lucky die never hammers.
"""


def backoff_s(failures: int, *, base_s: float, cap_s: float, die: float) -> float:
    """Return the seconds to wait after the given number of failures in a row.

    Args:
        failures: 1 or more.
        base_s: longest wait after the first failure.
        cap_s: longest wait ever.
        die: a random number, 0 <= die < 1.
    """
    # 2**32 times any sensible base is above any sensible cap: bounds the power.
    longest_s = min(cap_s, base_s * 2.0 ** min(failures - 1, 32))
    return longest_s * (1 + die) / 2
