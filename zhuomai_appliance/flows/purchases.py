"""Buying plans and filling wallets, each in one transaction: order, payment, postings, subscription, chain.

These are functions of a Transaction, so that a caller (counter, site file, import, API) can do several at once or none.
Every one carries an idempotency of its own: an order number is used once, an effect is posted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing import periods as calendar
from zhuomai_appliance.billing.ledger import Lines
from zhuomai_appliance.billing.orders import NO_REDUCTION, Reduction
from zhuomai_appliance.billing.periods import Extent
from zhuomai_appliance.flows import chains, effects, wallets
from zhuomai_appliance.flows.revival import money_came
from zhuomai_appliance.flows.wallets import (
    Held,
    NotEnoughMoney,
    Paid,
    PaidOut,
    open_balance,
    pay_from_wallet,
    pay_out,
    wallet_fen,
)
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import (
    Channel,
    Order,
    OrderKind,
    OrderLine,
    OrderState,
    Payment,
    PostingKind,
)
from zhuomai_appliance.model.entitlement import Entitlement, Segment
from zhuomai_appliance.model.moment import Timestamp, Zone, day_bounds, local_day
from zhuomai_appliance.model.money import NOTHING, Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanVersion, SubscriptionId
from zhuomai_appliance.store import accounts, ledger, orders
from zhuomai_appliance.store.interface import Reader, Transaction

__all__ = [
    "Held", "NotEnoughMoney", "Paid", "PaidOut", "Preview", "PreviewIsOld", "Purchase", "buy", "next_order_no",
    "open_balance", "pay_from_wallet", "pay_out", "preview", "recharge", "wallet_fen",
]  # fmt: skip

RECHARGE_SUBJECT: Final = "recharge"
"""The subject of a recharge's one line: money received and not yet earned (预存)."""

_NEW: Final = SubscriptionId(0)
"""Stands in a preview for the subscription that does not exist yet."""


class PreviewIsOld(Exception):
    """The account changed since the preview was made; nothing was done (billing rule 8)."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """A plan that was bought: its order, the subscription, the segment with its dates, and how it was paid."""

    order: Order
    subscription_id: SubscriptionId
    segment: Segment
    paid: Paid


@dataclass(frozen=True, slots=True)
class Preview:
    """What a purchase would do now. ``revision`` makes the commit refuse if the chain moved meanwhile.

    ``price_fen`` is what has to be paid; ``lines`` are the order's, with the discount that is taken off.
    """

    price_fen: Fen
    segment: Segment
    covered_until: int | None
    would_be_covered_until: int | None
    revision: int
    lines: tuple[OrderLine, ...] = ()
    reduction: Reduction = NO_REDUCTION


@dataclass(frozen=True, slots=True)
class _Placed:
    """A purchase before anything is written."""

    before: Entitlement
    extent: Extent
    line: OrderLine
    after: Entitlement


def preview(
    reader: Reader,
    account_id: AccountId,
    version: PlanVersion,
    zone: Zone,
    now: int,
    *,
    periods: int = 1,
    reduction: Reduction = NO_REDUCTION,
) -> Preview:
    """The price and dates that `buy` would write at ``now``, without writing anything.

    Raises:
        CannotBuyError: the plan cannot be bought any more, or not so often at once, or the account is closed.
    """
    placed = _place(reader, account_id, version, zone, now, periods, reduction, is_free=False)
    return Preview(
        price_fen=placed.line.net_fen,
        segment=calendar.segment_of(placed.after, _NEW),
        covered_until=chain_rules.owned_until(placed.before),
        would_be_covered_until=chain_rules.owned_until(placed.after),
        revision=placed.before.revision,
        lines=(placed.line,),
        reduction=reduction,
    )


def _place(
    reader: Reader,
    account_id: AccountId,
    version: PlanVersion,
    zone: Zone,
    now: int,
    periods: int,
    reduction: Reduction,
    *,
    is_free: bool,
) -> _Placed:
    _check_open(reader, account_id, now)
    before = chain_rules.at(chains.read(reader, account_id, zone.name), now)
    extent = reduction.extent(periods)
    after = calendar.append(before, version, _NEW, now, extent)
    starts_at = calendar.segment_of(after, _NEW).starts_at
    price = Fen(0) if is_free else calendar.price_of(version, starts_at, zone, periods)
    off = Fen(min(reduction.off_fen, price))
    line = OrderLine(version.subject, version.plan_name, price, off, reduction.name)
    return _Placed(before, extent, line, after)


def _check_open(reader: Reader, account_id: AccountId, now: int) -> None:
    """Whether an account may have anything: one that is closed is revived by no money, however late (§4)."""
    login = accounts.login_by_id(reader, account_id)
    if login is not None and login.account.closed_at is not None and login.account.closed_at <= now:
        raise calendar.CannotBuyError("the account is closed")


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
    periods: int = 1,
    reduction: Reduction = NO_REDUCTION,
    kind: OrderKind = OrderKind.PLAN,
    payer: AccountId | None = None,
    credit_fen: int = 0,
    agent: int | None = None,
    paid_by: Lines = (),
) -> Purchase:
    """Order, pay and fulfil a plan in one go.

    CASH goes into the till of ``shift``, BALANCE comes from the wallet (principal first, then gifts), GRANT costs
    nothing; any other channel says in ``paid_by`` which ledger accounts are debited, and they make up the price.

    Args:
        shift: the till that takes the cash; needed for CASH.
        revision: the preview's; another state of the chain refuses.
        periods: so many at once, as one subscription; of plans of kind period alone.
        reduction: what a discount takes off or adds.
        payer: the account whose wallet pays for this one (E22).
        credit_fen: how far below zero the paying wallet may fall (E21).
        agent: who sells it.
        paid_by: debits, for AGENT, CARD and the channels of a payment provider.

    Raises:
        NotEnoughMoney: BALANCE, and the wallet holds less than the price.
        PreviewIsOld: the chain moved since the preview.
        CannotBuyError: the plan cannot be bought any more, or not so often at once.
        ValueError: ``paid_by`` is not the price.
    """
    placed = _place(tx, account_id, version, zone, at, periods, reduction, is_free=channel is Channel.GRANT)
    if revision is not None and placed.before.revision != revision:
        raise PreviewIsOld
    price = placed.line.net_fen
    order = Order(
        order_no=next_order_no(tx, project_id, zone, at),
        project_id=project_id,
        account_id=account_id,
        plan_version_id=version.id,
        periods=periods,
        amount_fen=price,
        channel=channel,
        state=OrderState.FULFILLED,
        operator=operator,
        memo=memo,
        created_at=Timestamp(at),
        paid_at=Timestamp(at),
        kind=kind,
        payer_id=payer,
        agent_id=agent,
    )
    orders.add_order(tx, order, (placed.line,))
    paid = Paid(price, Fen(0))
    if channel is Channel.BALANCE:
        paid = wallets.payment(tx, project_id, payer or account_id, price, credit_fen)
        paid_by = wallets.debits(payer or account_id, paid)
    elif channel is Channel.CASH:
        paid_by = rules.debits((rules.cash(shift), price))
    subscription_id = _subscribe(tx, order, placed, version, paid)
    _take(tx, order, PostingKind.SALE, paid_by, rules.deferred(subscription_id))
    after = calendar.append(placed.before, version, subscription_id, at, placed.extent)
    chains.put(tx, placed.before, after, project_id)
    _tell_sessions(tx, placed.before, after, project_id, at)
    return Purchase(order, subscription_id, calendar.segment_of(after, subscription_id), paid)


def _subscribe(
    tx: Transaction, order: Order, placed: _Placed, version: PlanVersion, paid: Paid
) -> SubscriptionId:
    extent, quota = placed.extent, version.terms.quota
    is_own = extent != calendar.ONE
    return orders.add_subscription(
        tx,
        project_id=order.project_id,
        account_id=order.account_id,
        plan_version_id=version.id,
        order_no=order.order_no,
        at=order.created_at,
        paid_principal_fen=paid.principal_fen,
        paid_bonus_fen=paid.bonus_fen,
        granted_octets=calendar.allowance(quota.octets, extent, extent.gift_octets) if is_own else None,
        granted_seconds=calendar.allowance(quota.online_seconds, extent, extent.gift_seconds)
        if is_own
        else None,
    )


def _take(
    tx: Transaction,
    order: Order,
    kind: PostingKind,
    paid_by: Lines,
    credit: rules.LedgerAccount,
    more: Lines = (),
) -> None:
    """Post what was paid for an order, and store the payment where money came from outside."""
    if sum(line.amount_fen for line in paid_by) != order.amount_fen:
        raise ValueError(
            f"order {order.order_no} costs {order.amount_fen} fen, and something else pays for it"
        )
    if order.amount_fen == 0:
        return
    if order.channel is not Channel.BALANCE:
        provider = order.channel.value.lower()
        orders.add_payment(
            tx,
            order.project_id,
            Payment(order.order_no, provider, order.order_no, order.amount_fen, order.created_at, ""),
        )
    ledger.post(
        tx,
        project_id=order.project_id,
        kind=kind,
        effect=f"order:{order.order_no}:{kind.value}",
        order_no=order.order_no,
        operator=order.operator,
        at=order.created_at,
        memo=order.memo,
        lines=rules.check((*rules.paid_with(paid_by, credit), *more)),
    )


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


def recharge(
    tx: Transaction,
    *,
    project_id: ProjectId,
    account_id: AccountId,
    amount_fen: Fen,
    zone: Zone,
    at: int,
    operator: str,
    shift: str = "",
    memo: str = "",
    bonus_fen: Fen = NOTHING,
    channel: Channel = Channel.CASH,
    paid_by: Lines = (),
    agent: int | None = None,
    kind: OrderKind = OrderKind.RECHARGE,
) -> Order:
    """Fill a wallet: with cash at the counter, or with what ``paid_by`` debits for any other channel.

    Args:
        bonus_fen: gift money that comes with it (充100送20); forfeited when principal of this recharge is paid out.

    Raises:
        CannotBuyError: the account is closed.
        ValueError: nothing, or less, is taken, or ``paid_by`` is not the amount.
    """
    if amount_fen <= 0 or bonus_fen < 0:
        raise ValueError("an amount above 0 is needed")
    _check_open(tx, account_id, at)
    order = Order(
        order_no=next_order_no(tx, project_id, zone, at),
        project_id=project_id,
        account_id=account_id,
        plan_version_id=None,
        periods=1,
        amount_fen=amount_fen,
        channel=channel,
        state=OrderState.FULFILLED,
        operator=operator,
        memo=memo,
        created_at=Timestamp(at),
        paid_at=Timestamp(at),
        kind=kind,
        bonus_fen=bonus_fen,
        agent_id=agent,
    )
    orders.add_order(tx, order, (OrderLine(RECHARGE_SUBJECT, "", amount_fen),))
    if channel is Channel.CASH:
        paid_by = rules.debits((rules.cash(shift), amount_fen))
    gift = rules.gift(account_id, bonus_fen)
    _take(tx, order, PostingKind.RECHARGE, paid_by, rules.wallet(account_id), gift)
    money_came(tx, project_id, account_id, zone, at)
    return order
