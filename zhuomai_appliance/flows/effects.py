"""Effects on running sessions: outbox rows written by the task that causes them, sent after its commit.

A row names a session and why; the dispatcher in flows.disconnect sends it, at least once, and twice does no harm.
"""

from __future__ import annotations

from typing import Final

from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import journal, sessions
from zhuomai_appliance.store.interface import Transaction

DISCONNECT: Final = "disconnect"
CHANGE: Final = "change"
CONFIRM: Final = "confirm"


def disconnect_key(session_id: SessionId) -> str:
    """The outbox key of a session's Disconnect-Request: one at a time, whatever the reasons."""
    return f"{DISCONNECT}:{session_id}"


def change_key(session_id: SessionId) -> str:
    """The outbox key of a session's CoA-Request."""
    return f"{CHANGE}:{session_id}"


def confirm_end(tx: Transaction, session_id: SessionId, project_id: ProjectId, at: int, due_at: int) -> None:
    """Look later whether a session that its device agreed to end has ended: its Stop may be lost."""
    journal.put_effect(
        tx,
        project_id,
        key=f"{CONFIRM}:{session_id}:{at}",
        kind=CONFIRM,
        payload={"session_id": session_id, "agreed_at": at},
        at=at,
        due_at=due_at,
    )


def end_session(
    tx: Transaction, session_id: SessionId, project_id: ProjectId, why: str, at: int, *, again: bool = False
) -> bool:
    """Ask for a session to be ended at its device; False when that is already under way or was done.

    Args:
        why: a stable word: used_up, expired, kicked, locked, replaced, forbidden.
        again: send it anew also if an earlier one ended without effect (an operator presses the button again).
    """
    return journal.put_effect(
        tx,
        project_id,
        key=disconnect_key(session_id),
        kind=DISCONNECT,
        payload={"session_id": session_id, "why": why},
        at=at,
        again=again,
    )


def end_sessions_of(tx: Transaction, account_id: AccountId, project_id: ProjectId, why: str, at: int) -> bool:
    """Ask for every open session of an account to be ended; whether any request is new."""
    found = [
        end_session(tx, stored.session.id, project_id, why, at)
        for stored in sessions.open_sessions(tx, account_id=account_id)
    ]
    return any(found)


def change_sessions_of(
    tx: Transaction, account_id: AccountId, project_id: ProjectId, at: int, *, must: bool = True
) -> bool:
    """Ask for every open session of an account to get the policy that holds now; whether any request is new.

    Args:
        must: whether a session that its device cannot change has to end instead. A longer stay need not be told: the
            device ends the session at the time it knows, and the next login gets the rest.
    """
    found = [
        journal.put_effect(
            tx,
            project_id,
            key=change_key(stored.session.id),
            kind=CHANGE,
            payload={"session_id": stored.session.id, "must": must},
            at=at,
            again=True,
        )
        for stored in sessions.open_sessions(tx, account_id=account_id)
    ]
    return any(found)
