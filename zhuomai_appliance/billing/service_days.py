"""Days of a segment that were served and days that it has, pauses left out (billing rules §9, §10 and §18)."""

from __future__ import annotations

from zhuomai_appliance.billing.periods import days_used
from zhuomai_appliance.model.moment import Zone, local_day


def served(
    start: int,
    end: int,
    day: int,
    zone: Zone,
    *,
    paused_days: int = 0,
    suspended_at: int | None = None,
) -> tuple[int, int]:
    """How many days of a span were served when this local day is over, and how many it has (at least one).

    Args:
        start: when it began.
        end: when it ends, pauses of the past added to it already.
        day: the last day that counts; a day of which a part was served counts whole.
        zone: the calendar.
        paused_days: by how many days its end has moved: those were not sold.
        suspended_at: since when it is suspended now; nothing has been served from then on.
    """
    if suspended_at is not None:
        day = min(day, local_day(suspended_at - 1, zone))
    used, total = days_used(start, end, day, zone)
    sold = max(total - paused_days, 1)
    return max(0, min(used - paused_days, sold)), sold
