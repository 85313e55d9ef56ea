"""Buying plans and moving money, each in one transaction: order, payment, postings, subscription, chain.

These are functions of a Transaction, so that a caller (counter, site file, import, API) can do several at once or none.
Every one carries an idempotency of its own: an order number is used once, an effect is posted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing import periods
from zhuomai_appliance.billing.orders import OrderEvent, advance
from zhuomai_appliance.flows import chains, effects
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import Channel, Order, OrderState, Payment, PostingKind
from zhuomai_appliance.model.entitlement import Entitlement, Segment
from zhuomai_appliance.model.moment import Timestamp, Zone, day_bounds, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanVersion, SubscriptionId
from zhuomai_appliance.store import ledger, orders
from zhuomai_appliance.store.interface import Reader, Transaction

_FREE: Final = frozenset((Channel.GRANT,))


class NotEnoughMoney(Exception):
    """The wallet holds less than the price; nothing was done."""

    def __init__(self, missing_fen: int) -> None:
        super().__init__(f"{missing_fen} fen are missing")
        self.missing_fen = missing_fen


class PreviewIsOld(Exception):
    """The account changed since the preview was made; nothing was done (billing rule 8)."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A plan that was bought: its order, the subscription, and the segment with its dates."""

    order: Order
    subscription_id: SubscriptionId
    segment: Segment


@dataclass(frozen=True, slots=True)
class Preview:
    """What a purchase would do now. ``revision`` makes the commit refuse if the chain moved meanwhile."""

    price_fen: Fen
    segment: Segment
    covered_until: int | None
    would_be_covered_until: int | None
    revision: int


def preview(reader: Reader, account_id: AccountId, version: PlanVersion, zone: Zone, now: int) -> Preview:
    """The price and dates that `buy` would write at ``now``, without writing anything.

    Raises:
        CannotBuyError: the plan cannot be bought any more.
    """
    before = chain_rules.at(chains.read(reader, account_id, zone.name), now)
    candidate = SubscriptionId(0)
    after = periods.append(before, version, candidate, now)
    segment = periods.segment_of(after, candidate)
    return Preview(
        price_fen=periods.price_from(version, segment.starts_at, zone),
        segment=segment,
        covered_until=chain_rules.owned_until(before),
        would_be_covered_until=chain_rules.owned_until(after),
        revision=before.revision,
    )


def next_order_no(tx: Transaction, project_id: ProjectId, zone: Zone, at: int) -> str:
    """A number nobody has: project, local date, serial of the day, so 1-20260925-000042."""
    day = local_day(at, zone)
    from_at, to_at = day_bounds(day, zone)
    serial = orders.next_serial(tx, project_id, from_at, to_at)
    return f"{project_id}-{zone.local(at):%Y%m%d}-{serial:06d}"


def buy(
    tx: Transaction,
    *,
    project_id: ProjectId,
    account_id: AccountId,
    version: PlanVersion,
    channel: Channel,
    zone: Zone,
    at: int,
    operator: str,
    shift: str = "",
    memo: str = "",
    revision: int | None = None,
) -> Purchase:
    """Order, pay and fulfil a plan in one go: cash at the counter, from the wallet, or granted over 0 fen.

    Args:
        shift: the till that takes the cash; needed for CASH.
        revision: the preview's; another state of the chain refuses.

    Raises:
        NotEnoughMoney: BALANCE, and the wallet holds less than the price.
        PreviewIsOld: the chain moved since the preview.
        CannotBuyError: the plan cannot be bought any more.
        ValueError: a channel that pays later.
    """
    if channel not in (Channel.CASH, Channel.BALANCE, Channel.GRANT):
        raise ValueError(f"{channel} pays through its own gateway")
    before = chain_rules.at(chains.read(tx, account_id, zone.name), at)
    if revision is not None and before.revision != revision:
        raise PreviewIsOld
    order_no = next_order_no(tx, project_id, zone, at)
    provisional = periods.append(before, version, SubscriptionId(0), at)
    starts_at = periods.segment_of(provisional, SubscriptionId(0)).starts_at
    price = Fen(0) if channel in _FREE else periods.price_from(version, starts_at, zone)
    order = Order(
        order_no=order_no,
        project_id=project_id,
        account_id=account_id,
        plan_version_id=version.id,
        periods=1,
        amount_fen=price,
        channel=channel,
        state=advance(advance(OrderState.CREATED, OrderEvent.PAY), OrderEvent.FULFIL),
        operator=operator,
        memo=memo,
        created_at=Timestamp(at),
        paid_at=Timestamp(at),
    )
    orders.add_order(tx, order)
    subscription_id = orders.add_subscription(
        tx,
        project_id=project_id,
        account_id=account_id,
        plan_version_id=version.id,
        order_no=order_no,
        at=at,
        paid_principal_fen=price,
    )
    _pay(tx, order, subscription_id, shift)
    after = periods.append(before, version, subscription_id, at)
    chains.put(tx, before, after, project_id)
    _tell_sessions(tx, before, after, project_id, at)
    return Purchase(order, subscription_id, periods.segment_of(after, subscription_id))


def _tell_sessions(
    tx: Transaction, before: Entitlement, after: Entitlement, project_id: ProjectId, at: int
) -> None:
    """Let running sessions have what was bought: a new policy at once, a longer stay where the device can."""
    old, new = chain_rules.current(before, at), chain_rules.current(after, at)
    if old is None or new is None:
        return
    if old.policy.rate != new.policy.rate or old.throttled != new.throttled:
        effects.apply_live(tx, after.account_id, project_id, at)
    elif old.policy != new.policy or chain_rules.coverage_end(before, at) != chain_rules.coverage_end(
        after, at
    ):
        effects.change_sessions_of(tx, after.account_id, project_id, at, must=False)


def _pay(tx: Transaction, order: Order, subscription_id: SubscriptionId, shift: str) -> None:
    price = order.amount_fen
    if price == 0:
        return
    if order.channel is Channel.BALANCE:
        held = wallet_fen(tx, order.project_id, order.account_id)
        if held < price:
            raise NotEnoughMoney(price - held)
        lines = rules.wallet_purchase(order.account_id, subscription_id, price)
    else:
        lines = rules.counter_purchase(shift, subscription_id, price)
        orders.add_payment(
            tx,
            order.project_id,
            Payment(order.order_no, "cash", order.order_no, price, order.created_at, ""),
        )
    ledger.post(
        tx,
        project_id=order.project_id,
        kind=PostingKind.SALE,
        effect=f"order:{order.order_no}:sale",
        order_no=order.order_no,
        operator=order.operator,
        at=order.created_at,
        memo=order.memo,
        lines=rules.check(lines),
    )


def recharge(
    tx: Transaction,
    *,
    project_id: ProjectId,
    account_id: AccountId,
    amount_fen: Fen,
    zone: Zone,
    at: int,
    operator: str,
    shift: str,
    memo: str = "",
) -> Order:
    """Take cash at the counter into the wallet.

    Raises:
        ValueError: nothing, or less, is taken.
    """
    if amount_fen <= 0:
        raise ValueError("an amount above 0 is needed")
    order = Order(
        order_no=next_order_no(tx, project_id, zone, at),
        project_id=project_id,
        account_id=account_id,
        plan_version_id=None,
        periods=1,
        amount_fen=amount_fen,
        channel=Channel.CASH,
        state=OrderState.FULFILLED,
        operator=operator,
        memo=memo,
        created_at=Timestamp(at),
        paid_at=Timestamp(at),
    )
    orders.add_order(tx, order)
    orders.add_payment(
        tx, project_id, Payment(order.order_no, "cash", order.order_no, amount_fen, order.created_at, "")
    )
    ledger.post(
        tx,
        project_id=project_id,
        kind=PostingKind.RECHARGE,
        effect=f"order:{order.order_no}:recharge",
        order_no=order.order_no,
        operator=operator,
        at=at,
        memo=memo,
        lines=rules.check(rules.counter_recharge(shift, account_id, amount_fen)),
    )
    return order


def open_balance(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, amount_fen: Fen, operator: str, at: int
) -> None:
    """Bring in a balance from before (site file, import): debit `opening`, credit the wallet, once per account."""
    if amount_fen > 0:
        ledger.post(
            tx,
            project_id=project_id,
            kind=PostingKind.OPENING,
            effect=f"account:{account_id}:opening",
            order_no=None,
            operator=operator,
            at=at,
            memo="",
            lines=rules.check(rules.opening_balance(account_id, amount_fen)),
        )


def wallet_fen(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Fen:
    """What an account has in its wallet: the ledger owes it, so the sign turns."""
    return Fen(-ledger.balance(reader, project_id, rules.wallet(account_id)))
