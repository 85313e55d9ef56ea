"""Ending and changing running sessions: the dispatcher that empties the outbox towards the access devices.

ACK, NAK and silence are three different outcomes (semantics §7). After an ACK the session closes by the device's own
Stop, or by us when that does not come; nobody is told «offline» before. What could not be ended is marked, and asked for
again with the session's next report. Requests leave at a measured pace, the devices in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.abilities import Abilities, Inability
from zhuomai_appliance.flows.alarms import AlarmKind, Alarms
from zhuomai_appliance.flows.asking import Asker, words_of
from zhuomai_appliance.flows.live_policy import policy_now
from zhuomai_appliance.flows.pacing import Pace
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult, SessionControl
from zhuomai_appliance.flows.tables import Tables
from zhuomai_appliance.flows.watched import Expected, Watched
from zhuomai_appliance.model.access import Session, SessionId
from zhuomai_appliance.model.network import Nas, NasId
from zhuomai_appliance.store import journal, marks, sessions
from zhuomai_appliance.store.interface import Store, StoreUnavailable, Transaction
from zhuomai_appliance.store.sessions import StoredSession
from zhuomai_appliance.vendors import profile_for
from zhuomai_appliance.vendors.dynamic import Change, NakAction, error_cause

TRIES: Final = 3
AGAIN_SECONDS: Final = (2, 4, 8)
"""How long a device that cannot now is left alone; silence has been met by retransmission already (net.coa_client)."""
ACK_GRACE_SECONDS: Final = 10
"""How long a device that acknowledged may take for its Stop before we close the row ourselves."""
STALE_AGAIN_SECONDS: Final = 60
"""A silent session of which its device says something odd is kept for so long, and then closed all the same."""

_LIFTED: Final = frozenset(("expired", "used_up", "not_allowed"))
"""Reasons that a purchase may have taken away while the request waited; what rules and lists forbid stays forbidden."""

_FAULT: Final = "a fault of this machine: its log has it"
"""The result of an effect that could not be worked on, for the operator; never what went wrong, which may hold secrets."""

_OVER: Final = frozenset((NakAction.DONE, NakAction.GONE))


class Dispatcher:
    """Sends what the outbox holds. `run` is called by a timer and when something new waits; it never overlaps itself.

    ``clock`` tells UTC epoch seconds, ``monotonic`` seconds for the pace.
    """

    log = Logger(namespace="zhuomai.effects")

    def __init__(
        self,
        store: Store,
        tables: Tables,
        control: SessionControl,
        clock: Callable[[], int],
        monotonic: Callable[[], float],
        alarms: Alarms,
        watched: Watched,
    ) -> None:
        self._store = store
        self._tables = tables
        self._clock = clock
        self._monotonic = monotonic
        self._alarms = alarms
        self._watched = watched
        self.abilities = Abilities()
        self._asker = Asker(control, self.abilities, clock)
        self._pace = Pace()
        self._running = False
        self._sending: set[int] = set()
        self._faulty: dict[NasId, str] = {}

    async def run(self) -> int:
        """Send what is due, as much as the pace allows; how many were begun."""
        if self._running or not self._store.state.writable:
            return 0
        self._running = True
        try:
            return self._send_due()
        finally:
            self._running = False

    def _send_due(self) -> int:
        """Take from each device that waits in turn, one at a time, while there is budget."""
        budget, now, reader = self._pace.budget(self._monotonic()), self._clock(), self._store.reader
        if budget <= 0:
            return 0
        lanes: deque[tuple[NasId, deque[journal.OutboxRow]]] = deque()
        for nas_id in self._pace.turns(journal.devices_due(reader, now)):
            room = min(self._pace.room(nas_id), budget)
            if room > 0:
                found = journal.effects_due(reader, nas_id, now, room + self._pace.sending(nas_id))
                rows = deque([row for row in found if row.id not in self._sending][:room])
                if rows:
                    lanes.append((nas_id, rows))
        begun = 0
        while lanes and begun < budget:
            nas_id, rows = lanes.popleft()
            self._begin(nas_id, rows.popleft())
            begun += 1
            if rows:
                lanes.append((nas_id, rows))
        return begun

    def _begin(self, nas_id: NasId, row: journal.OutboxRow) -> None:
        self._sending.add(row.id)
        self._pace.begin(nas_id)
        sent = Deferred.fromCoroutine(self._send_or_give_up(nas_id, row))
        sent.addErrback(self._failed, row)
        sent.addBoth(self._over, nas_id, row)

    def _over(self, _: object, nas_id: NasId, row: journal.OutboxRow) -> None:
        self._sending.discard(row.id)
        self._pace.end(nas_id)

    def _failed(self, reason: object, row: journal.OutboxRow) -> None:
        self.log.error("effect {key} could not be given up: {reason}", key=row.key, reason=str(reason))

    async def _send_or_give_up(self, nas_id: NasId, row: journal.OutboxRow) -> None:
        """Work on an effect; a fault of ours ends it as a device that cannot now does, with an alarm."""
        try:
            await self._send(row)
        except StoreUnavailable as error:
            # Sent or not, the row still waits: it goes out again when the disk works (harmless twice)
            self.log.warn("effect {key} waits for the disk: {error}", key=row.key, error=str(error))
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not be met again without end
            self.log.failure("effect {key} could not be worked on", key=row.key)
            await self._fault(nas_id, row, error)
            return
        if nas_id in self._faulty:
            self._alarms.clear(AlarmKind.EFFECT_FAILED, self._faulty.pop(nas_id), self._clock())

    async def _fault(self, nas_id: NasId, row: journal.OutboxRow, error: Exception) -> None:
        """Try again on the schedule; then the effect has failed, and what has no right to run on is marked."""
        if row.tries + 1 < TRIES:
            await self._postpone(row, AGAIN_SECONDS[row.tries], _FAULT)
            return
        now, nas = self._clock(), self._tables.by_id(nas_id)
        session_id, why = SessionId(row.payload.get("session_id", 0)), row.payload.get("why", "")

        def task(tx: Transaction) -> None:
            if not journal.finish_effect(tx, row, ok=False, result=_FAULT, at=now):
                return
            if row.kind == effects.CHANGE and row.payload.get("must", True):
                effects.end_session(tx, session_id, row.project_id, "policy_changed", now, again=True)
            elif row.kind == effects.STALE:
                sessions.close_stale(tx, session_id, row.payload.get("seen_at", 0))
            elif why in effects.MARKING:
                marks.mark_session(tx, session_id, why, _FAULT, now)

        await self._store.write(task)
        if why in effects.MARKING:
            self._watched.mark(session_id, why)
        self._faulty[nas_id] = f"device {nas_id}" if nas is None else nas.name
        words = f"{row.key}: {type(error).__name__}"
        self._alarms.sound(AlarmKind.EFFECT_FAILED, self._faulty[nas_id], words, now)

    async def _send(self, row: journal.OutboxRow) -> None:
        stored = sessions.by_id(self._store.reader, SessionId(row.payload["session_id"]))
        if stored is None or stored.session.stopped_at is not None:
            await self._finish(row, ok=True, result="the session is over")
            return
        if row.kind == effects.VERIFY:
            self._watched.forget_rate(stored.session.id)
            await self._finish(row, ok=False, result="the device has not reported since")
            return
        nas = self._tables.by_id(stored.session.nas_id)
        if nas is None:
            await self._finish(row, ok=False, result="its access device is no longer listed")
            return
        if row.kind == effects.CONFIRM:
            await self._confirm(row, stored, nas)
        elif row.kind == effects.CHANGE:
            await self._change(row, stored.session, nas)
        elif row.kind in (effects.STALE, effects.REACH):
            await self._ask_stale(row, stored, nas)
        else:
            await self._disconnect(row, stored, nas)

    # Disconnect ---------------------------------------------------------------------------------------------------------

    async def _disconnect(self, row: journal.OutboxRow, stored: StoredSession, nas: Nas) -> None:
        if row.payload.get("why") in _LIFTED and self._is_allowed(stored.session, nas):
            await self._go_on(row, stored.session)
            return
        result = await self._asker.disconnect(stored.session, nas)
        words, action = words_of(result, nas), _action(result)
        if action in _OVER:
            close = stored if action is NakAction.GONE else None
            await self._finish(row, ok=True, result=words, close=close, agreed=None if close else stored)
        elif action is NakAction.RETRY and row.tries + 1 < TRIES:
            await self._postpone(row, AGAIN_SECONDS[row.tries], words)
        else:
            await self._not_ended(row, stored.session, nas, words)

    def _is_allowed(self, session: Session, nas: Nas) -> bool:
        """Whether a session that was to end has a right to go on now."""
        profile = profile_for(nas)
        return policy_now(self._store.reader, self._tables, session, nas, profile, self._clock()) is not None

    async def _go_on(self, row: journal.OutboxRow, session: Session) -> None:
        """Take back what is no longer wanted; what the device knows may be too short by now, so it is told."""
        now = self._clock()

        def task(tx: Transaction) -> None:
            journal.forget_effect(tx, row)
            marks.unmark_session(tx, session.project_id, session.id)
            effects.change_session(tx, session.id, session.project_id, now, must=False)

        await self._store.write(task)

    async def _not_ended(self, row: journal.OutboxRow, session: Session, nas: Nas, words: str) -> None:
        """Say that the request failed; a session that runs on without a right to is marked (billing rules §13)."""
        self.log.warn("{key} at {nas} failed: {words}", key=row.key, nas=nas.name, words=words)
        why, now = row.payload.get("why", ""), self._clock()
        if why not in effects.MARKING:
            await self._finish(row, ok=False, result=words)
            return

        def task(tx: Transaction) -> None:
            if journal.finish_effect(tx, row, ok=False, result=words, at=now):
                marks.mark_session(tx, session.id, why, words, now)

        await self._store.write(task)
        self._watched.mark(session.id, why)
        self._alarms.sound(AlarmKind.MUST_REAUTH, effects.subject(session.id, nas.name), words, now)

    async def _confirm(self, row: journal.OutboxRow, stored: StoredSession, nas: Nas) -> None:
        """The grace after an ACK is over and no Stop came: close the row, unless the device spoke of it since."""
        if stored.seen_at > row.payload["agreed_at"]:
            await self._not_ended(row, stored.session, nas, "ack, but the device reports the session alive")
        else:
            await self._finish(row, ok=True, result="closed without a Stop", close=stored)

    async def _ask_stale(self, row: journal.OutboxRow, stored: StoredSession, nas: Nas) -> None:
        """Close a silent session if its device says that it is over, or twice says something else (semantics §6)."""
        host = stored.session.nas_address or nas.host
        is_reach, is_mute = (
            row.kind == effects.REACH,
            self.abilities.cannot(Inability.ANSWER, nas, host, self._clock()),
        )
        if not is_reach and stored.seen_at != row.payload["seen_at"]:
            await self._finish(row, ok=True, result="the device reports the session alive")
            return
        if not is_reach and is_mute and row.tries == 0:
            await self._finish(row, ok=True, result="the device answers no questions", close=stored)
            return
        result = await self._asker.disconnect(stored.session, nas)
        is_silent = result.outcome in (ControlOutcome.SILENT, ControlOutcome.UNVERIFIED)
        if (is_reach or is_silent) and _action(result) not in _OVER:
            # Silence is judged by the next round, which sees whether the device speaks otherwise
            await self._finish(row, ok=False, result=words_of(result, nas))
        elif _action(result) in _OVER or row.tries > 0:
            await self._finish(row, ok=True, result=words_of(result, nas), close=stored)
        else:
            await self._postpone(row, STALE_AGAIN_SECONDS, words_of(result, nas))

    # CoA ----------------------------------------------------------------------------------------------------------------

    async def _change(self, row: journal.OutboxRow, session: Session, nas: Nas) -> None:
        """Give a running session what its account's chain says now; end it where the device cannot."""
        profile, host = profile_for(nas), session.nas_address or nas.host
        must = bool(row.payload.get("must", True))
        change = policy_now(self._store.reader, self._tables, session, nas, profile, self._clock())
        if change is None:
            await self._cannot_change(row, session, "nothing allows the session any more", "not_allowed")
            return
        if must and change.rate is None:
            await self._cannot_change(row, session, "a limit is not lifted by a change")
            return
        if self.abilities.cannot(Inability.CHANGE, nas, host, self._clock()):
            await self._cannot_change(row, session, "the device refused to change sessions before")
            return
        result = await self._asker.change(session, change, nas)
        if result is None:
            await self._cannot_change(row, session, "the device cannot change a session")
        elif result.outcome is ControlOutcome.ACK:
            await self._changed(row, session, nas, change, must=must)
        elif _action(result) is NakAction.RETRY and row.tries + 1 < TRIES:
            await self._postpone(row, AGAIN_SECONDS[row.tries], words_of(result, nas))
        else:
            await self._cannot_change(row, session, words_of(result, nas))

    async def _changed(
        self, row: journal.OutboxRow, session: Session, nas: Nas, change: Change, *, must: bool
    ) -> None:
        """An ACK is a promise: where the device reports its rates back, its next report shows whether it was kept."""
        now = self._clock()
        reports_rates = profile_for(nas).reported_rate is not None
        expected = None
        if change.rate is not None and reports_rates:
            expected = Expected(change.rate, now, must=must, retried=bool(row.payload.get("retried")))
        due_at = now + 2 * (change.acct_interim_seconds or session.interim_seconds) + 60
        words = (
            "ack"
            if expected is not None or change.rate is None
            else "ack, which this maker's reports cannot prove"
        )

        def task(tx: Transaction) -> None:
            if not journal.finish_effect(tx, row, ok=True, result=words, at=now):
                return
            if change.acct_interim_seconds is not None:
                sessions.set_interim(tx, session.id, change.acct_interim_seconds)
            if expected is not None:
                journal.put_effect(
                    tx,
                    session.project_id,
                    key=effects.verify_key(session.id),
                    kind=effects.VERIFY,
                    payload={"session_id": session.id, **expected.facts()},
                    at=now,
                    due_at=due_at,
                    over=True,
                    session_id=session.id,
                )

        await self._store.write(task)
        if expected is not None:
            self._watched.expect(session.id, expected)

    async def _cannot_change(
        self, row: journal.OutboxRow, session: Session, said: str, why: str = "policy_changed"
    ) -> None:
        """End the session instead, unless it may well go on under what its device knows."""
        if not row.payload.get("must", True):
            await self._finish(row, ok=True, result=f"left as it is: {said}")
            return
        now = self._clock()

        def task(tx: Transaction) -> None:
            if journal.finish_effect(tx, row, ok=False, result=said, at=now):
                effects.end_session(tx, session.id, session.project_id, why, now, again=True)

        await self._store.write(task)

    # Endings ------------------------------------------------------------------------------------------------------------

    async def _postpone(self, row: journal.OutboxRow, seconds: int, words: str) -> None:
        due_at = self._clock() + seconds
        await self._store.write(lambda tx: journal.postpone_effect(tx, row, due_at=due_at, result=words))

    async def _finish(
        self,
        row: journal.OutboxRow,
        *,
        ok: bool,
        result: str,
        close: StoredSession | None = None,
        agreed: StoredSession | None = None,
    ) -> None:
        """End an effect; with it close a session, or look again at one that its device agreed to end."""
        now = self._clock()

        def task(tx: Transaction) -> None:
            journal.finish_effect(tx, row, ok=ok, result=result, at=now)
            if close is not None:
                # At its last evidence, so that nobody is billed for silence; not if it spoke while we asked
                sessions.close_stale(tx, close.session.id, close.seen_at)
            if agreed is not None:
                session = agreed.session
                why = row.payload.get("why", "")
                effects.confirm_end(tx, session.id, session.project_id, why, now, now + ACK_GRACE_SECONDS)

        await self._store.write(task)


def _action(result: ControlResult) -> NakAction:
    """What an outcome makes us do, in the words of an Error-Cause."""
    match result.outcome:
        case ControlOutcome.ACK:
            return NakAction.DONE
        case ControlOutcome.NAK:
            return error_cause(result.error_cause).action
        case ControlOutcome.BUSY:
            return NakAction.RETRY
        case _:
            return NakAction.STOP
