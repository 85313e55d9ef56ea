"""Accounting beyond one session's row (semantics §6): whole devices, stand-ins, clients without an address, clocks."""

from __future__ import annotations

from ipaddress import ip_network
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import GB, INTERIM, NOW, OFF, ON, SHANGHAI, START, STOP, School, first
from tests.vendors.examples import a_nas, a_packet
from zhuomai_appliance.flows.accounting import AccountingFlow
from zhuomai_appliance.radius.packet import Attribute, vendor_attribute
from zhuomai_appliance.radius.values import address6_value, integer_value, prefix6_value
from zhuomai_appliance.store import network
from zhuomai_appliance.vendors import profile_of
from zhuomai_appliance.vendors.requests import event_time, report_from

PORT: tuple[int, bytes] = (87, b"slot=0;subslot=0;port=12;vlanid=100")


@pytest.mark.parametrize(
    ("stamp", "delay", "expected"),
    [
        (None, None, 0),
        (None, 30, -30),
        (0, None, 0),
        (-600, None, -600),
        (600, None, 600),
        (-601, None, 0),
        (601, None, 0),
        (-900, 600, -900),
        (-30, 630, -30),
        (-29, 630, -630),
        (-40_000_000, 5, -5),
    ],
)
def test_semantics_6_time_of_event(stamp: int | None, delay: int | None, expected: int) -> None:
    """Event-Timestamp counts within 10 minutes of arrival less Acct-Delay-Time, else that does: clocks are often wrong."""
    attributes: list[Attribute] = [(40, integer_value(3)), (44, b"S")]
    if stamp is not None:
        attributes.append((55, integer_value(NOW + stamp)))
    if delay is not None:
        attributes.append((41, integer_value(delay)))
    packet = a_packet(attributes, 4)
    assert event_time(packet, NOW) == NOW + expected
    report = report_from(packet, a_nas(), profile_of(a_nas().vendor), NOW)
    assert report is not None
    assert (report.at, report.arrived_at) == (NOW + expected, NOW)


class RivalTests(SynchronousTestCase):
    """A new session of a client whose old one is still open: its Stop was lost."""

    def setUp(self) -> None:
        self.school = School()

    def closed(self) -> list[tuple[str, str | None]]:
        return [(sid, by) for sid, *_, by in self.school.sessions()]

    def test_semantics_6_same_port_and_user_without_an_address(self) -> None:
        """Where the device tells no client address, the same user on the same port is the same client."""
        school = self.school
        school.report(START, 0, 0, 0, PORT, mac=None, ip=None)
        school.report(START, 0, 0, 0, PORT, sid="S2", mac=None, ip=None)
        self.assertEqual(self.closed(), [("S1", "stop_lost"), ("S2", None)])

    def test_semantics_6_other_port_or_user(self) -> None:
        """Another port, another user, or a port that is not told, is another client."""
        school = self.school
        school.report(START, 0, 0, 0, PORT, mac=None, ip=None)
        school.report(START, 0, 0, 0, (87, b"slot=0;port=13"), sid="S2", mac=None, ip=None)
        school.report(START, 0, 0, 0, PORT, sid="S3", name="20260002", mac=None, ip=None)
        school.report(START, sid="S4", mac=None, ip=None)
        school.report(START, sid="S5", mac=None, ip=None)
        self.assertEqual(self.closed(), [(f"S{n}", None) for n in range(1, 6)])


class StandInTests(SynchronousTestCase):
    """Two devices that stand in for each other (H3C 207): one session comes from two addresses."""

    def setUp(self) -> None:
        self.school = school = School()
        self.account_id = school.person("20260001", school.pack(10 * GB))
        self.token = first(school.login(), 25)
        self.backup = school.add_nas(name="ac1b", address=ip_network("192.0.2.2"))
        school.report(START, token=self.token)
        school.clock.advance(300)
        school.report(INTERIM, 300, 1000, 2000, token=self.token)

    def test_session_that_the_stand_in_takes_over(self) -> None:
        """The same Class and id from the other device is the same session: one row, nothing charged twice, either way."""
        school = self.school
        for step, nas in enumerate((self.backup, school.nas, self.backup), 2):
            school.clock.advance(300)
            school.report(INTERIM, 300 * step, 1000 * step, 2000 * step, token=self.token, nas=nas)
        self.assertEqual(school.sessions(), [("S1", self.account_id, 4000, 8000, 1200, None)])
        self.assertEqual(school.only_session().session.nas_address, "192.0.2.2")
        school.report(STOP, 1200, 4000, 8000, token=self.token, nas=self.backup)
        self.assertEqual(school.subscriptions(), [(1, "active", 10 * GB - 12_000)])
        school.check_usage()

    def test_forged_class_takes_nothing_over(self) -> None:
        """Without a Class of ours the other device's session is another one, and leaves this one alone."""
        school = self.school
        for token in (b"", b"z1" + self.token[2:-1] + b"x"):
            school.report(INTERIM, 300, 9, 9, token=token, name="x", nas=self.backup)
        self.assertEqual(school.sessions()[0], ("S1", self.account_id, 1000, 2000, 300, None))
        self.assertEqual(len(school.sessions()), 2)

    def test_another_schools_device_takes_nothing_over(self) -> None:
        """A Class is worth something in its own project only."""
        school = self.school
        other = school.write(lambda tx: network.add_project(tx, "other", SHANGHAI.name, NOW))
        stranger = school.add_nas(name="ac9", address=ip_network("192.0.2.99"), project_id=other)
        school.report(INTERIM, 600, 9000, 9000, token=self.token, nas=stranger)
        self.assertEqual(school.sessions()[0], ("S1", self.account_id, 1000, 2000, 300, None))


AHEAD = 7200


class BootTests(SynchronousTestCase):
    """The start-up stamp of Huawei and H3C: a restart whose Accounting-On was lost (vendor notes §2, §4)."""

    def boot(self, school: School, at: int, sid: str) -> None:
        stamp = vendor_attribute(2011, 59, integer_value(at))
        mac = f"a4:5e:60:00:00:{len(sid):02x}"
        school.report(START, 0, 0, 0, stamp, sid=sid, name=sid, mac=mac, ip=None)

    def listen_anew(self, school: School) -> None:
        """As a process that knows of no boot time yet."""
        school.accounting = AccountingFlow(
            school.store,
            school.vault,
            school.tables,
            school.reservations,
            school.wake,
            follow_up=school.follow_up,
        )

    def closers(self, school: School) -> list[str | None]:
        return [by for *_, by in school.sessions()]

    def test_restart_while_nobody_listened(self) -> None:
        """The first stamp that a new process hears ends what was last heard of before it."""
        school = School()
        self.boot(school, NOW - 5000, "s")
        school.clock.advance(1000)
        self.listen_anew(school)
        self.boot(school, NOW + 500, "later")
        self.assertEqual([(sid, by) for sid, *_, by in school.sessions()], [("s", "nas_restart"), ("later", None)])  # fmt: skip

    def test_stamp_from_the_future(self) -> None:
        """A device whose clock is ahead does not end what it has just reported."""
        school = School()
        self.boot(school, NOW - 5000, "s")
        school.clock.advance(100)
        self.boot(school, NOW + 50_000, "later")
        self.assertEqual([by for *_, by in school.sessions()], [None, None])

    def ahead(self, school: School, kind: int, boot: int, sid: str, seconds: int = 0) -> None:
        """A report of a device whose clock is two hours ahead, in both of its times."""
        stamp = vendor_attribute(2011, 59, integer_value(boot + AHEAD))
        told_at = school.now() + AHEAD
        school.report(
            kind, seconds, 0, 0, stamp, sid=sid, name=sid, mac=f"a4:5e:60:00:00:{len(sid):02x}", ip=None,
            at=told_at,
        )  # fmt: skip

    def test_semantics_6_boot_time_of_a_clock_two_hours_ahead(self) -> None:
        """By its own clock the device started after what it has had online for hours: nothing is closed, ever."""
        school = School()
        boot = NOW - 60
        self.ahead(school, START, boot, "s")
        school.clock.advance(3 * 3600)
        self.listen_anew(school)
        self.ahead(school, START, boot, "later")
        self.assertEqual(self.closers(school), [None, None])
        self.ahead(school, INTERIM, boot, "s", 3 * 3600)
        self.assertEqual(self.closers(school), [None, None])

    def test_semantics_6_true_restart_of_a_clock_two_hours_ahead(self) -> None:
        """Its restart is known as soon as it is told, and closes once what was online before."""
        school = School()
        self.ahead(school, START, NOW - 5000, "s")
        school.clock.advance(100)
        self.ahead(school, START, NOW + 90, "later")
        self.assertEqual(self.closers(school), ["nas_restart", None])
        school.clock.advance(7200)
        self.ahead(school, START, NOW + 90, "later still")
        self.assertEqual(self.closers(school), ["nas_restart", None, None])

    def test_semantics_6_boot_time_that_sessions_speak_against(self) -> None:
        """Without an Event-Timestamp: a session that goes on since before the boot, or one that began long after it."""
        for spoken in (True, False):
            school = School()
            school.report(START, sid="silent", name="silent", mac="a4:5e:60:00:00:01", ip=None)
            school.report(START, sid="long", name="long", mac="a4:5e:60:00:00:02", ip=None)
            school.clock.advance(7200)
            if not spoken:
                school.report(START, sid="young", name="young", mac="a4:5e:60:00:00:03", ip=None)
            before = self.closers(school)
            stamp = vendor_attribute(2011, 59, integer_value(NOW + 3600))
            for kind, sid, mac, seconds in ((INTERIM, "long", "02", 7200), (START, "new", "04", 0))[
                not spoken :
            ]:
                school.report(
                    kind, seconds, 0, 0, stamp, sid=sid, name=sid, mac=f"a4:5e:60:00:00:{mac}", ip=None
                )
            self.assertEqual(self.closers(school), [*before, None], spoken)

    def test_semantics_6_stop_kept_over_a_restart(self) -> None:
        """A Stop from before the boot that comes after it speaks for no session that lived through."""
        school = School()
        school.report(START, sid="silent", name="silent", mac="a4:5e:60:00:00:01", ip=None)
        school.report(START, sid="kept", name="kept", mac="a4:5e:60:00:00:02", ip=None)
        school.clock.advance(7200)
        stamp = vendor_attribute(2011, 59, integer_value(NOW + 7190))
        school.report(STOP, 7180, 0, 0, stamp, sid="kept", name="kept", mac="a4:5e:60:00:00:02", ip=None)
        self.assertEqual(self.closers(school), ["nas_restart", "stop"])


Event = tuple[int, int, int]


@settings(max_examples=60)
@given(st.data())
def test_any_order_with_a_restart_and_addresses(data: st.DataObject) -> None:
    """An On or Off somewhere among a session's packets, in any order and with copies: the same row, charge and addresses.

    The device reports the session on after it, so it has lived through; IPv6 addresses come one after the other.
    """
    session: list[Event] = [(START, 0, 0), (INTERIM, 200, 700), (INTERIM, 400, 900), (STOP, 600, 1500)]
    restart: Event = (data.draw(st.sampled_from([ON, OFF])), data.draw(st.integers(1, 599)), 0)
    packets = data.draw(
        st.permutations([*session, restart, *data.draw(st.lists(st.sampled_from(session), max_size=3))])
    )
    school = School()
    account_id = school.person("20260001", school.pack(10 * GB))
    school.clock.advance(600)
    for kind, seconds, up in packets:
        if kind in (ON, OFF):
            school.report(kind, sid="boot", mac=None, ip=None, at=NOW + seconds)
            continue
        address = (168, address6_value(f"2001:db8::{seconds // 200 + 1:x}"))
        school.report(kind, seconds, up, 0, address, at=NOW + seconds)
        school.check_usage()
    assert school.sessions() == [("S1", account_id, 1500, 0, 600, "stop")]
    assert school.subscriptions() == [(1, "active", 10 * GB - 1500)]
    addresses = school.rows("SELECT low FROM session_address ORDER BY low")
    assert [int(low, 16) & 0xF for (low,) in addresses] == [1, 2, 3, 4]


def test_semantics_6_restart_in_every_place() -> None:
    """An On dated in mid-session, wherever it arrives among the packets: one row with the Stop's own totals."""
    reports = [(START, 0, 0), (INTERIM, 300, 700), (STOP, 600, 1500), (ON, 450, 0)]
    for order in permutations(reports):
        school = School()
        school.clock.advance(600)
        for kind, seconds, up in order:
            sid = "boot" if kind == ON else "S1"
            school.report(kind, seconds, up, sid=sid, at=NOW + seconds)
        assert school.sessions() == [("S1", None, 1500, 0, 600, "stop")], order


def test_semantics_6_delegated_prefix_of_a_stop_alone() -> None:
    """A session of which only the Stop was heard has the addresses that the Stop names."""
    school = School()
    school.clock.advance(600)
    school.report(STOP, 600, 5, 5, (123, prefix6_value("2001:db8:100::/56")))
    assert school.rows("SELECT kind FROM session_address") == [("delegated",)]
