"""A full account lets a new device in: one of its sessions is ended at its access device first (reason A19).

    refused with all places taken -> the open sessions, each with a token -> Disconnect-Request -> Stop -> login

The token proves the password that was checked a moment ago, so nobody types it twice; it names the visitor, the account
and one session, and is good for five minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from twisted.internet.defer import Deferred

from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.visitors import Visitor
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.people import Account, AccountId
from zhuomai_appliance.store import journal, sessions
from zhuomai_appliance.store.interface import Store, Transaction

PATIENCE_SECONDS: Final = 4.0
"""How long the device may take to end a session: a Stop follows its ACK within the second."""

LOOK_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """An open session of an account, as its owner recognises it. Octets are of the device's newest report."""

    session_id: SessionId
    place: str
    mac: str | None
    started_at: int
    octets: int


class Replacer:
    """Lists the sessions that hold an account's places, and ends one."""

    def __init__(
        self,
        store: Store,
        tables: Tables,
        clock: Callable[[], int],
        later: Callable[..., Any],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._tables = tables
        self._clock = clock
        self._later = later
        self._wake = wake

    def places(self, account_id: AccountId) -> list[OpenPlace]:
        """The open sessions of an account, the longest first."""
        found = [s.session for s in sessions.open_sessions(self._store.reader, account_id=account_id)]
        return [
            OpenPlace(
                session.id,
                nas.name if (nas := self._tables.by_id(session.nas_id)) is not None else session.ssid or "",
                session.mac,
                session.started_at,
                session.input_octets + session.output_octets,
            )
            for session in sorted(found, key=lambda session: session.started_at)
        ]

    async def end(self, visitor: Visitor, account: Account, session_id: SessionId) -> bool:
        """End a session at its device and wait until it is over; whether it is.

        A device that agreed and sends no Stop within the patience has agreed all the same: the session is closed at
        its last evidence, as it would be after the grace; a late Stop is still counted.
        """
        stored = sessions.by_id(self._store.reader, session_id)
        if stored is None or stored.session.account_id != account.id:
            return False
        session = stored.session
        if session.stopped_at is not None:
            return True
        now = self._clock()

        def ask(tx: Transaction) -> None:
            effects.end_session(tx, session_id, session.project_id, "replaced", now, again=True)
            journal.audit(
                tx,
                at=now,
                project_id=session.project_id,
                actor=account.username,
                address=visitor.user_ip,
                action="session.disconnect",
                object_kind="session",
                object_id=str(session_id),
                after={"why": "replaced", "username": session.username_raw, "mac": session.mac or ""},
            )

        await self._store.write(ask, urgent=True)
        self._wake()
        for _ in range(round(PATIENCE_SECONDS / LOOK_SECONDS)):
            await self._pause()
            if self._is_over(session_id):
                return True
            if self._state(session_id) == "failed":
                return False
        if self._state(session_id) != "done":
            return False
        await self._store.write(lambda tx: sessions.close_stale(tx, session_id, stored.seen_at), urgent=True)
        return self._is_over(session_id)

    def _is_over(self, session_id: SessionId) -> bool:
        stored = sessions.by_id(self._store.reader, session_id)
        return stored is None or stored.session.stopped_at is not None

    def _state(self, session_id: SessionId) -> str:
        found = journal.effect_result(self._store.reader, effects.disconnect_key(session_id))
        return "" if found is None else found[0]

    def _pause(self) -> Deferred[None]:
        over: Deferred[None] = Deferred()
        self._later(LOOK_SECONDS, over.callback, None)
        return over
