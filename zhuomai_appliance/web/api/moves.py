"""Moves through the API: a work order with the new place and a fee, done or cancelled."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import moves
from zhuomai_appliance.flows.charges import ChargeWish
from zhuomai_appliance.flows.moves import MoveWish
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Permission
from zhuomai_appliance.store import moves as rows
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.moves import Place, WorkOrder
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.web.api import fields
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found, split
from zhuomai_appliance.web.api.closings import person, tried
from zhuomai_appliance.web.api.fields import ById, Id, Memo, Strict, Text, Time
from zhuomai_appliance.web.api.items import Answer, ItemList
from zhuomai_appliance.web.api.problems import Problem, invalid


class PlaceItem(Answer):
    """Where an account is installed."""

    nas: str | None
    vlan: int | None
    outer_vlan: int | None
    port_id: str


class InstallationItem(Answer):
    """Where an account is installed, and since when; null: nobody said."""

    place: PlaceItem | None
    since: Time | None


class WorkOrderItem(Answer):
    """A move; `has_address`: the street address changes with it. `order_no` is the fee's order."""

    id: int
    project: str
    account_id: int
    username: str
    state: str
    from_place: PlaceItem | None
    to_place: PlaceItem
    has_address: bool
    memo: str
    order_no: str | None
    created_at: Time
    created_by: str
    closed_at: Time | None
    closed_by: str


class FeeBody(Strict):
    """What the move costs, under an income subject, in cash or from the wallet."""

    amount_fen: fields.Fen
    subject: Text = Field(min_length=1)
    channel: Literal["CASH", "BALANCE"] = "CASH"


class MoveBody(Strict):
    """Where to, and what for; without `address` the street address stays."""

    nas: Text | None = None
    vlan: int | None = Field(None, ge=1, le=4094)
    outer_vlan: int | None = Field(None, ge=1, le=4094)
    port_id: Text = ""
    address: Memo | None = Field(None, repr=False)
    memo: Memo = ""
    fee: FeeBody | None = None


class WorkOrderQuery(ById):
    """Work orders by account and state."""

    account_id: Id | None = None
    state: Literal["open", "done", "cancelled"] | None = None


async def get_installation(parts: Parts, call: Call) -> BaseModel:
    """Where an account is installed."""
    row, project = await person(parts, call)
    found = await parts.store.read(lambda reader: rows.installation(reader, project.id, row.id))
    if found is None:
        return InstallationItem(place=None, since=None)
    return InstallationItem(place=_place(parts, found[0]), since=parts.time(found[1], project.id))


async def open_move(parts: Parts, call: Call) -> Kept:
    """Open a move's work order."""
    body: MoveBody = call.body
    row, project = await person(parts, call)
    if body.fee is not None and not call.operator.may(Permission.ORDERS_MANUAL):
        raise Problem(
            403, "not_allowed", "taking a fee needs the permission to charge",
            needs=Permission.ORDERS_MANUAL.value,
        )  # fmt: skip
    fee = None
    if body.fee is not None:
        fee = ChargeWish(
            row.id, body.fee.subject, Fen(body.fee.amount_fen), body.memo or "move", Channel(body.fee.channel)
        )
    place = Place(_nas(parts, project, body.nas), body.vlan, body.outer_vlan, body.port_id)
    wanted = MoveWish(place, body.address, body.memo, fee)

    def make(tx: Transaction) -> BaseModel:
        made = moves.open_move(tx, parts.vault, call.actor, call.now, project, row.id, wanted)
        return _item(parts, _known(tx, project, made))

    try:
        return await tried(parts.store.write(lambda tx: call.once(parts, tx, project.id, lambda: make(tx))))
    except NotEnoughMoney as error:
        raise Problem(
            409, "not_enough_money", "the wallet holds less than the fee", missing_fen=error.missing_fen
        ) from None


async def list_work_orders(parts: Parts, call: Call) -> BaseModel:
    """A page of work orders."""
    query: WorkOrderQuery = call.query
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(
        lambda reader: rows.work_orders(
            reader, projects, page, account_id=query.account_id, state=query.state
        )
    )
    shown, after = split(found, call, lambda row: row.id)
    return ItemList[WorkOrderItem](items=[_item(parts, row) for row in shown], next=after)


async def complete_move(parts: Parts, call: Call) -> BaseModel:
    """The technician has done it."""
    project, order_id = await _found(parts, call)
    await tried(
        parts.store.write(lambda tx: moves.complete(tx, parts.vault, call.actor, call.now, project, order_id))
    )
    return _item(parts, await parts.store.read(lambda reader: _known(reader, project, order_id)))


async def cancel_move(parts: Parts, call: Call) -> BaseModel:
    """The move does not happen."""
    project, order_id = await _found(parts, call)
    await tried(parts.store.write(lambda tx: moves.cancel(tx, call.actor, call.now, project, order_id)))
    return _item(parts, await parts.store.read(lambda reader: _known(reader, project, order_id)))


async def _found(parts: Parts, call: Call) -> tuple[Project, int]:
    projects, order_id = call.projects(parts), call.path["work_order_id"]
    found = await parts.store.read(
        lambda reader: rows.work_orders(reader, projects, Page(limit=1), order_id=order_id)
    )
    project = parts.tables.project(found[0].project_id) if found else None
    if project is None:
        raise not_found()
    return project, order_id


def _known(reader: Reader, project: Project, order_id: int) -> WorkOrder:
    return rows.work_orders(reader, (project.id,), Page(limit=1), order_id=order_id)[0]


def _nas(parts: Parts, project: Project, name: str | None) -> int | None:
    if name is None:
        return None
    for nas in parts.tables.all_nas():
        if nas.project_id == project.id and nas.name == name:
            return nas.id
    raise invalid([("nas", f'there is no device "{name}"', "unknown")])


def _place(parts: Parts, place: Place) -> PlaceItem:
    nas = next((one for one in parts.tables.all_nas() if one.id == place.nas_id), None)
    return PlaceItem(
        nas=None if nas is None else nas.name,
        vlan=place.vlan,
        outer_vlan=place.outer_vlan,
        port_id=place.port_id,
    )


def _item(parts: Parts, row: WorkOrder) -> WorkOrderItem:
    before: dict[str, Any] | None = row.facts["from"]
    return WorkOrderItem(
        id=row.id,
        project=parts.project_name(row.project_id),
        account_id=row.account_id,
        username=row.username,
        state=row.state,
        from_place=None if before is None else _place(parts, Place(**before)),
        to_place=_place(parts, Place(**row.facts["to"])),
        has_address="address_sealed" in row.facts,
        memo=row.memo,
        order_no=row.order_no,
        created_at=parts.time(row.created_at, row.project_id),
        created_by=row.created_by,
        closed_at=parts.maybe_time(row.closed_at, row.project_id),
        closed_by=row.closed_by,
    )
