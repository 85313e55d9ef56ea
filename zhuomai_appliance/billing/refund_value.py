"""What is not used of what somebody paid (billing rules §9): by whole days, seconds or octets, or rated anew.

Refunds round down. Bonus money is counted apart, since it is never paid out: its unused share goes back to the bonus.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from zhuomai_appliance.billing.ledger import Lines, bonus, deferred, revenue, unused, wallet
from zhuomai_appliance.billing.service_days import served
from zhuomai_appliance.model.commerce import PostingLine
from zhuomai_appliance.model.moment import Zone, add_days, add_months, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.plan_rules import RefundFormula
from zhuomai_appliance.model.products import PlanKind, PlanVersion, Subscription, SubscriptionState
from zhuomai_appliance.model.segments import Segment

_MOST_MONTHS: Final = 1200


class Formula(StrEnum):
    """How an unused value was found; the words are the API's."""

    WHOLE = "whole"  # not begun: all of it
    BY_DAY = "by_day"
    BY_SECOND = "by_second"
    BY_OCTET = "by_octet"
    BY_ONLINE_SECOND = "by_online_second"
    RERATED = "rerated"  # paid, less the months begun at the single month's price
    NOTHING = "nothing"  # over, free, metered, or sold without a right to it


@dataclass(frozen=True, slots=True)
class UnusedValue:
    """What goes back: ``fen`` of the principal, ``bonus_fen`` of the bonus, by ``remaining`` of ``total`` of a unit.

    `unit` is "day", "second", "octet", "online_second" or "month"; empty where nothing was measured.
    """

    fen: Fen
    bonus_fen: Fen
    formula: Formula
    remaining: int
    total: int
    unit: str

    @property
    def all_fen(self) -> Fen:
        """Principal and bonus together: what leaves the deferred income."""
        return Fen(self.fen + self.bonus_fen)


def unused_value(
    version: PlanVersion,
    subscription: Subscription,
    segment: Segment | None,
    usage: int | None,
    now: int,
    zone: Zone,
    *,
    today_counts: bool = True,
) -> UnusedValue:
    """What of a purchase is not used at `now`.

    Args:
        version: the frozen version that was bought: its kind and refund rule decide the formula.
        subscription: what was paid for it.
        segment: its place in the chain as it stands at `now`; None once it has ended.
        usage: octets or online seconds that this purchase bore so far, counted in its direction; None takes the
            plan's allowance as the whole.
        now: the instant, seconds since the epoch.
        zone: the calendar.
        today_counts: whether the day of `now` was used, as in a refund; in a change the new plan has it (§8).
    """
    if segment is None or segment.state not in _OPEN:
        return _nothing()
    if segment.state in _NOT_BEGUN:
        return UnusedValue(
            subscription.paid_principal_fen, subscription.paid_bonus_fen, Formula.WHOLE, 1, 1, ""
        )
    if version.kind in (PlanKind.FREE, PlanKind.METERED) or not version.terms.refund.refundable:
        return _nothing()
    if version.kind is PlanKind.DATA:
        return _share(subscription, Formula.BY_OCTET, "octet", *_of_pack(segment.octets_left, usage, version.terms.quota.octets))  # fmt: skip
    if version.kind is PlanKind.DURATION:
        whole = version.terms.quota.online_seconds
        return _share(subscription, Formula.BY_ONLINE_SECOND, "online_second", *_of_pack(segment.seconds_left, usage, whole))  # fmt: skip
    if segment.starts_at is None or segment.ends_at is None:
        return _nothing()
    rule = version.terms.refund
    if rule.formula is RefundFormula.RERATE and rule.month_price_fen is not None:
        return _rerated(subscription, segment, rule.month_price_fen, now, zone)
    if rule.formula is RefundFormula.BY_SECOND:
        return _share(subscription, Formula.BY_SECOND, "second", *seconds_left(segment, now))
    return _share(
        subscription, Formula.BY_DAY, "day", *days_left(segment, now, zone, today_counts=today_counts)
    )


_OPEN: Final = frozenset(
    (
        SubscriptionState.RESERVED,
        SubscriptionState.QUEUED,
        SubscriptionState.ACTIVE,
        SubscriptionState.SUSPENDED,
    )
)
_NOT_BEGUN: Final = frozenset((SubscriptionState.RESERVED, SubscriptionState.QUEUED))


def refund_lines(
    subscription_id: int, account_id: int, subject: str, value: UnusedValue, deferred_fen: int
) -> Lines:
    """The posting that gives an unused value back: principal into the wallet, its bonus share to the bonus.

    Args:
        subscription_id: whose deferred income it comes from.
        account_id: whose wallet gets it.
        subject: the income subject; what was earned by the day and is given back by use, as of a pack, comes from it.
        value: what goes back.
        deferred_fen: what is not earned yet.
    """
    from_deferred = max(0, min(value.all_fen, deferred_fen))
    lines = (
        PostingLine(deferred(subscription_id), Fen(from_deferred)),
        PostingLine(revenue(subject), Fen(value.all_fen - from_deferred)),
        PostingLine(wallet(account_id), Fen(-value.fen)),
        PostingLine(bonus(account_id), Fen(-value.bonus_fen)),
    )
    return tuple(line for line in lines if line.amount_fen)


def _nothing() -> UnusedValue:
    return UnusedValue(Fen(0), Fen(0), Formula.NOTHING, 0, 1, "")


def days_left(segment: Segment, now: int, zone: Zone, *, today_counts: bool = True) -> tuple[int, int]:
    """Whole local days of a started segment that are not used, and those that it has; pauses are not sold days.

    Raises:
        ValueError: it has no start or no end.
    """
    start, end = _span(segment)
    today = local_day(now, zone)
    used, total = served(
        start,
        end,
        today if today_counts else today - 1,
        zone,
        paused_days=segment.paused_days,
        suspended_at=segment.suspended_at,
    )
    return (0 if end <= now and segment.suspended_at is None else total - used), total


def seconds_left(segment: Segment, now: int) -> tuple[int, int]:
    """Seconds of a started segment that are not used, and those that it has.

    Raises:
        ValueError: it has no start or no end.
    """
    start, end = _span(segment)
    when = now if segment.suspended_at is None else min(now, segment.suspended_at)
    total = max(end - start - segment.paused_days * 86_400, 1)
    return max(0, min(end - when, total)), total


def months_begun(segment: Segment, now: int, zone: Zone) -> int:
    """How many months of a started segment have begun, at least one; days of pauses are taken out first.

    Raises:
        ValueError: it has no start or no end.
    """
    start, _ = _span(segment)
    when = now if segment.suspended_at is None else min(now, segment.suspended_at)
    when = add_days(when, -segment.paused_days, zone)
    begun = 1
    while begun < _MOST_MONTHS and add_months(start, begun, zone) <= when:
        begun += 1
    return begun


def _span(segment: Segment) -> tuple[int, int]:
    if segment.starts_at is None or segment.ends_at is None:
        raise ValueError(f"subscription {segment.subscription_id} has no start or no end")
    return segment.starts_at, segment.ends_at


def _of_pack(left: int | None, usage: int | None, allowance: int | None) -> tuple[int, int]:
    """Left of the whole: what was used and what is left make it, gifts and rolled allowances included."""
    rest = left or 0
    total = max(rest + usage if usage is not None else max(allowance or 0, rest), 1)
    return rest, total


def _share(
    subscription: Subscription, formula: Formula, unit: str, remaining: int, total: int
) -> UnusedValue:
    return UnusedValue(
        unused(subscription.paid_principal_fen, remaining, total),
        unused(subscription.paid_bonus_fen, remaining, total),
        formula,
        remaining,
        total,
        unit,
    )


def _rerated(
    subscription: Subscription, segment: Segment, month_price_fen: int, now: int, zone: Zone
) -> UnusedValue:
    """Paid, less what the months begun would have cost one by one; what the principal does not bear the bonus does."""
    start, end = _span(segment)
    whole = add_days(end, -segment.paused_days, zone)
    months = 1
    while months < _MOST_MONTHS and add_months(start, months, zone) < whole:
        months += 1
    begun = min(months_begun(segment, now, zone), months)
    price = begun * month_price_fen
    principal = max(0, subscription.paid_principal_fen - price)
    beyond = max(0, price - subscription.paid_principal_fen)
    return UnusedValue(
        Fen(principal),
        Fen(max(0, subscription.paid_bonus_fen - beyond)),
        Formula.RERATED,
        months - begun,
        months,
        "month",
    )
