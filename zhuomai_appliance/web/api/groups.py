"""Groups through the API: one with what it sets and what it inherits, made, changed and removed."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import group_admin
from zhuomai_appliance.flows.group_admin import GroupRefused, Origin
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.people import BindingMode, Group, GroupId
from zhuomai_appliance.model.products import PlanId
from zhuomai_appliance.store import products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.products import SWITCHES
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found
from zhuomai_appliance.web.api.fields import Strict, Text
from zhuomai_appliance.web.api.items import Answer, GroupItem
from zhuomai_appliance.web.api.items_access import Done
from zhuomai_appliance.web.api.problems import Problem, invalid

_REFERRED = ("rate", "plan", "base_plan")


class Switches(Strict):
    """What a group may set; null inherits from the nearest group above that says something."""

    must_change_password: bool | None = None
    must_bind_phone: bool | None = None
    must_bind_email: bool | None = None
    may_sponsor_guests: bool | None = None
    is_guest_group: bool | None = None
    unbinds_per_month: int | None = Field(None, ge=0, le=1000)
    self_registration: bool | None = None
    binding: BindingMode | None = None
    rate: Text | None = None
    plan: Text | None = None
    base_plan: Text | None = None
    parent: Text | None = None


class GroupBody(Switches):
    """A new group."""

    name: Text = Field(min_length=1)
    project: Text | None = None


class GroupPatch(Switches):
    """What is to be another; what is not named stays, null inherits."""

    name: Text = Field("", min_length=1)


class Effective(Answer):
    """What holds for a switch, and the group that says so; `from` null: nobody sets it."""

    value: bool | int | str | None
    set_by: str | None


class GroupDetail(GroupItem):
    """A group with every switch as it holds for its people."""

    path: list[str]
    effective: dict[str, Effective]
    accounts: int


async def get_group(parts: Parts, call: Call) -> BaseModel:
    """One group, with where each of its switches comes from."""
    group = _known(parts, call)
    return await parts.store.read(lambda reader: _detail(parts, reader, group.project_id, group.id))


async def create_group(parts: Parts, call: Call) -> Kept:
    """A new group."""
    body: GroupBody = call.body
    project = call.project(parts, body.project)
    given = {name: getattr(body, name) for name in body.model_fields_set - {"project"}}

    def make(tx: Transaction) -> Kept:
        def once() -> BaseModel:
            made = group_admin.save(tx, call.actor, call.now, project, None, given)
            return _detail(parts, tx, project.id, made.id)

        return call.once(parts, tx, project.id, once)

    try:
        kept = await parts.store.write(make)
    except GroupRefused as error:
        raise _unfit(error) from None
    parts.changed()
    return kept


async def change_group(parts: Parts, call: Call) -> BaseModel:
    """Change what is named."""
    body: GroupPatch = call.body
    group = _known(parts, call)
    project = _project(parts, group)
    given = {name: getattr(body, name) for name in body.model_fields_set}
    try:
        await parts.store.write(
            lambda tx: group_admin.save(tx, call.actor, call.now, project, group.id, given)
        )
    except GroupRefused as error:
        raise _unfit(error) from None
    except LookupError:
        raise not_found() from None
    parts.changed()
    return await parts.store.read(lambda reader: _detail(parts, reader, project.id, group.id))


async def remove_group(parts: Parts, call: Call) -> BaseModel:
    """Remove a group that nothing uses."""
    group = _known(parts, call)
    project = _project(parts, group)
    try:
        await parts.store.write(lambda tx: group_admin.remove(tx, call.actor, call.now, project, group.id))
    except GroupRefused as error:
        raise Problem(409, "in_use", error.errors[0][1]) from None
    except LookupError:
        raise not_found() from None
    parts.changed()
    return Done(done=True)


def _known(parts: Parts, call: Call) -> Group:
    group = parts.tables.group(GroupId(call.path["group_id"]))
    own = call.groups(parts)
    if group is None or not call.may_see(group.project_id) or (own is not None and group.id not in own):
        raise not_found()
    return group


def _project(parts: Parts, group: Group) -> Project:
    project = parts.tables.project(group.project_id)
    if project is None:
        raise not_found()
    return project


def _unfit(error: GroupRefused) -> Problem:
    return invalid((key, sentence, "unfit") for key, sentence in error.errors)


def _detail(parts: Parts, reader: Reader, project_id: ProjectId, group_id: GroupId) -> GroupDetail:
    every = products.groups(reader, project_id)
    by_id = {one.id: one for one in every}
    group = by_id[group_id]
    rates = {rate.id: rate.name for rate in products.rates(reader, project_id)}
    plans = {offer.plan.id: offer.plan.name for offer in products.plans(reader, project_id)}
    named: dict[str, dict[Any, str]] = {"rate": rates, "plan": plans, "base_plan": plans}
    found = group_admin.origins(every, group)

    def effective(origin: Origin, names: dict[Any, str] | None = None) -> Effective:
        value = origin.value if names is None else names.get(origin.value)
        return Effective(value=value, set_by=None if origin.group is None else origin.group.name)

    path, at = list[str](), group
    while at.parent_id is not None and at.parent_id in by_id and len(path) < len(every):
        at = by_id[at.parent_id]
        path.insert(0, at.name)
    return GroupDetail(
        id=group.id,
        project=parts.project_name(project_id),
        name=group.name,
        parent=path[-1] if path else None,
        rate=rates.get(group.rate_id or 0),
        plan=plans.get(PlanId(group.plan_id or 0)),
        base_plan=plans.get(PlanId(group.base_plan_id or 0)),
        **{name: getattr(group, name) for name in SWITCHES},
        path=path,
        effective={name: effective(found[name]) for name in SWITCHES}
        | {name: effective(found[f"{name}_id"], named[name]) for name in _REFERRED},
        accounts=products.group_users(reader, project_id, group_id)[0],
    )
