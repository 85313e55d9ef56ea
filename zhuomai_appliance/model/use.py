"""What a plan's rules make of how much an account used this day and this month (billing rules §11 and §12).

The figures are read where they are needed and never kept in a counter that could fail to be reset: a new day or month
simply has other rows. All amounts are octets or seconds as the day buckets hold them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from zhuomai_appliance.model.facts import Facts, FactsError
from zhuomai_appliance.model.moment import (
    Day,
    Timestamp,
    Zone,
    daily_seconds,
    local_day,
    month_bounds,
    month_start,
    next_midnight,
)
from zhuomai_appliance.model.plan_rules import MeterRules, RentMode
from zhuomai_appliance.model.products import Caps, Direction, PlanKind, PlanVersion
from zhuomai_appliance.model.records import facts_of, record_of


@dataclass(frozen=True, slots=True)
class UseRules:
    """The rules of one plan version that look at what was used: its caps, and what use costs.

    `price_fen` is for one `unit` ("hour", "gigabyte") of a metered plan, or for a month that is paid day by day; an empty
    unit meters nothing from the start.
    """

    caps: Caps = field(default_factory=Caps)
    price_fen: int = 0
    unit: str = ""
    meter: MeterRules = field(default_factory=MeterRules)


PLAIN: UseRules = UseRules()


def use_rules(version: PlanVersion) -> UseRules | None:
    """The rules that a purchase of this version carries; None for a plan that charges nothing and caps nothing."""
    terms = version.terms
    is_metered = version.kind is PlanKind.METERED and terms.meter_unit is not None
    rules = UseRules(
        caps=terms.caps,
        price_fen=version.price_fen if is_metered or terms.meter.rent is RentMode.DAILY else 0,
        unit=str(terms.meter_unit) if is_metered else "",
        meter=terms.meter,
    )
    return None if rules == PLAIN else rules


@lru_cache(maxsize=256)
def use_facts_of(rules: UseRules) -> dict[str, object]:
    """The rules as JSON values; `use_rules_from` reads them."""
    return facts_of(rules)


def use_rules_from(value: object) -> UseRules | None:
    """Read what `use_facts_of` wrote; equal rules are one object, since a school has few of them.

    Raises:
        FactsError: anything else.
    """
    return None if value is None else _rules_of_text(json.dumps(value, sort_keys=True))


@lru_cache(maxsize=256)
def _rules_of_text(text: str) -> UseRules:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise FactsError(f"use rules: an object is expected, not {text[:60]!r}")
    Facts("use rules", found)
    return record_of(UseRules, found)


class Amount(NamedTuple):
    """What was used: sent and received by the user, and seconds online."""

    up_octets: int
    down_octets: int
    seconds: int

    def more(self, other: Amount) -> Amount:
        """Both together."""
        return Amount(
            self.up_octets + other.up_octets,
            self.down_octets + other.down_octets,
            self.seconds + other.seconds,
        )


NO_USE = Amount(0, 0, 0)

Spent = Mapping[int, Amount]
"""What an account used, by local day; at least the days of the calendar month that is asked about."""


def month_days(at: int, zone: Zone) -> tuple[Day, Day]:
    """The first local day of the calendar month of this instant, and the first of the next."""
    start, end = month_bounds(at, zone)
    return local_day(start, zone), local_day(end, zone)


def of_day(spent: Spent, day: int) -> Amount:
    """What was used on one local day."""
    return spent.get(day, NO_USE)


def of_days(spent: Spent, first: int, end: int) -> Amount:
    """What was used on the days [first, end)."""
    total = NO_USE
    for day, amount in spent.items():
        if first <= day < end:
            total = total.more(amount)
    return total


class CapState(NamedTuple):
    """How an account stands to the caps of its plan at an instant: what is left of each, None where none is set.

    ``seconds`` is what a session that begins now may last. Where the rest of today's allowance reaches midnight it has
    tomorrow's too (W30), and that of the next month where the rest of this one's reaches its end.
    ``rests_until`` is when the account may go on, None while nothing is used up; `by_month` says which cap it was.
    """

    seconds: int | None
    octets: int | None
    rests_until: Timestamp | None
    by_month: bool = False


def cap_state(caps: Caps, direction: Direction, spent: Spent, now: int, zone: Zone) -> CapState:
    """How much of the caps is left at `now`. The cap that keeps somebody out for longest is the one that is named."""
    today = of_day(spent, local_day(now, zone))
    month = of_days(spent, *month_days(now, zone))
    limits = [
        daily_seconds(caps.day_seconds, today.seconds, now, zone) if caps.day_seconds is not None else None,
        _monthly_seconds(caps.month_seconds, month.seconds, now, zone),
    ]
    octets = [
        None if cap is None else cap - direction.counted(used.up_octets, used.down_octets)
        for cap, used in ((caps.day_octets, today), (caps.month_octets, month))
    ]
    day_over = _is_over(caps.day_seconds, today.seconds) or (octets[0] is not None and octets[0] <= 0)
    month_over = _is_over(caps.month_seconds, month.seconds) or (octets[1] is not None and octets[1] <= 0)
    rests_until = None
    if month_over:
        rests_until = month_start(now, zone, 1)
    elif day_over:
        rests_until = next_midnight(now, zone)
    return CapState(_least(limits), _least(octets), rests_until, month_over)


def _is_over(cap: int | None, used: int) -> bool:
    return cap is not None and used >= cap


def _monthly_seconds(limit_seconds: int | None, used_seconds: int, now: int, zone: Zone) -> int | None:
    if limit_seconds is None:
        return None
    rest = max(limit_seconds - used_seconds, 0)
    to_end = month_start(now, zone, 1) - now
    return rest if rest < to_end else to_end + limit_seconds


def _least(limits: list[int | None]) -> int | None:
    present = [limit for limit in limits if limit is not None]
    return max(min(present), 0) if present else None
