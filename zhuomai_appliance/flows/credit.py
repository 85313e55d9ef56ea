"""Credit of staff groups: a wallet may go below zero there, up to a limit, and is billed after the month (features E21).

The limit is the nearest one up the group tree. Whoever lets a wallet pay asks `grant` and hands the answer to the wallet's
payment; without a limit that is 0, and the wallet stops at nothing left as everywhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.store import accounts, journal, payers, products
from zhuomai_appliance.store.interface import Reader, Store, Transaction

__all__ = ["bill_due", "bill_month", "grant", "limit_of", "month_before", "set_limit"]

PEOPLE_A_WRITE: Final = 200


def set_limit(
    tx: Transaction, actor: Actor, now: int, project: Project, group_id: GroupId, limit_fen: Fen | None
) -> None:
    """Say how far the people of a group may go below zero; None: as the group above says.

    Raises:
        Refused: there is no such group.
    """
    groups = {group.id: group.name for group in products.groups(tx, project.id)}
    if group_id not in groups:
        raise Refused("group", "there is no such group")
    before = payers.limits(tx, project.id).get(group_id)
    payers.put_limit(tx, project.id, group_id, limit_fen)
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="credit.limit",
        object_kind="group", object_id=groups[group_id], before={"limit_fen": before}, after={"limit_fen": limit_fen},
    )  # fmt: skip


def limit_of(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Fen:
    """How far below zero this account's wallet may go now; 0 for nearly everybody."""
    limits = payers.limits(reader, project_id)
    if not limits:
        return Fen(0)
    login = accounts.login_by_id(reader, account_id)
    above = None if login is None else login.account.group_id
    parents = {group.id: group.parent_id for group in products.groups(reader, project_id)}
    while above is not None:
        if above in limits:
            return limits[above]
        above = parents.get(above)
    return Fen(0)


def grant(tx: Transaction, project_id: ProjectId, account_id: AccountId, now: int) -> Fen:
    """The same for a payment that is about to be made: what is allowed now is what `verify` will allow."""
    limit = limit_of(tx, project_id, account_id)
    if limit:
        payers.allow(tx, project_id, account_id, limit, now)
    return limit


def month_before(now: int, zone: Zone) -> tuple[int, int]:
    """The month that ended last, such as 202609, and the instant of its end."""
    local = zone.local(now)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year, month = (first.year, first.month - 1) if first.month > 1 else (first.year - 1, 12)
    return year * 100 + month, int(first.timestamp())


async def bill_due(store: Store, tables: Tables, now: int) -> int:
    """One round: the same for every project; a month that is billed already costs a look."""
    return await bill_month(store, tables.projects(), now)


async def bill_month(store: Store, projects: Sequence[Project], now: int) -> int:
    """Bill whoever owed something at the end of last month, once; how many bills are new."""
    made = 0
    for project in projects:
        month, ended_at = month_before(now, Zone(project.zone))
        after = 0
        while found := await store.read(
            lambda reader, p=project, e=ended_at, a=after: payers.owing(reader, p.id, e, a, PEOPLE_A_WRITE)  # type: ignore[misc]
        ):
            after = found[-1][0]
            made += await store.write(lambda tx, p=project, m=month, some=found: _bill(tx, p, m, some, now))  # type: ignore[misc]
    return made


def _bill(
    tx: Transaction, project: Project, month: int, owing: Sequence[tuple[AccountId, Fen]], now: int
) -> int:
    return sum(payers.add_bill(tx, project.id, account_id, month, owed, now) for account_id, owed in owing)
