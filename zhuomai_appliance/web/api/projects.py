"""Projects through the API."""

from __future__ import annotations

from pydantic import BaseModel, Field

from zhuomai_appliance.flows import project_admin
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.store import network
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.journal import MACHINE
from zhuomai_appliance.web.api.calls import Call, Kept, Parts, not_found
from zhuomai_appliance.web.api.fields import Strict, Text
from zhuomai_appliance.web.api.items import Answer, ItemList
from zhuomai_appliance.web.api.problems import Problem, invalid


class ProjectItem(Answer):
    """A project: a school with devices, groups, plans and people of its own."""

    id: int
    name: str
    zone: str


class ProjectAsked(Strict):
    """A new project."""

    name: Text = Field(min_length=1)
    zone: Text = "Asia/Shanghai"


class ProjectPatch(Strict):
    """What is to be another; the time zone stays once something was posted."""

    name: Text | None = Field(None, min_length=1)
    zone: Text | None = None


async def list_projects(parts: Parts, call: Call) -> BaseModel:
    """The operator's projects."""
    found = await parts.store.read(network.projects)
    return ItemList[ProjectItem](items=[_item(one) for one in found if call.may_see(one.id)], next=None)


async def create_project(parts: Parts, call: Call) -> Kept:
    """A new project."""
    body: ProjectAsked = call.body
    if call.operator.project_ids:
        raise Problem(403, "not_allowed", "who is bound to projects makes none")

    def make(tx: Transaction) -> Kept:
        def once() -> BaseModel:
            return _item(_known(tx, project_admin.create(tx, call.actor, call.now, body.name, body.zone)))

        return call.once(parts, tx, MACHINE, once)

    try:
        made = await parts.store.write(make)
    except Refused as error:
        raise _problem(error) from None
    parts.changed()
    return made


async def change_project(parts: Parts, call: Call) -> BaseModel:
    """Another name or time zone."""
    body: ProjectPatch = call.body
    project_id = ProjectId(call.path["project_id"])

    def work(tx: Transaction) -> BaseModel:
        project = next((one for one in network.projects(tx) if one.id == project_id), None)
        if project is None or not call.may_see(project_id):
            raise not_found()
        project_admin.change(tx, call.actor, call.now, project, name=body.name, zone=body.zone)
        return _item(_known(tx, project_id))

    try:
        changed = await parts.store.write(work)
    except Refused as error:
        raise _problem(error) from None
    parts.changed()
    return changed


def _problem(error: Refused) -> Problem:
    if error.code == "zone":
        return invalid([("zone", error.sentence, "unfit")])
    return Problem(409, error.code, error.sentence)


def _known(reader: Reader, project_id: ProjectId) -> Project:
    return next(one for one in network.projects(reader) if one.id == project_id)


def _item(project: Project) -> ProjectItem:
    return ProjectItem(id=project.id, name=project.name, zone=project.zone)
