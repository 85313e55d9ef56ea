"""What the next report of a session shows: whether a promised rate is in force, and that a marked session lives."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, HUAWEI, INTERIM, RATE, START, STOP, School
from zhuomai_appliance.flows import effects, housekeeping
from zhuomai_appliance.flows.alarms import AlarmKind
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.flows.watched import Watched
from zhuomai_appliance.model.access import Ipv6Kind, SessionId
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.radius.packet import Attribute, vendor_attribute
from zhuomai_appliance.radius.values import address6_value, integer_value, prefix6_value
from zhuomai_appliance.store import reports, session_addresses
from zhuomai_appliance.store.reports_access import OnlineFilter, SessionFilter, ipv6_of
from zhuomai_appliance.store.reports_query import Page

ONE = SessionId(1)
OTHER = RateLimit(1_000_000, 2_000_000)


def rates(limit: RateLimit) -> tuple[Attribute, ...]:
    """As a Huawei campus device reports what is in force."""
    return (
        vendor_attribute(HUAWEI, 2, integer_value(limit.up_bps)),
        vendor_attribute(HUAWEI, 5, integer_value(limit.down_bps)),
    )


class RateTests(SynchronousTestCase):
    """A CoA was acknowledged: the accounting shows whether it took effect (semantics §7)."""

    def setUp(self) -> None:
        self.school = school = School()
        self.account_id = school.person("20260001", school.plan())
        school.report(START)
        self.change(must=True)

    def change(self, *, must: bool) -> None:
        school = self.school
        school.write(lambda tx: effects.change_session(tx, ONE, school.project, school.now(), must=must))
        school.dispatch()

    def report(self, limit: RateLimit) -> None:
        school = self.school
        school.clock.advance(300)
        seconds = school.now() - school.only_session().session.started_at
        school.report(INTERIM, seconds, seconds, seconds, *rates(limit))

    def effect(self, kind: str) -> tuple[str, str]:
        (found,) = [(state, said) for key, state, said in self.school.effects() if key == f"{kind}:1"]
        return found

    def test_same_rate_verifies(self) -> None:
        """The next interim reports the rate: that is noted, and nothing is asked again."""
        self.assertEqual(self.effect("change"), ("done", "ack"))
        self.assertEqual(self.effect("verify")[0], "waiting")
        self.report(RATE)
        self.assertEqual(self.effect("verify"), ("done", "the device reports the rate that it was given"))
        self.school.dispatch()
        self.assertEqual((self.school.control.kinds(), self.school.alarms.standing()), (["change"], []))

    def test_other_rate_is_asked_once_more_and_then_ended(self) -> None:
        """A device that does something else alarms, is asked once more, and at the second lie the session ends."""
        school = self.school
        self.report(OTHER)
        self.assertEqual(self.effect("verify"), ("failed", "given 4M/8M, reported 1M/2M"))
        self.assertEqual([alarm.kind for alarm in school.alarms.standing()], [AlarmKind.RATE_DIFFERS])
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["change", "change"])
        self.report(OTHER)
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["change", "change", "disconnect"])

    def test_second_try_that_works(self) -> None:
        """When the second CoA takes effect the alarm is over and the session goes on."""
        school = self.school
        self.report(OTHER)
        school.dispatch()
        self.report(RATE)
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["change", "change"])
        self.assertEqual(school.alarms.standing(), [])

    def test_a_longer_stay_ends_nobody_for_a_rate(self) -> None:
        """Where the change was a courtesy, a device that reports something else keeps the session."""
        self.report(RATE)
        self.change(must=False)
        for _ in range(3):
            self.report(OTHER)
            self.school.dispatch()
        self.assertEqual(self.school.control.kinds(), ["change"] * 3)

    def test_report_from_before_the_change_proves_nothing(self) -> None:
        """An interim that was on its way when the device acknowledged tells the old rate."""
        self.school.report(INTERIM, 0, 1, 1, *rates(OTHER))
        self.assertEqual(self.effect("verify")[0], "waiting")

    def test_no_report_since(self) -> None:
        """When two intervals bring no report, it is said that nothing was proved."""
        self.school.clock.advance(2 * 300 + 61)
        self.school.dispatch()
        self.assertEqual(self.effect("verify"), ("failed", "the device has not reported since"))
        self.assertEqual(self.school.watched.ids, set())

    def test_a_promise_survives_a_restart(self) -> None:
        """A new process knows what was promised."""
        watched = Watched()
        watched.load(self.school.store.reader)
        expected = watched.expected(ONE)
        assert expected is not None
        self.assertEqual((expected.rate, expected.must), (RATE, True))


class MarkedTests(SynchronousTestCase):
    def test_marked_session_is_asked_for_with_its_next_report(self) -> None:
        """A device that was silent and reports the session on is asked again at once, with every interim, until it ends."""
        school = School()
        school.person("20260001", school.plan())
        school.report(START)
        school.clock.advance(31 * DAY)
        school.control.script = [ControlResult(ControlOutcome.SILENT, None)] * 2
        school.write(lambda tx: effects.end_session(tx, ONE, school.project, "expired", school.now()))
        school.dispatch()
        for seconds in (300, 600):
            school.clock.advance(300)
            school.report(INTERIM, 31 * DAY + seconds, seconds, seconds)
            school.dispatch()
        self.assertEqual(school.control.kinds(), ["disconnect"] * 3)
        self.assertEqual(school.effects()[0][:2], ("disconnect:1", "done"))


class Ipv6Tests(SynchronousTestCase):
    """IPv6 addresses of sessions: kept, searched, shown (features C13)."""

    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person("20260001", self.school.plan())

    def report(self, kind: int, seconds: int, *more: Attribute, sid: str = "S1") -> None:
        self.school.report(kind, seconds, seconds, seconds, *more, sid=sid)

    def found(self, words: str) -> list[str]:
        """Acct-Session-Ids of the log at an address."""
        rows = reports.sessions(self.school.store.reader, (), SessionFilter(ip=words), Page())
        return [row.acct_session_id for row in rows]

    def test_every_address_of_start_interim_and_stop(self) -> None:
        """Whatever kind of report names an address first, all of them are the session's, each once."""
        school = self.school
        self.report(START, 0, (168, address6_value("2001:db8::1")), (97, prefix6_value("2001:db8:0:1::/64")))
        school.clock.advance(300)
        self.report(INTERIM, 300, (168, address6_value("2001:db8::1")), (168, address6_value("2001:db8::2")))
        school.clock.advance(300)
        self.report(INTERIM, 600, (168, address6_value("2001:db8::2")))
        self.report(STOP, 600, (123, prefix6_value("2001:db8:100::/56")))
        rows = school.rows("SELECT kind, first_seen_at FROM session_address ORDER BY first_seen_at, low")
        start = school.only_session().session.started_at
        self.assertEqual(
            rows,
            [
                (Ipv6Kind.ADDRESS.value, start),
                (Ipv6Kind.PREFIX.value, start),
                (Ipv6Kind.ADDRESS.value, start + 300),
                (Ipv6Kind.DELEGATED.value, start + 600),
            ],
        )
        (row,) = reports.sessions(school.store.reader, (), SessionFilter(), Page(), with_addresses=True)
        self.assertEqual(
            row.ipv6_networks,
            ("2001:db8::1", "2001:db8:0:1::/64", "2001:db8::2", "2001:db8:100::/56"),
        )

    def test_search_by_address_and_inside_a_prefix(self) -> None:
        """The log is found by an exact address, in any writing, and by any address inside a prefix of the session."""
        self.report(START, 0, (168, address6_value("2001:db8::1")))
        self.school.report(
            START,
            0,
            0,
            0,
            (123, prefix6_value("2001:db8:100::/56")),
            sid="S2",
            mac="a4:5e:60:00:00:02",
            ip=None,
        )
        for words, expected in (
            ("2001:0db8:0000::0001", ["S1"]),
            ("2001:db8::2", []),
            ("2001:db8:100:ff::9", ["S2"]),
            ("2001:db8:100:100::9", []),
        ):
            self.assertEqual(self.found(words), expected, words)

    def test_sessions_moved_to_their_month_are_found(self) -> None:
        """Months later a session is still found by its address."""
        school = self.school
        self.report(START, 0, (168, address6_value("2001:db8::1")))
        self.report(STOP, 1)
        school.clock.advance(3 * DAY)
        school.run(housekeeping.move_finished(school.store, school.now()))
        self.assertEqual(school.sessions(), [])
        self.assertEqual(self.found("2001:db8::1"), ["S1"])

    def test_live_page_finds_and_shows_them(self) -> None:
        """Whoever is online is found by an address typed into the live page, which shows all of the session's."""
        school = self.school
        self.report(START, 0, (168, address6_value("2001:db8::1")), (123, prefix6_value("2001:db8:1::/56")))
        self.school.report(START, sid="S2", mac="a4:5e:60:00:00:02", ip=None)
        page = reports.online(
            school.store.reader, (), OnlineFilter(words="2001:db8:1::77"), Page(), school.now()
        )
        self.assertEqual([row.ipv6_networks for row in page.rows], [("2001:db8::1", "2001:db8:1::/56")])
        self.assertEqual(page.sums.sessions, 1)

    def test_values_of_a_wrong_size_are_no_address(self) -> None:
        """A device's nonsense is left out, and the report counts."""
        self.report(START, 0, (168, b"\x20\x01"), (97, b"\0"), (123, b"\0\xff" + bytes(16)))
        self.assertEqual(self.school.rows("SELECT * FROM session_address"), [])
        self.assertEqual(len(self.school.sessions()), 1)

    def test_odd_lengths_are_found_too(self) -> None:
        """A prefix of any length holds its addresses, its first and its last."""
        reader, project = self.school.store.reader, self.school.project
        self.report(START, 0, (123, prefix6_value("2001:db8:0:8::/61")))
        for words, ids in (
            ("2001:db8:0:8::", (1,)),
            ("2001:db8:0:f:ffff:ffff:ffff:ffff", (1,)),
            ("2001:db8:0:10::", ()),
        ):
            address = ipv6_of(words)
            assert address is not None
            self.assertEqual(session_addresses.sessions_at(reader, (project,), address), ids)

    def test_another_projects_addresses_are_none_of_ours(self) -> None:
        """A search looks into the projects it may."""
        self.report(START, 0, (168, address6_value("2001:db8::1")))
        address = ipv6_of("2001:db8::1")
        assert address is not None
        found = session_addresses.sessions_at(self.school.store.reader, (self.school.project + 1,), address)
        self.assertEqual(found, ())
