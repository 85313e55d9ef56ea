"""Suspensions by the clock and by logins: planned ones begin, fees are taken, what is due goes on (billing rules §10)."""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.flows import suspensions
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.suspensions import Suspension, SuspensionId, SuspensionStatus
from zhuomai_appliance.store import network
from zhuomai_appliance.store import suspensions as rows
from zhuomai_appliance.store.interface import Reader, Store, Transaction

PAGE: Final = 50
"""Accounts of one commit: some milliseconds of the writer, so that no login waits for them."""
NOBODY: Final = Actor("", "")


def wake_up(tx: Transaction, project_id: ProjectId, account_id: AccountId, now: int) -> bool:
    """Resume an account whose login was refused because of a suspension that a login ends; whether it did.

    The next try, which devices make by themselves, is let in.
    """
    one = rows.open_of(tx, project_id, account_id)
    project = next((p for p in network.projects(tx) if p.id == project_id), None)
    if project is None or one is None or one.status is not SuspensionStatus.RUNNING or not one.on_login:
        return False
    one = suspensions.finish(tx, one, project, now, "login")
    suspensions.record(tx, NOBODY, now, project, "account.resume", one)
    return True


async def look(store: Store, tables: Tables, now: int) -> int:
    """Begin what is planned, take fees, resume what is due; how many suspensions moved. Who cannot pay is resumed."""
    moved, after = 0, SuspensionId(0)

    def task(tx: Transaction) -> int:
        return sum(_look_at(tx, one, tables, now) for one in page)

    def due(reader: Reader) -> list[Suspension]:
        return rows.due(reader, now, after, PAGE)

    while page := await store.read(due):
        moved += await store.write(task)
        after = page[-1].id
    return moved


def _look_at(tx: Transaction, seen: Suspension, tables: Tables, now: int) -> bool:
    project = tables.project(seen.project_id)
    one = rows.open_of(tx, seen.project_id, seen.account_id)
    if project is None or one is None or one.id != seen.id:
        return False
    if one.status is SuspensionStatus.PLANNED:
        changed = suspensions.begin(tx, one, project, now)
    elif one.resumes_at is not None and one.resumes_at <= now:
        changed = suspensions.finish(tx, one, project, now, "planned")
    else:
        try:
            changed = suspensions.take_fees(tx, one, project, now)
            rows.put(tx, changed)
        except NotEnoughMoney:
            changed = suspensions.finish(tx, one, project, now, "keep_fee")
    if changed == one:
        return False
    if changed.status is not one.status:
        suspensions.record(tx, NOBODY, now, project, f"account.suspension_{changed.status.value}", changed)
    return True
