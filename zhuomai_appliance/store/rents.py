"""Rent that is taken day by day, and the purchases whose months may be credited."""

from __future__ import annotations

from typing import Final, NamedTuple

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanVersionId, SubscriptionId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("rents")
_DAILY: Final = '%"rent":"daily"%'


class RentRow(NamedTuple):
    """One calendar month of one subscription: days paid, the last of them, what they cost, and how much of it was gifts."""

    days: int = 0
    last_day: int = 0
    charged_fen: int = 0
    bonus_fen: int = 0


class Rented(NamedTuple):
    """A purchase whose months may be credited. ``periods`` of its order, None without one."""

    subscription_id: SubscriptionId
    account_id: AccountId
    plan_version_id: PlanVersionId
    starts_at: int
    ends_at: int | None
    principal_fen: int
    bonus_fen: int
    periods: int | None


def rents_due(
    reader: Reader, project_id: ProjectId, month: int, today: int, after: SubscriptionId, limit: int
) -> list[tuple[SubscriptionId, AccountId, PlanVersionId]]:
    """Running purchases with rent by the day that today was not taken for, by id."""
    return [
        (SubscriptionId(i), AccountId(account), PlanVersionId(version))
        for i, account, version in reader.all(
            _Q.rents_due,
            project_id=project_id,
            pattern=_DAILY,
            month=month,
            today=today,
            after=after,
            limit=limit,
        )
    ]


def has_daily(reader: Reader, project_id: ProjectId) -> bool:
    """Whether the project has a plan with rent by the day at all."""
    return bool(reader.all(_Q.versions_with, project_id=project_id, pattern=_DAILY))


def rent_of(reader: Reader, project_id: ProjectId, subscription_id: int, month: int) -> RentRow:
    """What was taken in a month so far."""
    row = reader.one(_Q.rent_of, project_id=project_id, subscription_id=subscription_id, month=month)
    return RentRow() if row is None else RentRow(*row)


def put_rent(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    subscription_id: SubscriptionId,
    month: int,
    row: RentRow,
) -> None:
    """Store what was taken in a month."""
    tx.run(
        _Q.put_rent,
        project_id=project_id,
        account_id=account_id,
        subscription_id=subscription_id,
        month=month,
        **row._asdict(),
    )


def rented(
    reader: Reader, project_id: ProjectId, now: int, since: int, after: SubscriptionId, limit: int
) -> list[Rented]:
    """Started purchases of plans with holidays or free unused months that had not ended by ``since``, by id."""
    rows = reader.all(_Q.rented, project_id=project_id, now=now, since=since, after=after, limit=limit)
    return [Rented(*row) for row in rows]


def was_online(
    reader: Reader, project_id: ProjectId, account_id: AccountId, from_day: int, to_day: int
) -> bool:
    """Whether an account used anything on the local days [from_day, to_day)."""
    found: int = reader.value(
        _Q.was_online, project_id=project_id, account_id=account_id, from_day=from_day, to_day=to_day
    )
    return bool(found)
