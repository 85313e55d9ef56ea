"""Effects on running sessions: outbox rows written by the task that causes them, sent after its commit.

A row names a session and why; the dispatcher in flows.disconnect sends it, at least once, and twice does no harm.
Whatever changes what an account may do calls `apply_live`, and its running sessions follow.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId, GroupId
from zhuomai_appliance.store import accounts, journal, sessions
from zhuomai_appliance.store.interface import Transaction

DISCONNECT: Final = "disconnect"
CHANGE: Final = "change"
CONFIRM: Final = "confirm"
STALE: Final = "stale"
REACH: Final = "reach"
VERIFY: Final = "verify"

MARKING: Final = frozenset(("used_up", "expired", "locked", "policy_changed", "forbidden", "not_allowed"))
"""Reasons to end a session for which one that cannot be ended is marked: it goes on without a right to."""


def disconnect_key(session_id: SessionId) -> str:
    """The outbox key of a session's Disconnect-Request: one at a time, whatever the reasons."""
    return f"{DISCONNECT}:{session_id}"


def change_key(session_id: SessionId) -> str:
    """The outbox key of a session's CoA-Request."""
    return f"{CHANGE}:{session_id}"


def verify_key(session_id: SessionId) -> str:
    """The outbox key of the look at what a device reports after a change."""
    return f"{VERIFY}:{session_id}"


def confirm_end(
    tx: Transaction, session_id: SessionId, project_id: ProjectId, why: str, at: int, due_at: int
) -> None:
    """Look later whether a session that its device agreed to end has ended: its Stop may be lost."""
    journal.put_effect(
        tx,
        project_id,
        key=f"{CONFIRM}:{session_id}:{at}",
        kind=CONFIRM,
        payload={"session_id": session_id, "agreed_at": at, "why": why},
        at=at,
        due_at=due_at,
        session_id=session_id,
    )


def ask_stale(tx: Transaction, session_id: SessionId, project_id: ProjectId, seen_at: int, at: int) -> bool:
    """Ask the device about a session that has been silent since ``seen_at`` before it is closed."""
    return journal.put_effect(
        tx,
        project_id,
        key=f"{STALE}:{session_id}:{seen_at}",
        kind=STALE,
        payload={"session_id": session_id, "seen_at": seen_at},
        at=at,
        again=True,
        session_id=session_id,
    )


def subject(session_id: SessionId, nas_name: str) -> str:
    """How alarms name a session."""
    return f"session {session_id} at {nas_name}"


def ask_reach(
    tx: Transaction, session_id: SessionId, project_id: ProjectId, nas_id: NasId, host: str, at: int
) -> bool:
    """Ask a device that is silent as a whole about one of its silent sessions: any answer shows that it is there."""
    return journal.put_effect(
        tx,
        project_id,
        key=f"{REACH}:{nas_id}:{host}",
        kind=REACH,
        payload={"session_id": session_id},
        at=at,
        again=True,
        session_id=session_id,
    )


def end_session(
    tx: Transaction, session_id: SessionId, project_id: ProjectId, why: str, at: int, *, again: bool = False
) -> bool:
    """Ask for a session to be ended at its device; False when that is already under way or was done.

    Args:
        why: a stable word: used_up, expired, kicked, locked, replaced, forbidden, policy_changed, not_allowed.
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
        session_id=session_id,
    )


def end_sessions_of(
    tx: Transaction, account_id: AccountId, project_id: ProjectId, why: str, at: int, *, again: bool = False
) -> bool:
    """Ask for every open session of an account to be ended; whether any request is new."""
    found = [
        end_session(tx, stored.session.id, project_id, why, at, again=again)
        for stored in sessions.open_sessions(tx, account_id=account_id)
    ]
    return any(found)


def change_session(
    tx: Transaction,
    session_id: SessionId,
    project_id: ProjectId,
    at: int,
    *,
    must: bool,
    retried: bool = False,
    due_at: int | None = None,
) -> bool:
    """Ask for a session to get the policy that holds now; see `change_sessions_of`.

    Args:
        retried: the device acknowledged it before and reports something else.
    """
    payload = {"session_id": session_id, "must": must} | ({"retried": True} if retried else {})
    return journal.put_effect(
        tx,
        project_id,
        key=change_key(session_id),
        kind=CHANGE,
        payload=payload,
        at=at,
        due_at=due_at,
        again=True,
        over=must,
        session_id=session_id,
    )


def change_sessions_of(
    tx: Transaction,
    account_id: AccountId,
    project_id: ProjectId,
    at: int,
    *,
    must: bool = True,
    due_at: int | None = None,
) -> bool:
    """Ask for every open session of an account to get the policy that holds now; whether any request is new.

    Args:
        must: whether a session that its device cannot change has to end instead. A longer stay need not be told: the
            device ends the session at the time it knows, and the next login gets the rest.
    """
    found = [
        change_session(tx, stored.session.id, project_id, at, must=must, due_at=due_at)
        for stored in sessions.open_sessions(tx, account_id=account_id)
    ]
    return any(found)


def apply_live(
    tx: Transaction,
    account_id: AccountId,
    project_id: ProjectId,
    at: int,
    why: str = "policy_changed",
    *,
    must: bool = True,
) -> bool:
    """Bring the running sessions of an account to what holds now: ended without a right, else changed.

    Called by every task that changes a plan, rate, group, rule or lock; whether any request is new.

    Args:
        why: the word under which sessions are ended that have lost their right.
        must: as for `change_sessions_of`.
    """
    open_ones = sessions.open_sessions(tx, account_id=account_id)
    if not open_ones:
        return False
    login = accounts.login_by_id(tx, account_id)
    is_barred = (
        login is None
        or login.account.is_locked(at)
        or (login.account.closed_at is not None and login.account.closed_at <= at)
        or login.chain is None
        or chain_rules.current(chain_rules.load(login.chain), at) is None
    )
    if is_barred:
        return end_sessions_of(tx, account_id, project_id, why, at, again=True)
    # A second later, when the tables in memory have been read anew
    return change_sessions_of(tx, account_id, project_id, at, must=must, due_at=at + 1)


def apply_live_to(
    tx: Transaction,
    project_id: ProjectId,
    at: int,
    *,
    groups: Collection[GroupId] = (),
    rates: Collection[int] = (),
    everybody: bool = False,
    must: bool = True,
) -> int:
    """Change the sessions of whoever belongs to some groups, has some rates of his own, or is of the project at all.

    One statement for each of them, whatever their number: a whole school may be online. Who has no right any more is
    ended when his turn comes.

    Returns:
        How many sessions are told.
    """
    told = 0
    wanted: list[dict[str, Any]] = [{"everybody": True}] if everybody else []
    wanted += [{"group_id": group_id} for group_id in groups]
    wanted += [{"rate_id": rate_id} for rate_id in rates]
    for whom in wanted:
        # A second later, when the tables in memory have been read anew
        told += journal.put_effects_of_sessions(
            tx, project_id, CHANGE, {"must": must}, at=at, due_at=at + 1, over=must, **whom
        )
    return told
