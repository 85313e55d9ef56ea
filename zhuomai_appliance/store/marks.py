"""Running sessions that should be over and could not be ended (billing rules §13)."""

from __future__ import annotations

from typing import NamedTuple

from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import NasId, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store.interface import Reader, Transaction
from zhuomai_appliance.store.sql import load

_Q = load("marks")


class Mark(NamedTuple):
    """A running session that should be over and could not be ended: ``said`` is the device's last word."""

    project_id: ProjectId
    session_id: SessionId
    account_id: AccountId | None
    nas_id: NasId
    why: str
    said: str
    since: int


def mark_session(tx: Transaction, session_id: SessionId, why: str, said: str, at: int) -> None:
    """Note that a session must authenticate anew (billing rules §13); one that is over is not marked."""
    tx.run(_Q.mark_session, session_id=session_id, why=why, said=said, at=at)


def unmark_session(tx: Transaction, project_id: ProjectId, session_id: SessionId) -> None:
    """Take a mark back."""
    tx.run(_Q.unmark_session, project_id=project_id, session_id=session_id)


def drop_old_marks(tx: Transaction) -> int:
    """Forget the marks of sessions that are over; how many."""
    return tx.run(_Q.drop_old_marks)


def marked_sessions(reader: Reader) -> list[Mark]:
    """Every marked session that runs on."""
    return [Mark._make(row) for row in reader.all(_Q.marked_sessions)]
