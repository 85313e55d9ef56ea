"""Closing in the books: the state of an account that leaves, and its names until they are given up."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("closing")


class ClosingState(NamedTuple):
    """Whether an account is closed or will be, why, and when its names are given up (None: in use, or given up)."""

    closed_at: int | None
    reason: str
    closing_at: int | None
    names_free_at: int | None


def state(reader: Reader, project_id: ProjectId, account_id: AccountId) -> ClosingState | None:
    """How far an account is on its way out, None when it is not there."""
    row = reader.one(_Q.state, project_id=project_id, account_id=account_id)
    return None if row is None else ClosingState(*row)


def announce(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, closing_at: int | None, reason: str
) -> None:
    """Say when an open account will be closed; None: it stays."""
    tx.run(_Q.announce, project_id=project_id, account_id=account_id, closing_at=closing_at, reason=reason)


def close(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    at: int,
    reason: str,
    names_free_at: int | None,
) -> bool:
    """Close an account and forget its devices; False if it was closed before."""
    done = tx.run(
        _Q.close,
        project_id=project_id,
        account_id=account_id,
        at=at,
        reason=reason,
        names_free_at=names_free_at,
    )
    tx.run(_Q.unbind_all, project_id=project_id, account_id=account_id)
    return done == 1


def due(reader: Reader, now: int, limit: int) -> list[tuple[ProjectId, AccountId, str]]:
    """Open accounts whose announced time has come, each with the reason; the longest overdue first."""
    return [(p, a, reason) for p, a, reason in reader.all(_Q.due, now=now, limit=limit)]


def names_due(reader: Reader, now: int, limit: int) -> list[tuple[ProjectId, AccountId, str]]:
    """Closed accounts that have held their names long enough, each with its user name."""
    return [(p, a, name) for p, a, name in reader.all(_Q.names_due, now=now, limit=limit)]


def retire(tx: Transaction, project_id: ProjectId, account_id: AccountId, username: str) -> None:
    """Give up all names of a closed account; ``username`` is what it is called in the books from now on."""
    tx.run(_Q.drop_names, project_id=project_id, account_id=account_id)
    tx.run(_Q.retire, project_id=project_id, account_id=account_id, username=username)
