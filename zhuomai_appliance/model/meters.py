"""Histograms over fixed bounds, cheap enough for every packet and every commit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

ANSWER_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Bounds for how long somebody waited."""

STAGE_SECONDS: Final = (
    0.00001, 0.00002, 0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
)  # fmt: skip
"""Bounds for one step of the work on a packet."""


class Histogram:
    """How often a duration fell under each bound. Observing costs a third of a microsecond.

    ``counts`` has one place more than ``bounds``, for what exceeds them all; a value on a bound belongs to it, as
    Prometheus counts (``le``).
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float] = ANSWER_SECONDS) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds

    def cumulative(self) -> list[int]:
        """How many were at or under each bound, and in the last place how many there were."""
        return list(accumulate(self.counts))
