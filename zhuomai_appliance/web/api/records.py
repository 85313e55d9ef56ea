"""What there is to choose from (plans, groups, rates, devices), lists, operators, and the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel

from zhuomai_appliance.model.network import AccessListEntry, Nas, ProjectId
from zhuomai_appliance.model.people import Group, Operator
from zhuomai_appliance.store import operators, products, reports
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.products import SWITCHES, Offer
from zhuomai_appliance.store.reports import AuditFilter, AuditRow
from zhuomai_appliance.web.api.calls import Call, Parts, split
from zhuomai_appliance.web.api.items import (
    AuditItem,
    GroupItem,
    ItemList,
    ListEntryItem,
    NasItem,
    OperatorItem,
    PlanItem,
    RateItem,
)
from zhuomai_appliance.web.api.requests import AuditQuery, ListEntryQuery, NamedQuery

_Names: TypeAlias = dict[str, Mapping[Any, str]]

Named = TypeVar("Named", PlanItem, GroupItem, RateItem, NasItem)
Thing = TypeVar("Thing", PlanItem, GroupItem, RateItem, NasItem, ListEntryItem, OperatorItem)


async def list_plans(parts: Parts, call: Call) -> BaseModel:
    """The plans of today."""

    def gather(reader: Reader) -> list[PlanItem]:
        return [
            _plan(parts, offer)
            for project_id in _mine(parts, call)
            for offer in products.plans(reader, project_id)
        ]

    items, after = await _page(parts, call, gather)
    return ItemList[PlanItem](items=list(items), next=after)


async def list_groups(parts: Parts, call: Call) -> BaseModel:
    """The groups, with the switches that each sets itself."""

    def gather(reader: Reader) -> list[GroupItem]:
        found: list[GroupItem] = []
        own = call.groups(parts)
        for project_id in _mine(parts, call):
            groups = products.groups(reader, project_id)
            names: _Names = {
                "group": {group.id: group.name for group in groups},
                "rate": {rate.id: rate.name for rate in products.rates(reader, project_id)},
                "plan": {offer.plan.id: offer.plan.name for offer in products.plans(reader, project_id)},
            }
            found += [_group(parts, group, names) for group in groups if own is None or group.id in own]
        return found

    items, after = await _page(parts, call, gather)
    return ItemList[GroupItem](items=list(items), next=after)


async def list_rates(parts: Parts, call: Call) -> BaseModel:
    """The named speeds."""

    def gather(reader: Reader) -> list[RateItem]:
        return [
            _rate(parts, project_id, rate)
            for project_id in _mine(parts, call)
            for rate in products.rates(reader, project_id)
        ]

    items, after = await _page(parts, call, gather)
    return ItemList[RateItem](items=list(items), next=after)


def _rate(parts: Parts, project_id: ProjectId, rate: products.Rate) -> RateItem:
    limit, burst = rate.limit, rate.limit.burst
    return RateItem(
        id=rate.id,
        project=parts.project_name(project_id),
        name=rate.name,
        up_bps=limit.up_bps,
        down_bps=limit.down_bps,
        peak_up_bps=None if burst is None else burst.up_bps,
        peak_down_bps=None if burst is None else burst.down_bps,
        peak_seconds=None if burst is None else burst.seconds,
    )


async def list_nas(parts: Parts, call: Call) -> BaseModel:
    """The access devices."""
    mine = set(_mine(parts, call))
    devices = [nas_item(parts, nas) for nas in parts.tables.all_nas() if nas.project_id in mine]
    items, after = await _page(parts, call, lambda reader: devices)
    return ItemList[NasItem](items=list(items), next=after)


async def list_entries(parts: Parts, call: Call) -> BaseModel:
    """The black and white lists, expired entries included."""
    query: ListEntryQuery = call.query
    entries = [
        _entry(parts, entry)
        for project_id in _mine(parts, call)
        for entry in parts.tables.lists(project_id)
        if query.kind in (None, entry.kind)
        and query.action in (None, entry.action)
        and query.value in (None, entry.value)
    ]
    items, after = _cut(entries, call)
    return ItemList[ListEntryItem](items=list(items), next=after)


async def list_operators(parts: Parts, call: Call) -> BaseModel:
    """The operators; of one bound to projects, only those bound within them."""
    query: NamedQuery = call.query
    mine = set(_mine(parts, call))
    everywhere = not call.projects(parts)
    found = [
        _operator(parts, operator)
        for operator in await parts.store.read(operators.operators)
        if query.name in (None, operator.name)
        and (everywhere or (operator.project_ids and mine.issuperset(operator.project_ids)))
    ]
    items, after = _cut(found, call)
    return ItemList[OperatorItem](items=list(items), next=after)


async def list_audit(parts: Parts, call: Call) -> BaseModel:
    """A page of the audit log."""
    query: AuditQuery = call.query
    chosen = AuditFilter(
        actor=query.actor,
        action=query.action,
        object_kind=query.object_kind,
        object_id=query.object_id,
        from_at=query.from_at,
        to_at=query.to_at,
    )
    projects, page = call.projects(parts), call.page()
    found = await parts.store.read(lambda reader: reports.audit(reader, projects, chosen, page))
    rows, after = split(found, call, lambda row: row.id)
    return ItemList[AuditItem](items=[_audit(parts, row) for row in rows], next=after)


def _mine(parts: Parts, call: Call) -> Sequence[ProjectId]:
    return call.projects(parts) or [project.id for project in parts.tables.projects()]


async def _page(
    parts: Parts, call: Call, gather: Callable[[Reader], list[Named]]
) -> tuple[Sequence[Named], int | str | None]:
    """There are few of these: all are read, and a page is cut out by id."""
    query: NamedQuery = call.query
    items = await parts.store.read(gather)
    return _cut([item for item in items if query.name in (None, item.name)], call)


def _cut(items: list[Thing], call: Call) -> tuple[Sequence[Thing], int | str | None]:
    after, newest = call.query.after, call.query.order == "newest"
    ordered = sorted(items, key=lambda item: item.id, reverse=newest)
    left = [item for item in ordered if after is None or (item.id < after if newest else item.id > after)]
    return split(left, call, lambda item: item.id)


def _plan(parts: Parts, offer: Offer) -> PlanItem:
    terms = offer.version.terms
    rate = terms.policy.rate
    return PlanItem(
        id=offer.plan.id,
        project=parts.project_name(offer.plan.project_id),
        name=offer.plan.name,
        kind=offer.version.kind,
        price_fen=offer.version.price_fen,
        on_sale=offer.on_sale,
        version_no=offer.version.version_no,
        period=None if terms.period is None else str(terms.period),
        up_bps=None if rate is None else rate.up_bps,
        down_bps=None if rate is None else rate.down_bps,
        octets=terms.quota.octets,
        online_seconds=terms.quota.online_seconds,
    )


def _group(parts: Parts, group: Group, names: _Names) -> GroupItem:
    switches = {name: getattr(group, name) for name in SWITCHES}
    return GroupItem(
        id=group.id,
        project=parts.project_name(group.project_id),
        name=group.name,
        parent=names["group"].get(group.parent_id),
        rate=names["rate"].get(group.rate_id),
        plan=names["plan"].get(group.plan_id),
        base_plan=names["plan"].get(group.base_plan_id),
        **switches,
    )


def nas_item(parts: Parts, nas: Nas) -> NasItem:
    """An access device as lists show it."""
    return NasItem(
        id=nas.id,
        project=parts.project_name(nas.project_id),
        name=nas.name,
        address=nas.host if nas.is_single_host else str(nas.address),
        identifier=nas.identifier,
        vendor=nas.vendor.value,
        device_kind=nas.device_kind,
        coa_port=nas.coa_port,
        portal_port=nas.portal_port,
        portal_version=nas.portal_version,
        portal_auth=nas.portal_auth.value,
        interim_seconds=nas.interim_seconds,
        message_authenticator=nas.message_authenticator.value,
        user_networks=[str(network) for network in nas.user_networks],
    )


def _entry(parts: Parts, entry: AccessListEntry) -> ListEntryItem:
    return ListEntryItem(
        id=f"{entry.project_id}-{entry.kind}-{entry.value}",
        project=parts.project_name(entry.project_id),
        kind=entry.kind,
        action=entry.action,
        value=entry.value,
        reason=entry.reason,
        expires_at=parts.maybe_time(entry.expires_at, entry.project_id),
        created_by=entry.created_by,
    )


def _operator(parts: Parts, operator: Operator) -> OperatorItem:
    return OperatorItem(
        id=operator.id,
        name=operator.name,
        role=operator.role,
        projects=[parts.project_name(project_id) for project_id in operator.project_ids],
        permissions=sorted(permission.value for permission in operator.permissions),
        disabled=operator.disabled,
    )


def _audit(parts: Parts, row: AuditRow) -> AuditItem:
    return AuditItem(
        id=row.id,
        project=parts.project_name(row.project_id) or None,
        at=parts.time(row.at, row.project_id),
        actor=row.actor,
        address=row.address,
        action=row.action,
        object_kind=row.object_kind,
        object_id=row.object_id,
        before=dict(row.before),
        after=dict(row.after),
        result=row.result,
    )
