"""Admission: the rules and limits in force, an account's devices, and what a login would get and why."""

from __future__ import annotations

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import device_admin
from zhuomai_appliance.flows.explain import CannotExplain, Explainer, Question, as_facts
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import AccessRule
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import DeviceBinding
from zhuomai_appliance.store import access_rules, accounts
from zhuomai_appliance.store import products as product_rows
from zhuomai_appliance.store.interface import Reader
from zhuomai_appliance.store.reports import AccountRow
from zhuomai_appliance.web.api.calls import Call, Parts, account_row, not_found, split
from zhuomai_appliance.web.api.fields import ById, ByText, Instant, Mac, Strict, Text, read_mac
from zhuomai_appliance.web.api.items import ItemList
from zhuomai_appliance.web.api.items_access import (
    DeviceItem,
    DeviceList,
    Done,
    ExplanationItem,
    PlaceLimitItem,
    RuleItem,
)
from zhuomai_appliance.web.api.problems import invalid


class ExplainQuery(Strict):
    """Who, where and when: `who` is a login name or a MAC; what is left out is what nobody tells."""

    who: Text = Field(min_length=1)
    nas: Text | None = None
    mac: Mac | None = None
    ssid: Text | None = None
    ap: Text | None = None
    vlan: int | None = Field(None, ge=1, le=4094)
    outer_vlan: int | None = Field(None, ge=1, le=4094)
    ip: Text | None = None
    kind: AccessKind | None = None
    at: Instant | None = None


class RuleQuery(ById):
    """Access rules by name."""

    name: Text | None = None


class PlaceLimitQuery(ByText):
    """Limits of places, all of them or of one project."""


class DeviceBody(Strict):
    """How long the device's address alone opens the account; null: for good."""

    until: Instant | None = None


async def explain(parts: Parts, call: Call) -> BaseModel:
    """Walk the policy as the server would."""
    asked: ExplainQuery = call.query
    explainer = Explainer(
        parts.store, parts.vault, parts.tables, parts.reservations, parts.words, lambda: call.now
    )
    question = Question(
        who=asked.who,
        at=call.now if asked.at is None else asked.at,
        nas=asked.nas,
        mac=asked.mac,
        ssid=asked.ssid,
        ap=asked.ap,
        vlan=asked.vlan,
        outer_vlan=asked.outer_vlan,
        ip=asked.ip,
        kind=asked.kind,
        projects=tuple(call.operator.project_ids),
    )
    try:
        found = explainer.explain(question)
    except CannotExplain as error:
        raise invalid([("nas", str(error), "unknown")]) from None
    return ExplanationItem.model_validate(as_facts(found, parts.tables, parts.words))


async def list_rules(parts: Parts, call: Call) -> BaseModel:
    """The access rules in the order in which they were made; `position` is the order in which they are asked."""
    query: RuleQuery = call.query
    projects = call.projects(parts)

    def gather(reader: Reader) -> list[RuleItem]:
        names = _Names(parts, reader)
        return [
            names.item(rule)
            for rule in access_rules.rules(reader)
            if (not projects or rule.project_id in projects) and query.name in (None, rule.name)
        ]

    newest = query.order == "newest"
    items = sorted(await parts.store.read(gather), key=lambda item: item.id, reverse=newest)
    left = [
        item
        for item in items
        if query.after is None or ((item.id < query.after) is newest and item.id != query.after)
    ]
    rows, after = split(left, call, lambda item: item.id)
    return ItemList[RuleItem](items=list(rows), next=after)


class _Names:
    """Names of what rules refer to."""

    def __init__(self, parts: Parts, reader: Reader) -> None:
        self._parts = parts
        self._reader = reader
        self._rates: dict[ProjectId, dict[int, str]] = {}

    def item(self, rule: AccessRule) -> RuleItem:
        group = self._parts.tables.group(rule.group_id)
        nas = None if rule.nas_id is None else self._parts.tables.by_id(rule.nas_id)
        return RuleItem(
            id=rule.id,
            project=self._parts.project_name(rule.project_id),
            position=rule.position,
            name=rule.name,
            action=rule.action,
            reason=rule.reason,
            enabled=rule.enabled,
            group=None if group is None else group.name,
            nas=None if nas is None else nas.name,
            ssid=list(rule.ssids),
            vlan=[str(span) for span in rule.vlans],
            outer_vlan=[str(span) for span in rule.outer_vlans],
            kind=[kind.value for kind in rule.kinds],
            network=[str(network) for network in rule.networks],
            hours=[str(window) for window in rule.hours],
            days=rule.days,
            outside=rule.outside,
            rate=self._rate(rule),
            user_group=rule.user_group,
            set_vlan=rule.vlan,
            pool=rule.pool,
            acl=rule.acl,
            isolation=rule.isolation,
        )

    def _rate(self, rule: AccessRule) -> str | None:
        if rule.rate_id is None:
            return None
        if rule.project_id not in self._rates:
            self._rates[rule.project_id] = {
                rate.id: rate.name for rate in product_rows.rates(self._reader, rule.project_id)
            }
        return self._rates[rule.project_id].get(rule.rate_id)


async def list_place_limits(parts: Parts, call: Call) -> BaseModel:
    """The limits of places with how many devices are there."""
    query: PlaceLimitQuery = call.query
    projects = call.projects(parts)
    items = [
        PlaceLimitItem(
            id=f"{project.id}-{use.limit.kind}-{use.limit.value}",
            project=project.name,
            kind=use.limit.kind,
            value=use.limit.value,
            max=use.limit.maximum,
            current=use.current,
        )
        for project in parts.tables.projects()
        if not projects or project.id in projects
        for use in parts.reservations.places.use(parts.tables, project.id, call.now)
    ]
    newest = query.order == "newest"
    items.sort(key=lambda item: item.id, reverse=newest)
    left = [
        item
        for item in items
        if query.after is None or ((item.id < query.after) is newest and item.id != query.after)
    ]
    rows, after = split(left, call, lambda item: item.id)
    return ItemList[PlaceLimitItem](items=list(rows), next=after)


# Devices of an account ------------------------------------------------------------------------------------------------


async def list_devices(parts: Parts, call: Call) -> BaseModel:
    """Every device that is bound to an account."""
    row = await account_row(parts, call)
    found = await parts.store.read(lambda reader: accounts.bindings(reader, row.project_id, row.id))
    return DeviceList(items=[_device(parts, row, binding) for binding in found])


async def fix_device(parts: Parts, call: Call) -> BaseModel:
    """Bind a device to an account for good, or until its validity ends."""
    row, mac, body = await account_row(parts, call), _mac(call), call.body
    await parts.store.write(
        lambda tx: device_admin.fix(
            tx, call.actor, row.project_id, row.id, row.username, mac, body.until, call.now
        )
    )
    return Done(done=True)


async def remove_device(parts: Parts, call: Call) -> BaseModel:
    """Take a device off an account."""
    row, mac = await account_row(parts, call), _mac(call)
    gone = await parts.store.write(
        lambda tx: device_admin.remove(tx, call.actor, row.project_id, row.id, row.username, mac, call.now)
    )
    if not gone:
        raise not_found()
    return Done(done=True)


def _mac(call: Call) -> str:
    mac = read_mac(call.path["mac"])
    if mac is None:
        raise not_found()
    return mac


def _device(parts: Parts, row: AccountRow, binding: DeviceBinding) -> DeviceItem:
    return DeviceItem(
        mac=binding.mac,
        kind=binding.kind,
        bound_at=parts.time(binding.bound_at, row.project_id),
        silent_until=parts.maybe_time(binding.silent_until, row.project_id),
        last_seen_at=parts.time(binding.last_seen_at, row.project_id),
    )
