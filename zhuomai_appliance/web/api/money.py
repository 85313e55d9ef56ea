"""Orders, postings and purchases: reading them, and selling at the counter."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from zhuomai_appliance.flows import desk
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import normal_name
from zhuomai_appliance.store import products, reports
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.reports import (
    OrderFilter,
    OrderRow,
    Page,
    PostingFilter,
    PostingRow,
    SubscriptionFilter,
    SubscriptionRow,
)
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found, split
from zhuomai_appliance.web.api.items import ItemList, OrderItem, PostingItem, SubscriptionItem
from zhuomai_appliance.web.api.problems import Problem, invalid
from zhuomai_appliance.web.api.requests import OrderBody, OrderQuery, PostingQuery, SubscriptionQuery


async def list_orders(parts: Parts, call: Call) -> BaseModel:
    """A page of orders."""
    query: OrderQuery = call.query
    chosen = OrderFilter(
        account_id=query.account_id,  # type: ignore[arg-type]
        username=_folded(query.username),
        channel=query.channel,
        state=query.state,
        operator=query.operator,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: reports.orders(reader, projects, chosen, page))
    rows, after = split(found, call, lambda row: row.order_no)
    return ItemList[OrderItem](items=[_order(parts, row) for row in rows], next=after)


async def get_order(parts: Parts, call: Call) -> BaseModel:
    """One order by its number."""
    order_no = call.path["order_no"]
    scope = call.projects(parts)
    found = await parts.store.read(lambda reader: _found(reader, scope, order_no))
    if found is None:
        raise not_found()
    return _order(parts, found)


async def create_order(parts: Parts, call: Call) -> Kept:
    """Sell a plan, or take money into the wallet."""
    body: OrderBody = call.body
    if (body.plan is None) == (body.amount_fen is None):
        raise invalid([("plan", "name either a plan or amount_fen", "either")])
    if body.plan is None and body.channel != "CASH":
        raise invalid([("channel", "a wallet is recharged in cash", "channel")])
    scope = call.projects(parts)
    person = await parts.store.read(lambda reader: reports.account(reader, scope, body.account_id))
    project = None if person is None else parts.tables.project(person.project_id)
    if person is None or project is None:
        raise invalid([("account_id", "there is no such account, or it is not yours to see", "unknown")])

    def sell(tx: Transaction) -> OrderItem:
        if body.plan is None:
            order = desk.recharge(
                tx, call.actor, call.now, project, person.id, Fen(body.amount_fen or 0), memo=body.memo
            )
        else:
            offer = products.plan_by_name(tx, project.id, body.plan)
            if offer is None or not offer.on_sale:
                raise invalid([("plan", f'there is no plan "{body.plan}" on sale', "unknown")])
            order = desk.sell(
                tx,
                call.actor,
                call.now,
                project,
                person.id,
                offer.version,
                Channel(body.channel),
                memo=body.memo,
            )
        row = _found(tx, scope, order.order_no)
        if row is None:
            raise LookupError(f"order {order.order_no} was made and is not there")
        return _order(parts, row)

    try:
        return await parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: sell(tx)))
    except desk.NotEnoughMoney as error:
        raise Problem(
            409, "not_enough_money", "the wallet holds less than the price", missing_fen=error.missing_fen
        ) from None
    except desk.CannotBuyError as error:
        raise Problem(409, "cannot_buy", str(error)) from None


async def list_postings(parts: Parts, call: Call) -> BaseModel:
    """A page of posting lines."""
    query: PostingQuery = call.query
    chosen = PostingFilter(
        posting_id=query.posting_id,
        account_ref=query.account_ref,
        kind=query.kind,
        order_no=query.order_no,
        operator=query.operator,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: reports.postings(reader, projects, chosen, page))
    rows, after = split(found, call, lambda row: row.id)
    return ItemList[PostingItem](items=[_posting(parts, row) for row in rows], next=after)


async def list_subscriptions(parts: Parts, call: Call) -> BaseModel:
    """A page of purchases."""
    query: SubscriptionQuery = call.query
    chosen = SubscriptionFilter(
        account_id=query.account_id,  # type: ignore[arg-type]
        username=_folded(query.username),
        plan=query.plan,
        state=query.state,
        order_no=query.order_no,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: reports.subscriptions(reader, projects, chosen, page))
    rows, after = split(found, call, lambda row: row.id)
    return ItemList[SubscriptionItem](items=[_subscription(parts, row) for row in rows], next=after)


def _folded(username: str | None) -> str | None:
    return None if username is None else normal_name(username)


def _found(reader: Reader, scope: Sequence[ProjectId], order_no: str) -> OrderRow | None:
    rows = reports.orders(reader, scope, OrderFilter(order_no=order_no), Page(limit=1))
    return rows[0] if rows else None


def _order(parts: Parts, row: OrderRow) -> OrderItem:
    return OrderItem(
        id=row.order_no,
        project=parts.project_name(row.project_id),
        order_no=row.order_no,
        account_id=row.account_id,
        username=row.username,
        plan=row.plan,
        periods=row.periods,
        amount_fen=row.amount_fen,
        channel=row.channel,
        state=row.state,
        operator=row.operator,
        memo=row.memo,
        created_at=parts.time(row.created_at, row.project_id),
        paid_at=parts.maybe_time(row.paid_at, row.project_id),
        closed_at=parts.maybe_time(row.closed_at, row.project_id),
    )


def _posting(parts: Parts, row: PostingRow) -> PostingItem:
    return PostingItem(
        id=row.id,
        project=parts.project_name(row.project_id),
        posting_id=row.posting_id,
        at=parts.time(row.at, row.project_id),
        kind=row.kind,
        account_ref=row.account_ref,
        debit_fen=row.debit_fen,
        credit_fen=row.credit_fen,
        order_no=row.order_no,
        operator=row.operator,
        reversal_of=row.reversal_of,
    )


def _subscription(parts: Parts, row: SubscriptionRow) -> SubscriptionItem:
    return SubscriptionItem(
        id=row.id,
        project=parts.project_name(row.project_id),
        account_id=row.account_id,
        username=row.username,
        plan=row.plan,
        kind=row.kind,
        version_no=row.version_no,
        state=row.state,
        order_no=row.order_no,
        purchased_at=parts.time(row.purchased_at, row.project_id),
        starts_at=parts.maybe_time(row.starts_at, row.project_id),
        ends_at=parts.maybe_time(row.ends_at, row.project_id),
        octets_left=row.octets_left,
        seconds_left=row.seconds_left,
        paid_principal_fen=row.paid_principal_fen,
    )
