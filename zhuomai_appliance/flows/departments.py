"""Departments that pay for their members: one wallet covers many, up to a limit each (经费卡, features E22).

A member is who is named, or who is in the department's group or below it; leaving the group ends it by itself. What comes back of
a purchase goes to the wallet that paid for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from zhuomai_appliance.flows import credit as credit_rules
from zhuomai_appliance.flows import purchases, subscriptions, wallets
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel, Order
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.model.products import PlanVersion
from zhuomai_appliance.store import accounts, journal, orders, payers, products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.payers import Department

__all__ = ["Cover", "CoverPreview", "PreviewIsOld", "cover", "leave", "preview", "put", "put_member", "sell"]

_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Cover:
    """What a department would still pay for a member: ``left_fen`` of ``limit_fen``, this month or in all."""

    department: Department
    limit_fen: Fen
    spent_fen: Fen

    @property
    def left_fen(self) -> Fen:
        """What may still be bought."""
        return Fen(max(self.limit_fen - self.spent_fen, 0))


@dataclass(frozen=True, slots=True)
class CoverPreview:
    """What a purchase on a department's wallet would do: its price and dates, and how the wallet pays."""

    payer_id: AccountId
    left_fen: Fen
    purchase: purchases.Preview
    paid: wallets.Paid


def put(tx: Transaction, actor: Actor, now: int, project: Project, wanted: Department) -> None:
    """Make an account a department, or change it.

    Raises:
        Refused: the account or group is not there, or another department covers the group.
    """
    login = accounts.login_by_id(tx, wanted.payer_id)
    if login is None or login.account.project_id != project.id:
        raise Refused("payer", "there is no such account")
    if wanted.group_id is not None:
        if wanted.group_id not in {group.id for group in products.groups(tx, project.id)}:
            raise Refused("group", "there is no such group")
        for other in payers.departments_of_groups(tx, project.id):
            if other.group_id == wanted.group_id and other.payer_id != wanted.payer_id:
                raise Refused("group", "another department pays for this group")
    payers.put_department(tx, replace(wanted, project_id=project.id, created_at=now))
    _audit(tx, actor, now, project, "department.put", wanted.payer_id, {
        "group": wanted.group_id, "limit_fen": wanted.limit_fen, "by_month": wanted.by_month, "disabled": wanted.disabled,
    })  # fmt: skip


def put_member(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    payer_id: AccountId,
    account_id: AccountId,
    limit_fen: Fen | None,
) -> None:
    """Name a member, or give one a limit of his own.

    Raises:
        Refused: the department or account is not there, or it is the payer himself.
    """
    login = accounts.login_by_id(tx, account_id)
    if login is None or login.account.project_id != project.id or account_id == payer_id:
        raise Refused("account", "there is no such member")
    if payers.department(tx, project.id, payer_id) is None:
        raise Refused("payer", "this account is no department")
    payers.put_member(tx, project.id, payer_id, account_id, limit_fen, now)
    _audit(
        tx,
        actor,
        now,
        project,
        "department.member",
        payer_id,
        {"account": account_id, "limit_fen": limit_fen},
    )


def leave(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    payer_id: AccountId,
    account_id: AccountId,
    *,
    give_back: bool,
) -> Fen:
    """Let somebody be no named member any more.

    Args:
        give_back: what he still owns of the department's money ends too, and its unused value goes back to the department.

    Returns:
        What went back.
    """
    payers.drop_member(tx, project.id, payer_id, account_id)
    back = 0
    if give_back:
        for subscription_id in payers.paid_subscriptions(tx, project.id, payer_id, account_id):
            found = subscriptions.owned(tx, project, account_id, subscription_id, now)
            if found.segment is None:
                continue
            done = subscriptions.cancel_now(
                tx, actor, now, project, account_id, subscription_id, reason="left the department", payee_id=payer_id
            )  # fmt: skip
            if found.row.subscription.order_no is not None and done["fen"]:
                orders.add_refunded(tx, found.row.subscription.order_no, Fen(done["fen"]))
            back += done["fen"]
    _audit(tx, actor, now, project, "department.leave", payer_id, {"account": account_id, "back_fen": back})
    return Fen(back)


def cover(reader: Reader, project: Project, account_id: AccountId, now: int) -> Cover | None:
    """Who pays for somebody, and how much more; None: nobody.

    A named member's department goes before his group's; of groups the nearest one up the tree counts.
    """
    login = accounts.login_by_id(reader, account_id)
    if login is None or login.account.project_id != project.id or login.account.closed_at is not None:
        return None
    named = payers.member(reader, project.id, account_id)
    if named is not None:
        department = payers.department(reader, project.id, named.payer_id)
        own_limit = named.limit_fen
    else:
        department, own_limit = _of_group(reader, project, login.account.group_id), None
    if department is None or department.disabled or department.payer_id == account_id:
        return None
    payer = accounts.login_by_id(reader, department.payer_id)
    if payer is None or payer.account.closed_at is not None:
        return None
    from_at = _month_start(now, Zone(project.zone)) if department.by_month else 0
    spent = payers.spent(reader, project.id, department.payer_id, account_id, from_at, _FOREVER)
    return Cover(department, department.limit_fen if own_limit is None else own_limit, spent)


def _of_group(reader: Reader, project: Project, group_id: GroupId | None) -> Department | None:
    by_group = {one.group_id: one for one in payers.departments_of_groups(reader, project.id)}
    if not by_group:
        return None
    parents = {group.id: group.parent_id for group in products.groups(reader, project.id)}
    above = group_id
    while above is not None:
        if above in by_group:
            return by_group[above]
        above = parents.get(above)
    return None


def _month_start(now: int, zone: Zone) -> int:
    return credit_rules.month_before(now, zone)[1]


def preview(
    reader: Reader, project: Project, account_id: AccountId, version: PlanVersion, now: int
) -> CoverPreview:
    """What `sell` would do now.

    Raises:
        Refused: nobody pays for this account, or not so much.
        NotEnoughMoney: the department's wallet, with its credit, holds less.
        CannotBuyError: the plan cannot be bought any more.
    """
    found = cover(reader, project, account_id, now)
    if found is None:
        raise Refused("no_payer", "no department pays for this account")
    seen = purchases.preview(reader, account_id, version, Zone(project.zone), now)
    if seen.price_fen > found.left_fen:
        raise Refused(
            "payer_limit",
            f"the department pays only {found.left_fen} fen more for this account",
            left_fen=found.left_fen,
        )
    payer_id = found.department.payer_id
    credit = credit_rules.limit_of(reader, project.id, payer_id)
    paid = wallets.payment(reader, project.id, payer_id, seen.price_fen, credit)
    return CoverPreview(payer_id, found.left_fen, seen, paid)


def sell(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    account_id: AccountId,
    version: PlanVersion,
    *,
    expected: CoverPreview | None = None,
    memo: str = "",
) -> Order:
    """Buy a plan for a member from his department's wallet.

    Raises:
        PreviewIsOld: it is not what ``expected`` showed any more; nothing was done.
        Refused, NotEnoughMoney, CannotBuyError: as `preview`.
    """
    seen = preview(tx, project, account_id, version, now)
    if expected is not None and seen != expected:
        raise PreviewIsOld
    order = purchases.buy(
        tx, project_id=project.id, account_id=account_id, version=version, channel=Channel.BALANCE,
        zone=Zone(project.zone), at=now, operator=actor.name, memo=memo, revision=seen.purchase.revision,
        payer=seen.payer_id, credit_fen=credit_rules.grant(tx, project.id, seen.payer_id, now),
    ).order  # fmt: skip
    _audit(tx, actor, now, project, "department.sell", seen.payer_id, {
        "account": account_id, "order_no": order.order_no, "amount_fen": order.amount_fen,
    })  # fmt: skip
    return order


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    payer_id: AccountId,
    after: dict[str, Any],
) -> None:
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action=action,
        object_kind="department", object_id=str(payer_id), after=after,
    )  # fmt: skip
