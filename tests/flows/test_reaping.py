"""Silent sessions and silent devices: nobody is billed for silence, and a cut link ends nobody (semantics §6)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any
from unittest.mock import patch

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, INTERIM, LAPTOP, LAPTOP_IP, NOW, PHONE, START, School
from zhuomai_appliance.flows import reaping
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.model.products import AccessPolicy

SILENT = ControlResult(ControlOutcome.SILENT, None)
GONE = ControlResult(ControlOutcome.NAK, 503)
REFUSED = ControlResult(ControlOutcome.NAK, 404)
OTHER: dict[str, Any] = {"sid": "S2", "mac": LAPTOP, "ip": LAPTOP_IP, "name": "x"}


class ReapingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()

    def look(self) -> int:
        found: int = self.school.run(self.school.reaper.look(self.school.now()))
        return found

    def round(self) -> None:
        """One look, and what it asks for."""
        self.look()
        self.school.dispatch()

    def other_lives(self, seconds: int) -> None:
        """Time goes by, and another session of the device reports through it."""
        for _ in range(seconds // 300):
            self.school.clock.advance(300)
            self.school.report(INTERIM, self.school.now() - NOW, **OTHER)

    def two(self) -> None:
        """A session that falls silent, and one that goes on."""
        self.school.report(START)
        self.school.report(START, **OTHER)

    def ends(self) -> list[tuple[str, int | None, str | None]]:
        return self.school.rows("SELECT acct_session_id, stopped_at, closed_by FROM session ORDER BY id")

    def alarms(self) -> list[tuple[AlarmKind, str]]:
        return [(alarm.kind, alarm.subject) for alarm in self.school.alarms.standing()]

    def test_device_is_asked_before_a_session_is_closed(self) -> None:
        """After three intervals and a minute the device is asked; «not found» closes the row at its last sign (W39)."""
        self.two()
        self.other_lives(900)
        self.assertEqual(self.look(), 0, "three intervals, but not the minute")
        self.school.control.script = [GONE]
        self.other_lives(300)
        self.round()
        self.assertEqual(self.school.control.kinds(), ["disconnect"])
        self.assertEqual(self.ends(), [("S1", NOW, "stale"), ("S2", None, None)])

    def test_ack_closes_as_well(self) -> None:
        """A device that ends it then has ended it."""
        self.two()
        self.other_lives(1200)
        self.round()
        self.assertEqual(self.ends()[0], ("S1", NOW, "stale"))

    def test_other_answers_keep_it_for_one_more_round(self) -> None:
        """A refusal proves nothing: a minute later it is asked again, and then the row is closed all the same."""
        school = self.school
        self.two()
        self.other_lives(1200)
        school.control.script = [REFUSED, REFUSED]
        self.round()
        self.assertIsNone(self.ends()[0][1])
        school.clock.advance(59)
        self.round()
        self.assertEqual(len(school.control.asked), 1)
        school.clock.advance(1)
        self.round()
        self.assertEqual((len(school.control.asked), self.ends()[0]), (2, ("S1", NOW, "stale")))

    def test_session_that_speaks_meanwhile_stays(self) -> None:
        """A report that comes before the second question keeps the session."""
        school = self.school
        self.two()
        self.other_lives(1200)
        school.control.script = [REFUSED]
        self.round()
        school.clock.advance(60)
        school.report(INTERIM, 1260)
        self.round()
        self.assertEqual((len(school.control.asked), self.ends()[0][1]), (1, None))

    def test_device_that_answers_no_questions_is_not_asked_about_each(self) -> None:
        """Where Disconnect is off, as it is by default on several makers' gear, the next silent session closes at once."""
        school = self.school
        self.two()
        school.report(START, sid="S3", mac="a4:5e:60:00:00:03", ip=None, name="y")
        self.other_lives(1200)
        school.control.script = [SILENT] * 9
        self.round()
        self.assertEqual([end for _, end, _ in self.ends()], [None, None, NOW])
        school.clock.advance(30)
        self.round()
        self.assertEqual([end for _, end, _ in self.ends()], [NOW, None, NOW])
        self.assertEqual(len(school.control.asked), 1)

    def test_device_that_is_cut_off_keeps_its_sessions(self) -> None:
        """A whole silent device closes nothing for a day, and alarms; when it reports again the alarm is over."""
        school = self.school
        self.two()
        self.other_lives(600)
        school.report(INTERIM, 600)
        school.control.script = [SILENT] * 99
        for _ in range(20):
            school.clock.advance(600)
            self.round()
        self.assertEqual([end for _, end, _ in self.ends()], [None, None])
        self.assertEqual(self.alarms(), [(AlarmKind.NAS_UNREACHABLE, "ac1")])
        school.report(INTERIM, school.now() - NOW, **OTHER)
        self.round()
        self.assertEqual(self.alarms(), [])
        self.assertEqual(school.alarms.raised[AlarmKind.NAS_UNREACHABLE], 1)

    def test_after_a_day_they_end_all_the_same(self) -> None:
        """A device that never comes back does not hold its sessions for ever."""
        school = self.school
        self.two()
        self.other_lives(600)
        school.control.script = [SILENT] * 99
        school.clock.advance(DAY)
        for _ in range(3):
            self.round()
            school.clock.advance(30)
        self.assertEqual([end for _, end, _ in self.ends()], [NOW, NOW + 600])

    def test_silent_device_that_answers_is_there(self) -> None:
        """One client, gone without a Stop, on a device with nobody else: it answers, so nothing is frozen."""
        school = self.school
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300)
        school.clock.advance(1200)
        school.control.script = [GONE]
        self.round()
        self.assertEqual(self.ends(), [("S1", NOW + 300, "stale")])
        self.round()
        self.assertEqual(self.alarms(), [])

    def test_another_devices_life_is_no_sign(self) -> None:
        """That one device speaks says nothing about another."""
        school = self.school
        other = school.add_nas(name="ac2", address=ip_network("192.0.2.2"))
        school.report(START)
        school.report(INTERIM, 0, 1)
        school.clock.advance(1200)
        school.report(START, sid="O", mac=LAPTOP, ip=LAPTOP_IP, nas=other)
        school.control.script = [SILENT]
        self.round()
        self.assertIsNone(self.ends()[0][1])

    def test_cut_off_device_holds_up_nobody_elses_sessions(self) -> None:
        """However many sessions a silent device has, the silent one of another device is closed in the same round."""
        school = self.school
        other = school.add_nas(name="ac2", address=ip_network("192.0.2.2"))
        with patch.object(reaping, "ROUND", 3):
            for n in range(10):
                school.report(
                    START, sid=f"C{n}", mac=f"a4:5e:60:00:01:{n:02x}", ip=None, name=f"c{n}", nas=other
                )
            school.report(INTERIM, 0, 1, sid="C0", mac="a4:5e:60:00:01:00", ip=None, name="c0", nas=other)
            school.clock.advance(10)
            self.two()
            self.other_lives(1500)
            school.control.script = [GONE, SILENT]
            self.round()
        self.assertEqual([sid for sid, end, _ in self.ends() if end is not None], ["S1"])

    def test_device_without_interims(self) -> None:
        """Where no session has ever reported, a day has to pass, or the end that the device was told and ten minutes."""
        for cap, wait in ((None, DAY), (7200, 7800)):
            school = self.school = School()
            if cap is not None:
                school.person("20260001", school.plan(policy=AccessPolicy(session_cap_seconds=cap)))
            school.report(START)
            # Somebody else's Start shows that the device is there
            for moment in range(0, wait, 600):
                school.clock.rightNow = NOW + moment
                school.report(START, sid=f"N{moment}", mac=f"a4:5e:61:00:{moment // 65536:02x}:{moment // 256 % 256:02x}", ip=None, name="x")  # fmt: skip
                self.look()
                self.assertIsNone(self.ends()[0][1])
            school.clock.rightNow = NOW + wait
            self.round()
            self.assertEqual(self.ends()[0], ("S1", NOW, "stale"), cap)

    def test_start_of_a_device_that_does_report(self) -> None:
        """A client that vanished before its first interim, on a device that sends them, is judged by its interval."""
        self.two()
        self.other_lives(1200)
        self.round()
        self.assertEqual(self.ends()[0], ("S1", NOW, "stale"))

    def test_silence_locks_nobody_out(self) -> None:
        """Long before the row closes, the silent session's place is free for another device of its owner."""
        school = self.school
        school.person("20260001", school.plan())
        school.report(START)
        school.clock.advance(2 * 300 + 60)
        answer = school.login(mac=LAPTOP, ip=LAPTOP_IP)
        self.assertEqual(answer.code, 2)
        self.assertIsNone(self.ends()[0][1])


class QuietTests(SynchronousTestCase):
    """A device that sends far fewer interims than it owes (features H11)."""

    def setUp(self) -> None:
        self.school = school = School()
        for n in range(20):
            school.report(START, sid=f"S{n}", mac=f"a4:5e:60:00:00:{n:02x}", ip=None, name=f"n{n}")

    def reports(self, loud: int) -> None:
        """An interval goes by, in which so many of twenty sessions report, spread over it."""
        school = self.school
        begun = school.now()
        for n in range(20):
            school.clock.rightNow = begun + 15 * (n + 1)
            if n * loud // 20 != (n + 1) * loud // 20:
                school.report(INTERIM, school.now() - NOW, sid=f"S{n}", mac=f"a4:5e:60:00:00:{n:02x}", ip=None, name=f"n{n}")  # fmt: skip
        school.run(school.reaper.look(school.now()))

    def alarms(self) -> list[str]:
        return [alarm.words for alarm in self.school.alarms.standing() if alarm.kind is AlarmKind.NAS_QUIET]

    def test_alarm_and_its_end(self) -> None:
        """A quarter of what is owed alarms with the figures; most of it again clears the alarm."""
        for _ in range(4):
            self.reports(20)
        self.assertEqual(self.alarms(), [])
        self.reports(5)
        self.assertEqual(self.alarms(), ["3 of 12 expected interims in 3 minutes"])
        self.reports(12)
        self.assertEqual(len(self.alarms()), 1, "not before most of them come")
        self.reports(20)
        self.assertEqual(self.alarms(), [])

    def test_first_minutes_of_a_process_alarm_nothing(self) -> None:
        """Whoever has just begun to listen has not heard three minutes of anything."""
        self.reports(2)
        self.reports(2)
        self.assertEqual(self.alarms(), [])


class MarkSweepTests(SynchronousTestCase):
    def test_marks_end_with_their_session(self) -> None:
        """When a marked session is over, mark and alarm are gone."""
        school = School()
        school.report(START, mac=PHONE)
        school.sql("INSERT INTO must_reauth VALUES (1, 1, NULL, 1, 'expired', 'no answer', 5)")
        school.run(school.reaper.sweep_marks(school.now()))
        self.assertEqual((len(school.alarms.standing()), school.watched.ids), (1, {1}))
        school.sql("UPDATE session SET stopped_at = 1")
        school.run(school.reaper.sweep_marks(school.now()))
        self.assertEqual((school.alarms.standing(), school.watched.ids), ([], set()))

    def test_marked_session_without_reports_is_asked_for_every_ten_minutes(self) -> None:
        """A device that sends no interims, and did not answer then, is asked again until it does."""
        school = School()
        school.report(START, mac=PHONE)
        school.sql(f"INSERT INTO must_reauth VALUES (1, 1, NULL, 1, 'expired', 'no answer', {NOW})")
        school.control.script = [SILENT]
        for _ in range(41):
            school.run(school.reaper.sweep_marks(school.now()))
            school.dispatch()
            school.clock.advance(30)
        self.assertEqual(school.control.kinds(), ["disconnect"] * 2)
