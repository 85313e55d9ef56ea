"""Departments that pay for members, and credit of groups, through the API."""

from __future__ import annotations

from pydantic import BaseModel

from zhuomai_appliance.flows import credit, departments, wallets
from zhuomai_appliance.flows.departments import CoverPreview, PreviewIsOld
from zhuomai_appliance.flows.desk import CannotBuyError
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Order
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.model.products import PlanVersion
from zhuomai_appliance.store import accounts, payers, products, reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.payers import Bill, Department
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, account_row, not_found, split
from zhuomai_appliance.web.api.cards import money_lines
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_access import Done
from zhuomai_appliance.web.api.items_payers import (
    BilledItem,
    BillItem,
    BillQuery,
    CreditBody,
    CreditItem,
    CreditList,
    DepartmentBody,
    DepartmentItem,
    DepartmentOrder,
    DepartmentOrderBody,
    LeaveBody,
    LeftItem,
    MemberBody,
    MemberItem,
    MemberQuery,
    PayerItem,
)
from zhuomai_appliance.web.api.problems import Problem, invalid

_FIELDS = frozenset({"group"})


def _refused(error: Refused) -> Problem:
    if error.code in _FIELDS:
        return invalid([(error.code, error.sentence, "unfit")])
    if error.code in ("payer", "account"):
        return not_found()
    return Problem(409, error.code, error.sentence, None, **error.facts)


# Departments ------------------------------------------------------------------------------------------------------------


async def list_departments(parts: Parts, call: Call) -> BaseModel:
    """A page of departments."""
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(
        lambda reader: [_department(parts, reader, one) for one in payers.departments(reader, projects, page)]
    )
    shown, after = split(found, call, lambda row: row.id)
    return ItemList[DepartmentItem](items=list(shown), next=after)


async def put_department(parts: Parts, call: Call) -> BaseModel:
    """Make an account a department, or change it."""
    body: DepartmentBody = call.body
    row = await account_row(parts, call)
    project = _project(parts, row.project_id)
    group = None if body.group is None else parts.tables.group_named(project.id, body.group)
    if body.group is not None and group is None:
        raise invalid([("group", f'there is no group "{body.group}"', "unknown")])
    wanted = Department(
        project.id, row.id, None if group is None else group.id, Fen(body.limit_fen), body.by_month,
        body.disabled, call.now,
    )  # fmt: skip

    def put(tx: Transaction) -> BaseModel:
        departments.put(tx, call.actor, call.now, project, wanted)
        return _department(parts, tx, wanted)

    try:
        return await parts.store.write(put)
    except Refused as error:
        raise _refused(error) from None


async def list_members(parts: Parts, call: Call) -> BaseModel:
    """A page of named members."""
    query: MemberQuery = call.query
    row = await account_row(parts, call)

    def read(reader: Reader) -> list[MemberItem]:
        items = []
        for one in payers.members(reader, row.project_id, row.id, query.after or 0, query.limit + 1):
            login = accounts.login_by_id(reader, one.account_id)
            items.append(
                MemberItem(
                    id=one.account_id, account_id=one.account_id,
                    username="" if login is None else login.account.username, limit_fen=one.limit_fen,
                    since=parts.time(one.since, row.project_id),
                )
            )  # fmt: skip
        return items

    shown, after = split(await parts.store.read(read), call, lambda item: item.id)
    return ItemList[MemberItem](items=list(shown), next=after)


async def put_member(parts: Parts, call: Call) -> BaseModel:
    """Name a member, or give one a limit of his own."""
    body: MemberBody = call.body
    row = await account_row(parts, call)
    project, member = _project(parts, row.project_id), AccountId(call.path["member_id"])
    limit = None if body.limit_fen is None else Fen(body.limit_fen)
    try:
        await parts.store.write(
            lambda tx: departments.put_member(tx, call.actor, call.now, project, row.id, member, limit)
        )
    except Refused as error:
        raise _refused(error) from None
    return Done(done=True)


async def leave(parts: Parts, call: Call) -> Kept:
    """Let somebody be no member any more."""
    body: LeaveBody = call.body
    row = await account_row(parts, call)
    project, member = _project(parts, row.project_id), AccountId(call.path["member_id"])

    def go(tx: Transaction) -> BaseModel:
        back = departments.leave(tx, call.actor, call.now, project, row.id, member, give_back=body.give_back)
        return LeftItem(back_fen=back)

    return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: go(tx)))


async def get_payer(parts: Parts, call: Call) -> BaseModel:
    """Who pays for an account, and how much more."""
    row = await account_row(parts, call)
    project = _project(parts, row.project_id)
    found = await parts.store.read(lambda reader: departments.cover(reader, project, row.id, call.now))
    if found is None:
        return PayerItem(payer_id=None, limit_fen=0, spent_fen=0, left_fen=0)
    return PayerItem(
        payer_id=found.department.payer_id, limit_fen=found.limit_fen, spent_fen=found.spent_fen,
        left_fen=found.left_fen,
    )  # fmt: skip


async def create_order(parts: Parts, call: Call) -> BaseModel | Kept:
    """Buy a plan for a member from his department's wallet, or say what it would do."""
    body: DepartmentOrderBody = call.body
    person = await parts.store.read(
        lambda reader: reports.account(reader, call.projects(parts), body.account_id)
    )
    if person is None:
        raise invalid([("account_id", "there is no such account, or it is not yours to see", "unknown")])
    project = _project(parts, person.project_id)

    def version(reader: Reader) -> PlanVersion:
        offer = products.plan_by_name(reader, project.id, body.plan)
        if offer is None or not offer.on_sale:
            raise invalid([("plan", f'there is no plan "{body.plan}" on sale', "unknown")])
        return offer.version

    def look(reader: Reader) -> CoverPreview:
        return departments.preview(reader, project, person.id, version(reader), call.now)

    def sell(tx: Transaction) -> BaseModel:
        seen = look(tx)
        if body.expected_fen is not None and seen.purchase.price_fen != body.expected_fen:
            raise PreviewIsOld
        order = departments.sell(
            tx, call.actor, call.now, project, person.id, version(tx), expected=seen, memo=body.memo
        )
        return _order(parts, project, seen, order)

    try:
        if body.dry_run:
            return await parts.store.read(lambda reader: _order(parts, project, look(reader), None))
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: sell(tx)))
    except Refused as error:
        raise _refused(error) from None
    except PreviewIsOld:
        raise Problem(409, "preview_is_old", "it is not what was shown any more; look again") from None
    except CannotBuyError as error:
        raise Problem(409, "cannot_buy", str(error)) from None
    except wallets.NotEnoughMoney as error:
        raise Problem(
            409, "not_enough_money", "the department's wallet holds less than the price",
            missing_fen=error.missing_fen,
        ) from None  # fmt: skip


# Credit -----------------------------------------------------------------------------------------------------------------


async def list_credit(parts: Parts, call: Call) -> BaseModel:
    """The credit limits of a project."""
    project = call.project(parts, call.query.project)

    def read(reader: Reader) -> CreditList:
        names = {group.id: group.name for group in products.groups(reader, project.id)}
        found = payers.limits(reader, project.id)
        return CreditList(
            items=[
                CreditItem(group_id=one, group=names[one], limit_fen=limit) for one, limit in found.items()
            ]
        )

    return await parts.store.read(read)


async def put_credit(parts: Parts, call: Call) -> BaseModel:
    """Another limit of a group."""
    body: CreditBody = call.body
    group_id = GroupId(call.path["group_id"])
    project = next(
        (one for one in parts.tables.projects() if call.may_see(one.id) and _has(parts, one, group_id)),
        None,
    )
    if project is None:
        raise not_found()
    limit = None if body.limit_fen is None else Fen(body.limit_fen)
    await parts.store.write(lambda tx: credit.set_limit(tx, call.actor, call.now, project, group_id, limit))
    return Done(done=True)


def _has(parts: Parts, project: Project, group_id: GroupId) -> bool:
    return any(group.id == group_id for group in products.groups(parts.store.reader, project.id))


async def list_bills(parts: Parts, call: Call) -> BaseModel:
    """A page of bills."""
    query: BillQuery = call.query
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(
        lambda reader: payers.bills(reader, projects, page, month=query.month, account_id=query.account_id)
    )
    shown, after = split(found, call, lambda row: row.account_id)
    return ItemList[BillItem](items=[_bill(parts, row) for row in shown], next=after)


async def make_bills(parts: Parts, call: Call) -> BaseModel:
    """Bill the month that ended last, now."""
    own = [one for one in parts.tables.projects() if call.may_see(one.id)]
    return BilledItem(bills=await credit.bill_month(parts.store, own, call.now))


# Items ------------------------------------------------------------------------------------------------------------------


def _project(parts: Parts, project_id: int) -> Project:
    for project in parts.tables.projects():
        if project.id == project_id:
            return project
    raise not_found()


def _department(parts: Parts, reader: Reader, one: Department) -> DepartmentItem:
    login = accounts.login_by_id(reader, one.payer_id)
    names = {group.id: group.name for group in products.groups(reader, one.project_id)}
    return DepartmentItem(
        id=one.payer_id, project=parts.project_name(one.project_id), payer_id=one.payer_id,
        username="" if login is None else login.account.username,
        group=None if one.group_id is None else names.get(one.group_id), limit_fen=one.limit_fen,
        by_month=one.by_month, disabled=one.disabled,
        balance_fen=wallets.wallet_fen(reader, one.project_id, one.payer_id),
        created_at=parts.time(one.created_at, one.project_id),
    )  # fmt: skip


def _order(parts: Parts, project: Project, seen: CoverPreview, order: Order | None) -> DepartmentOrder:
    segment = seen.purchase.segment
    return DepartmentOrder(
        order_no=None if order is None else order.order_no,
        payer_id=seen.payer_id,
        price_fen=seen.purchase.price_fen,
        left_fen=seen.left_fen if order is None else seen.left_fen - seen.purchase.price_fen,
        starts_at=parts.maybe_time(segment.starts_at, project.id),
        ends_at=parts.maybe_time(segment.ends_at, project.id),
        dry_run=order is None,
        lines=money_lines(wallets.debits(seen.payer_id, seen.paid)),
    )


def _bill(parts: Parts, row: Bill) -> BillItem:
    return BillItem(
        id=row.account_id, project=parts.project_name(row.project_id), account_id=row.account_id,
        username=row.username, full_name=row.full_name, month=row.month, amount_fen=row.amount_fen,
        owes_fen=row.owes_fen, made_at=parts.time(row.made_at, row.project_id),
    )  # fmt: skip
