"""Income that a day earned: straight by day, the cumulative floor, so that a life's sum is the price (billing §18)."""

from __future__ import annotations

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.service_days import served
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.commerce import PostingKind
from zhuomai_appliance.model.moment import Zone, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.products import SubscriptionId, SubscriptionState
from zhuomai_appliance.model.terms import load_terms
from zhuomai_appliance.store import ledger, orders
from zhuomai_appliance.store.interface import Reader, Transaction

PAGE = 100
"""Purchases of one commit: some ten milliseconds of the writer, so that no report waits for the night."""
_OVER = frozenset((SubscriptionState.EXHAUSTED, SubscriptionState.FINISHED))


def due(reader: Reader, now: int, after: SubscriptionId) -> list[orders.EarningDue]:
    """The next page of subscriptions that may have something to earn."""
    return orders.earning_due(reader, now, after, PAGE)


def missing(reader: Reader, project: Project, until: int) -> list[SubscriptionId]:
    """Purchases of a project that earned something before ``until`` which no posting says yet."""
    zone, found, after = Zone(project.zone), list[SubscriptionId](), SubscriptionId(0)
    while page := due(reader, until, after):
        after = page[-1].subscription_id
        found += [
            item.subscription_id
            for item in page
            if item.project_id == project.id and _unposted(reader, item, _earned_by(item, zone, until)) > 0
        ]
    return found


def _earned_by(item: orders.EarningDue, zone: Zone, at: int) -> Fen:
    """What a subscription earned up to the last local midnight at ``at``; all of it once it is over."""
    is_paused = item.state is SubscriptionState.SUSPENDED
    if item.state in _OVER or (item.ends_at is not None and item.ends_at <= at and not is_paused):
        return item.paid_fen
    if item.ends_at is None:
        return Fen(0)
    day, days = served(
        item.starts_at, item.ends_at, local_day(at, zone) - 1, zone,
        paused_days=item.paused_days, suspended_at=item.suspended_at,
    )  # fmt: skip
    return rules.earned(item.paid_fen, day, days)


def _unposted(reader: Reader, item: orders.EarningDue, should_be: int) -> Fen:
    posted = item.paid_fen + ledger.balance(reader, item.project_id, rules.deferred(item.subscription_id))
    return Fen(should_be - posted)


def earn(tx: Transaction, item: orders.EarningDue, tables: Tables, now: int) -> Fen:
    """Post what a subscription earned up to the last local midnight, or all of it once it is over; what was posted.

    A plan without an end (used up by octets or seconds alone) is earned when it is over.
    """
    zone = tables.zone(item.project_id)
    yesterday = local_day(now, zone) - 1
    should_be = _earned_by(item, zone, now)
    amount = _unposted(tx, item, should_be)
    if amount <= 0:
        return Fen(0)
    deferred = rules.deferred(item.subscription_id)
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
