"""Renewing from the wallet, and what people are told once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanId, SubscriptionId
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("renewals")


class AutoRenewal(NamedTuple):
    """An account that renews by itself; ``plan_id`` None: the same plan again."""

    project_id: ProjectId
    account_id: AccountId
    plan_id: PlanId | None
    next_look_at: int
    operator: str
    asked_at: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What an account is told: a kind, and its facts as JSON values."""

    id: int
    kind: str
    facts: dict[str, Any]
    made_at: int


class Ending(NamedTuple):
    """An account and when nothing more is owned."""

    account_id: AccountId
    username: str
    full_name: str
    ends_at: int


def put_auto(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    plan_id: PlanId | None,
    operator: str,
    at: int,
) -> None:
    """Let an account renew by itself from now on."""
    tx.run(
        _Q.put_auto, project_id=project_id, account_id=account_id, plan_id=plan_id, operator=operator, at=at
    )


def drop_auto(tx: Transaction, project_id: ProjectId, account_id: AccountId) -> bool:
    """Let it not; whether it did."""
    return tx.run(_Q.drop_auto, project_id=project_id, account_id=account_id) > 0


def _auto(row: Row) -> AutoRenewal:
    return AutoRenewal(ProjectId(row[0]), AccountId(row[1]), row[2], row[3], row[4], row[5])


def auto_of(reader: Reader, project_id: ProjectId, account_id: AccountId) -> AutoRenewal | None:
    """Whether and how an account renews by itself."""
    row = reader.one(_Q.auto_of, project_id=project_id, account_id=account_id)
    return None if row is None else _auto(row)


def auto_due(reader: Reader, now: int, limit: int) -> list[AutoRenewal]:
    """Those to look at now, the longest due first."""
    return [_auto(row) for row in reader.all(_Q.auto_due, now=now, limit=limit)]


def set_next_look(tx: Transaction, project_id: ProjectId, account_id: AccountId, at: int) -> None:
    """Look at an account again then."""
    tx.run(_Q.set_next_look, project_id=project_id, account_id=account_id, at=at)


def add_renewal(
    tx: Transaction,
    project_id: ProjectId,
    subscription_id: SubscriptionId,
    period_no: int,
    account_id: AccountId,
    order_no: str,
    at: int,
) -> None:
    """Remember that a purchase was renewed: once."""
    tx.run(
        _Q.insert_renewal,
        project_id=project_id,
        subscription_id=subscription_id,
        period_no=period_no,
        account_id=account_id,
        order_no=order_no,
        at=at,
    )


def renewal_of(
    reader: Reader, project_id: ProjectId, subscription_id: SubscriptionId, period_no: int
) -> str | None:
    """The order that renewed a purchase by itself."""
    row = reader.one(
        _Q.renewal_of, project_id=project_id, subscription_id=subscription_id, period_no=period_no
    )
    return None if row is None else str(row[0])


def put_notice(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    key: str,
    kind: str,
    facts: dict[str, int | str | None],
    at: int,
) -> bool:
    """Tell an account something, once for each key; whether it is new."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return (
        tx.run(
            _Q.put_notice, project_id=project_id, account_id=account_id, key=key, kind=kind, facts=text, at=at
        )
        > 0
    )


def notices_of(reader: Reader, project_id: ProjectId, account_id: AccountId, limit: int) -> list[Notice]:
    """What an account was told, newest first."""
    rows = reader.all(_Q.notices_of, project_id=project_id, account_id=account_id, limit=limit)
    return [Notice(row[0], row[1], json.loads(row[2]), row[3]) for row in rows]


def ending(reader: Reader, project_id: ProjectId, from_at: int, to_at: int, limit: int) -> list[Ending]:
    """Accounts whose last purchase ends, or ended, between two instants, the earliest first."""
    rows = reader.all(_Q.ending, project_id=project_id, from_at=from_at, to_at=to_at, limit=limit)
    return [Ending(AccountId(row[0]), row[1], row[2], row[3]) for row in rows]
