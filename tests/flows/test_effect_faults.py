"""An effect that our own fault keeps from being worked on: tried on the schedule, then given up and said."""

from __future__ import annotations

from unittest.mock import patch

from tests.flows.school import LAPTOP, START
from tests.flows.test_disconnect import OneSession
from zhuomai_appliance.flows import disconnect, effects
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.store import marks

FAULT = "a fault of this machine: its log has it"


class Broken(Exception):
    """What the request's own code raises here."""


class FaultTests(OneSession):
    def meet(self, rounds: int) -> int:
        """Let every request meet a fault, round after round until none is due; how many were begun."""
        school, begun = self.school, 0
        with patch.object(school.control, "disconnect", side_effect=Broken("secret words")), patch.object(
            school.control, "change", side_effect=Broken("secret words")
        ):  # fmt: skip
            for _ in range(rounds):
                begun += school.dispatch()
                school.clock.advance(1)
        self.flushLoggedErrors(Broken)
        return begun

    def ask(self, why: str) -> None:
        school = self.school
        school.write(lambda tx: effects.end_session(tx, SessionId(1), school.project, why, school.now()))

    def test_it_is_given_up_after_three_tries(self) -> None:
        """Tried again after 2 and 4 seconds, then failed for good, with an alarm that tells no details."""
        self.ask("kicked")
        self.assertEqual(self.meet(600), disconnect.TRIES)
        self.assertEqual(self.state(), ("failed", FAULT))
        (alarm,) = self.school.alarms.standing()
        self.assertEqual(
            (alarm.kind, alarm.subject, alarm.words),
            (AlarmKind.EFFECT_FAILED, self.school.nas.name, "disconnect:1: Broken"),
        )

    def test_alarm_is_over_when_something_works(self) -> None:
        """The next effect for the device that can be worked on takes the alarm back."""
        self.ask("kicked")
        self.meet(60)
        self.school.report(START, sid="S2", mac=LAPTOP, ip="10.9.1.3")
        self.school.write(
            lambda tx: effects.end_session(tx, SessionId(2), self.school.project, "kicked", self.school.now())
        )
        self.school.dispatch()
        self.assertEqual(self.school.alarms.standing(), [])

    def test_session_without_a_right_is_marked(self) -> None:
        """What runs on without a right to is marked, and so asked for again with its next report."""
        self.ask("locked")
        self.meet(60)
        found = marks.marked_sessions(self.school.store.reader)
        self.assertEqual([(m.session_id, m.why, m.said) for m in found], [(1, "locked", FAULT)])
        self.assertEqual(self.school.watched.marked_why(SessionId(1)), "locked")

    def test_change_that_must_be_ends_the_session(self) -> None:
        """A change that could not be worked on becomes a Disconnect, which has three tries of its own."""
        school = self.school
        school.write(lambda tx: effects.change_session(tx, SessionId(1), school.project, school.now(), must=True))  # fmt: skip
        self.assertEqual(self.meet(600), 2 * disconnect.TRIES)
        self.assertEqual(
            [(key, state) for key, state, _ in school.effects()],
            [("change:1", "failed"), ("disconnect:1", "failed")],
        )

    def test_silent_session_is_closed_all_the_same(self) -> None:
        """A session that is silent for too long does not stay open for our fault: it ends at its last report."""
        school = self.school
        seen_at = school.now()
        school.clock.advance(2000)
        school.write(lambda tx: effects.ask_stale(tx, SessionId(1), school.project, seen_at, school.now()))
        self.meet(60)
        self.assertEqual((self.closed_by(), school.only_session().session.stopped_at), ("stale", seen_at))
