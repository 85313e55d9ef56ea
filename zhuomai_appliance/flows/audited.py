"""One way to enter what somebody did to a thing of a project into the audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.store import journal
from zhuomai_appliance.store.interface import Transaction


class Auditor(Protocol):
    """Enters one act on a thing of one kind: what was done, to which, and what it is now."""

    def __call__(
        self,
        tx: Transaction,
        actor: Actor,
        now: int,
        project: Project,
        action: str,
        object_id: str,
        after: Mapping[str, Any],
        /,
    ) -> None:
        """See `store.journal.audit`."""


def auditor(object_kind: str) -> Auditor:
    """An auditor for things of this kind, such as "receipt"."""

    def audit(
        tx: Transaction,
        actor: Actor,
        now: int,
        project: Project,
        action: str,
        object_id: str,
        after: Mapping[str, Any],
        /,
    ) -> None:
        journal.audit(
            tx,
            at=now,
            project_id=project.id,
            actor=actor.name,
            address=actor.address,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            after=after,
        )

    return audit
