"""Changes of plan within a period."""

from __future__ import annotations

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("plan_changes")


def add(
    tx: Transaction,
    *,
    project_id: ProjectId,
    account_id: AccountId,
    from_id: SubscriptionId,
    to_id: SubscriptionId,
    direction: str,
    mode: str,
    period_starts_at: int,
    total: int,
    at: int,
    operator: str,
) -> None:
    """Remember that one purchase took another's place."""
    tx.insert(
        _Q.insert_change,
        project_id=project_id,
        account_id=account_id,
        from_id=from_id,
        to_id=to_id,
        direction=direction,
        mode=mode,
        period_starts_at=period_starts_at,
        total=total,
        at=at,
        operator=operator,
    )


def period_of(
    reader: Reader, project_id: ProjectId, subscription_id: SubscriptionId
) -> tuple[int, int] | None:
    """When the period began that a purchase took over, and how much it had in all; None for one that took over none."""
    row = reader.one(_Q.change_to, project_id=project_id, subscription_id=subscription_id)
    return None if row is None else (row[0], row[1])


def count(
    reader: Reader, project_id: ProjectId, account_id: AccountId, direction: str, period_starts_at: int
) -> int:
    """How many changes in this direction one period has seen."""
    found = reader.value(
        _Q.changes_in_period,
        project_id=project_id,
        account_id=account_id,
        direction=direction,
        period_starts_at=period_starts_at,
    )
    return int(found or 0)
