"""What a figure is that Prometheus reads: a documented name, and its values by label."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.model.meters import ANSWER_SECONDS, STAGE_SECONDS, Histogram

__all__ = ["ANSWER_SECONDS", "STAGE_SECONDS", "Histogram", "Metric", "Sample"]


class Metric(NamedTuple):
    """A documented name of /metrics. Names that end with ``_total`` are counters."""

    name: str
    words: str
    labels: tuple[str, ...] = ()


class Sample(NamedTuple):
    """A metric's value for some values of its labels."""

    metric: Metric
    value: float | Histogram
    labels: tuple[str, ...] = ()
