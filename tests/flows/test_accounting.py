"""From Accounting-Request to the books: nothing lost, nothing twice, and every octet drawn from somebody's plan."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    DAY,
    GB,
    INTERIM,
    LAPTOP,
    LAPTOP_IP,
    NOW,
    OFF,
    ON,
    PHONE,
    SHANGHAI,
    START,
    STOP,
    School,
    first,
)
from tests.vendors.examples import a_packet
from zhuomai_appliance.model.products import AccessPolicy, OnExhaust
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.radius.packet import vendor_attribute
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import network
from zhuomai_appliance.store.interface import Condition, StoreUnavailable


class ReportTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.pack(10 * GB))

    def test_start_interim_stop(self) -> None:
        """A session grows with its reports and ends with the device's own totals and cause."""
        school = self.school
        token = first(school.login(), 25)
        school.report(START, token=token)
        session = school.only_session().session
        self.assertEqual(
            (session.account_id, session.plan_name, session.interim_seconds), (self.account_id, "pack", 300)
        )
        school.clock.advance(300)
        school.report(INTERIM, 300, 1000, 2000, token=token)
        school.clock.advance(50)
        school.report(STOP, 350, 1500, 5000, (49, integer_value(1)), token=token)
        session = school.only_session().session
        self.assertEqual((session.started_at, session.stopped_at, session.cause), (NOW, NOW + 350, 1))
        self.assertEqual(school.sessions(), [("S1", self.account_id, 1500, 5000, 350, "stop")])
        self.assertEqual(school.usage(), [(1, 0, 1500, 5000, 350)])
        self.assertEqual(school.subscriptions(), [(1, "active", 10 * GB - 6500)])

    def test_copies_change_nothing(self) -> None:
        """Each packet sent three times makes the same session and the same charge."""
        school = self.school
        for kind, seconds, up in ((START, 0, 0), (INTERIM, 300, 1000), (STOP, 400, 1500)):
            for _ in range(3):
                self.assertTrue(school.report(kind, seconds, up, at=NOW + seconds))
        self.assertEqual(school.sessions(), [("S1", self.account_id, 1500, 0, 400, "stop")])
        self.assertEqual(school.usage(), [(1, 0, 1500, 0, 400)])

    def test_any_order_gives_the_same_books(self) -> None:
        """Start, two interims and the Stop in all 24 orders end in one session with the same totals and charge."""
        reports = [(START, 0, 0), (INTERIM, 100, 700), (INTERIM, 200, 900), (STOP, 300, 1500)]
        for order in permutations(reports):
            school = School()
            account_id = school.person("20260001", school.pack(10 * GB))
            school.clock.advance(300)
            for kind, seconds, up in order:
                school.report(kind, seconds, up, at=NOW + seconds)
                school.check_usage()
            self.assertEqual(school.sessions(), [("S1", account_id, 1500, 0, 300, "stop")], order)
            self.assertEqual(school.subscriptions(), [(1, "active", 10 * GB - 1500)], order)

    def test_gigawords(self) -> None:
        """Counters beyond 2^32 octets arrive whole."""
        school = self.school
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 5 * 2**32 + 7, 1)
        self.assertEqual(school.sessions()[0][2:4], (5 * 2**32 + 7, 1))
        school.check_usage()

    def test_counter_that_wraps_without_gigawords(self) -> None:
        """A device that sends no gigawords and falls by more than half has turned its counter over once."""
        school = self.school
        school.report(START, gigawords=False)
        school.clock.advance(300)
        school.report(INTERIM, 300, 2**32 - 1000, gigawords=False)
        school.clock.advance(300)
        school.report(INTERIM, 600, 500, gigawords=False)
        self.assertEqual(school.sessions()[0][2], 2**32 + 500)
        school.check_usage()

    def test_class_says_whose_it_is(self) -> None:
        """Our Class wins over the name the device reports: a MAC login is its owner's session."""
        school = self.school
        token = first(school.login(), 25)
        school.report(START, name="a45e60aabbcc", token=token)
        self.assertEqual(school.sessions()[0][1], self.account_id)

    def test_forged_class_is_no_claim(self) -> None:
        """A Class with another account's number and no tag of ours is passed over, and the name counts."""
        school = self.school
        other = school.person("20260002", school.plan())
        token = first(school.login(), 25)
        forged = token[:6] + (b"B" if token[6:7] == b"A" else b"A") + token[7:]
        school.report(START, name="20260002", token=forged)
        self.assertEqual(school.sessions()[0][1], other)

    def test_class_of_another_project_is_no_claim(self) -> None:
        """What one school's device was given draws nothing when another school's device reports it."""
        school = self.school
        token = first(school.login(), 25)
        other = school.write(lambda tx: network.add_project(tx, "other", SHANGHAI.name, NOW))
        stranger = school.add_nas(name="ac9", address=ip_network("192.0.2.99"), project_id=other)
        school.report(START, name="20260001", token=token, nas=stranger)
        school.report(INTERIM, 60, 10, 20, name="20260001", token=token, nas=stranger)
        self.assertEqual(school.sessions(), [("S1", None, 10, 20, 60, None)])
        self.assertEqual(school.usage(), [(0, 0, 10, 20, 60)])

    def test_clock_set_back_counts_nothing_twice(self) -> None:
        """A session that began before our clock was set back by a day goes on in its row, with a Class or without."""
        for number, (mac, has_class) in enumerate(((PHONE, True), (PHONE, False), (None, False))):
            school, sid = self.school, f"S{number}"
            token = first(school.login(mac=mac), 25) if has_class else b""
            who: dict[str, Any] = {"sid": sid, "token": token, "mac": mac}
            school.report(START, **who)
            school.clock.advance(300)
            school.report(INTERIM, 300, 1000, **who)
            school.clock.rightNow -= DAY
            school.clock.advance(300)
            school.report(INTERIM, 600, 1500, **who)
            school.report(STOP, 900, 2500, **who)
            school.report(STOP, 900, 2500, **who)
            books = [row for row in school.sessions() if row[0] == sid]
            self.assertEqual(books, [(sid, self.account_id, 2500, 0, 900, "stop")])
        self.school.check_usage()

    def test_realm_of_the_reported_name_is_cut(self) -> None:
        """Without a Class the account is found by the name before the realm."""
        self.school.report(START, name="20260001@campus")
        self.assertEqual(self.school.sessions()[0][1], self.account_id)

    def test_nobodys_session_is_recorded(self) -> None:
        """A session of an unknown name is kept with its usage, billed to nobody and not ended."""
        school = self.school
        school.report(START, name="stranger")
        school.clock.advance(60)
        school.report(INTERIM, 60, 10, 20, name="stranger")
        self.assertEqual(school.sessions(), [("S1", None, 10, 20, 60, None)])
        self.assertEqual(school.usage(), [(0, 0, 10, 20, 60)])
        self.assertEqual(school.effects(), [])
        school.report(START, sid="S2", mac=LAPTOP, ip=LAPTOP_IP)
        self.assertEqual(school.follow_up.unattributed, 1)

    def test_lost_start(self) -> None:
        """An interim without a Start opens the session with its whole age."""
        school = self.school
        school.clock.advance(600)
        school.report(INTERIM, 600, 70, 80)
        session = school.only_session().session
        self.assertEqual((session.started_at, session.start_lost), (NOW, True))
        school.check_usage()

    def test_lost_stop(self) -> None:
        """A new session of the same device closes the one whose Stop was lost, at its last evidence."""
        school = self.school
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 5, 5)
        school.clock.advance(900)
        school.report(START, sid="S2")
        self.assertEqual(
            school.rows("SELECT acct_session_id, stopped_at, closed_by FROM session ORDER BY id"),
            [("S1", NOW + 300, "stop_lost"), ("S2", None, None)],
        )

    def test_late_larger_stop_is_audited(self) -> None:
        """A second Stop with more than the first corrects the row, its charge, and leaves an audit row."""
        school = self.school
        school.clock.advance(100)
        school.report(STOP, 100, 1000)
        school.report(STOP, 100, 1800)
        self.assertEqual(school.sessions()[0][2], 1800)
        self.assertEqual(school.usage(), [(1, 0, 1800, 0, 100)])
        self.assertEqual(school.rows("SELECT action, before, after FROM audit"), [
            ("session.corrected", '{"input_octets":1000,"output_octets":0}', '{"input_octets":1800,"output_octets":0}')
        ])  # fmt: skip

    def test_midnight_divides_the_day(self) -> None:
        """What was used over midnight is shared between the days by time, and nothing is lost in the halves."""
        school = self.school
        school.clock.advance(14 * 3600 - 300)
        school.report(START)
        school.clock.advance(900)
        school.report(INTERIM, 900, 9001, 90)
        self.assertEqual(school.usage(), [(1, 0, 3000, 30, 300), (1, 1, 6001, 60, 600)])
        school.check_usage()

    def test_restart_closes_what_was_open(self) -> None:
        """Accounting-On and -Off end the device's sessions; what began later, or is another device's, stays."""
        school = self.school
        other = school.add_nas(name="ac2", address=ip_network("192.0.2.2"))
        for kind in (ON, OFF):
            school.report(START, sid=f"K{kind}", mac=None, ip=None, name=f"n{kind}")
            school.report(START, sid=f"O{kind}", mac=None, ip=None, name=f"n{kind}", nas=other)
            school.clock.advance(10)
            self.assertTrue(school.report(kind, sid="boot"))
        closed = [sid for sid, *_, by in school.sessions() if by == "nas_restart"]
        self.assertEqual(closed, ["K7", "K8"])
        school.report(START, sid="new", mac=None, ip=None)
        school.report(ON, sid="boot", at=school.now() - 60)
        self.assertIn(("new", self.account_id, 0, 0, 0, None), school.sessions())

    def test_session_that_lived_through_is_reopened(self) -> None:
        """A session closed by a restart that reports on is the same row again, and is charged once."""
        school = self.school
        school.report(START)
        school.clock.advance(10)
        school.report(ON, sid="boot", mac=None, ip=None)
        school.clock.advance(300)
        school.report(INTERIM, 310, 500, 600)
        self.assertEqual(school.sessions(), [("S1", self.account_id, 500, 600, 310, None)])
        school.check_usage()

    def test_newer_boot_time_is_a_restart(self) -> None:
        """A Huawei device that tells a later start-up than before has restarted, though its On was lost."""
        school = self.school
        booted = vendor_attribute(2011, 59, integer_value(NOW - 5000))
        school.report(START, 0, 0, 0, booted, sid="old", mac=LAPTOP, ip=LAPTOP_IP, name="x")
        school.clock.advance(100)
        again = vendor_attribute(2011, 59, integer_value(NOW + 50))
        school.report(START, 0, 0, 0, again, sid="new")
        self.assertEqual([(sid, by) for sid, *_, by in school.sessions()], [("old", "nas_restart"), ("new", None)])  # fmt: skip

    def test_what_is_no_report_is_not_answered(self) -> None:
        """Without a known status, or without a session id, there is nothing to record and nothing to answer."""
        school = self.school
        self.assertFalse(school.report(9))
        packet = a_packet([(40, integer_value(START))], 4)
        done = self.successResultOf(school.accounting.record(packet, school.nas, "192.0.2.1", NOW))
        self.assertFalse(done)
        self.assertEqual(school.sessions(), [])

    def test_report_that_was_not_stored_is_not_answered(self) -> None:
        """A disk that fails makes the flow fail: silence, so that the device repeats."""
        school = self.school
        school.store.state = replace(school.store.state, condition=Condition.READ_ONLY, reason="disk full")
        with self.assertRaises(StoreUnavailable):
            school.report(START)


class TakeoverTests(SynchronousTestCase):
    """What happens in mid-session when an allowance ends (billing rules §13)."""

    def setUp(self) -> None:
        self.school = School()

    def test_next_in_the_queue_takes_over_without_a_disconnect(self) -> None:
        """Used-up octets go to the octet to the pack, the rest to the plan behind it; the session runs on (W12)."""
        school = self.school
        account_id = school.person("20260001", school.pack(1000), school.plan())
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 400, 1100)
        self.assertEqual(school.subscriptions(), [(1, "exhausted", 0), (2, "active", None)])
        self.assertEqual([(sub, up + down) for sub, _, up, down, _ in school.usage()], [(1, 1000), (2, 500)])
        self.assertEqual(school.effects(), [])
        self.assertEqual(school.sessions(), [("S1", account_id, 400, 1100, 300, None)])
        school.check_usage()

    def test_takeover_with_another_rate_tells_the_device(self) -> None:
        """Where the next plan is slower the running session is changed, not ended."""
        school = self.school
        slow = school.plan("slow", policy=AccessPolicy(rate=RateLimit(1_000_000, 1_000_000)))
        school.person("20260001", school.pack(1000), slow)
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 0, 1500)
        self.assertEqual(school.effects(), [("change:1", "waiting", "")])
        self.assertEqual(school.wakes, 1)

    def test_used_up_is_ended_once(self) -> None:
        """The last octet asks for one Disconnect of every open session of the account, however many reports follow."""
        school = self.school
        policy = AccessPolicy(max_sessions=2)
        school.person("20260001", school.pack(1000, policy=policy))
        school.report(START)
        school.report(START, sid="S2", mac=LAPTOP, ip=LAPTOP_IP)
        for step in range(1, 4):
            school.clock.advance(300)
            school.report(INTERIM, 300 * step, 0, 900 * step)
            school.report(INTERIM, 300 * step, 0, 900 * step, sid="S2", mac=LAPTOP, ip=LAPTOP_IP)
            school.check_usage()
        self.assertEqual(
            [(key, state) for key, state, _ in school.effects()],
            [("disconnect:1", "waiting"), ("disconnect:2", "waiting")],
        )
        self.assertEqual(school.subscriptions(), [(1, "exhausted", 0)])

    def test_throttle_slows_down_and_does_not_end(self) -> None:
        """A plan that slows down after its allowance changes the session and keeps it."""
        school = self.school
        policy = AccessPolicy(on_exhaust=OnExhaust.THROTTLE, throttle=RateLimit(64_000, 64_000))
        school.person("20260001", school.pack(1000, policy=policy))
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 0, 1500)
        self.assertEqual([key for key, _, _ in school.effects()], ["change:1"])
        school.check_usage()

    def test_period_that_ended_between_reports(self) -> None:
        """A month that ends between two reports is charged up to its end by time, the next from there."""
        school = self.school
        school.person("20260001", school.plan(), school.plan())
        school.clock.advance(30 * DAY - 100)
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 0, 3000)
        self.assertEqual(
            [(sub, down, seconds) for sub, _, _, down, seconds in school.usage()],
            [(1, 1000, 100), (2, 2000, 200)],
        )
        self.assertEqual([state for _, state, _ in school.subscriptions()], ["finished", "active"])
        self.assertEqual(school.effects(), [])


STEPS = st.lists(
    st.tuples(
        st.sampled_from([START, INTERIM, INTERIM, STOP]),
        st.sampled_from(["A", "B"]),
        st.integers(0, 900),
        st.integers(0, 3000),
        st.integers(0, 3000),
        st.booleans(),
    ),
    max_size=12,
)


@given(STEPS)
def test_usage_always_sums_up_to_the_counters(steps: list[tuple[int, str, int, int, int, bool]]) -> None:
    """Whatever reports come in whatever order: the usage kept by plan and day is what the sessions counted."""
    school = School()
    school.person("20260001", school.pack(2500), school.pack(1500), school.plan())
    for kind, sid, seconds, up, down, gigawords in steps:
        school.clock.advance(seconds // 3)
        mac = PHONE if sid == "A" else LAPTOP
        assert school.report(kind, seconds, up, down, sid=sid, mac=mac, ip=None, gigawords=gigawords)
        school.check_usage()
    drawn: dict[int, int] = dict(
        school.rows("SELECT subscription_id, SUM(input_octets + output_octets) FROM usage GROUP BY 1")
    )
    for subscription_id, size in ((1, 2500), (2, 1500)):
        ((left,),) = school.rows(f"SELECT octets_left FROM subscription WHERE id = {subscription_id}")
        assert left == size - drawn.get(subscription_id, 0)
