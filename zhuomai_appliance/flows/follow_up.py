"""What a durable report about a running session makes us look at: punctuality, promised rates, marks, new addresses.

Nearly every report costs one call and two look-ups here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from zhuomai_appliance.flows import effects
from zhuomai_appliance.flows.alarms import AlarmKind, Alarms
from zhuomai_appliance.flows.interims import Interims
from zhuomai_appliance.flows.session_report import Recorded
from zhuomai_appliance.flows.watched import Watched
from zhuomai_appliance.model.access import Ipv6Span, ReportKind, SessionId, UsageReport
from zhuomai_appliance.model.network import Nas
from zhuomai_appliance.model.traffic import format_rate
from zhuomai_appliance.store import journal, session_addresses, sessions
from zhuomai_appliance.store.interface import Store, Transaction

REMEMBERED_SESSIONS: Final = 65_536
"""Sessions whose addresses are remembered; the others' are offered to the books with each report."""


class FollowUp:
    """Called after the commit of each report, on the reactor thread. ``wake`` is called when effects wait to be sent."""

    log = Logger(namespace="zhuomai.follow_up")

    def __init__(
        self, store: Store, interims: Interims, watched: Watched, alarms: Alarms, wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._interims = interims
        self._watched = watched
        self._alarms = alarms
        self._wake = wake
        #: Sessions begun that are nobody's: recorded, and billed to nobody (semantics §6).
        self.unattributed = 0
        self._addresses: dict[SessionId, frozenset[Ipv6Span]] = {}

    def after(self, nas: Nas, report: UsageReport, recorded: Recorded) -> Deferred[None] | None:
        """Look at one report that was recorded; what the device's answer has to wait for, None for nothing."""
        session_id = recorded.session_id
        if recorded.account_id is None and session_id is not None and not recorded.since:
            self.unattributed += 1
        if report.kind is ReportKind.INTERIM:
            self._interim(nas, report, recorded)
        if report.ipv6_prefixes and session_id is not None:
            return self._note_addresses(nas, report, session_id)
        return None

    def interval_told(self, session_id: SessionId, seconds: int) -> None:
        """Note the interval that a session's device was told, where it is not the plain one."""
        self._store.enqueue(lambda tx: sessions.set_interim(tx, session_id, seconds), droppable=True)

    def _note_addresses(self, nas: Nas, report: UsageReport, session_id: SessionId) -> Deferred[None] | None:
        """Keep addresses that are new; a phone adds some later. What was kept is remembered, so that repeats are free."""
        spans = frozenset(report.ipv6_prefixes)
        known = self._addresses.get(session_id)
        if report.kind is ReportKind.STOP:
            self._addresses.pop(session_id, None)
        if known is not None and spans <= known:
            return None
        project_id, at = nas.project_id, report.arrived_at
        written = self._store.write(
            lambda tx: session_addresses.put(tx, project_id, session_id, report.ipv6_prefixes, at)
        )

        def remember(_: None) -> None:
            if len(self._addresses) >= REMEMBERED_SESSIONS:
                self._addresses.clear()
            if report.kind is not ReportKind.STOP:
                self._addresses[session_id] = spans | (known or frozenset())

        return written.addCallback(remember)

    def _interim(self, nas: Nas, report: UsageReport, recorded: Recorded) -> None:
        if recorded.since:
            self._interims.heard(
                nas.id, report.at - recorded.since, recorded.interval_seconds, report.arrived_at
            )
        session_id = recorded.session_id
        if session_id is not None and session_id in self._watched.ids:
            self._look(nas, report, session_id)

    def _look(self, nas: Nas, report: UsageReport, session_id: SessionId) -> None:
        now = report.arrived_at
        why = self._watched.marked_why(session_id)
        if why is not None:
            # The device is there after all: whatever it did not do then, it is asked again
            self._write(lambda tx: effects.end_session(tx, session_id, nas.project_id, why, now, again=True))
            return
        expected = self._watched.expected(session_id)
        if expected is None or report.reported_rate is None or report.at <= expected.since:
            return
        self._watched.forget_rate(session_id)
        if report.reported_rate == (expected.rate.up_bps, expected.rate.down_bps):
            self._alarms.clear(AlarmKind.RATE_DIFFERS, effects.subject(session_id, nas.name), now)
            self._verified(session_id, "the device reports the rate that it was given", now, ok=True)
            return
        up, down = report.reported_rate
        words = f"given {expected.rate}, reported {format_rate(up)}/{format_rate(down)}"
        self._alarms.sound(AlarmKind.RATE_DIFFERS, effects.subject(session_id, nas.name), words, now)
        self._verified(session_id, words, now, ok=False)
        if not expected.retried:
            self._write(
                lambda tx: effects.change_session(
                    tx, session_id, nas.project_id, now, must=expected.must, retried=True
                )
            )
        elif expected.must:
            self._write(
                lambda tx: effects.end_session(
                    tx, session_id, nas.project_id, "policy_changed", now, again=True
                )
            )

    def _verified(self, session_id: SessionId, words: str, now: int, *, ok: bool) -> None:
        self._store.enqueue(
            lambda tx: journal.end_effect(tx, effects.verify_key(session_id), ok=ok, result=words, at=now)
        )

    def _write(self, task: Callable[[Transaction], object]) -> None:
        written: Deferred[object] = self._store.write(task)
        written.addCallbacks(lambda _: self._wake(), self._failed)

    def _failed(self, reason: object) -> None:
        # The next report of the session tries again
        self.log.warn("a follow-up could not be recorded: {reason}", reason=str(reason))
