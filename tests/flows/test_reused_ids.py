"""Devices use session ids again after a restart; what they still say of the sessions before it counts, once."""

from __future__ import annotations

from itertools import permutations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    DAY,
    GB,
    INTERIM,
    LAPTOP,
    LAPTOP_IP,
    NOW,
    ON,
    PHONE,
    PHONE_IP,
    START,
    STOP,
    School,
)
from zhuomai_appliance.radius.values import integer_value

Session = tuple[str, int | None, int, int, int, str | None]


class SameSecondTests(SynchronousTestCase):
    """One id, several clients, one second: every report is recorded, whatever start it comes to."""

    def test_three_clients_with_one_id_in_one_second(self) -> None:
        """An interim, another's Start a second later and a third one's delayed interim: three rows, all answered."""
        school = School()
        for number, (mac, ip) in enumerate(
            ((PHONE, PHONE_IP), (LAPTOP, LAPTOP_IP), ("a4:5e:60:00:00:03", "10.9.0.3"))
        ):
            school.person(f"user{number}", school.pack(10 * GB, f"pack{number}"))
            delay = (41, integer_value(1 if number == 2 else 0))
            kind = START if number == 1 else INTERIM
            school.report(kind, 0, 0 if number == 1 else 1000, 0, delay, name=f"user{number}", mac=mac, ip=ip)
        school.check_usage()
        starts = [start for (start,) in school.rows("SELECT started_at FROM session ORDER BY id")]
        self.assertEqual(len(set(starts)), len(starts))

    def test_late_report_does_not_pass_the_running_session(self) -> None:
        """A late Start comes to the second of the session that has its id now: it is over, and before that one."""
        school = School()
        school.person("20260001", school.pack(10 * GB))
        third = ("a4:5e:60:00:00:03", "10.9.0.3")
        for kind, (mac, ip), delay, wait in (
            (INTERIM, (PHONE, PHONE_IP), 1, 0),
            (INTERIM, (LAPTOP, LAPTOP_IP), 0, 0),
            (START, third, 0, 1),
            (START, third, 2, 0),
            (INTERIM, (PHONE, PHONE_IP), 0, 0),
        ):
            school.clock.advance(wait)
            school.report(kind, 0, 0, 0, (41, integer_value(delay)), mac=mac, ip=ip)
        newest = school.rows("SELECT mac, closed_by FROM session ORDER BY started_at DESC LIMIT 2")
        self.assertEqual(newest, [(PHONE, None), (third[0], "replaced")])

    def test_late_report_does_not_end_a_session_again(self) -> None:
        """What had the id later and is over stays as its own Stop left it, when a third one's word comes late."""
        school = School()
        school.person("20260001", school.pack(10 * GB))
        for kind, (mac, ip), delay, wait in (
            (STOP, (PHONE, PHONE_IP), 1, 0),
            (STOP, (LAPTOP, LAPTOP_IP), 0, 0),
            (INTERIM, ("a4:5e:60:00:00:03", "10.9.0.3"), 1, 0),
        ):
            school.clock.advance(wait)
            school.report(kind, 0, 100, 0, (41, integer_value(delay)), mac=mac, ip=ip)
        school.check_usage()
        self.assertEqual({row[5] for row in school.sessions()}, {"stop", "stop_lost"})
        self.assertEqual(
            school.rows(f"SELECT closed_by FROM session WHERE mac IN ('{PHONE}', '{LAPTOP}')"),
            [("stop",)] * 2,
        )

    def test_copy_of_the_second_client_s_word(self) -> None:
        """Its row begins after the first one's, hence after its own event: its repeats are no session of their own."""
        for kind in (INTERIM, STOP):
            school = School()
            school.person("20260001", school.pack(10 * GB))
            school.report(START)
            for delay in (0, 1, 5):
                school.report(kind, 0, 900, 0, (41, integer_value(delay)), mac=LAPTOP, ip=LAPTOP_IP)
                school.clock.advance(4 if delay else 1)
            self.assertEqual([octets for _, _, octets, *_ in school.sessions()], [0, 900], kind)
            school.check_usage()

    def test_new_session_under_the_id_is_no_copy(self) -> None:
        """Equal totals of the same client at a later time are its next session: both are recorded."""
        school = School()
        school.person("20260001", school.pack(10 * GB))
        for turn in (0, 1):
            school.report(STOP, 20, 900, 0, (41, integer_value(turn)))
            school.report(START, mac=LAPTOP, ip=LAPTOP_IP)
            school.clock.advance(30)
        self.assertEqual([row[2] for row in school.sessions() if row[2]], [900, 900])

    def test_any_few_reports_of_one_id_within_a_second(self) -> None:
        """Each client, kind and delay after each other: nothing fails, usage adds up."""
        clients = ((PHONE, PHONE_IP), (LAPTOP, LAPTOP_IP), (None, None))
        school = School()
        school.person("20260001", school.pack(10 * GB))
        for first in range(18):
            for second in range(18):
                school.sql("DELETE FROM session")
                school.sql("DELETE FROM usage")
                for turn, choice in enumerate((first, second, (first * 7 + second) % 18)):
                    mac, ip = clients[choice % 3]
                    kind = (START, INTERIM, STOP)[choice // 3 % 3]
                    delay = (41, integer_value(choice // 9))
                    school.report(kind, 0, 100 * (turn + 1), 0, delay, mac=mac, ip=ip)
                school.check_usage()


class ReusedIdTests(SynchronousTestCase):
    """The phone's session S1 from the start to a restart after ten minutes, then the laptop's S1."""

    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.pack(10 * GB))

    def old(self, kind: int, seconds: int, up: int) -> None:
        self.say(kind, seconds, up, PHONE, PHONE_IP, NOW + seconds)

    def new(self, kind: int, seconds: int, up: int) -> None:
        self.say(kind, seconds, up, LAPTOP, LAPTOP_IP, NOW + 600 + seconds)

    def say(self, kind: int, seconds: int, up: int, mac: str, ip: str, at: int) -> None:
        delay = (41, integer_value(max(0, self.school.now() - at)))
        self.school.report(kind, seconds, up, 0, delay, mac=mac, ip=ip, at=at)

    def books(self) -> list[Session]:
        self.school.check_usage()
        return sorted(self.school.sessions(), key=lambda row: row[2])

    def restart(self) -> None:
        self.school.clock.advance(600)
        self.school.report(ON, sid="boot", mac=None, ip=None)

    def test_late_interim_of_the_session_before_is_charged(self) -> None:
        """An interim from before the restart, delayed until its id is in use again, raises its own row."""
        self.old(START, 0, 0)
        self.old(INTERIM, 300, 1000)
        self.restart()
        self.new(START, 0, 0)
        self.new(INTERIM, 0, 7)
        self.old(INTERIM, 500, 5000)
        self.assertEqual(
            self.books(),
            [("S1", self.account_id, 7, 0, 0, None), ("S1", self.account_id, 5000, 0, 500, "nas_restart")],
        )
        self.assertEqual(self.school.subscriptions(), [(1, "active", 10 * GB - 5007)])

    def test_late_stop_of_the_session_before_ends_its_own_row(self) -> None:
        """A Stop from before the restart gives the old row its end and leaves the running session alone."""
        self.old(START, 0, 0)
        self.restart()
        self.new(START, 0, 0)
        self.new(INTERIM, 60, 70)
        self.old(STOP, 500, 5000)
        self.assertEqual(
            self.books(),
            [("S1", self.account_id, 70, 0, 60, None), ("S1", self.account_id, 5000, 0, 500, "stop")],
        )

    def test_session_of_which_only_the_late_stop_arrives(self) -> None:
        """A session whose every earlier packet was lost is still recorded when its id is in use again."""
        self.restart()
        self.new(START, 0, 0)
        self.new(INTERIM, 60, 70)
        self.old(STOP, 400, 900)
        self.old(STOP, 400, 900)
        self.assertEqual(
            self.books(),
            [("S1", self.account_id, 70, 0, 60, None), ("S1", self.account_id, 900, 0, 400, "stop")],
        )

    def test_late_start_begins_nothing(self) -> None:
        """A Start of the session before says nothing about use and opens no row beside the running session."""
        self.restart()
        self.new(START, 0, 0)
        self.old(START, 0, 0)
        self.assertEqual(self.books(), [("S1", self.account_id, 0, 0, 0, None)])

    def test_report_a_little_older_than_the_start_is_of_the_same_session(self) -> None:
        """Seconds that were rounded do not make a second session of one."""
        self.school.clock.advance(60)
        self.school.report(INTERIM, 30, 10, at=NOW + 60)
        self.school.report(INTERIM, 0, 5, at=NOW + 29)
        self.assertEqual(self.books(), [("S1", self.account_id, 10, 0, 30, None)])

    def test_copy_of_an_archived_session_is_not_charged_again(self) -> None:
        """A report of more than a day ago may be of a row that has moved to its month: it changes nothing."""
        self.school.clock.advance(3 * DAY)
        self.school.report(START, at=NOW + 3 * DAY)
        self.school.report(STOP, 400, 900, 0, (41, integer_value(3 * DAY)), at=NOW + 400)
        self.assertEqual(self.books(), [("S1", self.account_id, 0, 0, 0, None)])

    def test_old_and_new_reports_in_any_order(self) -> None:
        """Whatever overtakes what around the second use of the id, both sessions end with their own totals."""
        reports = [(self.old, INTERIM, 300, 1000), (self.old, STOP, 500, 5000),
                   (self.new, INTERIM, 300, 70), (self.new, STOP, 400, 90)]  # fmt: skip
        for order in permutations(range(len(reports))):
            self.setUp()
            self.school.clock.advance(1200)
            for number in order:
                say, kind, seconds, up = reports[number]
                say(kind, seconds, up)
            self.assertEqual(
                self.books(),
                [("S1", self.account_id, 90, 0, 400, "stop"), ("S1", self.account_id, 5000, 0, 500, "stop")],
                order,
            )
