"""Base plans that groups give to their people each month."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("base_plans")


class Stranger(NamedTuple):
    """A base plan whose owner is in another group by now, or closed."""

    account_id: AccountId
    month: int
    plan_id: int
    subscription_id: SubscriptionId
    group_id: GroupId | None
    closed_at: int | None


def without_base(
    reader: Reader,
    project_id: ProjectId,
    group_id: GroupId,
    plan_id: int,
    month: int,
    after: AccountId,
    limit: int,
) -> list[AccountId]:
    """People of a group who have not got its base plan for a month, by id."""
    rows = reader.all(
        _Q.without_base,
        project_id=project_id,
        group_id=group_id,
        plan_id=plan_id,
        month=month,
        after=after,
        limit=limit,
    )
    return [AccountId(account_id) for (account_id,) in rows]


def add_grant(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    group_id: GroupId,
    plan_id: int,
    month: int,
    subscription_id: SubscriptionId,
) -> None:
    """Note that an account has got its group's plan for a month; once."""
    tx.run(
        _Q.insert_grant,
        project_id=project_id,
        account_id=account_id,
        month=month,
        group_id=group_id,
        plan_id=plan_id,
        subscription_id=subscription_id,
    )


def strangers(reader: Reader, project_id: ProjectId, month: int, limit: int) -> list[Stranger]:
    """Base plans of this month and later ones whose owners left the group that gave them."""
    return [
        Stranger(*row) for row in reader.all(_Q.strangers, project_id=project_id, month=month, limit=limit)
    ]


def waited(reader: Reader, project_id: ProjectId, month: int, limit: int) -> list[Stranger]:
    """Base plans of earlier months that never had their turn: they wait behind a plan that lets none run beside it."""
    return [Stranger(*row) for row in reader.all(_Q.waited, project_id=project_id, month=month, limit=limit)]


def move_grant(tx: Transaction, project_id: ProjectId, one: Stranger, group_id: GroupId) -> None:
    """The owner's new group gives the same plan."""
    tx.run(
        _Q.move_grant,
        project_id=project_id,
        account_id=one.account_id,
        month=one.month,
        plan_id=one.plan_id,
        group_id=group_id,
    )


def drop_grant(tx: Transaction, project_id: ProjectId, one: Stranger) -> None:
    """The plan was taken away; back in the group he gets it anew."""
    tx.run(
        _Q.drop_grant,
        project_id=project_id,
        account_id=one.account_id,
        month=one.month,
        plan_id=one.plan_id,
    )
