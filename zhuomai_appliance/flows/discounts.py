"""Discounts (优惠): templates, the best one for a purchase with its reasons, and the sale that uses it (features D18)."""

from __future__ import annotations

from dataclasses import dataclass

from zhuomai_appliance.billing import discounts as rules
from zhuomai_appliance.billing.discounts import Choice, Circumstances, Unfit
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import desk, purchases
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import NotEnoughMoney, Preview, PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel, Order
from zhuomai_appliance.model.discounts import Discount
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanKind, PlanVersion
from zhuomai_appliance.model.records import facts_of
from zhuomai_appliance.store import accounts, discounts, journal, products
from zhuomai_appliance.store.interface import Reader, Transaction

__all__ = [
    "CannotBuyError",
    "NotEnoughMoney",
    "Offer",
    "PreviewIsOld",
    "Refused",
    "Unfit",
    "offer",
    "put",
    "sell",
]


@dataclass(frozen=True, slots=True)
class Offer:
    """What so many periods would cost now with the best discount, and why it is the best."""

    choice: Choice
    preview: Preview


def put(tx: Transaction, actor: Actor, now: int, project: Project, wanted: Discount) -> None:
    """Add or change a template; what was sold with it stays.

    Raises:
        Refused: it has no name, its parts are none, it is below zero somewhere, or names what is not there.
    """
    if not wanted.name.strip():
        raise Refused("name", "a discount needs a name")
    if not 0 <= wanted.paid_parts <= rules.WHOLE_PARTS:
        raise Refused("paid_parts", f"0 to {rules.WHOLE_PARTS} parts of a price are paid")
    figures = (
        wanted.off_fen, wanted.gift_periods, wanted.gift_days, wanted.gift_octets, wanted.gift_seconds,
        wanted.min_fen, wanted.per_person or 0,
    )  # fmt: skip
    if min(figures) < 0 or wanted.buy_periods < 1:
        raise Refused("figures", "nothing of a discount is below zero, and at least one period is bought")
    if set(wanted.plans) - {one.plan.name for one in products.plans(tx, project.id)}:
        raise Refused("plans", "one of these plans is not there")
    if set(wanted.groups) - {one.name for one in products.groups(tx, project.id)}:
        raise Refused("groups", "one of these groups is not there")
    before = next((one for one in discounts.discounts(tx, project.id) if one.name == wanted.name), None)
    discounts.put(tx, project.id, wanted)
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="discount.put",
        object_kind="discount", object_id=wanted.name,
        before=None if before is None else facts_of(before), after=facts_of(wanted),
    )  # fmt: skip


def offer(
    reader: Reader,
    project: Project,
    account_id: AccountId,
    version: PlanVersion,
    channel: Channel,
    now: int,
    *,
    periods: int = 1,
    agent: int | None = None,
) -> Offer:
    """The best discount for a purchase, and the purchase with it.

    Raises:
        CannotBuyError: the plan cannot be bought any more, or not so often at once.
    """
    zone = Zone(project.zone)
    plain = purchases.preview(reader, account_id, version, zone, now, periods=periods)
    known = discounts.discounts(reader, project.id)
    if not known or not plain.price_fen:
        return Offer(rules.best((), _bare(version, plain, periods, channel, now)), plain)
    seen = Circumstances(
        plan=version.plan_name,
        price_fen=plain.price_fen,
        periods=periods,
        at=now,
        channel=channel,
        groups=_groups(reader, project, account_id),
        agent=agent,
        is_first=not discounts.bought_before(reader, project.id, account_id),
        used=discounts.used(reader, project.id, account_id),
        by_period=version.kind is PlanKind.PERIOD,
    )
    choice = rules.best(known, seen)
    found = purchases.preview(
        reader, account_id, version, zone, now, periods=periods, reduction=choice.reduction
    )
    return Offer(choice, found)


def _bare(version: PlanVersion, plain: Preview, periods: int, channel: Channel, now: int) -> Circumstances:
    return Circumstances(version.plan_name, plain.price_fen, periods, now, channel)


def _groups(reader: Reader, project: Project, account_id: AccountId) -> frozenset[str]:
    """The names of a person's group and all above it."""
    login = accounts.login_by_id(reader, account_id)
    above = None if login is None else login.account.group_id
    groups = {group.id: group for group in products.groups(reader, project.id)}
    names = set[str]()
    while above is not None and above in groups:
        names.add(groups[above].name)
        above = groups[above].parent_id
    return frozenset(names)


def sell(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    version: PlanVersion,
    channel: Channel,
    *,
    periods: int = 1,
    expected: Offer | None = None,
    memo: str = "",
) -> Order:
    """Sell so many periods with the best discount, for cash or from the wallet.

    Args:
        expected: what an offer showed; anything else refuses.

    Raises:
        NotEnoughMoney, PreviewIsOld, CannotBuyError: nothing was done.
    """
    seen = offer(tx, project, account_id, version, channel, now, periods=periods)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    return desk.sell(
        tx, actor, now, project, account_id, version, channel, memo=memo, revision=seen.preview.revision,
        periods=periods, reduction=seen.choice.reduction,
    )  # fmt: skip
