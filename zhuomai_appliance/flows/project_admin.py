"""Projects, each a school of its own: made and renamed by an operator (features J11)."""

from __future__ import annotations

from typing import Any

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.store import journal, network
from zhuomai_appliance.store.interface import Transaction


def create(tx: Transaction, actor: Actor, now: int, name: str, zone: str) -> ProjectId:
    """A new project without anything in it.

    Raises:
        Refused: the name is taken, or there is no such time zone.
    """
    _check_name(tx, name, None)
    made = network.add_project(tx, name, _zone(zone), now)
    _audit(tx, actor, now, made, "project.create", {"name": name, "zone": zone})
    return made


def change(
    tx: Transaction, actor: Actor, now: int, project: Project, *, name: str | None, zone: str | None
) -> None:
    """Another name or time zone; None: as it is.

    Raises:
        Refused: the name is taken, there is no such zone, or there are books, whose days would be other days.
    """
    if name is not None and name != project.name:
        _check_name(tx, name, project.id)
        network.rename_project(tx, project.id, name)
        _audit(tx, actor, now, project.id, "project.change", {"name": name}, {"name": project.name})
    if zone is not None and zone != project.zone:
        if network.has_books(tx, project.id):
            raise Refused("has_books", "the time zone stays: the days of what was posted would be others")
        network.set_zone(tx, project.id, _zone(zone))
        _audit(tx, actor, now, project.id, "project.change", {"zone": zone}, {"zone": project.zone})


def _check_name(tx: Transaction, name: str, own: ProjectId | None) -> None:
    if any(one.name == name and one.id != own for one in network.projects(tx)):
        raise Refused("name_taken", f'there is a project "{name}" already')


def _zone(name: str) -> str:
    try:
        return Zone(name).name
    except ValueError as error:
        raise Refused("zone", str(error)) from None


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project_id: ProjectId,
    action: str,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    journal.audit(
        tx, at=now, project_id=project_id, actor=actor.name, address=actor.address, action=action,
        object_kind="project", object_id=str(project_id), before=before, after=after,
    )  # fmt: skip
