"""Samples of one quantity, their spread, and what is wanted of it.  Pure."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

Statistic = Literal["p50", "p95", "p99", "minimum", "maximum"]


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile: a value that was measured, never one in between.

    With few samples the high percentiles are the largest sample, which errs on the safe side.

    Args:
        samples: at least one.
        percent: above 0, up to 100.

    Raises:
        ValueError: no samples, or a percentage out of range.
    """
    if not samples or not 0 < percent <= 100:
        raise ValueError(f"percentile {percent} of {len(samples)} samples does not exist")
    rank = math.ceil(percent * len(samples) / 100)
    return sorted(samples)[rank - 1]


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """How the samples of one quantity lie."""

    n: int
    p50: float
    p95: float
    p99: float
    minimum: float
    maximum: float


def spread(samples: Sequence[float]) -> Spread:
    """Return the spread of at least one sample.

    Raises:
        ValueError: no samples.
    """
    return Spread(
        n=len(samples),
        p50=percentile(samples, 50),
        p95=percentile(samples, 95),
        p99=percentile(samples, 99),
        minimum=min(samples),
        maximum=max(samples),
    )


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A limit on one statistic; exactly one of the two bounds is given."""

    statistic: Statistic
    at_most: float | None = None
    at_least: float | None = None

    def reached(self, found: Spread) -> bool:
        """Return whether the statistic is within the limit."""
        value: float = getattr(found, self.statistic)
        if self.at_most is not None:
            return value <= self.at_most
        return self.at_least is not None and value >= self.at_least

    def __str__(self) -> str:
        """Say the limit as a table does."""
        sign, bound = ("≥", self.at_least) if self.at_most is None else ("≤", self.at_most)
        return f"{self.statistic} {sign} {bound:g}"


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the results."""

    name: str
    unit: str
    samples: tuple[float, ...]
    calls: int | None = None
    """Calls at the same time; None when calls play no part."""
    wanted: Wanted | None = None

    @property
    def spread(self) -> Spread:
        """The spread of the samples."""
        return spread(self.samples)

    @property
    def reached(self) -> bool | None:
        """Whether what is wanted was reached; None when nothing particular is."""
        return self.wanted.reached(self.spread) if self.wanted is not None else None
