"""What operators do with access devices: enter, change and remove one, and try whether it answers.

Every change is one audited transaction, and the tables in memory hear of it before the page is answered, so the next
packet of the device already meets the new entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import Nas, NasId, ProjectId
from zhuomai_appliance.store import access_rules, journal, network
from zhuomai_appliance.store.interface import Store, Transaction
from zhuomai_appliance.store.vault import Vault


class NasRefused(Exception):
    """Nothing was done. ``why`` is one of name, address, changed, in_use; ``other`` names the device in the way."""

    def __init__(self, why: str, other: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.other = other


class NasAdmin:
    """Changes to the list of access devices. ``changed`` makes the daemon read its tables anew."""

    def __init__(
        self, store: Store, vault: Vault, clock: Callable[[], int], changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._changed = changed

    async def save(
        self, actor: Actor, wanted: Nas, *, was: str = "", projects: Sequence[ProjectId] = ()
    ) -> NasId:
        """Enter a device (id 0) or write every property of an existing one; its id.

        Args:
            was: the `fingerprint` of the device as the form showed it; "" for a new one.
            projects: those the operator looks after; empty means every one.

        Raises:
            NasRefused: the name or address belongs to another device, or somebody changed this one meanwhile.
            StoreUnavailable: it cannot be recorded.
        """
        now = self._clock()

        def task(tx: Transaction) -> NasId:
            every = network.all_nas(tx, self._vault)
            before = _existing(every, wanted.id, projects)
            if before is not None and self.fingerprint(before) != was:
                raise NasRefused("changed")
            if projects and wanted.project_id not in projects:
                raise NasRefused("changed")
            _check_free(every, wanted)
            if before is None:
                made = network.add_nas(tx, self._vault, wanted)
                _audit(tx, actor, now, "nas.create", made, {"address": str(made.address)})
                return made.id
            after = replace(wanted, project_id=before.project_id)
            changed = [one for one in _names() if getattr(before, one) != getattr(after, one)]
            if changed:
                network.update_nas(tx, self._vault, after)
                access_rules.follow_nas(tx, before.project_id, before.name, after.name)
                _audit(tx, actor, now, "nas.change", after, {"keys": changed})
            return after.id

        nas_id = await self._store.write(task, urgent=True)
        self._changed()
        return nas_id

    def fingerprint(self, nas: Nas) -> str:
        """A short word that differs when anything of a device differs, its secrets included, and tells none of them."""
        values = [getattr(nas, name) for name in _names()]
        told = repr([sorted(value.items()) if isinstance(value, Mapping) else value for value in values])
        return self._vault.sign("nas form", told.encode())[:8].hex()

    async def remove(self, actor: Actor, nas_id: NasId, projects: Sequence[ProjectId] = ()) -> str:
        """Take a device off the list; its name.

        A device that ever reported a session stays: the session log names it. Its secret can be changed instead.

        Raises:
            NasRefused: it is not there, or has sessions.
            StoreUnavailable: it cannot be recorded.
        """
        now = self._clock()

        def task(tx: Transaction) -> str:
            before = _existing(network.all_nas(tx, self._vault), nas_id, projects)
            if before is None:
                raise NasRefused("changed")
            if network.has_reported(tx, before):
                raise NasRefused("in_use")
            network.remove_nas(tx, nas_id)
            access_rules.follow_nas(tx, before.project_id, before.name, None)
            _audit(tx, actor, now, "nas.remove", before, {"address": str(before.address)})
            return before.name

        name = await self._store.write(task, urgent=True)
        self._changed()
        return name


def _names() -> list[str]:
    """The properties that an operator sets."""
    told = {"id", "project_id", "message_authenticator_learned"}
    return [one.name for one in fields(Nas) if one.name not in told]


def _existing(every: Sequence[Nas], nas_id: NasId, projects: Sequence[ProjectId]) -> Nas | None:
    """The device to be changed; None for a new one.

    Raises:
        NasRefused: it is gone, or of a project that is none of the operator's business.
    """
    if nas_id == 0:
        return None
    found = next((one for one in every if one.id == nas_id), None)
    if found is None or (projects and found.project_id not in projects):
        raise NasRefused("changed")
    return found


def _check_free(every: Sequence[Nas], wanted: Nas) -> None:
    for other in every:
        if other.id == wanted.id:
            continue
        if other.address == wanted.address:
            raise NasRefused("address", other.name)
        if other.project_id == wanted.project_id and other.name == wanted.name:
            raise NasRefused("name", other.name)


def _audit(tx: Transaction, actor: Actor, now: int, action: str, nas: Nas, after: dict[str, object]) -> None:
    journal.audit(
        tx,
        at=now,
        project_id=nas.project_id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="nas",
        object_id=nas.name,
        after=after,
    )
