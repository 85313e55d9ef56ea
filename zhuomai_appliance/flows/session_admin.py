"""What operators do to running sessions: end one, or all of a person, a device address or an access device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.portal.dialects import normal_mac
from zhuomai_appliance.store import accounts, journal, sessions
from zhuomai_appliance.store.interface import Store, Transaction

TOGETHER: Final = 200
"""Sessions asked for in one transaction: a whole device's must not hold up the reports that wait."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Sessions that are being ended, and how many were over already."""

    session_ids: tuple[SessionId, ...]
    over: int = 0


class SessionAdmin:
    """Kicking, audited. ``wake`` starts the dispatcher at once."""

    def __init__(
        self, store: Store, tables: Tables, clock: Callable[[], int], wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._tables = tables
        self._clock = clock
        self._wake = wake

    async def end(
        self,
        session_ids: Sequence[SessionId],
        actor: Actor,
        *,
        why: str = "kicked",
        projects: Sequence[ProjectId] = (),
    ) -> Asked:
        """Ask for sessions to be ended at their devices. ``projects`` empty means every project.

        A session of a project outside ``projects`` counts as none.
        """
        asked: list[SessionId] = []
        over = 0
        for start in range(0, len(session_ids), TOGETHER):
            part = session_ids[start : start + TOGETHER]
            done = await self._end_some(part, actor, why, projects)
            asked += done.session_ids
            over += done.over
        return Asked(tuple(asked), over)

    async def _end_some(
        self, session_ids: Sequence[SessionId], actor: Actor, why: str, projects: Sequence[ProjectId]
    ) -> Asked:
        now = self._clock()

        def task(tx: Transaction) -> Asked:
            asked: list[SessionId] = []
            over = 0
            for session_id in session_ids:
                stored = sessions.by_id(tx, session_id)
                if stored is None or (projects and stored.session.project_id not in projects):
                    continue
                session = stored.session
                if session.stopped_at is not None:
                    over += 1
                    continue
                effects.end_session(tx, session_id, session.project_id, why, now, again=True)
                asked.append(session_id)
                journal.audit(
                    tx,
                    at=now,
                    project_id=session.project_id,
                    actor=actor.name,
                    address=actor.address,
                    action="session.disconnect",
                    object_kind="session",
                    object_id=str(session_id),
                    after={"why": why, "username": session.username_raw, "mac": session.mac or ""},
                )
            return Asked(tuple(asked), over)

        asked = await self._store.write(task, urgent=True)
        if asked.session_ids:
            self._wake()
        return asked

    def result(self, session_id: SessionId) -> tuple[str, str, int] | None:
        """How far a request to end a session has come: state (waiting, done, failed), the device's words, tries."""
        return journal.effect_result(self._store.reader, effects.disconnect_key(session_id))

    def find(self, words: str, projects: Sequence[ProjectId] = ()) -> list[SessionId]:
        """The open sessions of whom ``words`` names: a device address, a login name, or an access device."""
        reader = self._store.reader
        found: list[sessions.StoredSession] = []
        mac = normal_mac(words)
        if mac is not None:
            found += sessions.open_sessions(reader, mac=mac)
        for project in self._tables.projects():
            login = accounts.find_login(reader, project.id, words)
            if login is not None:
                found += sessions.open_sessions(reader, account_id=login.account.id)
        nas = self._tables.by_name(words)
        if nas is not None and not found:
            found += sessions.open_sessions(reader, nas_id=nas.id)
        unique = {s.session.id: s.session for s in found}
        return [i for i, session in unique.items() if not projects or session.project_id in projects]
