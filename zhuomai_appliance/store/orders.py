"""Orders, payments and subscriptions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.commerce import Channel, Order, OrderState, Payment
from zhuomai_appliance.model.entitlement import SegmentChange
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import (
    PlanKind,
    PlanVersionId,
    Subscription,
    SubscriptionId,
    SubscriptionState,
)
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("orders")


@dataclass(frozen=True, slots=True)
class OwnedSubscription:
    """A subscription with the plan's name and kind, for pages; ``terms`` is the version's canonical JSON text."""

    subscription: Subscription
    plan_name: str
    kind: PlanKind
    terms: str


@dataclass(frozen=True, slots=True)
class EarningDue:
    """A started subscription with a deferred balance: what the daily earning looks at."""

    subscription_id: SubscriptionId
    project_id: ProjectId
    starts_at: int
    ends_at: int | None
    paid_principal_fen: Fen
    state: SubscriptionState
    kind: PlanKind
    terms: str


def add_order(tx: Transaction, order: Order) -> None:
    """Store a new order; its number must be unused."""
    tx.run(
        _Q.insert_order,
        order_no=order.order_no,
        project_id=order.project_id,
        account_id=order.account_id,
        plan_version_id=order.plan_version_id,
        periods=order.periods,
        amount_fen=order.amount_fen,
        channel=order.channel.value,
        state=order.state.value,
        operator=order.operator,
        memo=order.memo,
        at=order.created_at,
        paid_at=order.paid_at,
    )


def next_serial(tx: Transaction, project_id: ProjectId, from_at: int, to_at: int) -> int:
    """The number of an order within its day: one more than those created in ``[from_at, to_at)``."""
    serial: int = tx.value(_Q.next_order_serial, project_id=project_id, from_at=from_at, to_at=to_at)
    return serial


def _order(row: Row) -> Order:
    return Order(
        order_no=row[0],
        project_id=row[1],
        account_id=row[2],
        plan_version_id=row[3],
        periods=row[4],
        amount_fen=Fen(row[5]),
        channel=Channel(row[6]),
        state=OrderState(row[7]),
        operator=row[8],
        memo=row[9],
        created_at=Timestamp(row[10]),
        paid_at=row[11],
    )


def order(reader: Reader, order_no: str) -> Order | None:
    """One order by its number."""
    row = reader.one(_Q.order_by_no, order_no=order_no)
    return None if row is None else _order(row)


def orders_of(reader: Reader, project_id: ProjectId, account_id: AccountId, limit: int) -> list[Order]:
    """The newest orders of an account."""
    return [
        _order(row)
        for row in reader.all(_Q.orders_of, project_id=project_id, account_id=account_id, limit=limit)
    ]


def add_payment(tx: Transaction, project_id: ProjectId, payment: Payment) -> None:
    """Store money that came in for an order; a provider's number is taken once."""
    tx.insert(
        _Q.insert_payment,
        project_id=project_id,
        order_no=payment.order_no,
        provider=payment.provider,
        provider_no=payment.provider_no,
        amount_fen=payment.amount_fen,
        at=payment.paid_at,
        payload_digest=payment.payload_digest,
    )


def add_subscription(
    tx: Transaction,
    *,
    project_id: ProjectId,
    account_id: AccountId,
    plan_version_id: PlanVersionId,
    order_no: str | None,
    at: int,
    paid_principal_fen: Fen,
) -> SubscriptionId:
    """Add a purchase that waits; `apply_changes` gives it its state and dates once billing has placed it."""
    return SubscriptionId(
        tx.insert(
            _Q.insert_subscription,
            project_id=project_id,
            account_id=account_id,
            plan_version_id=plan_version_id,
            order_no=order_no,
            state=SubscriptionState.QUEUED.value,
            at=at,
            anchor_at=None,
            starts_at=None,
            ends_at=None,
            octets_left=None,
            seconds_left=None,
            paid_principal_fen=paid_principal_fen,
        )
    )


def apply_changes(tx: Transaction, changes: Sequence[SegmentChange]) -> None:
    """Write what billing decided about subscriptions into their rows, each at most once."""
    if not changes:
        return
    rows = json.dumps(changes)
    # Mere use leaves state and dates, and what is not set needs no place in an index
    if tx.run(_Q.use_subscriptions, rows=rows) < len(changes):
        tx.run(_Q.update_subscriptions, rows=rows)


def subscriptions_of(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[OwnedSubscription]:
    """Everything an account ever bought, oldest first."""
    return [
        OwnedSubscription(
            Subscription(
                id=SubscriptionId(row[0]),
                project_id=project_id,
                account_id=row[1],
                plan_version_id=row[2],
                order_no=row[11],
                state=SubscriptionState(row[3]),
                purchased_at=row[4],
                anchor_at=row[5],
                starts_at=row[6],
                ends_at=row[7],
                octets_left=row[8],
                seconds_left=row[9],
                paid_principal_fen=Fen(row[10]),
            ),
            row[12],
            PlanKind(row[13]),
            row[14],
        )
        for row in reader.all(_Q.subscriptions_of, project_id=project_id, account_id=account_id)
    ]


def earning_due(reader: Reader, before: int, after: SubscriptionId, limit: int) -> list[EarningDue]:
    """Subscriptions that started before a time and still have deferred income, by id."""
    return [
        EarningDue(
            SubscriptionId(i),
            ProjectId(p),
            starts,
            ends,
            Fen(paid),
            SubscriptionState(state),
            PlanKind(kind),
            terms,
        )
        for i, p, starts, ends, paid, state, kind, terms in reader.all(
            _Q.earning_due, before=before, after=after, limit=limit
        )
    ]
