"""The periods of reports."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhuomai_appliance.billing.report_spans import MOST_SPANS, SpanUnit, span_of, spans
from zhuomai_appliance.model.moment import Zone, date_of, day_of, local_day, parse_rfc3339

DAYS = st.integers(day_of(date(1999, 12, 20)), day_of(date(2100, 3, 5)))


def test_w58_the_last_tenth_of_september_is_september() -> None:
    """A payment at 23:59:59.9 of 30 September is September, Q3, and the week of the 28th."""
    at = parse_rfc3339("2026-09-30T23:59:59.900+08:00")
    day = local_day(at, Zone("Asia/Shanghai"))
    labels = {unit: span_of(unit, day).label for unit in SpanUnit}
    assert labels == {
        SpanUnit.DAY: "2026-09-30",
        SpanUnit.WEEK: "2026-09-28",
        SpanUnit.MONTH: "2026-09",
        SpanUnit.QUARTER: "2026-Q3",
        SpanUnit.YEAR: "2026",
    }


@given(DAYS, st.sampled_from(list(SpanUnit)))
def test_spans_follow_each_other_without_gap(day: int, unit: SpanUnit) -> None:
    """Each day lies in one span, and the next span begins where this one ends."""
    span = span_of(unit, day)
    assert span.first_day <= day < span.next_day
    assert span_of(unit, span.first_day) == span == span_of(unit, span.next_day - 1)
    assert span_of(unit, span.next_day).first_day == span.next_day


@given(DAYS)
def test_a_week_begins_on_monday_and_a_year_has_four_quarters(day: int) -> None:
    """ISO weeks cross months and years; quarters and months do not."""
    assert date_of(span_of(SpanUnit.WEEK, day).first_day).weekday() == 0
    year = span_of(SpanUnit.YEAR, day)
    for unit, count in ((SpanUnit.QUARTER, 4), (SpanUnit.MONTH, 12)):
        assert len(list(spans(unit, year.first_day, year.next_day - 1))) == count


def test_a_report_that_nobody_can_read_is_refused() -> None:
    """Neither backwards nor without bound."""
    with pytest.raises(ValueError, match="lies before the first"):
        list(spans(SpanUnit.DAY, 10, 9))
    assert len(list(spans(SpanUnit.DAY, 0, MOST_SPANS - 1))) == MOST_SPANS
    with pytest.raises(ValueError, match="at most 4000 rows"):
        list(spans(SpanUnit.DAY, 0, MOST_SPANS))
