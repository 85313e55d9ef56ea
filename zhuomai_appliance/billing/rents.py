"""Rent by the day, half price in holidays, and months that were not used (billing rules §11, W44, W45, W64)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from zhuomai_appliance.model.moment import Timestamp, Zone, add_months
from zhuomai_appliance.model.money import Fen, floor
from zhuomai_appliance.model.plan_rules import DateSpan
from zhuomai_appliance.model.use import month_days


class Month(NamedTuple):
    """A month of service: its span, and the first local day of the calendar month in which it begins."""

    start: Timestamp
    end: Timestamp
    month: int


def rent_due(price_fen: int, days: int, days_of_month: int) -> Fen:
    """What so many days of a month cost by now: rounded down, so that a whole month is the price exactly (W64)."""
    return Fen(floor(price_fen * min(days, days_of_month), days_of_month))


def half(rent_fen: int) -> Fen:
    """What half price gives back of a month's rent, rounded down as all credits are (W44)."""
    return Fen(floor(rent_fen, 2))


def months_of_service(
    start: int, end: int | None, since: int, now: int, zone: Zone, *, by_calendar: bool
) -> Iterator[Month]:
    """The months of a purchase that began in [since, now], each in the one calendar month in which it begins.

    Args:
        by_calendar: they are calendar months, the first one incomplete; else counted from ``start``.
    """
    number = 0
    while True:
        begin = Timestamp(start) if number == 0 else _month_start(start, number, zone, by_calendar)
        if begin > now or (end is not None and begin >= end):
            return
        number += 1
        if begin >= since:
            until = _month_start(start, number, zone, by_calendar)
            month, _ = month_days(begin, zone)
            yield Month(begin, until if end is None else min(until, Timestamp(end)), month)


def _month_start(start: int, number: int, zone: Zone, by_calendar: bool) -> Timestamp:
    if not by_calendar:
        return add_months(start, number, zone)
    first = zone.local(start).replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return add_months(zone.instant(first), number, zone)


def is_holiday(month: Month, spans: tuple[DateSpan, ...], zone: Zone) -> bool:
    """Whether the calendar month in which this one begins has a day of such a span."""
    first, end = month_days(month.start, zone)
    return any(span.first_day < end and span.last_day >= first for span in spans)


def days_in_month(at: int, zone: Zone) -> int:
    """How many days the calendar month of this instant has."""
    first, end = month_days(at, zone)
    return end - first
