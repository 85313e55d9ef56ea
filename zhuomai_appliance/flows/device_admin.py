"""What operators do to the devices of an account: fix one, or take one off; audited."""

from __future__ import annotations

from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import access_rules, accounts, journal
from zhuomai_appliance.store.interface import Transaction


def fix(
    tx: Transaction,
    actor: Actor,
    project_id: ProjectId,
    account_id: AccountId,
    username: str,
    mac: str,
    until: int | None,
    now: int,
) -> None:
    """Bind a device to an account, be it known or not; its address alone opens the account until then (None: for good)."""
    access_rules.fix_device(tx, project_id, account_id, mac, until, now)
    _audit(tx, actor, project_id, "device.fix", username, {"mac": mac, "until": until}, now)


def remove(
    tx: Transaction,
    actor: Actor,
    project_id: ProjectId,
    account_id: AccountId,
    username: str,
    mac: str,
    now: int,
) -> bool:
    """Take a device off an account; False when it was not bound. A session that runs goes on."""
    gone = accounts.unbind_device(tx, project_id, account_id, mac)
    if gone:
        _audit(tx, actor, project_id, "device.remove", username, {"mac": mac}, now)
    return gone


def _audit(
    tx: Transaction,
    actor: Actor,
    project_id: ProjectId,
    action: str,
    username: str,
    after: dict[str, object],
    now: int,
) -> None:
    journal.audit(
        tx,
        at=now,
        project_id=project_id,
        actor=actor.name,
        address=actor.address,
        action=action,
        object_kind="account",
        object_id=username,
        after=after,
    )
