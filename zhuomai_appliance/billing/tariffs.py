"""What use costs at which time of day, and how one report's use is divided among prices (billing rules §11, D21).

A rating period is a calendar month. Its charge is one floor over the exact sum of all its use times its price, so that
however the network cuts sessions and reports, the month differs by at most one fen (P3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from zhuomai_appliance.model.moment import Timestamp, Zone, date_of, day_start, local_day
from zhuomai_appliance.model.money import Fen, floor
from zhuomai_appliance.model.plan_rules import PriceWindow, Tier
from zhuomai_appliance.model.products import Direction, PlanKind
from zhuomai_appliance.model.segments import Segment
from zhuomai_appliance.model.traffic import GIGABYTE_BINARY
from zhuomai_appliance.model.use import Amount

UNITS: Final = {"hour": 3600, "gigabyte": GIGABYTE_BINARY}
"""Seconds and octets of what a price buys."""

HORIZON_SECONDS: Final = 62 * 86_400
"""How far ahead a balance is followed through the prices: beyond the longest month it buys «no end»."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of one segment. `unit` is a word of `UNITS`; `tiers` are for what no window prices."""

    price_fen: int
    unit: str
    direction: Direction = Direction.BOTH
    windows: tuple[PriceWindow, ...] = ()
    tiers: tuple[Tier, ...] = ()

    @property
    def size(self) -> int:
        """Seconds or octets in one unit."""
        return UNITS[self.unit]

    @property
    def is_time(self) -> bool:
        """Whether seconds are paid for, not octets."""
        return self.unit == "hour"

    def counted(self, amount: Amount) -> int:
        """What of some use this tariff prices."""
        if self.is_time:
            return amount.seconds
        return self.direction.counted(amount.up_octets, amount.down_octets)


def tariff_of(segment: Segment) -> Tariff | None:
    """What the use of this segment costs now; None where nothing beyond its plan's own price does."""
    rules = segment.use
    if rules is None:
        return None
    meter = rules.meter
    if segment.kind is PlanKind.METERED:
        return Tariff(rules.price_fen, rules.unit, segment.direction, meter.windows, meter.tiers)
    if segment.payg and meter.payg_price_fen is not None:
        return Tariff(meter.payg_price_fen, meter.payg_unit, segment.direction, meter.windows)
    return None


class Metered(NamedTuple):
    """The use of one rating period so far: what the tiers price, and price times amount of what windows priced."""

    amount: int = 0
    window_weight: int = 0

    def more(self, other: Metered) -> Metered:
        """Both together."""
        return Metered(self.amount + other.amount, self.window_weight + other.window_weight)


def weight(tariff: Tariff, metered: Metered) -> int:
    """Price times amount of all use of a period: fen, before it is divided by the unit."""
    total, used, price = metered.window_weight, 0, tariff.price_fen
    for tier in sorted(tariff.tiers, key=lambda tier: tier.from_units):
        border = tier.from_units * tariff.size
        if metered.amount <= border:
            break
        total += (border - used) * price
        used, price = border, tier.price_fen
    return total + (metered.amount - used) * price


def due(tariff: Tariff, metered: Metered) -> Fen:
    """What a rating period owes for its whole use so far; the fraction of a fen stays in the meter."""
    return Fen(floor(weight(tariff, metered), tariff.size))


def window_at(windows: Sequence[PriceWindow], at: int, zone: Zone) -> PriceWindow | None:
    """The first window that holds at this instant; None outside them all."""
    if not windows:
        return None
    wall = zone.local(at)
    day, minute = local_day(at, zone), wall.hour * 60 + wall.minute
    for window in windows:
        if _holds(window, day, minute):
            return window
    return None


def _holds(window: PriceWindow, day: int, minute: int) -> bool:
    start, end = window.start_minute, window.end_minute
    if start < end:
        return start <= minute < end and _is_day_of(window, day)
    # Over midnight, or the whole day: the night belongs to the day on which it begins
    return (minute >= start and _is_day_of(window, day)) or (minute < end and _is_day_of(window, day - 1))


def _is_day_of(window: PriceWindow, day: int) -> bool:
    if window.weekdays and (day + 3) % 7 not in window.weekdays:
        return False
    return window.span is None or window.span.first_day <= day <= window.span.last_day


def borders(windows: Sequence[PriceWindow], start: int, end: int, zone: Zone) -> list[Timestamp]:
    """The instants within (start, end) at which the price may change, in order; midnights among them."""
    if not windows:
        return []
    minutes = sorted({0} | {minute % 1440 for w in windows for minute in (w.start_minute, w.end_minute)})
    found = set()
    for day in range(local_day(start, zone), local_day(end, zone) + 1):
        midnight = datetime.combine(date_of(day), datetime.min.time())
        for minute in minutes:
            when = zone.instant(midnight + timedelta(minutes=minute)) if minute else day_start(day, zone)
            if start < when < end:
                found.add(when)
    return sorted(found)


def parts(
    windows: Sequence[PriceWindow], start: int, end: int, amount: Amount, zone: Zone
) -> Iterator[tuple[PriceWindow | None, int, Amount]]:
    """Some use of a span divided by time at the borders of windows: each part with its window and its start.

    Parts are whole, what does not divide falls to the later side, and the parts add up to the use.
    """
    if not windows or end <= start:
        yield window_at(windows, max(end - 1, 0), zone), start, amount
        return
    cursor, before = start, Amount(0, 0, 0)
    for until in (*borders(windows, start, end, zone), end):
        upto = Amount(*(value * (until - start) // (end - start) for value in amount))
        part = Amount(*(b - a for a, b in zip(before, upto, strict=True)))
        yield window_at(windows, cursor, zone), cursor, part
        cursor, before = until, upto


def metered(tariff: Tariff, start: int, end: int, amount: Amount, zone: Zone) -> Metered:
    """What the use of a span adds to its rating period."""
    if not tariff.windows:
        return Metered(tariff.counted(amount))
    found = Metered()
    for window, _, part in parts(tariff.windows, start, end, amount, zone):
        counted = tariff.counted(part)
        found = found.more(Metered(counted) if window is None else Metered(0, counted * window.price_fen))
    return found


def price_now(tariff: Tariff, so_far: Metered, at: int, zone: Zone) -> int:
    """The price of one more unit at this instant."""
    window = window_at(tariff.windows, at, zone)
    return _tier_price(tariff, so_far.amount)[0] if window is None else window.price_fen


def _tier_price(tariff: Tariff, amount: int) -> tuple[int, int | None]:
    """The price after so much of the month, and how much more of it there is at that price; None without end."""
    price, rest = tariff.price_fen, None
    for tier in sorted(tariff.tiers, key=lambda tier: tier.from_units):
        border = tier.from_units * tariff.size
        if amount < border:
            rest = border - amount
            break
        price = tier.price_fen
    return price, rest


def affordable(tariff: Tariff, so_far: Metered, money_fen: int, at: int, zone: Zone) -> int | None:
    """Seconds or octets that so much money still buys, from the exact state of the meter (W28); None for no end.

    Time is followed through the prices of the day; octets are told at the price of now, since nobody knows when they flow.
    """
    budget = (due(tariff, so_far) + money_fen) * tariff.size - weight(tariff, so_far)
    bought, cursor, amount, end = 0, at, so_far.amount, at + HORIZON_SECONDS
    stops = iter((*borders(tariff.windows, at, end, zone), end)) if tariff.is_time else iter((end,))
    stop = next(stops)
    while True:
        window = window_at(tariff.windows, cursor, zone)
        price, rest = _tier_price(tariff, amount) if window is None else (window.price_fen, None)
        span = stop - cursor if tariff.is_time else rest
        if rest is not None and span is not None:
            span = min(span, rest)
        if span is None:
            return None if price == 0 else bought + max(budget, 0) // price
        if span * price > budget:
            return bought + max(budget, 0) // price
        budget -= span * price
        bought += span
        amount += span if window is None else 0
        if tariff.is_time:
            cursor += span
            if cursor >= end:
                return None
            if cursor == stop:
                stop = next(stops)
