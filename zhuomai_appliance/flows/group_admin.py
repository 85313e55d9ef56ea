"""Groups as a tree: make, change and remove one, and say where each of its switches comes from (features F03, F04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from zhuomai_appliance.flows.live_changes import LiveChanges
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.store import journal, products
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.products import SWITCHES

INHERITED: Final = (*SWITCHES, "rate_id", "plan_id", "base_plan_id")
"""What a group that does not say takes from the nearest group above that does."""


class GroupRefused(Exception):
    """Nothing was done. ``errors`` are pairs of field and sentence, all that is wrong at once."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{key}: {sentence}" for key, sentence in errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Origin:
    """What holds in a group, and the group that says so; None: no group does, and nothing is asked of anybody."""

    value: Any
    group: Group | None

    @property
    def is_own(self) -> bool:
        """Whether nothing above says it: set here, or nowhere."""
        return self.group is None


def origins(groups: Sequence[Group], group: Group) -> dict[str, Origin]:
    """Every switch of a group as it holds, with where it comes from; a circle of groups ends."""
    by_id = {one.id: one for one in groups}
    found: dict[str, Origin] = {}
    for name in INHERITED:
        at: Group | None = group
        seen: set[GroupId] = set()
        while at is not None and at.id not in seen and getattr(at, name) is None:
            seen.add(at.id)
            at = None if at.parent_id is None else by_id.get(at.parent_id)
        value = None if at is None else getattr(at, name)
        found[name] = Origin(value, at if value is not None else None)
    return found


def save(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    group_id: GroupId | None,
    given: Mapping[str, Any],
) -> Group:
    """Make a group, or change what is given of one: name, parent, rate, plan, base_plan (names, None takes away), switches.

    Running sessions of the group and of all below it follow its rate.

    Raises:
        LookupError: there is no such group in this project.
        GroupRefused: it refers to what is not there, lies in itself, or the name is taken.
    """
    every = products.groups(tx, project.id)
    before = next((one for one in every if one.id == group_id), None)
    if group_id is not None and before is None:
        raise LookupError(f"group {group_id} is not there")
    start = before or Group(GroupId(0), project.id, None, "")
    values, errors = _read(tx, project, every, given)
    after = replace(start, **values)
    if not after.name.strip():
        errors.append(("name", "is needed"))
    if any(one.name == after.name and one.id != after.id for one in every):
        errors.append(("name", f'there is a group "{after.name}" already'))
    if before is not None and _is_inside_itself(every, after):
        errors.append(("parent", "goes in a circle"))
    if errors:
        raise GroupRefused(*errors)
    if before is None:
        made = products.add_group(tx, after)
        _audit(tx, actor, now, project, "group.create", made.name, {}, _shown(made))
        return made
    changed = [one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name)]
    if changed:
        products.update_group(tx, after)
        live = LiveChanges()
        live.group(project.id, after.id, changed)
        live.tell(tx, now)
        old, new = _shown(before), _shown(after)
        _audit(
            tx, actor, now, project, "group.change", before.name,
            {key: old.get(key) for key in changed}, {key: new.get(key) for key in changed},
        )  # fmt: skip
    return after


def remove(tx: Transaction, actor: Actor, now: int, project: Project, group_id: GroupId) -> None:
    """Remove a group that nobody is in and nothing names.

    Raises:
        LookupError: there is no such group in this project.
        GroupRefused: it is in use; the sentence says by what.
    """
    before = next((one for one in products.groups(tx, project.id) if one.id == group_id), None)
    if before is None:
        raise LookupError(f"group {group_id} is not there")
    words = ("accounts", "groups below it", "access rules", "realms")
    users = products.group_users(tx, project.id, group_id)
    used = [f"{count} {word}" for count, word in zip(users, words, strict=True) if count]
    if used:
        raise GroupRefused(("group", f"is in use by {', '.join(used)}"))
    products.remove_group(tx, project.id, group_id)
    _audit(tx, actor, now, project, "group.remove", before.name, _shown(before), {})


def _read(
    reader: Reader, project: Project, every: Sequence[Group], given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The names that a change refers to, read into ids."""
    errors: list[tuple[str, str]] = []
    values: dict[str, Any] = {key: given[key] for key in (*SWITCHES, "name") if key in given}
    plans = {offer.plan.name: offer.plan.id for offer in products.plans(reader, project.id)}
    known: dict[str, tuple[str, Mapping[str, int]]] = {
        "parent": ("parent_id", {one.name: one.id for one in every}),
        "rate": ("rate_id", {rate.name: rate.id for rate in products.rates(reader, project.id)}),
        "plan": ("plan_id", plans),
        "base_plan": ("base_plan_id", plans),
    }
    for key, (field, ids) in known.items():
        if key not in given:
            continue
        name = given[key]
        if name is not None and name not in ids:
            errors.append((key, f'there is no {"group" if key == "parent" else key} "{name}"'))
        else:
            values[field] = None if name is None else ids[name]
    return values, errors


def _is_inside_itself(every: Sequence[Group], group: Group) -> bool:
    above = {one.id: one.parent_id for one in every} | {group.id: group.parent_id}
    at, steps = group.parent_id, 0
    while at is not None and at != group.id and steps <= len(every):
        at, steps = above.get(at), steps + 1
    return at == group.id


def _shown(group: Group) -> dict[str, Any]:
    found = {
        one.name: getattr(group, one.name) for one in fields(group) if one.name not in ("id", "project_id")
    }
    return {key: value for key, value in found.items() if value is not None}


def _audit(
    tx: Transaction,
    actor: Actor,
    now: int,
    project: Project,
    action: str,
    name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    journal.audit(
        tx,
        at=now,
        project_id=project.id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="group",
        object_id=name,
        before=before,
        after=after,
    )
