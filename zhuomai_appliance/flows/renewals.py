"""Renewing from the wallet: by itself before the end, or many accounts at once at the desk (billing rules §5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import chains, purchases, wallets
from zhuomai_appliance.flows.once import once
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.entitlement import WhyNot
from zhuomai_appliance.model.moment import DAY_SECONDS, Timestamp, Zone
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanId, PlanVersion, SubscriptionId, SubscriptionState
from zhuomai_appliance.store import journal, orders, products, renewals, suspensions
from zhuomai_appliance.store.interface import Reader, Store, Transaction
from zhuomai_appliance.store.renewals import AutoRenewal

PAGE: Final = 50
TOLD_DAYS: Final = (7, 3, 1)
"""So many days before the end, somebody whose wallet does not hold the price is told."""
LOOK_SECONDS: Final = 6 * 3600
"""Chains are moved by many hands: an account that renews by itself is looked at so often at least."""
RETRY_SECONDS: Final = 60
KEPT_SECONDS: Final = 30 * DAY_SECONDS
"""So long after the end money that comes still renews."""


@dataclass(frozen=True, slots=True)
class Due:
    """What an account would renew: the purchase that ends last, when, and what follows it."""

    subscription_id: SubscriptionId
    ends_at: Timestamp
    version: PlanVersion


@dataclass(frozen=True, slots=True)
class RenewPreview:
    """What renewing one account would cost and bring; ``code`` and ``sentence`` say why it cannot be."""

    account_id: AccountId
    plan_name: str
    price_fen: int
    old_end: int | None
    starts_at: int | None
    new_end: int | None
    revision: int
    code: str = ""
    sentence: str = ""


def due_of(
    reader: Reader, project: Project, account_id: AccountId, now: int, plan_id: PlanId | None = None
) -> Due | None:
    """What an account would renew; None while it is suspended, owns what has no end, or never owned anything.

    Args:
        plan_id: the plan that follows; None for the same one, in the version that is sold now (W60).

    Raises:
        Refused: that plan is not sold any more.
    """
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    given = suspensions.base_subscriptions(reader, project.id, account_id)
    own = [s for s in chain.segments if s.subscription_id not in given]
    if any(s.state is SubscriptionState.SUSPENDED or s.ends_at is None for s in own):
        return None
    found: tuple[SubscriptionId, Timestamp] | None = None
    if own:
        last = max(own, key=lambda s: s.ends_at or 0)
        found = (last.subscription_id, last.ends_at or Timestamp(0))
    elif chain.last is not None and chain.last.why is WhyNot.EXPIRED:
        found = (chain.last.subscription_id, chain.last.at)
    if found is None:
        return None
    rows = orders.subscriptions_of(reader, project.id, account_id)
    row = next((one for one in rows if one.subscription.id == found[0]), None)
    if row is None:
        return None
    wanted = plan_id
    if wanted is None:
        old = products.version(reader, project.id, row.subscription.plan_version_id)
        wanted = None if old is None else old.plan_id
    offer = next((one for one in products.plans(reader, project.id) if one.plan.id == wanted), None)
    if offer is None or not offer.on_sale:
        raise Refused("not_on_sale", f"{row.plan_name} is not sold any more")
    return Due(*found, offer.version)


# By itself ------------------------------------------------------------------------------------------------------------


def set_auto(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    *,
    enabled: bool,
    plan_name: str | None = None,
) -> AutoRenewal | None:
    """Let an account renew by itself, or not; with a plan, that one takes over at the end (a change for the next period).

    Raises:
        Refused: there is no such plan on sale, or the present plan's rules do not allow it to follow.
    """
    plan_id = None
    if enabled and plan_name is not None:
        offer = products.plan_by_name(tx, project.id, plan_name)
        if offer is None or not offer.on_sale:
            raise Refused("not_a_target", f"{plan_name} is not on sale")
        plan_id = offer.plan.id
        _check_target(tx, project, account_id, plan_name, now)
    if enabled:
        renewals.put_auto(tx, project.id, account_id, plan_id, actor.name, now)
    else:
        renewals.drop_auto(tx, project.id, account_id)
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="account.auto_renewal",
        object_kind="account", object_id=str(account_id), after={"enabled": enabled, "plan": plan_name},
    )  # fmt: skip
    return renewals.auto_of(tx, project.id, account_id)


def _check_target(reader: Reader, project: Project, account_id: AccountId, plan_name: str, now: int) -> None:
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    head = chain_rules.consumed(chain)
    version = None if head is None else products.version(reader, project.id, head.plan_version_id)
    if version is None or version.plan_name == plan_name:
        return
    targets = version.terms.change.targets
    if targets and plan_name not in targets:
        raise Refused("not_a_target", f"{version.plan_name} cannot be followed by {plan_name}")


async def look(store: Store, tables: Tables, now: int) -> int:
    """Renew what is due and tell who cannot pay; how many were renewed."""
    done = 0

    def task(tx: Transaction) -> int:
        return sum(_look_at(tx, one, tables, now) for one in page)

    while page := await store.read(lambda reader: renewals.auto_due(reader, now, PAGE)):
        done += await store.write(task)
        if len(page) < PAGE:
            break
    return done


def _look_at(tx: Transaction, one: AutoRenewal, tables: Tables, now: int) -> bool:
    project = tables.project(one.project_id)
    renewed, again = False, now + LOOK_SECONDS
    if project is not None:
        renewed, again = renew_one(tx, one, project, now)
    renewals.set_next_look(tx, one.project_id, one.account_id, max(min(again, now + LOOK_SECONDS), now + 1))
    return renewed


def renew_one(tx: Transaction, one: AutoRenewal, project: Project, now: int) -> tuple[bool, int]:
    """Renew an account that does so by itself, if it is time and the wallet holds the price; and when to look again.

    What is bought before the end waits in the queue, where it can still be cancelled whole; after the end it runs from
    the instant at which it is paid (W61).
    """
    try:
        due = due_of(tx, project, one.account_id, now, one.plan_id)
    except Refused as error:
        renewals.put_notice(
            tx, project.id, one.account_id, f"renew:{one.account_id}:{error.code}", error.code, {}, now
        )
        return False, now + LOOK_SECONDS
    if due is None or now >= due.ends_at + KEPT_SECONDS:
        return False, now + LOOK_SECONDS
    lead = due.version.terms.renewal.auto_renew_lead_seconds
    if now < due.ends_at - lead:
        _tell_if_short(tx, one, project, due, now)
        return False, due.ends_at - lead
    if renewals.renewal_of(tx, project.id, due.subscription_id, 1) is not None:
        return False, now + LOOK_SECONDS
    try:
        seen = purchases.preview(tx, one.account_id, due.version, Zone(project.zone), now)
    except CannotBuyError:
        return False, now + LOOK_SECONDS
    if wallets.held(tx, project.id, one.account_id).total_fen < seen.price_fen:
        _tell_if_short(tx, one, project, due, now)
        return False, now + RETRY_SECONDS
    bought = purchases.buy(
        tx, project_id=project.id, account_id=one.account_id, version=due.version, channel=Channel.BALANCE,
        zone=Zone(project.zone), at=now, operator="", memo="auto-renewal", revision=seen.revision,
    )  # fmt: skip
    renewals.add_renewal(tx, project.id, due.subscription_id, 1, one.account_id, bought.order.order_no, now)
    if one.plan_id is not None:
        # The other plan has taken over: from here on it is the same again
        renewals.put_auto(tx, project.id, one.account_id, None, one.operator, now)
    return True, now + LOOK_SECONDS


def _tell_if_short(tx: Transaction, one: AutoRenewal, project: Project, due: Due, now: int) -> None:
    """Tell somebody once each, at seven, three and one days and at the end, that the wallet does not hold the price."""
    days = min((d for d in (0, *TOLD_DAYS) if due.ends_at - now <= d * DAY_SECONDS), default=None)
    if days is None:
        return
    held = wallets.held(tx, project.id, one.account_id)
    missing = due.version.price_fen - held.total_fen
    if missing > 0:
        renewals.put_notice(
            tx, project.id, one.account_id, f"renew:{due.subscription_id}:{days}", "renewal_short",
            {"plan": due.version.plan_name, "ends_at": due.ends_at, "missing_fen": missing, "days": days}, now,
        )  # fmt: skip


# At the desk ----------------------------------------------------------------------------------------------------------


def preview_renewals(
    reader: Reader, project: Project, account_ids: Sequence[AccountId], now: int
) -> list[RenewPreview]:
    """What renewing these accounts from their wallets would cost and bring, one by one."""
    return [_preview(reader, project, account_id, now) for account_id in account_ids]


def _preview(reader: Reader, project: Project, account_id: AccountId, now: int) -> RenewPreview:
    chain = chain_rules.at(chains.read(reader, account_id, project.zone), now)
    try:
        due = due_of(reader, project, account_id, now)
        if due is None:
            return RenewPreview(
                account_id, "", 0, None, None, None, chain.revision, "nothing_ends", "nothing of it ends"
            )
        seen = purchases.preview(reader, account_id, due.version, Zone(project.zone), now)
        have = wallets.held(reader, project.id, account_id).total_fen
    except Refused as error:
        return RenewPreview(account_id, "", 0, None, None, None, chain.revision, error.code, error.sentence)
    except CannotBuyError as error:
        return RenewPreview(account_id, "", 0, None, None, None, chain.revision, "cannot_buy", str(error))
    short = have < seen.price_fen
    return RenewPreview(
        account_id, due.version.plan_name, seen.price_fen, due.ends_at, seen.segment.starts_at,
        seen.segment.ends_at, seen.revision, "not_enough_money" if short else "",
        f"the wallet lacks {seen.price_fen - have} fen" if short else "",
    )  # fmt: skip


def renew(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    *,
    key: str,
    expected: RenewPreview,
) -> dict[str, Any]:
    """Renew one account from its wallet as a preview showed it; the first answer if the key comes again.

    Returns:
        ``account_id``, ``order_no``, ``subscription_id``, ``price_fen``, ``ends_at``.

    Raises:
        Refused: what the preview said.
        PreviewIsOld: price, dates or chain moved since; nothing was done.
        KeyReused: the key came before with another request.
    """

    def make() -> dict[str, Any]:
        seen = _preview(tx, project, account_id, now)
        if seen != expected:
            raise PreviewIsOld
        due = due_of(tx, project, account_id, now)
        if seen.code or due is None:
            raise Refused(seen.code or "nothing_ends", seen.sentence)
        bought = purchases.buy(
            tx, project_id=project.id, account_id=account_id, version=due.version, channel=Channel.BALANCE,
            zone=Zone(project.zone), at=now, operator=actor.name, revision=seen.revision,
        )  # fmt: skip
        answer = {
            "account_id": account_id,
            "order_no": bought.order.order_no,
            "subscription_id": bought.subscription_id,
            "price_fen": bought.order.amount_fen,
            "ends_at": bought.segment.ends_at,
        }
        journal.audit(
            tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="account.renew",
            object_kind="account", object_id=str(account_id), after=answer,
        )  # fmt: skip
        return answer

    return dict(
        once(tx, actor, now, project, key, ["renew", account_id, expected.price_fen, expected.revision], make)
    )
