"""Rules from the site to the device: logins are refused and bounded, and sessions that run end where they must."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_network
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import (
    DAY,
    LAPTOP,
    NOW,
    PHONE,
    SHANGHAI,
    START,
    School,
    huawei_number,
    number,
    reason,
    station,
)
from tests.vendors.examples import a_packet
from zhuomai_appliance.flows import effects, session_rules
from zhuomai_appliance.flows.session_rules import Patrol
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    DayKind,
    Days,
    Holiday,
    RuleAction,
    RuleId,
    VlanSpan,
    parse_window,
)
from zhuomai_appliance.model.moment import day_of, parse_rfc3339
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind, Vendor
from zhuomai_appliance.model.people import BindingMode, Group, GroupId
from zhuomai_appliance.model.products import AccessPolicy
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import access_rules, accounts, network, products

NIGHTS = (parse_window("Sun-Thu 23:00-08:00"),)
PLENTY = AccessPolicy(max_sessions=0, rate=RateLimit(4_000_000, 8_000_000))


class RuledTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = school = School()
        self.students = school.write(
            lambda tx: products.add_group(tx, Group(GroupId(0), school.project, None, "students"))
        )
        self.freshmen = school.write(
            lambda tx: products.add_group(tx, Group(GroupId(0), school.project, self.students.id, "freshmen"))
        )
        self.plan = school.plan(policy=PLENTY)
        self.account_id = school.person("20260001", self.plan, group_id=self.freshmen.id)
        school.reload()

    def rule(self, position: int = 1, action: RuleAction = RuleAction.DENY, **changes: Any) -> None:
        school = self.school
        rule = AccessRule(RuleId(0), school.project, position, f"rule {position}", action, **changes)
        school.write(lambda tx: access_rules.add_rule(tx, rule, "test", NOW))
        school.reload()

    def dial(self, vlan: int) -> str:
        """PPPoE through a BAS that writes the VLAN into NAS-Port-Id."""
        port = (87, f"slot=1;subslot=0;port=3;vlanid={vlan};".encode())
        attributes = [(1, b"20260001"), (2, bytes(16)), (6, integer_value(2)), (7, integer_value(1)), port]
        packet = a_packet([*attributes, *station(PHONE, None)])
        return reason(
            self.school.ask(packet, b"pass-word", replace(self.school.nas, vendor=Vendor.HUAWEI_BRAS))
        )

    def test_pppoe_by_vlan(self) -> None:
        """A13: dialling is refused in the VLANs that the rule names and nowhere else, the portal is not touched."""
        self.rule(kinds=(AccessKind.PPPOE,), vlans=(VlanSpan(100, 199),))
        self.assertEqual([self.dial(vlan) for vlan in (99, 100, 199, 200)], [
            "accepted", "place_not_allowed", "place_not_allowed", "accepted",
        ])  # fmt: skip
        self.assertEqual(reason(self.school.login()), "accepted")
        ((detail,),) = self.school.rows("SELECT DISTINCT detail FROM attempt_202611 WHERE accepted = 0")
        self.assertEqual(detail, "rule rule 1")

    def test_groups_below_are_meant_too(self) -> None:
        """A rule of the students holds for the freshmen among them, and for nobody outside."""
        self.rule(group_id=self.students.id)
        self.school.person("teacher", self.plan)
        self.assertEqual(reason(self.school.login()), "place_not_allowed")
        self.assertEqual(reason(self.school.login("teacher", mac=LAPTOP)), "accepted")

    def test_hours_bound_the_timeout_and_refuse(self) -> None:
        """A21: Wednesday 10:00 gets the time to 23:00; in the night the answer says when it opens."""
        self.rule(hours=NIGHTS, reason="lights out")
        self.assertEqual(number(self.school.login(), 27), 13 * 3600)
        self.school.clock.advance(13 * 3600)
        self.assertEqual(reason(self.school.login()), "outside_hours")
        self.school.clock.advance(9 * 3600)
        self.assertEqual(number(self.school.login(), 27), 15 * 3600)

    def test_the_calendar_is_asked(self) -> None:
        """Tomorrow is a holiday: the night before it closes, the holiday's own does not."""
        school = self.school
        tomorrow = day_of(date(2026, 11, 26))
        school.write(
            lambda tx: access_rules.put_holiday(
                tx, Holiday(school.project, tomorrow, DayKind.HOLIDAY, "free")
            )
        )
        self.rule(hours=(parse_window("23:00-24:00"),), days=Days.WORKDAYS)
        self.assertEqual(number(school.login(), 27), 13 * 3600)
        school.clock.advance(14 * 3600)
        self.assertEqual(number(school.login(), 27), 47 * 3600)

    def test_visitors_get_the_rules_rate(self) -> None:
        """A17: one network is slow for everybody, the address segment decides where the SSID does not."""
        school = self.school
        rate_id = school.write(
            lambda tx: products.add_rate(tx, school.project, "2M", RateLimit(1_000_000, 2_000_000))
        )
        self.rule(1, RuleAction.ALLOW, networks=(ip_network("10.9.7.0/24"),), rate_id=rate_id)
        slow, fast = school.login(ip="10.9.7.9"), school.login(ip="10.9.8.9")
        self.assertEqual((huawei_number(slow, 5), huawei_number(fast, 5)), (2_000_000, 8_000_000))

    # Sessions that run ---------------------------------------------------------------------------------------------------

    def test_a_rule_made_now_ends_who_is_online(self) -> None:
        """A session that a new rule forbids is asked to end once, at its device; others go on."""
        school = self.school
        school.person("teacher", self.plan)
        for name, mac, sid in (("20260001", PHONE, "S1"), ("teacher", LAPTOP, "S2")):
            school.login(name, mac=mac)
            school.report(START, name=name, mac=mac, sid=sid)
        self.assertEqual(self.patrol(), 0)
        self.rule(group_id=self.students.id)
        self.assertEqual(self.patrol(), 1)
        self.assertEqual(self.patrol(), 0)
        self.assertEqual(
            [key for key, _, _ in school.effects()], [effects.disconnect_key(self.session_of("S1"))]
        )

    def test_the_device_has_a_moment_to_end_it_itself(self) -> None:
        """At the end of the window Session-Timeout does it; only who is still there five seconds later is ended."""
        self.rule(hours=NIGHTS)
        self.school.login()
        self.school.report(START)
        self.school.clock.advance(13 * 3600 + session_rules.GRACE_SECONDS - 1)
        self.assertEqual(self.patrol(), 0)
        self.school.clock.advance(1)
        self.assertEqual(self.patrol(), 1)

    def test_a_device_that_is_blocked_now_has_to_go(self) -> None:
        """A list entry ends the session of the device, the address or the phone that it names; an exception spares."""
        school = self.school
        school.person("caller", self.plan, person=accounts.PersonData(phone="13800000001"))
        for name, mac, ip, sid in (
            ("20260001", PHONE, "10.9.1.2", "S1"),
            ("caller", LAPTOP, "10.9.1.3", "S2"),
        ):
            school.login(name, mac=mac, ip=ip)
            school.report(START, name=name, mac=mac, ip=ip, sid=sid)
        self.list(ListKind.IP, ListAction.DENY, "10.9.0.0/16")
        self.list(ListKind.MAC, ListAction.ALLOW, LAPTOP)
        self.assertEqual(self.patrol(), 1)
        self.assertEqual(
            [key for key, _, _ in school.effects()], [effects.disconnect_key(self.session_of("S1"))]
        )
        self.list(ListKind.PHONE, ListAction.DENY, "13800000001")
        self.assertEqual(self.patrol(), 1)

    def test_people_from_elsewhere_are_looked_at_too(self) -> None:
        """A session of nobody's here ends by a rule for everybody, and not by one of a group."""
        self.school.report(START, name="guest@edu.cn")
        self.rule(1, group_id=self.students.id)
        self.assertEqual(self.patrol(), 0)
        self.rule(2, ssids=(), kinds=(AccessKind.PORTAL,))
        self.assertEqual(self.patrol(), 1)

    def test_all_pages_are_looked_at(self) -> None:
        """However many are online, the patrol comes to each of them and begins again."""
        self.patch(session_rules, "PAGE", 2)
        for at in range(5):
            self.school.report(START, sid=f"S{at}", mac=f"a4:5e:60:00:00:{at:02x}")
        self.rule(group_id=self.students.id)
        patrol = Patrol()
        self.assertEqual([self.patrol(patrol) for _ in range(4)], [2, 2, 1, 0])

    def test_a_change_of_plan_keeps_to_the_hours(self) -> None:
        """A renewal's CoA gives the device the end of the window, not the end of the longer plan."""
        school = self.school
        self.rule(hours=NIGHTS)
        school.login()
        school.report(START)
        school.clock.advance(3600)
        school.buy(self.account_id, self.plan)
        school.write(lambda tx: effects.change_sessions_of(tx, self.account_id, school.project, school.now()))
        school.dispatch()
        timeouts = [
            int.from_bytes(value, "big")
            for kind, _, attributes in school.control.asked
            if kind == "change"
            for at, value in attributes
            if at == 27
        ]
        self.assertEqual(timeouts, [13 * 3600])

    def patrol(self, patrol: Patrol | None = None) -> int:
        school = self.school
        found: int = school.run((patrol or Patrol()).look(school.store, school.tables, school.now()))
        return found

    def session_of(self, sid: str) -> Any:
        ((session_id,),) = self.school.rows(f"SELECT id FROM session WHERE acct_session_id = '{sid}'")
        return session_id

    # Lists and devices ----------------------------------------------------------------------------------------------------

    def test_a_listed_phone(self) -> None:
        """A22: the phone of an account is found by its digest; another account is not touched, an exact allow spares."""
        school = self.school
        school.person("caller", self.plan, person=accounts.PersonData(phone="13800000001"))
        school.person("other", self.plan, person=accounts.PersonData(phone="13800000002"))
        self.list(ListKind.PHONE, ListAction.DENY, "13800000001")
        self.assertEqual(reason(school.login("caller", mac=LAPTOP)), "device_blocked")
        self.assertEqual(reason(school.login("other", mac=LAPTOP)), "accepted")
        self.assertEqual(school.rows("SELECT detail FROM attempt_202611 WHERE accepted = 0"), [("phone",)])
        self.list(ListKind.IP, ListAction.DENY, "10.9.0.0/16")
        self.list(ListKind.PHONE, ListAction.ALLOW, "13800000002")
        self.assertEqual(reason(school.login("other", mac=LAPTOP)), "accepted")
        self.assertEqual(reason(school.login("20260001")), "device_blocked")

    def list(self, kind: ListKind, action: ListAction, value: str) -> None:
        school = self.school
        entry = AccessListEntry(school.project, kind, action, value, "", None)
        school.write(lambda tx: network.put_list_entry(tx, entry, NOW))
        school.reload()

    def test_fixed_devices(self) -> None:
        """A14: a group with fixed devices lets in those an operator entered, silently too, and teaches nobody others."""
        school = self.school
        school.write(
            lambda tx: products.update_group(
                tx, Group(self.students.id, school.project, None, "students", binding=BindingMode.FIXED)
            )
        )
        school.reload()
        self.assertEqual(reason(school.login()), "device_not_registered")
        school.write(
            lambda tx: access_rules.fix_device(tx, school.project, self.account_id, PHONE, None, NOW)
        )
        self.assertEqual(reason(school.login()), "accepted")
        self.assertEqual(reason(school.login_by_mac()), "accepted")
        self.assertEqual(reason(school.login(mac=LAPTOP)), "device_not_registered")
        self.assertEqual(reason(school.login(mac=None)), "device_not_registered")
        self.assertEqual(school.rows("SELECT mac, kind FROM device_binding"), [(PHONE, "fixed")])

    def test_silent_logins_end_after_their_days(self) -> None:
        """A11: a device that comes back silently every day must show its password again after the plan's days."""
        school = self.school
        plan = school.plan("silent", policy=AccessPolicy(silent_login_days=3, max_sessions=0))
        school.person("daily", plan)
        school.login("daily")
        said = []
        for _ in range(3):
            school.clock.advance(DAY)
            said.append(reason(school.login_by_mac()))
        self.assertEqual(said, ["accepted", "accepted", "device_not_registered"])


def test_the_school_is_where_its_clock_is() -> None:
    """The tests above begin on a Wednesday at 10:00 by the school's own clock."""
    assert parse_rfc3339("2026-11-25T10:00:00+08:00") == NOW
    assert SHANGHAI.local(NOW).strftime("%A %H:%M") == "Wednesday 10:00"
