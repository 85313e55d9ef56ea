"""The periods of reports: local days, ISO weeks, months, quarters and years (billing rules §18)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from zhuomai_appliance.model.moment import Day, date_of, day_of

MOST_SPANS = 4000
"""A report has at most so many rows of time: ten years of days."""


class SpanUnit(StrEnum):
    """How a report divides time. A week goes from Monday to Sunday (ISO 8601) and is named by its Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class ReportSpan:
    """Local days from `first_day` up to, not including, `next_day`, and what the span is called."""

    unit: SpanUnit
    first_day: Day
    next_day: Day
    label: str

    @property
    def days(self) -> int:
        """How many local days it has."""
        return self.next_day - self.first_day


def span_of(unit: SpanUnit, day: int) -> ReportSpan:
    """The span of this unit that holds a local day.

    A day and a week are called by their first date ("2026-09-28"), a month "2026-09", a quarter "2026-Q3", a year "2026".
    """
    when = date_of(day)
    if unit is SpanUnit.DAY:
        return ReportSpan(unit, Day(day), Day(day + 1), when.isoformat())
    if unit is SpanUnit.WEEK:
        monday = Day(day - when.weekday())
        return ReportSpan(unit, monday, Day(monday + 7), date_of(monday).isoformat())
    months = {SpanUnit.MONTH: 1, SpanUnit.QUARTER: 3, SpanUnit.YEAR: 12}[unit]
    month = (when.month - 1) // months * months
    first, following = _month_first(when.year, month), _month_first(when.year, month + months)
    label = {
        SpanUnit.MONTH: f"{when.year:04}-{month + 1:02}",
        SpanUnit.QUARTER: f"{when.year:04}-Q{month // 3 + 1}",
        SpanUnit.YEAR: f"{when.year:04}",
    }[unit]
    return ReportSpan(unit, first, following, label)


def _month_first(year: int, months: int) -> Day:
    """The first day of the month so many after January of this year."""
    more, month = divmod(months, 12)
    return day_of(date(year + more, month + 1, 1))


def spans(unit: SpanUnit, first_day: int, last_day: int) -> Iterator[ReportSpan]:
    """The spans that hold the days from the first to the last, both inside; each whole, so it may reach beyond them.

    Raises:
        ValueError: the last day lies before the first, or there are more than MOST_SPANS spans.
    """
    if last_day < first_day:
        raise ValueError("the last day lies before the first")
    for _ in range(MOST_SPANS):
        span = span_of(unit, first_day)
        yield span
        first_day = span.next_day
        if first_day > last_day:
            return
    raise ValueError(f"a report has at most {MOST_SPANS} rows; take a longer unit or a shorter time")
