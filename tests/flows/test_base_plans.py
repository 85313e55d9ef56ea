"""Base plans of groups: given each month, used before packs, taken back from who leaves."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import GB, INTERIM, MONTH, START, STOP, School, reason
from zhuomai_appliance.flows import base_plans, housekeeping
from zhuomai_appliance.model.moment import parse_rfc3339
from zhuomai_appliance.model.people import AccountId, Group, GroupId
from zhuomai_appliance.model.plan_rules import RolloverRules
from zhuomai_appliance.model.products import PlanKind, Quota
from zhuomai_appliance.store import accounts, products
from zhuomai_appliance.store.verify import prove


class BasePlanTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.base = self.school.plan(
            "base", PlanKind.DATA, 0, quota=Quota(octets=50 * GB), priority=10, concurrent=True, period=MONTH
        )
        self.students = self.group("students", base_plan_id=self.base.plan_id)

    def tearDown(self) -> None:
        for proof in prove(self.school.store.reader):
            self.assertEqual(proof.faults, (), proof.what)

    def group(self, name: str, **more: Any) -> GroupId:
        group = Group(GroupId(0), self.school.project, more.pop("parent_id", None), name, **more)
        return self.school.write(lambda tx: products.add_group(tx, group)).id

    def goto(self, text: str) -> None:
        self.school.clock.advance(parse_rfc3339(f"{text}:00+08:00") - self.school.now())

    def look(self) -> int:
        given: int = self.school.run(
            base_plans.look(self.school.store, self.school.tables, self.school.now())
        )
        return given

    def move(self, account: AccountId, group: GroupId | None) -> None:
        self.school.write(
            lambda tx: accounts.set_details(tx, account, full_name="张三", group_id=group, rate_id=None)
        )

    def left(self) -> list[tuple[str, int | None]]:
        self.school.run(housekeeping.move_chains(self.school.store, self.school.now()))
        return [(state, left) for _, state, left in self.school.subscriptions()]

    def use(self, octets: int, sid: str = "S1") -> None:
        self.school.report(START, sid=sid)
        self.school.clock.advance(300)
        self.school.report(STOP, 300, octets, sid=sid)

    def test_w14_the_base_is_used_first_and_comes_anew_on_the_first(self) -> None:
        """Base 50 GB, pack 25 GB; use 60: base 0, pack 15; on the first of the month base 50, pack 15."""
        school = self.school
        account = school.person("20260001", group_id=self.students)
        self.assertEqual(self.look(), 1)
        school.buy(account, school.pack(25 * GB, priority=20, concurrent=True))
        self.use(60 * GB)
        self.assertEqual(self.left(), [("exhausted", 0), ("active", 15 * GB)])
        self.goto("2026-11-30T12:00")
        self.assertEqual(self.look(), 1)
        self.goto("2026-12-01T00:00")
        self.assertEqual(self.left(), [("exhausted", 0), ("active", 15 * GB), ("active", 50 * GB)])
        self.assertEqual(self.look(), 0)

    def test_w16_one_interim_is_split_between_base_and_pack(self) -> None:
        """3.0 GB while the base has 1.2 and the pack 25: 1.2 of the one, 1.8 of the other."""
        school = self.school
        account = school.person("20260001", group_id=self.students)
        self.look()
        school.buy(account, school.pack(25 * GB, priority=20, concurrent=True))
        self.use(48_800_000_000, "S0")
        school.report(START, sid="S1")
        school.clock.advance(300)
        school.report(INTERIM, 300, 3 * GB, sid="S1")
        self.assertEqual(self.left(), [("exhausted", 0), ("active", 23_200_000_000)])
        school.check_usage()

    def test_nobody_is_without_at_midnight(self) -> None:
        """The next month's base was given the day before and begins at the very instant the old one ends."""
        school = self.school
        school.person("20260001", group_id=self.students)
        self.look()
        self.goto("2026-11-30T12:00")
        self.look()
        self.goto("2026-12-01T00:00")
        self.assertEqual(reason(school.login()), "accepted")
        self.assertEqual(self.left(), [("finished", 50 * GB), ("active", 50 * GB)])

    def test_leaving_the_group_ends_it_and_packs_stay(self) -> None:
        """This month's and the next month's base are gone, the pack is used from now on."""
        school = self.school
        account = school.person("20260001", group_id=self.students)
        self.goto("2026-11-30T12:00")
        self.assertEqual(self.look(), 2)
        school.buy(account, school.pack(25 * GB, priority=20, concurrent=True))
        self.move(account, None)
        self.look()
        self.assertEqual([state for state, _ in self.left()], ["cancelled", "cancelled", "active"])
        self.move(account, self.students)
        self.assertEqual(self.look(), 2)

    def test_months_behind_another_plan_do_not_pile_up(self) -> None:
        """A plan that lets none run beside it lasts into February: then there is February's base, not four of them."""
        school = self.school
        account = school.person("20260001", group_id=self.students)
        school.buy(
            account, school.plan("hours", PlanKind.DURATION, period=None, quota=Quota(online_seconds=3600))
        )
        self.look()
        for day in ("11-30", "12-31"):
            self.goto(f"2026-{day}T12:00")
            self.look()
        self.goto("2027-02-01T09:00")
        self.look()
        school.report(START)
        school.clock.advance(3600)
        school.report(STOP, 3600)
        self.assertEqual(
            self.left(),
            [
                ("exhausted", None),
                ("cancelled", 50 * GB),
                ("cancelled", 50 * GB),
                ("cancelled", 50 * GB),
                ("active", 50 * GB),
            ],
        )

    def test_a_session_without_anything_else_ends(self) -> None:
        """Whoever has nothing but the base is asked to go when it is taken back."""
        school = self.school
        account = school.person("20260001", group_id=self.students)
        self.look()
        school.report(START)
        self.move(account, None)
        self.look()
        self.assertEqual([row[0] for row in school.effects()], ["disconnect:1"])

    def test_a_group_below_inherits_and_a_move_within_changes_nothing(self) -> None:
        """The nearest group above gives; in another group that gives the same plan it is kept."""
        school = self.school
        below = self.group("freshmen", parent_id=self.students)
        account = school.person("20260001", group_id=below)
        self.assertEqual(self.look(), 1)
        self.move(account, self.students)
        self.assertEqual(self.look(), 0)
        self.assertEqual(self.left(), [("active", 50 * GB)])

    def test_what_is_left_goes_on_into_the_next_month(self) -> None:
        """A base with rollover: 50 GB and the 20 that were left."""
        school = self.school
        version = school.plan(
            "rolling", PlanKind.DATA, 0, quota=Quota(octets=50 * GB), period=MONTH, concurrent=True,
            rollover=RolloverRules(keep=True),
        )  # fmt: skip
        school.person("20260001", group_id=self.group("staff", base_plan_id=version.plan_id))
        self.look()
        self.use(30 * GB)
        self.goto("2026-11-30T12:00")
        self.look()
        self.goto("2026-12-01T00:00")
        self.assertEqual(self.left(), [("finished", 20 * GB), ("active", 70 * GB)])

    def test_a_plan_without_a_period_is_given_once(self) -> None:
        """Free for good: next month nothing is added."""
        free = self.school.plan("free", PlanKind.FREE, 0, period=None)
        self.school.person("20260001", group_id=self.group("teachers", base_plan_id=free.plan_id))
        self.assertEqual(self.look(), 1)
        self.goto("2026-12-02T12:00")
        self.assertEqual(self.look(), 0)
