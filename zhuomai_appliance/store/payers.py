"""Departments that pay for members, and credit of groups (features E21, E22)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store.interface import Reader, Row, Transaction
from zhuomai_appliance.store.reports_query import Page, project_ids, rows
from zhuomai_appliance.store.sql import load

_Q = load("payers")


@dataclass(frozen=True, slots=True)
class Department:
    """An account whose wallet pays for others: whoever is in its group or below, or is named, up to a limit each."""

    project_id: ProjectId
    payer_id: AccountId
    group_id: GroupId | None
    limit_fen: Fen
    by_month: bool
    disabled: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who was named a member; ``limit_fen`` None is the department's."""

    account_id: AccountId
    payer_id: AccountId
    limit_fen: Fen | None
    since: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What somebody owed at the end of a month; ``owes_fen`` is what is owed now."""

    project_id: ProjectId
    account_id: AccountId
    username: str
    full_name: str
    month: int
    amount_fen: Fen
    made_at: int
    owes_fen: Fen


def _department(row: Row) -> Department:
    return Department(
        ProjectId(row[0]), AccountId(row[1]), row[2], Fen(row[3]), bool(row[4]), bool(row[5]), row[6]
    )


def put_department(tx: Transaction, one: Department) -> None:
    """Add or change a department."""
    tx.run(
        _Q.put_department,
        project_id=one.project_id,
        payer_id=one.payer_id,
        group_id=one.group_id,
        limit_fen=one.limit_fen,
        by_month=int(one.by_month),
        disabled=int(one.disabled),
        at=one.created_at,
    )


def department(reader: Reader, project_id: ProjectId, payer_id: AccountId) -> Department | None:
    """One department."""
    row = reader.one(_Q.department, project_id=project_id, payer_id=payer_id)
    return None if row is None else _department(row)


def departments(
    reader: Reader, projects: Sequence[ProjectId], page: Page, *, payer_id: int | None = None
) -> list[Department]:
    """Departments of these projects (none: of all); the key is the payer's id."""
    found = rows(
        reader, _Q.departments, project_ids(reader, projects), payer_id=payer_id, **page.conditions()
    )
    return [_department(row) for row in found]


def departments_of_groups(reader: Reader, project_id: ProjectId) -> list[Department]:
    """The departments that cover a group."""
    return [_department(row) for row in reader.all(_Q.departments_of_groups, project_id=project_id)]


def put_member(
    tx: Transaction,
    project_id: ProjectId,
    payer_id: AccountId,
    account_id: AccountId,
    limit_fen: Fen | None,
    at: int,
) -> None:
    """Name a member; who was another department's is this one's now."""
    tx.run(
        _Q.put_member,
        project_id=project_id,
        payer_id=payer_id,
        account_id=account_id,
        limit_fen=limit_fen,
        at=at,
    )


def drop_member(tx: Transaction, project_id: ProjectId, payer_id: AccountId, account_id: AccountId) -> bool:
    """Let somebody be no named member any more; false if he was none."""
    return tx.run(_Q.drop_member, project_id=project_id, payer_id=payer_id, account_id=account_id) == 1


def _member(row: Row) -> Member:
    return Member(AccountId(row[0]), AccountId(row[1]), None if row[2] is None else Fen(row[2]), row[3])


def member(reader: Reader, project_id: ProjectId, account_id: AccountId) -> Member | None:
    """Which department named this account."""
    row = reader.one(_Q.member, project_id=project_id, account_id=account_id)
    return None if row is None else _member(row)


def members(
    reader: Reader, project_id: ProjectId, payer_id: AccountId, after: int, limit: int
) -> list[Member]:
    """Named members of a department after an account id."""
    found = reader.all(_Q.members, project_id=project_id, payer_id=payer_id, after=after, limit=limit)
    return [_member(row) for row in found]


def spent(
    reader: Reader,
    project_id: ProjectId,
    payer_id: AccountId,
    account_id: AccountId,
    from_at: int,
    to_at: int,
) -> Fen:
    """What a department paid for a member in [from_at, to_at), refunds taken off."""
    found = reader.value(
        _Q.spent, project_id=project_id, payer_id=payer_id, account_id=account_id, from_at=from_at, to_at=to_at
    )  # fmt: skip
    return Fen(found or 0)


def paid_subscriptions(
    reader: Reader, project_id: ProjectId, payer_id: AccountId, account_id: AccountId
) -> list[SubscriptionId]:
    """What somebody still owns that a department paid for."""
    found = reader.all(_Q.paid_subscriptions, project_id=project_id, payer_id=payer_id, account_id=account_id)
    return [SubscriptionId(row[0]) for row in found]


# Credit -----------------------------------------------------------------------------------------------------------------


def put_limit(tx: Transaction, project_id: ProjectId, group_id: GroupId, limit_fen: Fen | None) -> None:
    """Set how far the people of a group may go below zero; None: no word of its own."""
    if limit_fen is None:
        tx.run(_Q.drop_limit, project_id=project_id, group_id=group_id)
    else:
        tx.run(_Q.put_limit, project_id=project_id, group_id=group_id, limit_fen=limit_fen)


def limits(reader: Reader, project_id: ProjectId) -> dict[GroupId, Fen]:
    """The credit limits of a project by group."""
    return {GroupId(group): Fen(limit) for group, limit in reader.all(_Q.limits, project_id=project_id)}


def allow(tx: Transaction, project_id: ProjectId, account_id: AccountId, limit_fen: Fen, at: int) -> None:
    """Remember how far below zero a wallet may be found; a lower limit later does not unmake a debt."""
    tx.run(_Q.allow, project_id=project_id, account_id=account_id, limit_fen=limit_fen, at=at)


def owing(
    reader: Reader, project_id: ProjectId, before: int, after: int, limit: int
) -> list[tuple[AccountId, Fen]]:
    """Who owed something at a time, and how much, after an account id."""
    found = reader.all(_Q.owing, project_id=project_id, before=before, after=after, limit=limit)
    return [(AccountId(account), Fen(amount)) for account, amount in found]


def add_bill(
    tx: Transaction, project_id: ProjectId, account_id: AccountId, month: int, amount_fen: Fen, at: int
) -> bool:
    """Add the bill of a month; false if there is one."""
    added = tx.run(
        _Q.insert_bill,
        project_id=project_id,
        account_id=account_id,
        month=month,
        amount_fen=amount_fen,
        at=at,
    )
    return added == 1


def bills(
    reader: Reader,
    projects: Sequence[ProjectId],
    page: Page,
    *,
    month: int | None = None,
    account_id: int | None = None,
) -> list[Bill]:
    """Bills of these projects (none: of all); the key is the account's id, so name a month for page after page."""
    found = rows(
        reader,
        _Q.bills,
        project_ids(reader, projects),
        month=month,
        account_id=account_id,
        **page.conditions(),
    )
    return [
        Bill(
            ProjectId(row[0]), AccountId(row[1]), row[2] or "", row[3] or "", row[4], Fen(row[5]), row[6],
            Fen(max(row[7], 0)),
        )
        for row in found
    ]  # fmt: skip


def beyond_credit(reader: Reader) -> list[tuple[int, str, int, int]]:
    """Wallets further below zero than was ever allowed: project, account, balance (debit positive), limit."""
    return [(row[0], row[1], row[2], row[3]) for row in reader.all(_Q.beyond_credit)]


def faults(reader: Reader) -> Iterator[str]:
    """A sentence for each order that its payer did not pay."""
    for order_no, payer_id, amount, paid in reader.all(_Q.wrong_payers):
        yield f"order {order_no} over {amount} fen: the wallet of its payer {payer_id} bore {paid}"
