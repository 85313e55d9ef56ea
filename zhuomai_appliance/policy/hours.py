"""When a line of the rules holds, and when that next changes: windows of the week by the wall clock, with holidays.

A day's clock runs without a jump but for the changes of daylight saving time; so the instants at which anything may
change are the windows' own minutes, midnight, and those jumps. Between two of them nothing does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from zhuomai_appliance.model.access_rules import DAY_MINUTES, DayKind, Days, Window
from zhuomai_appliance.model.moment import Zone, date_of, day_start, local_day

HORIZON_DAYS: Final = 15
"""A week repeats; a week later it has repeated although daylight saving time swallowed an hour of it."""

MOST_DAYS: Final = 800
"""How far ahead a calendar of holidays is followed."""

SATURDAY: Final = 5


class Hours(NamedTuple):
    """Windows of one line, and the days on which they count. No window is the whole day."""

    windows: tuple[Window, ...]
    days: Days


class Calendar(NamedTuple):
    """A project's zone and its days that are not what their place in the week says, by number since 1970-01-01."""

    zone: Zone
    kinds: Mapping[int, DayKind]

    def counts(self, days: Days, day: int) -> bool:
        """Whether a day is one of ``days``."""
        if days is Days.ALL:
            return True
        kind = self.kinds.get(day)
        is_workday = weekday_of(day) < SATURDAY if kind is None else kind is DayKind.WORKDAY
        return is_workday == (days is Days.WORKDAYS)

    def holds(self, hours: Hours, day: int, minute: int) -> bool:
        """Whether these hours hold at a minute of a local day. A night belongs to the day on which it begins."""
        if not hours.windows:
            return self.counts(hours.days, day)
        today, before = 1 << weekday_of(day), 1 << weekday_of(day - 1)
        for window in hours.windows:
            if window.start <= minute < window.end and window.weekdays & today:
                if self.counts(hours.days, day):
                    return True
            elif (
                minute < window.end - DAY_MINUTES
                and window.weekdays & before
                and self.counts(hours.days, day - 1)
            ):
                return True
        return False

    def holds_at(self, hours: Hours, at: int) -> bool:
        """Whether these hours hold at an instant."""
        day, minute = self.reading(at)
        return self.holds(hours, day, minute)

    def reading(self, at: int) -> tuple[int, int]:
        """The wall clock at an instant: local day and minute of it."""
        wall = self.zone.local(at)
        return wall.toordinal() - _EPOCH_ORDINAL, wall.hour * 60 + wall.minute

    def changes_after(self, now: int, lines: Sequence[Hours]) -> Iterator[int]:
        """Every instant after ``now`` at which one of these lines may begin or cease to hold, in order.

        It ends where all that could follow has been seen once: two weeks after the last day of the calendar.
        """
        minutes = sorted(
            {0}
            | {minute % DAY_MINUTES for line in lines for w in line.windows for minute in (w.start, w.end)}
        )
        first = local_day(now, self.zone)
        last = first + HORIZON_DAYS
        if any(line.days is not Days.ALL for line in lines) and self.kinds:
            last = min(max(last, max(self.kinds) + HORIZON_DAYS), first + MOST_DAYS)
        for day in range(first, last + 1):
            for at in self._instants(day, minutes):
                if at > now:
                    yield at

    def _instants(self, day: int, minutes: Sequence[int]) -> list[int]:
        """When the clock of a day shows these minutes, and when it jumps."""
        zone, midnight = self.zone, datetime.combine(date_of(day), datetime.min.time())
        start, end = day_start(day, zone), day_start(day + 1, zone)
        if end - start == DAY_MINUTES * 60 and zone.local(start).utcoffset() == zone.local(end).utcoffset():
            return [start + minute * 60 for minute in minutes]
        found = {self._jump(start, end)}
        for minute in minutes:
            wall = midnight + timedelta(minutes=minute)
            found |= {zone.instant(wall), zone.instant(wall.replace(fold=1))}
        return sorted(at for at in found if start <= at <= end)

    def _jump(self, start: int, end: int) -> int:
        """The first second of the new offset within a span in which the offset changes."""
        before = self.zone.local(start).utcoffset()
        while end - start > 1:
            middle = (start + end) // 2
            if self.zone.local(middle).utcoffset() == before:
                start = middle
            else:
                end = middle
        return end


_EPOCH_ORDINAL: Final = datetime(1970, 1, 1).toordinal()  # noqa: DTZ001 - a date's number, no instant


def weekday_of(day: int) -> int:
    """0 for Monday; the first of January 1970 was a Thursday."""
    return (day + 3) % 7
