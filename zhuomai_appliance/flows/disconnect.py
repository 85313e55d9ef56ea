"""Ending and changing running sessions: the dispatcher that empties the outbox towards the access devices.

ACK, NAK and silence are three different outcomes (semantics §7). After an ACK the session closes by the device's own
Stop, or by us when that does not come; nobody is told «offline» before. Mass expiry is paced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult, SessionControl
from zhuomai_appliance.flows.session_rules import ruling_of
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.model import entitlement as chain_rules
from zhuomai_appliance.model.access import Session, SessionId
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.policy.limits import rate_for, session_timeout
from zhuomai_appliance.store import accounts, journal, sessions
from zhuomai_appliance.store.interface import Store, StoreUnavailable, Transaction
from zhuomai_appliance.store.sessions import StoredSession
from zhuomai_appliance.vendors import profile_of
from zhuomai_appliance.vendors.dynamic import (
    Change,
    NakAction,
    coa_attributes,
    disconnect_attributes,
    error_cause,
)

PER_SECOND: Final = 200
"""Disconnects sent a second at the most: everybody's plan may end at one midnight (billing rules §13)."""
TRIES: Final = 3
AGAIN_SECONDS: Final = (2, 4, 8)
ACK_GRACE_SECONDS: Final = 10
"""How long a device that acknowledged may take for its Stop before we close the row ourselves."""


class Dispatcher:
    """Sends what the outbox holds. `run` is called by a timer and when something new waits; it never overlaps itself."""

    log = Logger(namespace="zhuomai.effects")

    def __init__(
        self, store: Store, tables: Tables, control: SessionControl, clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._tables = tables
        self._control = control
        self._clock = clock
        self._running = False
        self._sending: set[int] = set()

    async def run(self) -> int:
        """Send up to a second's worth of what is due; how many were begun."""
        if self._running or not self._store.state.writable:
            return 0
        self._running = True
        try:
            now = self._clock()
            due = journal.effects_due(self._store.reader, now, PER_SECOND)
            begun = 0
            for row in due:
                if row.id not in self._sending:
                    self._sending.add(row.id)
                    begun += 1
                    Deferred.fromCoroutine(self._send(row)).addErrback(self._failed, row)
            return begun
        finally:
            self._running = False

    def _failed(self, reason: object, row: journal.OutboxRow) -> None:
        self._sending.discard(row.id)
        self.log.error("effect {key} could not be worked on: {reason}", key=row.key, reason=str(reason))

    async def _send(self, row: journal.OutboxRow) -> None:
        try:
            stored = sessions.by_id(self._store.reader, SessionId(row.payload["session_id"]))
            if stored is None or stored.session.stopped_at is not None:
                await self._finish(row, ok=True, result="the session is over")
                return
            if row.kind == effects.CONFIRM:
                await self._confirm(row, stored)
                return
            nas = self._tables.by_id(stored.session.nas_id)
            if nas is None:
                await self._finish(row, ok=False, result="its access device is no longer listed")
                return
            if row.kind == effects.CHANGE:
                await self._change(row, stored, nas)
            else:
                await self._disconnect(row, stored, nas)
        except StoreUnavailable as error:
            # Sent or not, the row still waits: it goes out again when the disk works (harmless twice)
            self.log.warn("effect {key} waits for the disk: {error}", key=row.key, error=str(error))
        finally:
            self._sending.discard(row.id)

    # Disconnect ---------------------------------------------------------------------------------------------------------

    async def _disconnect(self, row: journal.OutboxRow, stored: StoredSession, nas: Nas) -> None:
        session, profile = stored.session, profile_of(nas.vendor)
        host = session.nas_address or nas.host
        result = await self._control.disconnect(nas, host, disconnect_attributes(session, nas, profile))
        cause = error_cause(result.error_cause)
        if result.outcome is ControlOutcome.NAK and cause.action is NakAction.RETRY_FULL_IDENTITY:
            result = await self._control.disconnect(
                nas, host, disconnect_attributes(session, nas, profile, full=True)
            )
            cause = error_cause(result.error_cause)
        done = result.outcome is ControlOutcome.ACK or (
            result.outcome is ControlOutcome.NAK and cause.action in (NakAction.DONE, NakAction.GONE)
        )
        gone = result.outcome is ControlOutcome.NAK and cause.action is NakAction.GONE
        if done:
            close, agreed = (stored, None) if gone else (None, session)
            await self._finish(row, ok=True, result=_words(result), close=close, agreed=agreed)
            return
        retry = result.outcome in (ControlOutcome.BUSY, ControlOutcome.SILENT) or (
            result.outcome is ControlOutcome.NAK and cause.action is NakAction.RETRY
        )
        await self._again_or_fail(row, nas, _words(result), retry=retry)

    async def _confirm(self, row: journal.OutboxRow, stored: StoredSession) -> None:
        """The grace after an ACK is over and no Stop came: close the row, unless the device spoke of it since."""
        if stored.seen_at > row.payload["agreed_at"]:
            await self._finish(row, ok=False, result="the device reports the session alive")
        else:
            await self._finish(row, ok=True, result="closed without a Stop", close=stored)

    # CoA ----------------------------------------------------------------------------------------------------------------

    async def _change(self, row: journal.OutboxRow, stored: StoredSession, nas: Nas) -> None:
        """Give a running session what its account's chain says now; end it where the device cannot."""
        session, profile = stored.session, profile_of(nas.vendor)
        change = self._policy_now(session, nas)
        attributes = None if change is None else coa_attributes(session, change, nas, profile)
        if attributes is None:
            await self._cannot_change(row, session, "the device cannot change a session")
            return
        result = await self._control.change(nas, session.nas_address or nas.host, attributes)
        cause = error_cause(result.error_cause)
        if result.outcome is ControlOutcome.ACK:
            await self._finish(row, ok=True, result=_words(result))
        elif result.outcome is ControlOutcome.NAK and cause.action is not NakAction.RETRY:
            await self._cannot_change(row, session, _words(result))
        else:
            await self._again_or_fail(row, nas, _words(result), retry=True)

    def _policy_now(self, session: Session, nas: Nas) -> Change | None:
        now = self._clock()
        login = (
            None
            if session.account_id is None
            else accounts.login_by_id(self._store.reader, session.account_id)
        )
        if login is None or login.chain is None:
            return None
        chain = chain_rules.load(login.chain)
        segment = chain_rules.current(chain, now)
        if segment is None:
            return None
        group = self._tables.group(login.account.group_id)
        ruling = ruling_of(self._tables, session, login.account.group_id, now)
        if ruling.is_denied:
            return None
        timeout = session_timeout(
            segment.policy,
            chain_rules.coverage_end(chain, now),
            now,
            chain_rules.seconds_left(chain, now),
            ruling.forbidden_at,
        )
        spent = max(0, now - session.started_at)
        return Change(
            rate=rate_for(
                segment.policy.rate,
                login.rate,
                self._tables.rate(group.rate_id) if group is not None else None,
                rule=ruling.rate,
                throttled=segment.throttled,
            ),
            session_timeout_seconds=None if timeout is None else spent + timeout,
        )

    async def _cannot_change(self, row: journal.OutboxRow, session: Session, why: str) -> None:
        """End the session instead, unless it may well go on under what its device knows."""
        if not row.payload.get("must", True):
            await self._finish(row, ok=True, result=f"left as it is: {why}")
            return
        now = self._clock()

        def task(tx: Transaction) -> None:
            journal.finish_effect(tx, row.id, ok=False, result=why, at=now)
            effects.end_session(tx, session.id, session.project_id, "policy_changed", now)

        await self._store.write(task)

    # Endings ------------------------------------------------------------------------------------------------------------

    async def _again_or_fail(self, row: journal.OutboxRow, nas: Nas, words: str, *, retry: bool) -> None:
        now = self._clock()
        if retry and row.tries + 1 < TRIES:
            due_at = now + AGAIN_SECONDS[min(row.tries, len(AGAIN_SECONDS) - 1)]
            await self._store.write(
                lambda tx: journal.postpone_effect(tx, row.id, due_at=due_at, result=words)
            )
            return
        self.log.warn("{key} at {nas} failed: {words}", key=row.key, nas=nas.name, words=words)
        await self._finish(row, ok=False, result=words)

    async def _finish(
        self,
        row: journal.OutboxRow,
        *,
        ok: bool,
        result: str,
        close: StoredSession | None = None,
        agreed: Session | None = None,
    ) -> None:
        """End an effect; with it close a session, or look again at one that its device agreed to end."""
        now = self._clock()

        def task(tx: Transaction) -> None:
            journal.finish_effect(tx, row.id, ok=ok, result=result, at=now)
            if close is not None:
                # At its last evidence, so that nobody is billed for silence; not if it spoke while we asked
                sessions.close_stale(tx, close.session.id, close.seen_at)
            if agreed is not None:
                effects.confirm_end(tx, agreed.id, agreed.project_id, now, now + ACK_GRACE_SECONDS)

        await self._store.write(task)


def _words(result: ControlResult) -> str:
    """One stable line of what the device said, for the operator and the log."""
    if result.outcome is ControlOutcome.NAK:
        cause = error_cause(result.error_cause)
        return f"nak {cause.number} {cause.name}"
    return {
        ControlOutcome.ACK: "ack",
        ControlOutcome.SILENT: "no answer",
        ControlOutcome.UNVERIFIED: "answers do not verify: the shared secrets differ",
        ControlOutcome.BUSY: "too many requests on their way to the device",
    }[result.outcome]
