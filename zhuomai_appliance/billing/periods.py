"""When a purchase begins and ends, and what its first period costs (billing rules §3, §5 and §6)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from zhuomai_appliance.model.entitlement import (
    Entitlement,
    LastSegment,
    Segment,
    Term,
    WhyNot,
    at,
    settle,
)
from zhuomai_appliance.model.moment import (
    DAY_SECONDS,
    Anchor,
    Timestamp,
    Zone,
    calendar_start,
    local_day,
    next_calendar_start,
)
from zhuomai_appliance.model.money import Fen, half_up
from zhuomai_appliance.model.plan_rules import RentMode
from zhuomai_appliance.model.products import (
    BuyoutPrice,
    FirstMonth,
    PlanKind,
    PlanVersion,
    Starts,
    SubscriptionId,
    SubscriptionState,
    move,
)
from zhuomai_appliance.model.rollover import Rollover
from zhuomai_appliance.model.use import use_rules

MOST_PERIODS: Final = 120
"""Ten years of months: more at once is a slip of the finger."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a plan one purchase is: paid periods, and what comes with them as a gift (W08, D19)."""

    periods: int = 1
    gift_periods: int = 0
    gift_days: int = 0
    gift_octets: int = 0
    gift_seconds: int = 0

    @property
    def all_periods(self) -> int:
        """Paid and given ones together."""
        return self.periods + self.gift_periods


ONE: Final = Extent()


class CannotBuyError(ValueError):
    """A purchase that could never be used; the sentence is fit to be shown to an operator."""


def append(
    entitlement: Entitlement,
    version: PlanVersion,
    subscription_id: SubscriptionId,
    now: int,
    extent: Extent = ONE,
) -> Entitlement:
    """The chain after this purchase at `now`; `segment_of` finds the new segment with its dates and state.

    Before the chain's end the purchase queues behind it and loses nothing of it; after it, the purchase starts now,
    with its own anchor, and nobody pays for dead days (billing rules §5). It runs beside others only if its plan and
    theirs are `concurrent`, and beside free and metered plans always.

    Raises:
        CannotBuyError: a buyout whose end has passed, or several periods of what has none.
    """
    walked = at(entitlement, now)
    when = Timestamp(max(now, walked.as_of))
    segment = new_segment(version, subscription_id, when, entitlement.zone, extent)
    return settle(walked, (*walked.segments, segment), when)


def new_segment(
    version: PlanVersion, subscription_id: SubscriptionId, now: Timestamp, zone: Zone, extent: Extent
) -> Segment:
    """A purchase that waits for its turn, in no chain yet.

    Raises:
        CannotBuyError: as `append`.
    """
    terms = version.terms
    check_extent(version, extent)
    if terms.buyout_ends_at is not None and terms.buyout_ends_at <= now:
        raise CannotBuyError(f"{version.plan_name} has ended and cannot be bought any more")
    not_before = terms.starts_at if terms.starts is Starts.AT_DATE else None
    if terms.starts is Starts.NEXT_CALENDAR_PERIOD and terms.period is not None:
        not_before = next_calendar_start(terms.period, now, zone)
    activate_by = None
    if terms.starts is Starts.ON_FIRST_LOGIN:
        activate_by = Timestamp(now + terms.activate_by_days * DAY_SECONDS)
    return Segment(
        subscription_id=subscription_id,
        plan_version_id=version.id,
        plan_name=version.plan_name,
        kind=version.kind,
        state=SubscriptionState.QUEUED,
        purchased_at=now,
        policy=terms.policy,
        term=_term(version, extent),
        not_before=not_before,
        activate_by=activate_by,
        buyout_ends_at=terms.buyout_ends_at,
        octets_left=allowance(terms.quota.octets, extent, extent.gift_octets),
        seconds_left=allowance(terms.quota.online_seconds, extent, extent.gift_seconds),
        direction=terms.quota.direction,
        priority=terms.priority,
        concurrent=terms.concurrent,
        free_until_first=terms.first_month is FirstMonth.FREE_UNTIL_FIRST and terms.anchor is Anchor.CALENDAR,
        gift_days=extent.gift_days,
        use=use_rules(version),
        rollover=_rollover(version, extent),
    )


def check_extent(version: PlanVersion, extent: Extent) -> None:
    """Refuse what no plan can be bought for.

    Raises:
        CannotBuyError: no or too many periods, several of a plan that is not a period's, days for what has no end.
    """
    if not 1 <= extent.periods <= MOST_PERIODS or extent.gift_periods < 0:
        raise CannotBuyError(f"{extent.periods} periods cannot be bought at once")
    if extent.all_periods > 1 and version.kind is not PlanKind.PERIOD:
        raise CannotBuyError(f"{version.plan_name} is not sold by the period: buy it once more instead")
    if extent.gift_days and version.terms.period is None and version.terms.buyout_ends_at is None:
        raise CannotBuyError(f"{version.plan_name} has no end that days could be added to")


def _rollover(version: PlanVersion, extent: Extent) -> Rollover | None:
    """How what is left of this purchase goes on; None where it lapses."""
    rules, quota = version.terms.rollover, version.terms.quota
    if not rules.keep:
        return None
    return Rollover(
        own_octets=allowance(quota.octets, extent, extent.gift_octets),
        own_seconds=allowance(quota.online_seconds, extent, extent.gift_seconds),
        most_octets=rules.most_octets,
        most_seconds=rules.most_seconds,
        periods=rules.periods,
    )


def _term(version: PlanVersion, extent: Extent) -> Term | None:
    period = version.terms.period
    if period is None or version.terms.meter.rent is RentMode.DAILY:
        return None  # with rent by the day it runs as long as that is paid
    return Term(replace(period, count=period.count * extent.all_periods), version.terms.anchor)


def allowance(whole: int | None, extent: Extent, gift: int) -> int | None:
    """What a purchase of this extent may use of an allowance: once for each period, and the gift; None counts nothing."""
    return None if whole is None else whole * extent.all_periods + gift


def segment_of(entitlement: Entitlement, subscription_id: SubscriptionId) -> Segment:
    """The segment of this subscription, ended ones of the same walk included.

    Raises:
        KeyError: the chain has none.
    """
    for segment in (*entitlement.segments, *entitlement.ended):
        if segment.subscription_id == subscription_id:
            return segment
    raise KeyError(subscription_id)


def cancel(entitlement: Entitlement, subscription_id: SubscriptionId, now: int) -> Entitlement:
    """The chain without this subscription; what queued behind it moves up, at once if it was running (W13).

    What is paid back is for the refund rules: all of it for one that had not started.

    Raises:
        KeyError: the chain has no such subscription.
        ValueError: it has ended already.
    """
    walked = at(entitlement, now)
    when = Timestamp(max(now, walked.as_of))
    segment = segment_of(walked, subscription_id)
    gone = segment._replace(state=move(segment.state, SubscriptionState.CANCELLED))
    last = None
    if segment.is_active:
        gone = gone._replace(ends_at=when)
        last = LastSegment(subscription_id, segment.plan_name, WhyNot.NO_PLAN, when)
    rest = [s for s in walked.segments if s.subscription_id != subscription_id]
    return settle(walked, rest, when, ended=(gone,), last=last)


def price_of(version: PlanVersion, start: int | None, zone: Zone, periods: int) -> Fen:
    """What so many periods cost: the first by `price_from`, each further one the full price."""
    if _is_paid_by_and_by(version):
        return Fen(0)
    return Fen(price_from(version, start, zone) + (periods - 1) * version.price_fen)


def _is_paid_by_and_by(version: PlanVersion) -> bool:
    """Whether its price is paid by use, or day by day, and nothing at the purchase."""
    return version.kind is PlanKind.METERED or version.terms.meter.rent is RentMode.DAILY


def price_from(version: PlanVersion, start: int | None, zone: Zone) -> Fen:
    """What one purchase of this version costs if it starts at `start` (None: not known yet, the whole price).

    A calendar plan that begins inside its first period, and a buyout, may cost by the days that remain, the day of
    the start included, rounded half up (W05, W07).
    """
    terms, price = version.terms, version.price_fen
    if _is_paid_by_and_by(version):
        return Fen(0)
    if start is None:
        return price
    today = local_day(start, zone)
    if (
        terms.buyout_price is BuyoutPrice.BY_DAY
        and terms.buyout_ends_at
        and terms.buyout_sold_from is not None
    ):
        end = local_day(terms.buyout_ends_at - 1, zone) + 1
        total = end - local_day(terms.buyout_sold_from, zone)
        return Fen(half_up(price * max(0, min(end - today, total)), total))
    if (
        terms.period is not None
        and terms.anchor is Anchor.CALENDAR
        and terms.first_month is FirstMonth.BY_DAY
    ):
        first = local_day(calendar_start(terms.period, start, zone), zone)
        end = local_day(next_calendar_start(terms.period, start, zone), zone)
        count, length = terms.period.count, end - first
        return Fen(half_up(price * ((count - 1) * length + end - today), count * length))
    return price


def days_used(start: int, end: int, day: int, zone: Zone) -> tuple[int, int]:
    """How many days of a span are used when this local day is over, and how many it has (at least one).

    A span has as many days as midnights between its first and its last date, so one from the 15th 10:00 to the next
    15th 10:00 has those of the month. Earning and refunds count with these (billing rules §9 and §18).
    """
    first = local_day(start, zone)
    total = max(local_day(end, zone) - first, 1)
    return max(0, min(day - first + 1, total)), total
