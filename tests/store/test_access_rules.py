"""Access rules in the books: written and read again, and kept in step with what they refer to."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, School
from zhuomai_appliance.flows.nas_admin import NasAdmin
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.rate_admin import RateAdmin, RateRefused
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    Days,
    Outside,
    PlaceKind,
    PlaceLimit,
    RuleAction,
    RuleId,
    VlanSpan,
    parse_window,
)
from zhuomai_appliance.model.facts import FactsError
from zhuomai_appliance.model.people import BindingKind
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import access_rules, accounts, products

BOSS = Actor("boss", "test")


class RuleRowTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()

    def add(self, **changes: object) -> AccessRule:
        school = self.school
        rule = AccessRule(RuleId(0), school.project, 10, "rule", RuleAction.ALLOW, **changes)  # type: ignore[arg-type]
        rule_id = school.write(lambda tx: access_rules.add_rule(tx, rule, "test", NOW))
        (found,) = access_rules.rules(school.store.reader)
        self.assertEqual(found.id, rule_id)
        return found

    def test_every_property_comes_back(self) -> None:
        """Conditions and outcome are read as they were written, the empty ones too."""
        full = self.add(
            reason="because",
            enabled=False,
            ssids=("宿舍", "Campus"),
            vlans=(VlanSpan(1, 9), VlanSpan(100, 100)),
            outer_vlans=(VlanSpan(3000, 3000),),
            kinds=(AccessKind.PPPOE, AccessKind.DOT1X),
            networks=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")),
            hours=(parse_window("Sun-Thu 23:00-08:00"), parse_window("Sat")),
            days=Days.HOLIDAYS,
            outside=Outside.DENY,
            user_group="g",
            vlan=30,
            pool="p",
            acl="3001",
            isolation="i",
        )
        self.assertEqual(full.ssids, ("宿舍", "Campus"))
        self.assertEqual(
            [str(window) for window in full.hours], ["Mon-Thu,Sun 23:00-08:00", "Sat 00:00-24:00"]
        )
        again = access_rules.rules(self.school.store.reader)[0]
        self.school.write(lambda tx: access_rules.update_rule(tx, full))
        self.assertEqual(access_rules.rules(self.school.store.reader), [again])
        self.assertEqual((again.kinds, again.days, again.outside), (full.kinds, Days.HOLIDAYS, Outside.DENY))

    def test_a_row_of_a_newer_release_is_not_guessed_at(self) -> None:
        """A condition that this release does not know must not be left out: the rule would hold for more people."""
        self.add()
        self.school.sql("""UPDATE access_rule SET terms = '{"weather":"rain"}'""")
        with self.assertRaises(FactsError):
            access_rules.rules(self.school.store.reader)

    def test_a_limit_goes_with_its_devices_name(self) -> None:
        """A device that gets another name keeps its limit; one that is removed takes it along."""
        school = self.school
        nas = school.add_nas(name="ac7", address=ip_network("192.0.2.7"))
        for value in ("ac7", "ac8"):
            limit = PlaceLimit(school.project, PlaceKind.NAS, value, 5)
            school.write(lambda tx, limit=limit: access_rules.put_place_limit(tx, limit))  # type: ignore[misc]
        admin = NasAdmin(school.store, school.vault, school.now, school.reload)
        renamed = school.tables.by_id(nas.id)
        assert renamed is not None
        school.run(admin.save(BOSS, replace(renamed, name="ac8"), was=admin.fingerprint(renamed)))
        self.assertEqual([limit.value for limit in access_rules.place_limits(school.store.reader)], ["ac8"])
        school.run(admin.remove(BOSS, nas.id))
        self.assertEqual(access_rules.place_limits(school.store.reader), [])

    def test_a_rate_that_a_rule_gives_stays(self) -> None:
        """A rate template in use by a rule cannot be removed; the rule's logins would lose their speed."""
        school = self.school
        rate_id = school.write(lambda tx: products.add_rate(tx, school.project, "2M", RateLimit(1, 2)))
        self.add(rate_id=rate_id)
        admin = RateAdmin(school.store, school.now, school.reload)
        with self.assertRaises(RateRefused):
            school.run(admin.remove(BOSS, school.project, rate_id))

    def test_a_known_device_becomes_a_fixed_one(self) -> None:
        """Fixing a device that was learned changes its kind and its end; a login does not take that back."""
        school = self.school
        account = school.person("one", school.plan())
        school.login("one")
        mac = school.rows("SELECT mac FROM device_binding")[0][0]
        school.write(lambda tx: access_rules.fix_device(tx, school.project, account, mac, None, NOW))
        school.clock.advance(7200)
        school.login("one")
        (binding,) = accounts.bindings(school.store.reader, school.project, account)
        self.assertEqual((binding.kind, binding.silent_until), (BindingKind.FIXED, None))
