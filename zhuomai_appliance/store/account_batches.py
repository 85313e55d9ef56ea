"""Accounts made together by a rule: the batch, its members, and that their passwords were given out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("account_batches")


@dataclass(frozen=True, slots=True)
class AccountBatch:
    """A batch: ``rule`` is what was asked for, ``made`` how many accounts there are of it."""

    id: int
    project_id: ProjectId
    name: str
    rule: Mapping[str, Any]
    made: int
    created_at: int
    created_by: str
    exported_at: int | None
    exported_by: str


def add(tx: Transaction, project_id: ProjectId, name: str, rule: Mapping[str, Any], by: str, at: int) -> int:
    """Begin a batch; its id."""
    text = json.dumps(dict(rule), ensure_ascii=False, sort_keys=True)
    return tx.insert(_Q.add, project_id=project_id, name=name, rule=text, by=by, at=at)


def put_members(tx: Transaction, project_id: ProjectId, batch_id: int, members: Sequence[AccountId]) -> None:
    """Say that these accounts are of a batch."""
    for account_id in members:
        tx.run(_Q.put_member, project_id=project_id, batch_id=batch_id, account_id=account_id)
    tx.run(_Q.count_made, project_id=project_id, batch_id=batch_id, more=len(members))


def mark_exported(tx: Transaction, project_id: ProjectId, batch_id: int, by: str, at: int) -> bool:
    """Note that the passwords were given out; False if they were before."""
    return tx.run(_Q.mark_exported, project_id=project_id, batch_id=batch_id, by=by, at=at) == 1


def batches(
    reader: Reader,
    projects: Sequence[ProjectId],
    page: Page,
    *,
    batch_id: int | None = None,
    name: str | None = None,
) -> list[AccountBatch]:
    """Batches of these projects (none: of all); the key is the id."""
    found = rows(
        reader, _Q.batches, project_ids(reader, projects), id=batch_id, name=name, **page.conditions()
    )
    return [
        AccountBatch(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5], row[6], row[7], row[8])
        for row in found
    ]


def members(
    reader: Reader, project_id: ProjectId, batch_id: int, after: int, limit: int
) -> list[tuple[AccountId, str, bytes | None]]:
    """Id, user name and sealed password of a batch's accounts; None for a password that was changed since."""
    found = reader.all(_Q.members, project_id=project_id, batch_id=batch_id, after=after, limit=limit)
    return [(account_id, username, sealed) for account_id, username, sealed in found]
