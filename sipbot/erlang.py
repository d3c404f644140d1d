"""How many callers find all lines busy: Erlang's loss formula.  Pure.

Traffic is measured in erlang: lines that are busy on average.  Sixty calls an hour of 90 s each are
1.5 erlang.  The formula (Erlang B) holds for callers who come independently of each other and go
away when no line is free.  Calls that overflow from a telephone system come in clusters, because it
sends them on only while its own lines are busy; for those it promises a little too much
(docs/operations.md says how to read it).
"""

import math


def blocking(offered_erlang: float, lines: int) -> float:
    """Return the share of callers, 0 to 1, who find all lines busy.

    By the recurrence B(0) = 1, B(n) = aB(n-1) / (n + aB(n-1)), which needs no large numbers.

    Args:
        offered_erlang: traffic of all who call, also of those who are refused; not negative.
        lines: not negative.
    """
    share = 1.0
    for line in range(1, lines + 1):
        share = offered_erlang * share / (line + offered_erlang * share)
    return share


def lines_for(offered_erlang: float, at_most: float) -> int:
    """Return the least number of lines with which at most this share finds all of them busy.

    Args:
        offered_erlang: as for `blocking`.
        at_most: above 0, at most 1.
    """
    share, lines = 1.0, 0
    while share > at_most:
        lines += 1
        share = offered_erlang * share / (lines + offered_erlang * share)
    return lines


_Z = 1.959964
"""Quantile of the normal distribution: 2.5 % lie above it."""


def likely(count: int) -> tuple[float, float]:
    """Return between which means a count of independent events lies, with 95 % certainty.

    Byar's approximation of the exact limits of a Poisson mean (Garwood's), off by less than 0.05
    where a test compares them, from 0 to 100.

    Args:
        count: what was counted once; not negative.
    """
    return _low(count), _high(count)


def _low(count: int) -> float:
    if count == 0:
        return 0.0
    least = count * (1 - 1 / (9 * count) - _Z / (3 * math.sqrt(count))) ** 3
    return max(0.0, least)


def _high(count: int) -> float:
    more = count + 1
    return float(more * (1 - 1 / (9 * more) + _Z / (3 * math.sqrt(more))) ** 3)
