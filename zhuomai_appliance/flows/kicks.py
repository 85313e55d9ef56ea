"""Who had to go lately because a newer device of the same account came: the memory that keeps two from taking turns.

The rule is in policy.devices; here is what it looks at, for an hour, in memory: after a restart the fight begins anew.
"""

from __future__ import annotations

from zhuomai_appliance.flows import effects
from zhuomai_appliance.model.access import Grant
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import Account, AccountId
from zhuomai_appliance.policy.devices import KICKS_KEPT_SECONDS
from zhuomai_appliance.policy.facts import Kick, OpenSession
from zhuomai_appliance.store import journal, sessions
from zhuomai_appliance.store.interface import Transaction


class Kicks:
    """The kicks of the last hour by account. ``now`` is UTC epoch seconds."""

    def __init__(self) -> None:
        self._by_account: dict[AccountId, list[Kick]] = {}

    def add(self, account_id: AccountId, kick: Kick) -> None:
        """Remember one."""
        self._by_account.setdefault(account_id, []).append(kick)

    def of(self, account_id: AccountId, now: int) -> tuple[Kick, ...]:
        """The kicks of an account within the hour."""
        kicks = self._by_account.get(account_id)
        if kicks is None:
            return ()
        # One that lies ahead was before the clock was set back
        live = [kick for kick in kicks if 0 <= now - kick.at < KICKS_KEPT_SECONDS]
        if len(live) != len(kicks):
            if not live:
                del self._by_account[account_id]
            else:
                self._by_account[account_id] = live
        return tuple(live)

    def sweep(self, now: int) -> None:
        """Forget what is over, for accounts that nobody asks about."""
        for account_id in list(self._by_account):
            self.of(account_id, now)


def kicks_of(grant: Grant, open_sessions: tuple[OpenSession, ...], now: int) -> list[Kick]:
    """The devices that a grant sends away, each with its sessions."""
    ends = set(grant.ends)
    by_device: dict[str | None, list[tuple[NasId, str]]] = {}
    for session in open_sessions:
        if (session.nas_id, session.acct_session_id) in ends:
            by_device.setdefault(session.mac or session.ip, []).append(
                (session.nas_id, session.acct_session_id)
            )
    return [Kick(now, device, tuple(keys)) for device, keys in by_device.items()]


def make_room(
    tx: Transaction, account: Account, project_id: ProjectId, grant: Grant, by: str, now: int
) -> None:
    """Ask for the sessions to be ended that a grant sends away, audited.

    Args:
        by: the device that came, for the audit.
    """
    ends = set(grant.ends)
    for stored in sessions.open_sessions(tx, account_id=account.id):
        session = stored.session
        if (session.nas_id, session.acct_session_id) not in ends:
            continue
        effects.end_session(tx, session.id, project_id, "replaced", now, again=True)
        journal.audit(
            tx,
            at=now,
            project_id=project_id,
            actor="radius",
            address="",
            action="session.disconnect",
            object_kind="session",
            object_id=str(session.id),
            after={
                "why": "kick_oldest",
                "username": session.username_raw,
                "mac": session.mac or "",
                "for": by,
            },
        )
