"""Suspensions of accounts: planned, running, over; and the months of their keep fee."""

from __future__ import annotations

from collections.abc import Iterator

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.model.suspensions import HolidayBatch, Suspension, SuspensionId, SuspensionStatus
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("suspensions")


def _suspension(row: Row) -> Suspension:
    return Suspension(
        id=SuspensionId(row[0]),
        project_id=ProjectId(row[1]),
        account_id=AccountId(row[2]),
        batch_id=row[3],
        status=SuspensionStatus(row[4]),
        begins_at=row[5],
        resumes_at=row[6],
        on_login=bool(row[7]),
        min_days=row[8],
        most_days=row[9],
        keep_fee_fen=row[10],
        fee_months=row[11],
        ended_at=row[12],
        days=row[13],
        why=row[14],
        operator=row[15],
        reason=row[16],
        asked_at=row[17],
    )


def add(
    tx: Transaction,
    *,
    project_id: ProjectId,
    account_id: AccountId,
    batch_id: int | None,
    begins_at: int,
    resumes_at: int | None,
    on_login: bool,
    min_days: int,
    most_days: int | None,
    keep_fee_fen: int,
    operator: str,
    reason: str,
    at: int,
) -> SuspensionId:
    """Add a planned suspension; an account has one open one at a time, which the database keeps."""
    return SuspensionId(
        tx.insert(
            _Q.insert_suspension,
            project_id=project_id,
            account_id=account_id,
            batch_id=batch_id,
            begins_at=begins_at,
            resumes_at=resumes_at,
            on_login=int(on_login),
            min_days=min_days,
            most_days=most_days,
            keep_fee_fen=keep_fee_fen,
            operator=operator,
            reason=reason,
            at=at,
        )
    )


def put(tx: Transaction, one: Suspension) -> None:
    """Write how far a suspension is."""
    tx.run(
        _Q.set_suspension,
        project_id=one.project_id,
        id=one.id,
        state=one.status.value,
        begins_at=one.begins_at,
        fee_months=one.fee_months,
        ended_at=one.ended_at,
        days=one.days,
        why=one.why,
    )


def of_account(reader: Reader, project_id: ProjectId, account_id: AccountId) -> list[Suspension]:
    """All suspensions of an account, oldest first."""
    return [
        _suspension(row)
        for row in reader.all(_Q.suspensions_of, project_id=project_id, account_id=account_id)
    ]


def open_of(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Suspension | None:
    """The planned or running suspension of an account."""
    return next((one for one in of_account(reader, project_id, account_id) if one.is_open), None)


def of_batch(reader: Reader, project_id: ProjectId, batch_id: int) -> list[Suspension]:
    """The suspensions that a holiday batch made."""
    return [
        _suspension(row)
        for row in reader.all(_Q.suspensions_of_batch, project_id=project_id, batch_id=batch_id)
    ]


def due(reader: Reader, now: int, after: SuspensionId, limit: int) -> list[Suspension]:
    """Those to begin, to resume, or with a fee that may be due, by id."""
    return [_suspension(row) for row in reader.all(_Q.suspensions_due, now=now, after=after, limit=limit)]


def base_subscriptions(
    reader: Reader, project_id: ProjectId, account_id: AccountId
) -> frozenset[SubscriptionId]:
    """What the account's group gave it: those are not suspended."""
    rows = reader.all(_Q.base_subscriptions, project_id=project_id, account_id=account_id)
    return frozenset(SubscriptionId(row[0]) for row in rows)


def faults(reader: Reader) -> Iterator[str]:
    """Purchases that are suspended without a suspension that runs."""
    for subscription_id, account_id in reader.all(_Q.suspended_without_reason):
        yield f"subscription {subscription_id} of account {account_id} is suspended, and no suspension runs"


# Batches --------------------------------------------------------------------------------------------------------------


def add_batch(
    tx: Transaction,
    project_id: ProjectId,
    key: str,
    begins_at: int,
    resumes_at: int,
    reason: str,
    operator: str,
    at: int,
) -> int:
    """Begin a batch; a key makes one."""
    return tx.insert(
        _Q.insert_batch,
        project_id=project_id,
        key=key,
        begins_at=begins_at,
        resumes_at=resumes_at,
        reason=reason,
        operator=operator,
        at=at,
    )


def _batch(row: Row) -> HolidayBatch:
    return HolidayBatch(row[0], ProjectId(row[1]), row[2], row[3], row[4], row[5], row[6], row[7])


def batch_by_key(reader: Reader, project_id: ProjectId, key: str) -> HolidayBatch | None:
    """The batch that a request made."""
    row = reader.one(_Q.batch_by_key, project_id=project_id, key=key)
    return None if row is None else _batch(row)


def batch_by_id(reader: Reader, project_id: ProjectId, batch_id: int) -> HolidayBatch | None:
    """One batch."""
    row = reader.one(_Q.batch_by_id, project_id=project_id, id=batch_id)
    return None if row is None else _batch(row)


def set_batch(
    tx: Transaction, project_id: ProjectId, batch_id: int, state: str, undone_at: int | None = None
) -> None:
    """Write how far a batch is."""
    tx.run(_Q.set_batch, project_id=project_id, id=batch_id, state=state, undone_at=undone_at)
