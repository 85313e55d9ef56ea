"""Histograms count as Prometheus reads them."""

from zhuomai_appliance.model.meters import ANSWER_SECONDS, STAGE_SECONDS, Histogram


def test_each_duration_is_counted_once() -> None:
    """A value on a bound belongs to it; one over all bounds to the last place."""
    histogram = Histogram((1.0, 2.0))
    for seconds in (0.5, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(seconds)
    assert histogram.counts == [2, 2, 1]
    assert histogram.cumulative() == [2, 4, 5]
    assert histogram.total == 7.5


def test_bounds_rise() -> None:
    """The bounds are in order, or nothing would be counted right."""
    for bounds in (ANSWER_SECONDS, STAGE_SECONDS):
        assert list(bounds) == sorted(set(bounds))
