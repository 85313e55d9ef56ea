"""Subjects of income and expense (科目): a tree, whose codes are those of the ledger (features E07)."""

from __future__ import annotations

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.subjects import Subject, SubjectKind
from zhuomai_appliance.store import journal, subjects
from zhuomai_appliance.store.interface import Reader, Transaction


def put(tx: Transaction, actor: Actor, now: int, project: Project, wanted: Subject) -> Subject:
    """Add a subject, or give one another name, parent or rest; code and kind stay for good.

    Raises:
        Refused: no name, another kind than it has, or a parent that is not there, of the other kind, or below it.
    """
    tree = {one.code: one for one in subjects.subjects(tx, project.id)}
    before = tree.get(wanted.code)
    if not wanted.name.strip() or not wanted.code.strip():
        raise Refused("name", "a subject needs a code and a name")
    if before is not None and before.kind is not wanted.kind:
        raise Refused("kind", f"subject {wanted.code} is one of {before.kind} for good")
    above, seen = wanted.parent, {wanted.code}
    while above is not None:
        parent = tree.get(above)
        if parent is None or parent.kind is not wanted.kind:
            raise Refused("parent", f"there is no {wanted.kind} subject {above!r} to be above it")
        if above in seen:
            raise Refused("parent", "a subject cannot be below itself")
        seen.add(above)
        above = parent.parent
    subjects.put(tx, wanted)
    journal.audit(
        tx, at=now, project_id=project.id, actor=actor.name, address=actor.address, action="subject.put",
        object_kind="subject", object_id=wanted.code,
        before=None if before is None else _facts(before), after=_facts(wanted),
    )  # fmt: skip
    return wanted


def to_use(reader: Reader, project: Project, code: str, kind: SubjectKind) -> Subject:
    """A subject that money may be booked under now.

    Raises:
        Refused: it is not there, of the other kind, or not in use any more.
    """
    found = subjects.subject(reader, project.id, code)
    if found is None or found.kind is not kind or found.disabled:
        raise Refused("subject", f"there is no {kind} subject {code!r} in use")
    return found


def _facts(one: Subject) -> dict[str, str | bool | None]:
    return {"name": one.name, "parent": one.parent, "kind": one.kind.value, "disabled": one.disabled}
