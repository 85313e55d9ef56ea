"""Where accounts are installed, and the work orders of those who move."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.reports_query import Page, altered, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("moves")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an account is installed: a device, its VLANs and port; the street address is person data and not here."""

    nas_id: int | None = None
    vlan: int | None = None
    outer_vlan: int | None = None
    port_id: str = ""


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """What a technician has to do; ``facts`` hold from and to, and the sealed street address."""

    id: int
    project_id: ProjectId
    account_id: AccountId
    username: str
    state: str
    facts: Mapping[str, Any]
    memo: str
    order_no: str | None
    created_at: int
    created_by: str
    closed_at: int | None
    closed_by: str


def installation(reader: Reader, project_id: ProjectId, account_id: AccountId) -> tuple[Place, int] | None:
    """Where an account is installed, and since when; None: nobody said."""
    row = reader.one(_Q.installation, project_id=project_id, account_id=account_id)
    return None if row is None else (Place(*row[:4]), row[4])


def put_installation(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, place: Place, at: int
) -> None:
    """Say where an account is installed now."""
    tx.run(
        _Q.put_installation,
        project_id=project_id,
        account_id=account_id,
        nas_id=place.nas_id,
        vlan=place.vlan,
        outer_vlan=place.outer_vlan,
        port_id=place.port_id,
        at=at,
    )


def add_order(
    tx: Transaction,
    project_id: ProjectId,
    account_id: AccountId,
    facts: Mapping[str, Any],
    *,
    memo: str,
    order_no: str | None,
    by: str,
    at: int,
) -> int:
    """Open a work order; its id."""
    return tx.insert(
        _Q.add_order,
        project_id=project_id,
        account_id=account_id,
        facts=json.dumps(dict(facts), sort_keys=True),
        memo=memo,
        order_no=order_no,
        by=by,
        at=at,
    )


def close_order(tx: Transaction, project_id: ProjectId, order_id: int, state: str, by: str, at: int) -> bool:
    """Close an open work order as done or cancelled; False if it was closed before."""
    return tx.run(_Q.close_order, project_id=project_id, id=order_id, state=state, by=by, at=at) == 1


def work_orders(
    reader: Reader,
    projects: Sequence[ProjectId],
    page: Page,
    *,
    order_id: int | None = None,
    account_id: int | None = None,
    state: str | None = None,
) -> list[WorkOrder]:
    """Work orders of these projects (none: of all); the key is the id."""
    found = rows(
        reader,
        _Q.work_orders,
        project_ids(reader, projects),
        id=order_id,
        account_id=account_id,
        state=state,
        **page.conditions(),
    )
    return [WorkOrder(*altered(row, {5: json.loads(row[5])})) for row in found]
