"""The accounting interval: plain for whoever comes alone, spread in a crowd, shorter near the end of an allowance."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import GB, INTERIM, START, School, first, number
from tests.flows.test_report_group import Together
from zhuomai_appliance.flows.intervals import CROWD, Intervals
from zhuomai_appliance.model.network import NasId, Vendor
from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.model.traffic import RateLimit

AC = NasId(1)


def test_few_get_the_plain_interval() -> None:
    """What was set is what a phone on trial is told."""
    intervals = Intervals()
    assert {intervals.tell(AC, bytes([n]), 300, 1000) for n in range(CROWD)} == {300}
    assert intervals.tell(AC, b"later", 300, 1030) == 300
    assert intervals.tell(NasId(2), b"elsewhere", 300, 1030) == 300


def test_a_crowd_is_spread() -> None:
    """A thousand logins at once get every interval within a tenth, evenly, and the same login always the same."""
    intervals = Intervals()
    told = [intervals.tell(AC, b"token %d" % n, 300, 1000) for n in range(1000)][CROWD:]
    assert (min(told), max(told)) == (270, 330)
    assert len(set(told)) == 61
    assert 298 < sum(told) / len(told) < 302
    assert intervals.tell(AC, b"token 999", 300, 1000) == told[-1]
    assert intervals.told(b"token 999") == (told[-1] if told[-1] != 300 else None)
    assert intervals.told(b"token 999") is None


def test_never_under_a_minute() -> None:
    """RFC 2869 §5.16: a minute is the shortest."""
    intervals = Intervals()
    told = {intervals.tell(AC, b"token %d" % n, 60, 1000) for n in range(500)}
    assert (min(told), max(told)) == (60, 66)


class StoredTests(SynchronousTestCase):
    def test_what_was_told_is_what_is_expected(self) -> None:
        """A session of a crowd is measured, and judged stale, by the interval that its device was told."""
        school = School()
        told = []
        for n in range(CROWD + 5):
            mac = f"a4:5e:60:00:00:{n:02x}"
            school.person(f"p{n}", school.plan())
            answer = school.login(f"p{n}", mac=mac, ip=None)
            told.append(number(answer, 85))
            school.report(START, sid=f"S{n}", name=f"p{n}", mac=mac, ip=None, token=first(answer, 25))
        self.assertEqual(told[:CROWD], [300] * CROWD)
        self.assertNotEqual(told[CROWD:], [300] * 5)
        stored = school.rows("SELECT interim_seconds FROM session ORDER BY id")
        self.assertEqual([row[0] for row in stored], told)


class ShorterTests(SynchronousTestCase):
    """When what is left could be drawn within two intervals, the device is told to report more often (semantics §6)."""

    def school(self, **nas: Any) -> School:
        school = School()
        policy = AccessPolicy(rate=RateLimit(4_000_000, 4_000_000))
        school.person("20260001", school.pack(GB, policy=policy))
        if nas:
            school.nas = school.add_nas(name="other", address=ip_network("192.0.2.7"), **nas)
        school.report(START)
        return school

    def use(self, school: School, octets: int) -> None:
        school.clock.advance(300)
        seconds = school.now() - school.only_session().session.started_at
        school.report(INTERIM, seconds, 0, octets)
        school.dispatch()

    def test_near_the_end(self) -> None:
        """At 8 Mbit/s 300 MB last 300 s: a CoA with 150 s, once, and the session is expected by that."""
        school = self.school()
        self.use(school, 300_000_000)
        self.assertEqual(school.control.kinds(), [])
        self.use(school, 700_000_000)
        ((kind, _, attributes),) = school.control.asked
        self.assertEqual((kind, int.from_bytes(dict(attributes)[85], "big")), ("change", 150))
        self.assertEqual(school.only_session().session.interim_seconds, 150)
        self.use(school, 701_000_000)
        self.assertEqual(school.control.kinds(), ["change"])

    def test_device_that_cannot_be_told(self) -> None:
        """A maker without such a CoA keeps its interval, and its session."""
        school = self.school(vendor=Vendor.STANDARD)
        self.use(school, 900_000_000)
        self.assertEqual((school.control.kinds(), school.effects()), ([], []))

    def test_reports_that_are_recorded_together(self) -> None:
        """The same for reports that share a transaction."""
        school = self.school()
        store: Any = Together(school)
        school.accounting._store = store
        school.clock.advance(300)
        school.report(INTERIM, 300, 0, 600_000_000)
        school.report(INTERIM, 299, 0, 500_000_000)
        self.assertEqual(store.flush(), 2)
        self.assertEqual([row[0] for row in school.effects()], ["change:1"])
