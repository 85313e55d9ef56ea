"""Sessions that run on without a right to: marked, told, and asked for again."""

from __future__ import annotations

from tests.flows.school import DAY, INTERIM, STOP
from tests.flows.test_disconnect import SILENT, OneSession, nak
from zhuomai_appliance.flows import disconnect, effects
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.flows.ports import ControlResult
from zhuomai_appliance.flows.watched import Watched
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.store import marks


class MarkTests(OneSession):
    """A session that runs on without a right to (billing rules §13)."""

    def end_by_right(self, why: str, *script: ControlResult) -> None:
        school = self.school
        school.clock.advance(31 * DAY)
        school.control.script = list(script)
        school.write(lambda tx: effects.end_session(tx, SessionId(1), school.project, why, school.now()))
        school.dispatch()

    def marks(self) -> list[tuple[int, str, str]]:
        return [(m.session_id, m.why, m.said) for m in marks.marked_sessions(self.school.store.reader)]

    def test_silent_device_leaves_a_mark(self) -> None:
        """What should be over and could not be ended is marked, with the device's last word, and raises an alarm."""
        self.end_by_right("expired", SILENT)
        self.assertEqual(self.marks(), [(1, "expired", "no answer")])
        self.assertEqual(self.school.watched.marked_why(SessionId(1)), "expired")
        (alarm,) = self.school.alarms.standing()
        self.assertEqual((alarm.kind, alarm.words), (AlarmKind.MUST_REAUTH, "no answer"))

    def test_refusal_leaves_a_mark(self) -> None:
        """So does a NAK that no repetition will change."""
        self.end_by_right("locked", nak(501))
        self.assertEqual(self.marks(), [(1, "locked", "nak 501 Administratively Prohibited")])

    def test_operators_own_kick_leaves_none(self) -> None:
        """Whoever pressed the button sees that it failed; the session has its right."""
        self.end(nak(501))
        self.assertEqual((self.marks(), self.school.alarms.standing()), ([], []))

    def test_ack_that_was_not_kept_leaves_a_mark(self) -> None:
        """A device that acknowledged and reports the session on has not ended it."""
        self.end_by_right("expired")
        self.school.clock.advance(5)
        self.school.report(INTERIM, 31 * DAY + 5, 5, 5)
        self.school.clock.advance(disconnect.ACK_GRACE_SECONDS)
        self.school.dispatch()
        self.assertEqual(self.marks(), [(1, "expired", "ack, but the device reports the session alive")])

    def test_marks_survive_a_restart_and_end_with_the_session(self) -> None:
        """A new process reads them; a session that is over has none."""
        school = self.school
        self.end_by_right("expired", SILENT)
        watched = Watched()
        watched.load(school.store.reader)
        self.assertEqual(watched.ids, {1})
        school.report(STOP, 31 * DAY)
        self.assertEqual(self.marks(), [])
        self.assertEqual(school.write(marks.drop_old_marks), 1)
