"""Orders, payments and subscriptions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.commerce import (
    Channel,
    Order,
    OrderKind,
    OrderLine,
    OrderState,
    OrderStep,
    Payment,
)
from zhuomai_appliance.model.entitlement import SegmentChange
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.money import NOTHING, Fen
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
    """A started subscription with a deferred balance: what the daily earning looks at. Gifts paid for it count too."""

    subscription_id: SubscriptionId
    project_id: ProjectId
    starts_at: int
    ends_at: int | None
    paid_fen: Fen
    state: SubscriptionState
    kind: PlanKind
    terms: str
    paused_days: int = 0
    suspended_at: int | None = None


def add_order(tx: Transaction, order: Order, lines: Sequence[OrderLine]) -> None:
    """Store a new order with its lines, and the state it begins in; its number must be unused.

    Raises:
        ValueError: the lines do not make up the amount.
    """
    if sum(line.net_fen for line in lines) != order.amount_fen:
        raise ValueError(f"the lines of order {order.order_no} are not its {order.amount_fen} fen")
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
        kind=order.kind.value,
        bonus_fen=order.bonus_fen,
        payer_id=order.payer_id,
        agent_id=order.agent_id,
    )
    for number, line in enumerate(lines, 1):
        tx.run(
            _Q.insert_order_line,
            project_id=order.project_id,
            order_no=order.order_no,
            line_no=number,
            subject=line.subject,
            text=line.text,
            amount_fen=line.amount_fen,
            discount_fen=line.discount_fen,
            discount=line.discount,
        )
    _add_step(tx, order, order.state, order.created_at, order.operator, order.memo)


def _add_step(tx: Transaction, order: Order, state: OrderState, at: int, operator: str, memo: str) -> None:
    tx.run(
        _Q.insert_order_step,
        project_id=order.project_id,
        order_no=order.order_no,
        state=state.value,
        at=at,
        operator=operator,
        memo=memo,
    )


def set_state(
    tx: Transaction, order: Order, state: OrderState, at: int, operator: str, memo: str = ""
) -> None:
    """Bring an order from the state it was read in to another (billing.orders.advance finds it); its history grows.

    Raises:
        LookupError: it is not in that state any more.
    """
    closed = state in (OrderState.CLOSED, OrderState.REFUNDED)
    changed = tx.run(
        _Q.set_order_state,
        order_no=order.order_no,
        before=order.state.value,
        state=state.value,
        paid_at=at if state is OrderState.PAID else None,
        closed_at=at if closed else None,
    )
    if not changed:
        raise LookupError(f"order {order.order_no} is not {order.state} any more")
    _add_step(tx, order, state, at, operator, memo)


def add_refunded(tx: Transaction, order_no: str, amount_fen: Fen) -> None:
    """Keep that so much of an order was given back; a negative amount takes it back again."""
    tx.run(_Q.add_refunded, order_no=order_no, amount_fen=amount_fen)


def lines_of(reader: Reader, project_id: ProjectId, order_no: str) -> list[OrderLine]:
    """The lines of an order."""
    return [OrderLine(*row) for row in reader.all(_Q.order_lines, project_id=project_id, order_no=order_no)]


def steps_of(reader: Reader, project_id: ProjectId, order_no: str) -> list[OrderStep]:
    """The states that an order came into, the first one first."""
    return [
        OrderStep(OrderState(state), Timestamp(at), operator, memo)
        for state, at, operator, memo in reader.all(_Q.order_steps, project_id=project_id, order_no=order_no)
    ]


def recharges_of(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[Order]:
    """The recharges of an account of which not all was paid out again, the newest first."""
    found = reader.all(_Q.recharges_of, project_id=project_id, account_id=account_id)
    return [_order(row) for row in found]


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
        closed_at=row[12],
        kind=OrderKind(row[13]),
        bonus_fen=Fen(row[14]),
        refunded_fen=Fen(row[15]),
        payer_id=row[16],
        agent_id=row[17],
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
    paid_bonus_fen: Fen = NOTHING,
    granted_octets: int | None = None,
    granted_seconds: int | None = None,
) -> SubscriptionId:
    """Add a purchase that waits; `apply_changes` gives it its state and dates once billing has placed it.

    What it is granted is None where it is the plan's own allowance.
    """
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
            paid_bonus_fen=paid_bonus_fen,
            granted_octets=granted_octets,
            granted_seconds=granted_seconds,
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
                paid_bonus_fen=Fen(row[15]),
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
            paused,
            suspended,
        )
        for i, p, starts, ends, paid, state, kind, terms, paused, suspended in reader.all(
            _Q.earning_due, before=before, after=after, limit=limit
        )
    ]
