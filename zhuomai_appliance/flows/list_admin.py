"""What operators do with black and white lists: put a device, an address or a phone number on one, and take it off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind, ProjectId
from zhuomai_appliance.policy.lists import normal_value
from zhuomai_appliance.store import journal, network
from zhuomai_appliance.store.interface import Store, Transaction


class ListRefused(Exception):
    """Nothing was done. ``why`` is one of value (it is no such thing), project, gone."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class ListAdmin:
    """Changes to the lists. ``changed`` makes the daemon read its tables anew, so the next login meets them."""

    def __init__(self, store: Store, clock: Callable[[], int], changed: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._changed = changed

    async def put(
        self, actor: Actor, wanted: AccessListEntry, projects: Sequence[ProjectId] = ()
    ) -> AccessListEntry:
        """Add an entry, or change the one of the same kind and value; the entry as it is kept.

        Args:
            projects: those the operator looks after; empty means every one.

        Raises:
            ListRefused: the value is none of its kind, or the project is none of his.
            StoreUnavailable: it cannot be recorded.
        """
        value = normal_value(wanted.kind, wanted.value)
        if value is None:
            raise ListRefused("value")
        if projects and wanted.project_id not in projects:
            raise ListRefused("project")
        entry = replace(wanted, value=value, created_by=actor.name)
        now = self._clock()

        def task(tx: Transaction) -> None:
            known = {(one.kind, one.value) for one in _of(tx, entry.project_id)}
            action = "list.change" if (entry.kind, value) in known else "list.create"
            network.put_list_entry(tx, entry, now)
            _audit(tx, actor, now, action, entry)

        await self._store.write(task, urgent=True)
        self._changed()
        return entry

    async def remove(
        self,
        actor: Actor,
        project_id: ProjectId,
        kind: ListKind,
        value: str,
        projects: Sequence[ProjectId] = (),
    ) -> None:
        """Take an entry off.

        Raises:
            ListRefused: it is not there, or of a project that is none of his.
            StoreUnavailable: it cannot be recorded.
        """
        if projects and project_id not in projects:
            raise ListRefused("gone")
        now = self._clock()

        def task(tx: Transaction) -> None:
            if not network.remove_list_entry(tx, project_id, kind, value):
                raise ListRefused("gone")
            entry = AccessListEntry(project_id, kind, ListAction.DENY, value, "", None)
            _audit(tx, actor, now, "list.remove", entry)

        await self._store.write(task, urgent=True)
        self._changed()


def _of(tx: Transaction, project_id: ProjectId) -> list[AccessListEntry]:
    return [one for one in network.access_lists(tx) if one.project_id == project_id]


def _audit(tx: Transaction, actor: Actor, now: int, action: str, entry: AccessListEntry) -> None:
    removed = action == "list.remove"
    journal.audit(
        tx,
        at=now,
        project_id=entry.project_id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="list",
        # A number that belongs to a person stays out of a log that many read
        object_id="phone" if entry.kind is ListKind.PHONE else f"{entry.kind} {entry.value}",
        after=None if removed else {"action": entry.action.value, "why": entry.reason},
    )
