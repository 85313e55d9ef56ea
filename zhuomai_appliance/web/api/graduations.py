"""Batches of people who leave, through the API: prepared, approved by another, run, exported for the finance office."""

from __future__ import annotations

import csv
import io
from typing import Any

from pydantic import BaseModel

from zhuomai_appliance.flows import graduation
from zhuomai_appliance.flows.refunds import Refused
from zhuomai_appliance.model.graduation import Graduation, GraduationId, GraduationState, Statement
from zhuomai_appliance.model.money import format_yuan
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.refunds import BankAccount
from zhuomai_appliance.store import accounts, journal, products, reports
from zhuomai_appliance.store import graduation as rows
from zhuomai_appliance.store.graduation import RowFilter
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, Written, not_found, split
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_access import Done
from zhuomai_appliance.web.api.items_graduation import (
    BanksBody,
    BanksItem,
    GraduationBody,
    GraduationDetail,
    GraduationItem,
    GraduationQuery,
    RunItem,
    SettlementItem,
    StatementItem,
    StatementQuery,
    SumItem,
)
from zhuomai_appliance.web.api.problems import Problem, invalid

_HEADER = (
    "username", "name", "wallet", "unused", "packs", "debt", "total", "holder", "bank", "account", "state", "refund", "failure",
)  # fmt: skip
_FIELDS = frozenset({"access_plan", "stay_group"})
_ROWS_A_READ = 200


async def list_graduations(parts: Parts, call: Call) -> BaseModel:
    """A page of batches."""
    query: GraduationQuery = call.query
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(
        lambda reader: [
            GraduationItem(**_facts(parts, reader, one))
            for one in rows.batches(reader, projects, page, name=query.name)
        ]
    )
    shown, after = split(found, call, lambda row: row.id)
    return ItemList[GraduationItem](items=list(shown), next=after)


async def get_graduation(parts: Parts, call: Call) -> BaseModel:
    """One batch with its sums."""
    batch, _ = await _known(parts, call)
    return await parts.store.read(lambda reader: _detail(parts, reader, batch))


async def create_graduation(parts: Parts, call: Call) -> BaseModel | Kept:
    """Freeze the statements of a batch; the answer comes when all stand."""
    body: GraduationBody = call.body
    project = call.project(parts, body.project)
    wrong = [
        ("groups", f'there is no group "{name}"', "unknown")
        for name in body.groups
        if parts.tables.group_named(project.id, name) is None
    ]

    def find(reader: Reader) -> list[AccountId]:
        found = {name: accounts.find_login(reader, project.id, name) for name in body.usernames}
        wrong.extend(
            ("usernames", f'nobody is "{name}"', "unknown") for name, one in found.items() if one is None
        )
        return [one.account.id for one in found.values() if one is not None]

    people = await parts.store.read(find)
    if wrong:
        raise invalid(wrong)
    named = [parts.tables.group_named(project.id, name) for name in body.groups]
    groups = sorted(parts.tables.below(one.id for one in named if one is not None))

    def make(tx: Transaction) -> BaseModel:
        offer = None if body.access_plan is None else products.plan_by_name(tx, project.id, body.access_plan)
        if body.access_plan is not None and offer is None:
            raise invalid([("access_plan", f'there is no plan "{body.access_plan}"', "unknown")])
        stay = {group.name: group.id for group in products.groups(tx, project.id)}
        if body.stay_group is not None and body.stay_group not in stay:
            raise invalid([("stay_group", f'there is no group "{body.stay_group}"', "unknown")])
        batch_id = graduation.create(
            tx, call.actor, call.now, project, body.name, None if offer is None else offer.version.id,
            None if body.stay_group is None else stay[body.stay_group],
        )  # fmt: skip
        return _detail(parts, tx, graduation.known(tx, project, batch_id))

    try:
        kept = await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: make(tx)))
        batch_id = GraduationId(kept.answer["id"])
        batch = await parts.store.read(lambda reader: graduation.known(reader, project, batch_id))
        if batch.state is GraduationState.PREPARING:
            await graduation.prepare(parts.store, project, batch_id, groups, people)
    except Refused as error:
        raise _refused(error) from None
    detail = await parts.store.read(
        lambda reader: _detail(parts, reader, graduation.known(reader, project, batch_id))
    )
    return Kept(detail.model_dump(mode="json"), replayed=kept.replayed)


async def list_statements(parts: Parts, call: Call) -> BaseModel:
    """A page of statements of a batch."""
    query: StatementQuery = call.query
    batch, _ = await _known(parts, call)
    chosen = RowFilter(batch_id=batch.id, account_id=query.account_id, state=query.state)
    page = call.page()
    found = await parts.store.read(lambda reader: rows.statements(reader, (batch.project_id,), chosen, page))
    shown, after = split(found, call, lambda row: row.account_id)
    return ItemList[StatementItem](items=[_statement(parts, row) for row in shown], next=after)


async def put_banks(parts: Parts, call: Call) -> BaseModel:
    """Keep where people's money goes."""
    body: BanksBody = call.body
    batch, project = await _known(parts, call)
    given = [
        (one.username, BankAccount(one.holder, one.bank, one.number.replace(" ", ""))) for one in body.banks
    ]
    unknown = await parts.store.write(
        lambda tx: graduation.set_banks(tx, parts.vault, call.actor, call.now, project, batch.id, given)
    )
    return BanksItem(unknown=unknown)


async def approve_graduation(parts: Parts, call: Call) -> BaseModel:
    """Let a batch be run."""
    batch, project = await _known(parts, call)
    try:
        await parts.store.write(lambda tx: graduation.approve(tx, call.actor, call.now, project, batch.id))
    except Refused as error:
        raise _refused(error) from None
    return Done(done=True)


async def run_graduation(parts: Parts, call: Call) -> BaseModel:
    """Settle whoever is not settled yet."""
    batch, project = await _known(parts, call)
    try:
        done, failed = await graduation.run(parts.store, parts.vault, call.actor, call.now, project, batch.id)
    except Refused as error:
        raise _refused(error) from None
    return RunItem(done=done, failed=failed)


async def export_graduation(parts: Parts, call: Call) -> Written:
    """The batch for the finance office, with whole bank accounts; that it was read is audited."""
    batch, project = await _known(parts, call)
    await parts.store.write(
        lambda tx: journal.audit(
            tx, at=call.now, project_id=project.id, actor=call.actor.name, address=call.actor.address,
            action="graduation.export", object_kind="graduation", object_id=str(batch.id),
        )
    )  # fmt: skip
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(_HEADER)
    after: int | None = None
    while found := await parts.store.read(lambda reader, a=after: _export(parts, reader, batch, a)):  # type: ignore[misc]
        after = found[-1][0]
        writer.writerows(row[1:] for row in found)
    return Written(target.getvalue().encode(), f"graduation-{batch.id}.csv")


def _export(parts: Parts, reader: Reader, batch: Graduation, after: int | None) -> list[tuple[Any, ...]]:
    page = reports.Page(after, _ROWS_A_READ)
    found = []
    for row in rows.statements(reader, (batch.project_id,), RowFilter(batch_id=batch.id), page):
        login = accounts.login_by_id(reader, row.account_id)
        bank = rows.bank_account(reader, parts.vault, batch.project_id, batch.id, row.account_id)
        amounts = (row.wallet_fen, row.unused_fen, row.packs_fen, row.debt_fen, row.total_fen)
        name = ("", "") if login is None else (login.account.username, login.account.full_name)
        place = ("", "", "") if bank is None else (bank.holder, bank.bank, bank.number)
        found.append(
            (row.account_id, *name, *map(format_yuan, amounts), *place, row.state.value, row.refund_id or "", row.failure)
        )  # fmt: skip
    return found


def _refused(error: Refused) -> Problem:
    if error.code in _FIELDS:
        return invalid([(error.code, error.sentence, "unfit")])
    return Problem(409, error.code, error.sentence)


async def _known(parts: Parts, call: Call) -> tuple[Graduation, Project]:
    projects, batch_id = call.projects(parts), call.path["batch_id"]
    found = await parts.store.read(
        lambda reader: rows.batches(reader, projects, reports.Page(limit=1), batch_id=batch_id)
    )
    project = parts.tables.project(found[0].project_id) if found else None
    if project is None:
        raise not_found()
    return found[0], project


def _facts(parts: Parts, reader: Reader, batch: Graduation) -> dict[str, Any]:
    version = (
        None
        if batch.access_version_id is None
        else products.version(reader, batch.project_id, batch.access_version_id)
    )
    groups = {group.id: group.name for group in products.groups(reader, batch.project_id)}
    return {
        "id": batch.id,
        "project": parts.project_name(batch.project_id),
        "name": batch.name,
        "cut_off_at": parts.time(batch.cut_off_at, batch.project_id),
        "access_plan": None if version is None else version.plan_name,
        "stay_group": None if batch.stay_group_id is None else groups.get(batch.stay_group_id),
        "state": batch.state,
        "created_at": parts.time(batch.created_at, batch.project_id),
        "created_by": batch.created_by,
        "approved_at": parts.maybe_time(batch.approved_at, batch.project_id),
        "approved_by": batch.approved_by,
    }


def _detail(parts: Parts, reader: Reader, batch: Graduation) -> GraduationDetail:
    sums = [
        SumItem(
            state=one.state, accounts=one.accounts, wallet_fen=one.wallet_fen, unused_fen=one.unused_fen,
            packs_fen=one.packs_fen, debt_fen=one.debt_fen, total_fen=one.total_fen,
        )
        for one in rows.sums(reader, batch.project_id, batch.id)
    ]  # fmt: skip
    return GraduationDetail(**_facts(parts, reader, batch), sums=sums)


def _statement(parts: Parts, row: Statement) -> StatementItem:
    return StatementItem(
        id=row.account_id, project=parts.project_name(row.project_id), batch_id=row.batch_id, account_id=row.account_id,
        wallet_fen=row.wallet_fen, unused_fen=row.unused_fen, packs_fen=row.packs_fen, debt_fen=row.debt_fen,
        total_fen=row.total_fen,
        settlements=[
            SettlementItem(
                subscription_id=one.subscription_id, plan=one.plan_name, pack=one.is_pack, fen=one.fen,
                bonus_fen=one.bonus_fen, formula=one.formula, remaining=one.remaining, total=one.total,
                payee_id=one.payee_id, kept=one.is_kept,
            )
            for one in row.settlements
        ],
        state=row.state, failure=row.failure, refund_id=row.refund_id,
        done_at=parts.maybe_time(row.done_at, row.project_id), has_bank=row.has_bank,
    )  # fmt: skip
