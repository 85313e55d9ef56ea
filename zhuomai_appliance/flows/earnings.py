"""Income that a day earned: straight by day, the cumulative floor, so that a life's sum is the price (billing §18)."""

from __future__ import annotations

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.periods import days_used
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.moment import local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.products import SubscriptionId, SubscriptionState
from zhuomai_appliance.model.terms import load_terms
from zhuomai_appliance.store import ledger, orders
from zhuomai_appliance.store.interface import Reader, Transaction

PAGE = 500
_OVER = frozenset((SubscriptionState.EXHAUSTED, SubscriptionState.FINISHED))


def due(reader: Reader, now: int, after: SubscriptionId) -> list[orders.EarningDue]:
    """The next page of subscriptions that may have something to earn."""
    return orders.earning_due(reader, now, after, PAGE)


def earn(tx: Transaction, item: orders.EarningDue, tables: Tables, now: int) -> Fen:
    """Post what a subscription earned up to the last local midnight, or all of it once it is over; what was posted.

    A plan without an end (used up by octets or seconds alone) is earned when it is over.
    """
    zone = tables.zone(item.project_id)
    paid = item.paid_fen
    yesterday = local_day(now, zone) - 1
    if item.state in _OVER or (item.ends_at is not None and item.ends_at <= now):
        should_be = paid
    elif item.ends_at is None:
        return Fen(0)
    else:
        day, days = days_used(item.starts_at, item.ends_at, yesterday, zone)
        should_be = rules.earned(paid, day, days)
    deferred = rules.deferred(item.subscription_id)
    earned = paid + ledger.balance(tx, item.project_id, deferred)
    amount = Fen(should_be - earned)
    if amount <= 0:
        return Fen(0)
    subject = load_terms(item.terms).subject or item.kind.value
    ledger.post(
        tx,
        project_id=item.project_id,
        kind=PostingKind.EARNING,
        effect=f"subscription:{item.subscription_id}:earned:{yesterday}:{should_be}",
        order_no=None,
        operator="",
        at=now,
        memo="",
        lines=rules.check(rules.transfer(deferred, rules.revenue(subject), amount)),
    )
    return amount
