"""Instants, local days and months, and the ends of periods, in one named zone.

An instant is whole seconds since 1970-01-01T00:00:00Z. A span is half-open, [start, end). A local day is numbered by
the days from 1970-01-01 to its date, so that the next day is `day + 1` in code and in SQL alike. This is the only
place with calendar arithmetic (billing rules, principle 6 and §3).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Timestamp = NewType("Timestamp", int)
"""Seconds since the epoch, UTC."""

Day = NewType("Day", int)
"""A local date as the number of days since 1970-01-01 (that date is day 0)."""

DAY_SECONDS = 86_400
MAX_SPLIT_DAYS = 400
"""A span reported by a device is shared over at most so many days: one lie must not cost fifty thousand rows."""

_BLOCK_SECONDS = 900
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=64)
def _zone_info(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f'there is no time zone named {name!r}; write one such as "Asia/Shanghai"'
        ) from error


@dataclass(frozen=True, slots=True)
class Zone:
    """The calendar of one school: a name of the IANA time zone database, such as "Asia/Shanghai".

    Raises:
        ValueError: the database has no such zone.
    """

    name: str

    def __post_init__(self) -> None:
        _zone_info(self.name)

    def local(self, at: int) -> datetime:
        """The wall clock at this instant."""
        return datetime.fromtimestamp(at, _zone_info(self.name))

    def instant(self, wall: datetime) -> Timestamp:
        """The instant of a wall clock reading without zone; one that the clock skips counts from before the skip."""
        return Timestamp((wall.replace(tzinfo=_zone_info(self.name)) - _EPOCH) // _SECOND)


class PeriodUnit(StrEnum):
    """What a period counts."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"


class Anchor(StrEnum):
    """How a period finds its end (billing rules, §2 and §3)."""

    INSTANT = "instant"
    END_OF_DAY = "end_of_day"
    CALENDAR = "calendar"
    FIXED_DAYS = "fixed_days"


_PERIOD = re.compile(r"([1-9][0-9]{0,4})\s*(year|month|day|hour)s?", re.ASCII)
_MOST = {PeriodUnit.YEAR: 100, PeriodUnit.MONTH: 1_200, PeriodUnit.DAY: 36_500, PeriodUnit.HOUR: 99_999}


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as it is sold: 1 month, 30 days, 24 hours.

    Raises:
        ValueError: the count is not positive or makes more than a century.
    """

    unit: PeriodUnit
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= _MOST[self.unit]:
            raise ValueError(f"a period of {self.count} {self.unit}s cannot be sold")

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"

    @property
    def months(self) -> int | None:
        """Calendar months in this period; None for days and hours, which have a fixed place on no calendar."""
        if self.unit is PeriodUnit.YEAR:
            return 12 * self.count
        return self.count if self.unit is PeriodUnit.MONTH else None


def parse_period(text: object) -> Period:
    """Read "1 month", "30 days", "24 hours", "1 year"; `str(period)` writes it again.

    Raises:
        ValueError: anything else.
    """
    found = _PERIOD.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f'{text!r} is not a period such as "1 month", "30 days" or "24 hours"')
    return Period(PeriodUnit(found[2]), int(found[1]))


def local_day(at: int, zone: Zone) -> Day:
    """The local day in which this instant lies."""
    day = _day_of_block(at // _BLOCK_SECONDS, zone.name)
    return Day(zone.local(at).toordinal() - _EPOCH_ORDINAL) if day is None else day


@lru_cache(maxsize=4096)
def _day_of_block(block: int, zone_name: str) -> Day | None:
    """The local day of a quarter of an hour; None where midnight or a change of the clock lies within it."""
    zone = _zone_info(zone_name)
    first = datetime.fromtimestamp(block * _BLOCK_SECONDS, zone)
    last = datetime.fromtimestamp((block + 1) * _BLOCK_SECONDS - 1, zone)
    is_one_day = first.date() == last.date() and first.utcoffset() == last.utcoffset()
    return Day(first.toordinal() - _EPOCH_ORDINAL) if is_one_day else None


def day_start(day: int, zone: Zone) -> Timestamp:
    """00:00 local of this day."""
    return zone.instant(datetime.fromordinal(day + _EPOCH_ORDINAL))


def day_bounds(day: int, zone: Zone) -> tuple[Timestamp, Timestamp]:
    """The span [00:00 local of this day, 00:00 of the next). "Until 2027-01-17" ends at the second of the two."""
    return day_start(day, zone), day_start(day + 1, zone)


def day_of(when: date) -> Day:
    """The number of a calendar date."""
    return Day(when.toordinal() - _EPOCH_ORDINAL)


def date_of(day: int) -> date:
    """The calendar date of a day's number; `str()` of it is "2026-09-30"."""
    return date.fromordinal(day + _EPOCH_ORDINAL)


def next_midnight(at: int, zone: Zone) -> Timestamp:
    """The first 00:00 local after this instant; an instant at midnight has the midnight of the day after."""
    return day_start(local_day(at, zone) + 1, zone)


def month_start(at: int, zone: Zone, months_later: int = 0) -> Timestamp:
    """00:00 local of the first day of the month of this instant, or of the month so many later."""
    wall = zone.local(at)
    year, month = divmod(wall.year * 12 + wall.month - 1 + months_later, 12)
    return zone.instant(datetime.fromordinal(date(year, month + 1, 1).toordinal()))


def month_bounds(at: int, zone: Zone) -> tuple[Timestamp, Timestamp]:
    """The span of the calendar month in which this instant lies."""
    return month_start(at, zone), month_start(at, zone, 1)


def add_months(anchor: int, months: int, zone: Zone) -> Timestamp:
    """Same day and time of day so many months later, clamped to that month's last day (billing rules, §3).

    Count from the original anchor of a chain, never from an end already clamped, or 31 January stays at the 28th.
    """
    wall = zone.local(anchor)
    year, month = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    day = min(wall.day, monthrange(year, month + 1)[1])
    return zone.instant(wall.replace(year=year, month=month + 1, day=day, tzinfo=None))


def add_days(start: int, days: int, zone: Zone) -> Timestamp:
    """Same time of day so many local days later."""
    return zone.instant(zone.local(start).replace(tzinfo=None) + timedelta(days=days))


def end_of(
    period: Period, anchor: Anchor, start: int, zone: Zone, *, origin: int, months_before: int
) -> Timestamp:
    """When a period that begins at `start` ends (billing rules, §3).

    Args:
        origin: the anchor of the chain to which the period belongs: its first start.
        months_before: calendar months of the chain that lie before this period; 0 for the first.

    An `end_of_day` period runs on to the midnight that closes the day in which it would have ended; one that would
    end at midnight ends there. A `calendar` period ends where a month, year or day of the calendar begins.

    Raises:
        ValueError: the anchor does not fit the unit (calendar hours, fixed days of months).
    """
    months = period.months
    if anchor is Anchor.FIXED_DAYS:
        if period.unit is not PeriodUnit.DAY:
            raise ValueError(f"fixed_days counts days, not {period.unit}s")
        return Timestamp(start + period.count * DAY_SECONDS)
    if anchor is Anchor.CALENDAR:
        if period.unit is PeriodUnit.YEAR:
            return month_start(start, zone, 12 * period.count + 1 - zone.local(start).month)
        if months is not None:
            return month_start(start, zone, months)
        if period.unit is PeriodUnit.DAY:
            return day_start(local_day(start, zone) + period.count, zone)
        raise ValueError("a calendar period counts years, months or days, not hours")
    if months is not None:
        end = add_months(origin, months_before + months, zone)
    elif period.unit is PeriodUnit.DAY:
        end = add_days(start, period.count, zone)
    else:
        end = Timestamp(start + 3600 * period.count)
    return end if anchor is Anchor.INSTANT else next_midnight(end - 1, zone)


def calendar_start(period: Period, at: int, zone: Zone) -> Timestamp:
    """When the year, month or day of the calendar that holds this instant began."""
    if period.unit is PeriodUnit.YEAR:
        return month_start(at, zone, 1 - zone.local(at).month)
    if period.unit is PeriodUnit.MONTH:
        return month_start(at, zone)
    return day_start(local_day(at, zone), zone)


def next_calendar_start(period: Period, now: int, zone: Zone) -> Timestamp:
    """The first instant after `now` at which a calendar period of this unit begins (下月1日)."""
    if period.unit is PeriodUnit.YEAR:
        return month_start(now, zone, 13 - zone.local(now).month)
    if period.unit is PeriodUnit.MONTH:
        return month_start(now, zone, 1)
    return next_midnight(now, zone)


def daily_seconds(limit_seconds: int, used_seconds: int, now: int, zone: Zone) -> int:
    """Online seconds allowed from `now` under a limit per local day (billing rules §12, W30).

    Where the rest of today's allowance reaches midnight, the next day's is added, of that one day only, so that the
    change of day cuts nobody. Never below 0.
    """
    rest = max(limit_seconds - used_seconds, 0)
    to_midnight = next_midnight(now, zone) - now
    return rest if rest < to_midnight else to_midnight + limit_seconds


def rfc3339(at: int, zone: Zone) -> str:
    """The instant with the zone's offset, as in 2026-09-01T07:58:12+08:00 (RFC 3339 §5.6)."""
    return zone.local(at).isoformat(timespec="seconds")


def parse_rfc3339(text: str) -> Timestamp:
    """Read an instant that names its offset; fractions of a second are dropped.

    Raises:
        ValueError: no date and time, or no offset.
    """
    try:
        when = datetime.fromisoformat(text.strip())
    except (ValueError, AttributeError) as error:
        raise ValueError(f'{text!r} is not a time such as "2026-09-01T07:58:12+08:00"') from error
    if when.tzinfo is None:
        raise ValueError(f'{text!r} does not say its offset, such as "+08:00"')
    return Timestamp((when - _EPOCH) // _SECOND)


class DayShare(NamedTuple):
    """The part of a span that lies in one local day, and what of each amount falls to it."""

    day: Day
    start: Timestamp
    end: Timestamp
    amounts: tuple[int, ...]


def split_by_day(start: int, end: int, amounts: Sequence[int], zone: Zone) -> tuple[DayShare, ...]:
    """Divide amounts of a span among its local days by time (billing rules, §12).

    Shares are whole; what does not divide falls to the later side; each amount's shares add up to it. A span of no
    length, or with its end before its start, lies wholly in the day of `end`. Of a span over MAX_SPLIT_DAYS only the
    last so many days take part.
    """
    last = local_day(end, zone)
    if end <= start or local_day(start, zone) == last:
        return (DayShare(last, Timestamp(min(start, end)), Timestamp(end), tuple(amounts)),)
    begin = cursor = Timestamp(max(start, end - MAX_SPLIT_DAYS * DAY_SECONDS))
    before = tuple(0 for _ in amounts)
    shares = []
    while cursor < end:
        until = Timestamp(min(next_midnight(cursor, zone), end))
        upto = tuple(amount * (until - begin) // (end - begin) for amount in amounts)
        part = tuple(b - a for a, b in zip(before, upto, strict=True))
        shares.append(DayShare(local_day(cursor, zone), cursor, until, part))
        cursor, before = until, upto
    return tuple(shares)
