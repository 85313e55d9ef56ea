"""Renewing through the API: by itself, who is about to expire, and many at once (features D11, F06, F07)."""

from __future__ import annotations

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import renewals
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.renewals import RenewPreview
from zhuomai_appliance.model.moment import DAY_SECONDS
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import products, reports
from zhuomai_appliance.store import renewals as rows
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found
from zhuomai_appliance.web.api.fields import Id, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer
from zhuomai_appliance.web.api.subscriptions import person_of
from zhuomai_appliance.web.api.suspensions import refused


class RenewalBody(Strict):
    """Whether an account renews by itself; `plan` takes over at the end, null is the same again."""

    enabled: bool
    plan: Text | None = None


class NoticeItem(Answer):
    """What the account was told; `missing_fen` and `ends_at` where it is about money."""

    kind: str
    made_at: Time
    plan: str | None
    missing_fen: int | None
    ends_at: Time | None


class RenewalItem(Answer):
    """Whether and how an account renews by itself, and what it was told of that, newest first."""

    enabled: bool
    plan: str | None
    notices: list[NoticeItem]


class EndingQuery(Strict):
    """Accounts that end within so many days from now, or ended within so many days before."""

    project: Text | None = None
    days: int = Field(7, ge=0, le=366)
    days_past: int = Field(0, ge=0, le=366)
    limit: int = Field(200, ge=1, le=1000)


class EndingItem(Answer):
    """An account and when nothing more is owned."""

    account_id: int
    username: str
    full_name: str
    ends_at: Time


class EndingList(Answer):
    """The accounts, the earliest end first."""

    items: list[EndingItem]


class RenewBody(Strict):
    """The accounts to renew from their wallets, each for one more period of its plan; `dry_run` only shows."""

    project: Text | None = None
    accounts: list[Id] = Field(min_length=1, max_length=200)
    dry_run: bool = False


class RenewItem(Answer):
    """One account: price and dates, or in `code` and `detail` why it is not renewed."""

    account_id: int
    plan: str
    price_fen: int
    old_end: Time | None
    starts_at: Time | None
    new_end: Time | None
    order_no: str | None
    code: str
    detail: str


class RenewList(Answer):
    """The accounts in the order in which they were named, and what all of them pay."""

    total_fen: int
    items: list[RenewItem]


async def get_renewal(parts: Parts, call: Call) -> BaseModel:
    """Whether and how an account renews by itself."""
    row, project = await person_of(parts, call)
    return await parts.store.read(lambda reader: _renewal(parts, reader, project, row.id))


async def set_renewal(parts: Parts, call: Call) -> BaseModel:
    """Let an account renew by itself, or not."""
    body: RenewalBody = call.body
    row, project = await person_of(parts, call)

    def task(tx: Transaction) -> BaseModel:
        renewals.set_auto(
            tx, call.actor, call.now, project, row.id, enabled=body.enabled, plan_name=body.plan
        )
        return _renewal(parts, tx, project, row.id)

    try:
        return await parts.store.write(task)
    except Refused as error:
        raise refused(error) from None


async def list_ending(parts: Parts, call: Call) -> BaseModel:
    """Accounts about to expire, or expired."""
    query: EndingQuery = call.query
    project = call.project(parts, query.project)
    found = await parts.store.read(
        lambda reader: rows.ending(
            reader,
            project.id,
            call.now - query.days_past * DAY_SECONDS,
            call.now + query.days * DAY_SECONDS,
            query.limit,
        )
    )
    own = call.groups(parts)
    if own is not None:
        found = [one for one in found if await _is_own(parts, call, project, one.account_id)]
    return EndingList(
        items=[
            EndingItem(
                account_id=one.account_id,
                username=one.username,
                full_name=one.full_name,
                ends_at=parts.time(one.ends_at, project.id),
            )
            for one in found
        ]
    )


async def renew_accounts(parts: Parts, call: Call) -> BaseModel | Kept:
    """Renew many accounts from their wallets; who cannot be renewed is named, the others are."""
    body: RenewBody = call.body
    project = call.project(parts, body.project)
    accounts = [AccountId(one) for one in dict.fromkeys(body.accounts)]
    for one in accounts:
        if not await _is_own(parts, call, project, one):
            raise not_found()

    def task(tx: Transaction) -> BaseModel:
        items = []
        for seen in renewals.preview_renewals(tx, project, accounts, call.now):
            order_no = None
            if not seen.code:
                made = renewals.renew(
                    tx, call.actor, call.now, project, seen.account_id,
                    key=f"api:{call.key}:{seen.account_id}", expected=seen,
                )  # fmt: skip
                order_no = made["order_no"]
            items.append(_item(parts, project, seen, order_no))
        return _list(items)

    try:
        if body.dry_run:
            seen = await parts.store.read(
                lambda reader: renewals.preview_renewals(reader, project, accounts, call.now)
            )
            return _list([_item(parts, project, one, None) for one in seen])
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: task(tx)))
    except (Refused, PreviewIsOld) as error:
        raise refused(error) from None


async def _is_own(parts: Parts, call: Call, project: Project, account_id: AccountId) -> bool:
    """Whether an account is of this project, and of the operator's groups where he is bound to some."""
    scope = call.projects(parts)
    row = await parts.store.read(lambda reader: reports.account(reader, scope, account_id))
    return row is not None and row.project_id == project.id


def _renewal(parts: Parts, reader: Reader, project: Project, account_id: AccountId) -> RenewalItem:
    one = rows.auto_of(reader, project.id, account_id)
    plans = {offer.plan.id: offer.plan.name for offer in products.plans(reader, project.id)}
    return RenewalItem(
        enabled=one is not None,
        plan=None if one is None or one.plan_id is None else plans.get(one.plan_id),
        notices=[
            NoticeItem(
                kind=told.kind,
                made_at=parts.time(told.made_at, project.id),
                plan=told.facts.get("plan"),
                missing_fen=told.facts.get("missing_fen"),
                ends_at=parts.maybe_time(told.facts.get("ends_at"), project.id),
            )
            for told in rows.notices_of(reader, project.id, account_id, 20)
        ],
    )


def _list(items: list[RenewItem]) -> RenewList:
    return RenewList(total_fen=sum(one.price_fen for one in items if not one.code), items=items)


def _item(parts: Parts, project: Project, seen: RenewPreview, order_no: str | None) -> RenewItem:
    return RenewItem(
        account_id=seen.account_id,
        plan=seen.plan_name,
        price_fen=seen.price_fen,
        old_end=parts.maybe_time(seen.old_end, project.id),
        starts_at=parts.maybe_time(seen.starts_at, project.id),
        new_end=parts.maybe_time(seen.new_end, project.id),
        order_no=order_no,
        code=seen.code,
        detail=seen.sentence,
    )
