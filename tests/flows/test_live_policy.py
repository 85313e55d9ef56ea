"""Whatever changes what an account may do reaches the sessions that run: changed where the device can, else ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, LAPTOP, LAPTOP_IP, NOW, RATE, START, School, result
from zhuomai_appliance.flows import desk, effects, housekeeping
from zhuomai_appliance.flows.desk import AccountChange
from zhuomai_appliance.flows.live_changes import LiveChanges
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.ports import ControlOutcome, ControlResult
from zhuomai_appliance.flows.rate_admin import RateAdmin
from zhuomai_appliance.flows.site import SiteFlow
from zhuomai_appliance.flows.site_model import Site, SiteGroup, SiteProject, SiteRate
from zhuomai_appliance.model.access import SessionId
from zhuomai_appliance.model.access_rules import AccessRule, RuleAction, RuleId
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.products import AccessPolicy, PlanKind, Quota
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.radius.packet import Attribute
from zhuomai_appliance.store import products
from zhuomai_appliance.store.digests import Digester

BOSS = Actor("boss", "127.0.0.1")
FAST, SLOW = RateLimit(20_000_000, 50_000_000), RateLimit(1_000_000, 2_000_000)


def down_rate(attributes: tuple[Attribute, ...]) -> int:
    """Huawei's committed down rate of a CoA, bit/s."""
    head = b"\x00\x00\x07\xdb\x05\x06"
    return next(int.from_bytes(v[6:], "big") for n, v in attributes if n == 26 and v[:6] == head)


class LivePolicyTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = school = School()
        self.open_plan = school.plan("open", policy=AccessPolicy())
        self.rate_id = school.write(lambda tx: products.add_rate(tx, school.project, "8M", RATE))
        nobody = Group(GroupId(0), school.project, None, "students", rate_id=self.rate_id)
        self.group_id = school.write(lambda tx: products.add_group(tx, nobody)).id
        school.reload()
        self.account_id = school.person("20260001", self.open_plan, group_id=self.group_id)
        school.report(START)

    def dispatch(self) -> list[str]:
        """Let everything go out that is due within the next seconds; what was asked for, in order."""
        for _ in range(4):
            self.school.clock.advance(1)
            self.school.dispatch()
        return self.school.control.kinds()

    def told(self) -> int:
        """The down rate of the only CoA."""
        ((kind, _, attributes),) = self.school.control.asked
        self.assertEqual(kind, "change")
        return down_rate(attributes)

    def test_rate_template_that_is_changed(self) -> None:
        """Who is online by a template's speeds gets its new ones, by group or by his own; nobody else hears of it."""
        school = self.school
        school.person("20260002", school.plan())
        school.report(START, sid="S2", mac=LAPTOP, ip=LAPTOP_IP, name="20260002")
        admin = RateAdmin(school.store, school.now, school.reload)
        school.run(admin.save(BOSS, school.project, self.rate_id, "8M", FAST, was=RATE))
        self.dispatch()
        self.assertEqual(self.told(), FAST.down_bps)
        self.assertEqual(school.effects()[0][:2], ("change:1", "done"))

    def test_account_with_another_rate_or_group(self) -> None:
        """What an operator gives a person holds for the session that runs."""
        school = self.school
        slow = school.write(lambda tx: products.add_rate(tx, school.project, "slow", SLOW))
        self.assertTrue(slow)
        self.change(rate="slow")
        self.dispatch()
        self.assertEqual(self.told(), SLOW.down_bps)

    def test_group_of_the_same_speed_throws_nobody_off(self) -> None:
        """Whoever is moved to a group of the same rate keeps his session, also where the device cannot be told."""
        school = self.school
        twin = Group(GroupId(0), school.project, self.group_id, "twin")
        school.write(lambda tx: products.add_group(tx, twin))
        school.reload()
        school.control.script = [ControlResult(ControlOutcome.NAK, 405)] * 5
        self.change(group="twin")
        self.assertEqual(self.dispatch(), ["change"])
        self.assertEqual(school.effects()[0][:2], ("change:1", "done"))

    def test_rules_throw_nobody_off_for_a_rate(self) -> None:
        """A new rule with a rate is told to whoever is online; a device that cannot be told keeps its sessions."""
        school = self.school
        rule = AccessRule(RuleId(0), school.project, 10, "slow", RuleAction.ALLOW, rate_id=self.rate_id)
        live = LiveChanges()
        live.rules(school.project, None, rule)
        school.control.script = [ControlResult(ControlOutcome.NAK, 405)] * 5
        self.assertEqual(school.write(lambda tx: live.tell(tx, school.now())), 1)
        self.assertEqual(self.dispatch(), ["change"])
        plain = LiveChanges()
        plain.rules(school.project, None, replace(rule, rate_id=None))
        self.assertEqual(school.write(lambda tx: plain.tell(tx, school.now())), 0)

    def change(self, **wanted: Any) -> None:
        school = self.school
        project = school.tables.project(school.project)
        assert project is not None
        asked = AccountChange(**wanted)
        school.write(lambda tx: desk.change(tx, school.vault, BOSS, NOW, project, self.account_id, asked))
        school.reload()

    def test_lock_ends_what_runs(self) -> None:
        """A lock asks for every session's end at once: it leaves within the second (features F17)."""
        school = self.school
        self.change(locked=True, locked_reason="abuse")
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["disconnect"])

    def test_site_file_that_changes_rate_and_group(self) -> None:
        """A site file applied while people are online is the same as each change by hand; applied again it is nothing."""
        school = self.school
        site = Site(
            projects=(SiteProject("main", "Asia/Shanghai", {}),),
            rates=(SiteRate("8M", FAST),),
        )
        self.apply(site)
        self.dispatch()
        self.assertEqual(self.told(), FAST.down_bps)
        self.apply(site)
        self.assertEqual(len(self.dispatch()), 1)
        (rate,) = (rate for rate in products.rates(school.store.reader, school.project))
        self.assertEqual(rate.limit, FAST)

    def test_group_that_is_changed_reaches_those_below_it(self) -> None:
        """A group that takes its rate from the one above follows that one's new rate."""
        school = self.school
        below = Group(GroupId(0), school.project, self.group_id, "first-year")
        below_id = school.write(lambda tx: products.add_group(tx, below)).id
        school.write(lambda tx: products.add_rate(tx, school.project, "fast", FAST))
        school.person("20260003", self.open_plan, group_id=below_id)
        school.report(START, sid="S3", mac=LAPTOP, ip=LAPTOP_IP, name="20260003")
        site = Site(
            projects=(SiteProject("main", "Asia/Shanghai", {}),),
            rates=(SiteRate("8M", RATE), SiteRate("fast", FAST)),
            groups=(SiteGroup("students", None, None, None, None, "fast", {}),),
        )
        self.apply(site)
        self.dispatch()
        self.assertEqual([down_rate(a) for _, _, a in school.control.asked], [FAST.down_bps] * 2)

    def apply(self, site: Site) -> None:
        school = self.school
        flow = SiteFlow(school.store, school.vault, Digester(school.entropy))
        school.run(flow.apply(BOSS, site, school.now(), dry_run=False))
        school.reload()

    def test_next_plan_at_another_speed(self) -> None:
        """When time alone brings the next plan, with another speed, a session that runs on is told."""
        school = School()
        slow = school.plan("slow", policy=AccessPolicy(rate=SLOW))
        school.person("20260001", school.plan(), slow)
        school.report(START)
        school.clock.advance(30 * DAY)
        school.run(housekeeping.move_chains(school.store, school.now()))
        school.dispatch()
        ((kind, _, attributes),) = school.control.asked
        self.assertEqual((kind, down_rate(attributes)), ("change", SLOW.down_bps))

    def test_purchase_while_the_end_waits(self) -> None:
        """A plan bought before the Disconnect left keeps the session, which is told how much longer it may stay."""
        school = School()
        account_id = school.person("20260001", school.plan())
        school.report(START)
        school.clock.advance(30 * DAY)
        school.write(
            lambda tx: effects.end_session(tx, SessionId(1), school.project, "expired", school.now())
        )
        school.buy(account_id, school.plan())
        school.dispatch()
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["change"])
        school.clock.advance(31 * DAY)
        school.write(
            lambda tx: effects.end_session(tx, SessionId(1), school.project, "expired", school.now())
        )
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["change", "disconnect"])

    def test_plan_is_no_leave_for_what_is_forbidden(self) -> None:
        """A session that rules or lists forbid is ended though its account owns a plan; so is one that is kicked or locked."""
        for why in ("forbidden", "kicked", "locked", "replaced"):
            school = School()
            school.person("20260001", school.plan())
            school.report(START)
            school.write(lambda tx, s=school, w=why: effects.end_session(tx, SessionId(1), s.project, w, NOW))  # type: ignore[misc]
            school.dispatch()
            self.assertEqual(school.control.kinds(), ["disconnect"], why)

    def test_used_up_account_is_ended_by_any_change(self) -> None:
        """Who has nothing left and is changed in any way goes off: there is no policy to send."""
        school = School()
        account_id = school.person("20260001", school.plan("pack", PlanKind.DATA, quota=Quota(octets=10)))
        school.report(START)
        school.sql("DELETE FROM entitlement")
        told = school.write(lambda tx: effects.apply_live(tx, account_id, school.project, school.now()))
        self.assertTrue(told)
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["disconnect"])

    def test_limit_that_falls_away(self) -> None:
        """A CoA cannot say «no limit»: who gets a plan without one comes back for it."""
        school = self.school
        students = school.tables.group(self.group_id)
        assert students is not None
        school.write(lambda tx: products.update_group(tx, replace(students, rate_id=None)))
        school.reload()
        school.write(lambda tx: effects.apply_live(tx, self.account_id, school.project, school.now()))
        self.assertEqual(self.dispatch(), ["disconnect"])

    def test_nobody_online_costs_nothing(self) -> None:
        """An account without a session is told nothing."""
        school = self.school
        idle = school.person("20260009", self.open_plan)
        self.assertFalse(
            result(school.store.write(lambda tx: effects.apply_live(tx, idle, school.project, NOW)))
        )
