"""Caps of the day and the month, from the report that reaches them to the login after midnight."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import INTERIM, NOW, START, STOP, School, number, reason
from tests.flows.test_report_group import Together, books
from zhuomai_appliance.flows import housekeeping
from zhuomai_appliance.model.products import Caps

MB = 1_000_000
MIDNIGHT = NOW + 14 * 3600
SESSION_TIMEOUT = 27


def a_school(**caps: int) -> School:
    school = School()
    school.person("20260001", school.plan(caps=Caps(**caps)))
    return school


class CapTests(SynchronousTestCase):
    def test_w30_session_timeout_has_the_coming_days_allowance(self) -> None:
        """4 h a day, 2 h used, login at 22:30: the device is told 19800 s."""
        school = a_school(day_seconds=4 * 3600)
        school.report(START)
        school.clock.advance(7200)
        school.report(STOP, 7200, 1, 1)
        school.clock.advance(NOW + 12 * 3600 + 1800 - school.now())
        self.assertEqual(number(school.login(), SESSION_TIMEOUT), 19_800)

    def test_data_of_the_day_used_up_ends_the_session_and_refuses_until_midnight(self) -> None:
        """Within one interim the session is asked to end; the login is refused with the time; after 00:00 it works."""
        school = a_school(day_octets=100 * MB)
        self.assertEqual(reason(school.login()), "accepted")
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 50 * MB, 49 * MB)
        self.assertEqual(school.effects(), [])
        school.clock.advance(300)
        school.report(INTERIM, 600, 50 * MB, 51 * MB)
        self.assertEqual([row[0] for row in school.effects()], ["disconnect:1"])
        self.assertEqual(school.dispatch(), 1)
        self.assertEqual(school.control.kinds(), ["disconnect"])
        school.report(STOP, 610, 50 * MB, 52 * MB)
        self.assertEqual(reason(school.login()), "day_used_up")
        school.clock.advance(MIDNIGHT - school.now())
        school.run(housekeeping.move_chains(school.store, school.now()))
        self.assertEqual(reason(school.login()), "accepted")
        school.check_usage()

    def test_data_of_the_month_used_up_refuses_until_the_first(self) -> None:
        """The next day does not help, the next month does."""
        school = a_school(month_octets=100 * MB)
        school.report(START)
        school.clock.advance(300)
        school.report(STOP, 300, 60 * MB, 50 * MB)
        self.assertEqual(reason(school.login()), "month_used_up")
        school.clock.advance(86_400)
        self.assertEqual(reason(school.login()), "month_used_up")
        school.clock.advance(5 * 86_400)
        self.assertEqual(reason(school.login()), "accepted")

    def test_a_session_over_midnight_counts_on_both_days(self) -> None:
        """An interim that straddles midnight fills the new day by its own part alone."""
        school = a_school(day_octets=100 * MB)
        school.clock.advance(MIDNIGHT - 300 - school.now())
        school.report(START)
        school.clock.advance(600)
        school.report(INTERIM, 600, 90 * MB, 90 * MB)
        self.assertEqual(
            [row[1:] for row in school.usage()], [(0, 45 * MB, 45 * MB, 300), (1, 45 * MB, 45 * MB, 300)]
        )
        self.assertEqual(school.effects(), [])
        self.assertEqual(reason(school.login()), "accepted")

    def test_time_used_up_by_another_device_is_seen_by_a_report(self) -> None:
        """Two devices use one day's hour: both are ended by the report that shows it."""
        school = a_school(day_seconds=3600)
        school.report(START, sid="S1")
        school.report(START, sid="S2", mac="a4:5e:60:11:22:33", ip="10.9.1.3")
        school.clock.advance(1800)
        school.report(INTERIM, 1800, 1, 1, sid="S1")
        self.assertEqual(school.effects(), [])
        school.report(INTERIM, 1800, 1, 1, sid="S2", mac="a4:5e:60:11:22:33", ip="10.9.1.3")
        self.assertEqual(sorted(row[0] for row in school.effects()), ["disconnect:1", "disconnect:2"])

    def test_a_group_of_reports_leaves_what_they_leave_one_by_one(self) -> None:
        """What the first report of a group used counts for the second."""
        single, grouped = a_school(day_octets=100 * MB), a_school(day_octets=100 * MB)
        together = Together(grouped)
        grouped.accounting._store = together
        for school in (single, grouped):
            for kind, seconds in ((START, 0), (INTERIM, 300)):
                for device in (1, 2):
                    self._report(school, kind, seconds, 60 * MB if seconds else 0, device)
                together.flush()
                school.clock.advance(300)
        self.assertEqual(books(grouped), books(single))
        self.assertEqual(len(single.effects()), 2)

    @staticmethod
    def _report(school: School, kind: int, seconds: int, octets: int, device: int) -> Any:
        mac, ip = f"a4:5e:60:00:00:0{device}", f"10.9.0.{device}"
        return school.report(kind, seconds, octets, 0, sid=f"S{device}", mac=mac, ip=ip)
