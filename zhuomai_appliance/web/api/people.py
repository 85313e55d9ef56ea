"""Accounts: search, one in full, create, change."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from zhuomai_appliance.flows import desk
from zhuomai_appliance.flows.site_model import SiteAccount
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId, Permission, normal_name
from zhuomai_appliance.store import accounts, journal, reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.reports import AccountFilter, AccountRow
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, account_row, not_found, split
from zhuomai_appliance.web.api.fields import read_mac
from zhuomai_appliance.web.api.items import AccountDetail, AccountItem, ItemList
from zhuomai_appliance.web.api.problems import Problem, invalid
from zhuomai_appliance.web.api.requests import AccountBody, AccountPatch, AccountQuery
from zhuomai_appliance.web.formats import masked_phone


async def list_accounts(parts: Parts, call: Call) -> BaseModel:
    """A page of accounts."""
    query: AccountQuery = call.query
    chosen = AccountFilter(
        words=query.q,
        phone_words=_phone_index(parts, query.q),
        mac_words=read_mac(query.q),
        username=query.username,
        full_name=query.full_name,
        group=query.group,
        phone_index=None if query.phone is None else _phone_index(parts, query.phone),
        tag=query.tag,
        mac=query.mac,
        status=query.status,
        online=query.online,
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: reports.accounts(reader, projects, chosen, page, call.now))
    rows, after = split(found, call, lambda row: row.id)
    return ItemList[AccountItem](items=[_item(parts, row, call.now) for row in rows], next=after)


async def get_account(parts: Parts, call: Call) -> BaseModel:
    """One account; the data of the person whole only for a token that may, and then it is audited."""
    row = await account_row(parts, call)
    if call.operator.may(Permission.PERSON_DATA_READ):
        await parts.store.write(
            lambda tx: journal.audit(
                tx,
                at=call.now,
                project_id=row.project_id,
                actor=call.actor.name,
                address=call.actor.address,
                action="account.person_data",
                object_kind="account",
                object_id=row.username,
            )
        )
    return _detail(parts, parts.store.reader, row, call)


async def create_account(parts: Parts, call: Call) -> Kept:
    """A new account with its plans."""
    body: AccountBody = call.body
    project = call.project(parts, body.project)
    call.check_group(parts, project, body.group)
    wanted = SiteAccount(
        username=body.username,
        project=project.name,
        password=body.password,
        full_name=body.full_name,
        group=body.group,
        rate=body.rate,
        plans=None if body.plan is None else tuple(body.plan),
        balance_fen=Fen(0),
        aliases=tuple(body.aliases),
        phone=body.phone,
        email=body.email,
        id_number=body.id_number,
        address=body.address,
    )

    def make(tx: Transaction) -> Kept:
        def once() -> BaseModel:
            account_id = desk.enrol(tx, parts.vault, call.actor, call.now, project, wanted)
            return _item(parts, _made(tx, project, account_id), call.now)

        return call.once(parts, tx, project.id, once)

    try:
        return await parts.store.write(make)
    except desk.Unfit as error:
        taken = any(key == "username" and "already" in sentence for key, sentence in error.errors)
        if taken:
            raise Problem(409, "name_taken", error.errors[0][1]) from None
        raise _unfit(error) from None


async def change_account(parts: Parts, call: Call) -> BaseModel:
    """Change what is named."""
    body: AccountPatch = call.body
    row = await account_row(parts, call)
    project = parts.tables.project(row.project_id)
    if project is None:
        raise not_found()
    if "group" in body.model_fields_set:
        call.check_group(parts, project, body.group)
    given: dict[str, Any] = {name: getattr(body, name) for name in body.model_fields_set}
    if given.get("locked_until") is None:
        given.pop("locked_until", None)
    wanted = desk.AccountChange(**given)
    try:
        await parts.store.write(
            lambda tx: desk.change(tx, parts.vault, call.actor, call.now, project, row.id, wanted)
        )
    except desk.Unfit as error:
        raise _unfit(error) from None
    return _detail(parts, parts.store.reader, await account_row(parts, call), call)


def _unfit(error: desk.Unfit) -> Problem:
    return invalid((key, sentence, "unfit") for key, sentence in error.errors)


def _phone_index(parts: Parts, text: str) -> bytes | None:
    folded = normal_name(text)
    return parts.vault.blind_index(folded.encode(), "phone") if folded else None


def _made(tx: Transaction, project: Project, account_id: AccountId) -> AccountRow:
    found = reports.account(tx, (project.id,), account_id)
    if found is None:
        raise LookupError(f"account {account_id} was made and is not there")
    return found


def _facts(parts: Parts, row: AccountRow, now: int) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": parts.project_name(row.project_id),
        "username": row.username,
        "full_name": row.full_name,
        "group": row.group or None,
        "rate": row.rate or None,
        "plan": row.plan(now) or None,
        "status": row.status(now),
        "ends_at": parts.maybe_time(row.covered_until or None, row.project_id),
        "balance_fen": row.balance_fen,
        "bonus_fen": row.bonus_fen,
        "online": row.online,
        "created_at": parts.time(row.created_at, row.project_id),
        "created_by": row.created_by,
        "first_login_at": parts.maybe_time(row.first_login_at, row.project_id),
        "last_seen_at": parts.maybe_time(row.last_seen_at, row.project_id),
        "locked_until": parts.maybe_time(row.locked_until or None, row.project_id),
        "locked_reason": row.locked_reason,
    }


def _item(parts: Parts, row: AccountRow, now: int) -> AccountItem:
    return AccountItem(**_facts(parts, row, now))


def _detail(parts: Parts, reader: Reader, row: AccountRow, call: Call) -> AccountDetail:
    person = accounts.person_data(reader, parts.vault, row.id)
    whole = call.operator.may(Permission.PERSON_DATA_READ)
    names = accounts.identifiers(reader, row.project_id, row.id)
    return AccountDetail(
        **_facts(parts, row, call.now),
        aliases=[name for name, kind in names if kind == "alias"],
        phone=person.phone if whole else masked_phone(person.phone),
        email=person.email if whole else _masked(person.email),
        id_number=person.id_number if whole else _masked(person.id_number),
        address=person.address if whole else _masked(person.address),
    )


def _masked(text: str) -> str:
    return text[:1] + "*" * min(len(text) - 1, 8) if text else ""
