"""Departments pay for members up to a limit each; staff groups may owe up to a limit and are billed after the month (E21, E22)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import INTERIM, LAPTOP, LAPTOP_IP, START, number, reason
from zhuomai_appliance.flows import credit, departments, desk, metering, purchases, refunds, rents
from zhuomai_appliance.flows.departments import PreviewIsOld
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.moment import Zone
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId, Group, GroupId
from zhuomai_appliance.model.plan_rules import MeterRules, RentMode
from zhuomai_appliance.model.products import Anchor, MeterUnit, PlanKind, SubscriptionId
from zhuomai_appliance.model.refunds import Destination
from zhuomai_appliance.store import payers, products, verify
from zhuomai_appliance.store.payers import Department
from zhuomai_appliance.store.reports_query import Page


class Payers(SynchronousTestCase):
    """A department with a wallet, its group, and a member of it."""

    def setUp(self) -> None:
        self.school = DeskSchool("2026-09-01 00:00")
        self.project = self.school.desk_project
        self.plan = self.school.plan(price=3000, anchor=Anchor.CALENDAR)
        self.physics = self.group("physics")
        self.lab = self.group("lab", self.physics)
        self.payer = self.school.person("physics-office")
        self.school.recharge(self.payer, 20_000)
        self.member = self.school.person("t1", group_id=self.lab)

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def group(self, name: str, parent: GroupId | None = None) -> GroupId:
        group = Group(GroupId(0), self.project.id, parent, name)
        return self.school.write(lambda tx: products.add_group(tx, group)).id

    def put(self, payer: AccountId | None = None, **changes: Any) -> None:
        values: dict[str, Any] = {
            "project_id": self.project.id, "payer_id": payer or self.payer, "group_id": self.physics,
            "limit_fen": Fen(5000), "by_month": True, "disabled": False, "created_at": 0,
        } | changes  # fmt: skip
        school = self.school
        school.write(lambda tx: departments.put(tx, WANG, school.now(), self.project, Department(**values)))

    def name(self, account_id: AccountId, limit: int | None = None, payer: AccountId | None = None) -> None:
        school = self.school
        school.write(
            lambda tx: departments.put_member(
                tx, WANG, school.now(), self.project, payer or self.payer, account_id,
                None if limit is None else Fen(limit),
            )
        )  # fmt: skip

    def sell(self, account_id: AccountId | None = None, **more: Any) -> Any:
        school = self.school
        return school.write(
            lambda tx: departments.sell(
                tx, WANG, school.now(), self.project, account_id or self.member, self.plan, **more
            )
        )

    def refused(self, account_id: AccountId | None = None) -> str:
        with self.assertRaises(Refused) as caught:
            self.sell(account_id)
        code: str = caught.exception.code
        return code

    def cover(self, account_id: AccountId | None = None) -> departments.Cover | None:
        school = self.school
        return departments.cover(school.store.reader, self.project, account_id or self.member, school.now())

    def move(self, account_id: AccountId, group: str | None) -> None:
        school = self.school
        change = desk.AccountChange(group=group)
        school.write(
            lambda tx: desk.change(tx, school.vault, WANG, school.now(), self.project, account_id, change)
        )


class DepartmentTests(Payers):
    def test_the_wallet_of_the_department_pays(self) -> None:
        """A plan for a member of a group below: his chain has it, the department's wallet has paid, his own is untouched."""
        self.put(limit_fen=Fen(9000))
        school = self.school
        seen = departments.preview(school.store.reader, self.project, self.member, self.plan, school.now())
        order = self.sell(expected=seen)
        self.assertEqual(
            (order.payer_id, order.amount_fen, order.account_id), (self.payer, 3000, self.member)
        )
        self.assertEqual((school.wallet(self.payer), school.wallet(self.member)), (17_000, 0))
        self.assertEqual(len(school.dates(self.member)), 1)
        with self.assertRaises(PreviewIsOld):
            self.sell(expected=seen)
        school.sql(f"UPDATE orders SET payer_id = {self.member} WHERE payer_id IS NOT NULL")
        found = [one for proof in verify.prove(school.store.reader) for one in proof.faults]
        self.assertEqual(
            found, [f"order {order.order_no} over 3000 fen: the wallet of its payer {self.member} bore 0"]
        )
        school.sql(f"UPDATE orders SET payer_id = {self.payer} WHERE payer_id IS NOT NULL")

    def test_each_member_has_a_limit_of_his_own(self) -> None:
        """5000 a month each: a second plan of 3000 is refused, somebody else's is not, and next month there is room again."""
        self.put()
        self.sell()
        self.assertEqual(self.refused(), "payer_limit")
        other = self.school.person("t2", group_id=self.physics)
        self.sell(other)
        self.name(self.member, 6000)
        self.sell()
        self.assertEqual(self.refused(), "payer_limit")
        self.school.go("2026-10-01 00:00")
        self.sell()

    def test_a_limit_in_all_does_not_begin_anew(self) -> None:
        """Without months the limit is for ever; what came back counts no more."""
        self.put(by_month=False)
        self.sell()
        self.school.go("2026-10-01 00:00")
        self.assertEqual(self.refused(), "payer_limit")
        self.school.go("2026-09-01 00:00")
        wish = RefundWish(self.member, Destination.WALLET, "x", SubscriptionId(1))
        school = self.school
        school.write(lambda tx: refunds.request(tx, school.vault, WANG, school.now(), self.project, wish))
        found = self.cover()
        assert found is not None
        self.assertEqual((found.spent_fen, found.left_fen), (100, 4900))

    def test_a_refund_goes_to_the_department(self) -> None:
        """Not to the member, who could spend it on himself."""
        self.put()
        self.sell()
        wish = RefundWish(self.member, Destination.WALLET, "x", SubscriptionId(1))
        school = self.school
        school.write(lambda tx: refunds.request(tx, school.vault, WANG, school.now(), self.project, wish))
        self.assertEqual((school.wallet(self.payer), school.wallet(self.member)), (19_900, 0))

    def test_leaving_ends_it(self) -> None:
        """Out of the group nobody pays; back in it the department does; a named member pays no attention to groups."""
        self.put()
        self.move(self.member, None)
        self.assertEqual(self.refused(), "no_payer")
        self.name(self.member)
        self.sell()
        school = self.school
        back = school.write(
            lambda tx: departments.leave(
                tx, WANG, school.now(), self.project, self.payer, self.member, give_back=True
            )
        )
        self.assertEqual((back, school.wallet(self.payer), school.dates(self.member)), (2900, 19_900, []))
        self.assertEqual(self.refused(), "no_payer")
        self.move(self.member, "physics")
        self.sell()
        kept = school.write(
            lambda tx: departments.leave(
                tx, WANG, school.now(), self.project, self.payer, self.member, give_back=False
            )
        )
        self.assertEqual((kept, len(school.dates(self.member))), (0, 1))

    def test_the_nearest_department_pays(self) -> None:
        """A laboratory with money of its own goes before the faculty, a name before both, a disabled one pays nothing."""
        self.put()
        lab_office = self.school.person("lab-office")
        self.put(lab_office, group_id=self.lab)
        found = self.cover()
        assert found is not None
        self.assertEqual(found.department.payer_id, lab_office)
        self.name(self.member, 100)
        found = self.cover()
        assert found is not None
        self.assertEqual((found.department.payer_id, found.limit_fen), (self.payer, 100))
        self.put(disabled=True)
        self.assertIsNone(self.cover())
        self.assertIsNone(self.cover(self.payer))

    def test_an_empty_wallet_pays_nothing(self) -> None:
        """What is missing is told; nothing is bought."""
        poor = self.school.person("poor")
        self.put(poor, group_id=None)
        self.name(self.member, payer=poor)
        with self.assertRaises(purchases.NotEnoughMoney) as caught:
            self.sell()
        self.assertEqual(caught.exception.missing_fen, 3000)
        self.assertEqual(self.school.subscriptions(), [])

    def test_what_is_no_department(self) -> None:
        """Unknown accounts and groups, a group that another pays for, the payer as his own member."""
        self.put()
        for code, payer, changes in (
            ("payer", AccountId(99), {}),
            ("group", self.payer, {"group_id": GroupId(99)}),
            ("group", self.member, {"group_id": self.physics}),
        ):
            with self.assertRaises(Refused) as caught:
                self.put(payer, **changes)
            self.assertEqual(caught.exception.code, code)
        for code, account_id, payer in (
            ("account", AccountId(99), self.payer),
            ("account", self.payer, self.payer),
            ("payer", self.payer, self.member),
        ):
            with self.assertRaises(Refused) as caught:
                self.name(account_id, payer=payer)
            self.assertEqual(caught.exception.code, code)


class CreditTests(Payers):
    def limit(self, group: GroupId, fen: int | None) -> None:
        school = self.school
        wanted = None if fen is None else Fen(fen)
        school.write(lambda tx: credit.set_limit(tx, WANG, school.now(), self.project, group, wanted))

    def buy(self, account_id: AccountId | None = None) -> None:
        school = self.school
        school.write(
            lambda tx: desk.sell(
                tx, WANG, school.now(), self.project, account_id or self.member, self.plan, Channel.BALANCE
            )
        )

    def missing(self, account_id: AccountId | None = None) -> int:
        with self.assertRaises(purchases.NotEnoughMoney) as caught:
            self.buy(account_id)
        missing: int = caught.exception.missing_fen
        return missing

    def bills(self) -> list[tuple[int, int, int]]:
        school = self.school
        school.run(credit.bill_month(school.store, [self.project], school.now()))
        found = payers.bills(school.store.reader, (self.project.id,), Page())
        return [(bill.month, bill.amount_fen, bill.owes_fen) for bill in found]

    def test_a_group_on_credit_runs_to_its_limit(self) -> None:
        """5000 for the faculty hold for the laboratory below: 3000 are bought on credit, 3000 more lack 1000."""
        self.limit(self.physics, 5000)
        self.buy()
        self.assertEqual(self.school.wallet(self.member), -3000)
        self.assertEqual(self.missing(), 1000)
        self.limit(self.lab, 6000)
        self.buy()
        self.assertEqual(self.missing(), 3000)

    def test_elsewhere_no_wallet_goes_below_zero(self) -> None:
        """A group's own 0 goes before the limit above it; outside of the group there is none."""
        self.limit(self.physics, 5000)
        self.limit(self.lab, 0)
        self.assertEqual(self.missing(), 3000)
        self.assertEqual(self.missing(self.school.person("student")), 3000)
        self.limit(self.lab, None)
        self.buy()

    def test_a_debt_outlives_its_limit(self) -> None:
        """Out of the group nothing more is bought on credit; what is owed stays owed, and the books say so."""
        self.limit(self.physics, 5000)
        self.buy()
        self.move(self.member, None)
        self.assertEqual(self.missing(), 6000)
        self.limit(self.physics, None)
        self.assertEqual(self.school.wallet(self.member), -3000)

    def test_a_wallet_beyond_its_limit_is_a_fault(self) -> None:
        """`verify` holds each wallet to what it was allowed, and names one that nobody allowed anything."""
        self.limit(self.physics, 5000)
        self.buy()
        school = self.school
        school.sql("UPDATE credit_account SET limit_fen = 2999")
        found = [one for proof in verify.prove(school.store.reader) for one in proof.faults]
        self.assertEqual(
            found, [f"wallet:{self.member} of project 1 is 3000 fen below zero, 2999 are allowed"]
        )
        school.sql("DELETE FROM credit_account")
        found = [one for proof in verify.prove(school.store.reader) for one in proof.faults]
        self.assertEqual(found, [f"wallet:{self.member} of project 1 is 3000 fen below zero"])
        school.write(lambda tx: payers.allow(tx, self.project.id, self.member, Fen(5000), 0))

    def test_the_month_is_billed_once(self) -> None:
        """What was owed when it ended, whatever was paid or bought since; paid, the bill stays and nothing is owed."""
        self.limit(self.physics, 9000)
        self.buy()
        self.assertEqual(self.bills(), [])
        self.school.go("2026-10-01 00:00")
        self.buy()
        self.assertEqual(self.bills(), [(202_609, 3000, 6000)])
        self.school.recharge(self.member, 6000)
        self.assertEqual(self.bills(), [(202_609, 3000, 0)])

    def test_a_department_may_have_credit(self) -> None:
        """Its wallet pays for a member although it is empty, up to the limit of its own group."""
        office = self.school.person("staff-office", group_id=self.physics)
        self.limit(self.physics, 4000)
        self.put(office, group_id=None, limit_fen=Fen(9000))
        self.name(self.member, payer=office)
        self.sell()
        self.assertEqual(self.school.wallet(office), -3000)
        with self.assertRaises(purchases.NotEnoughMoney):
            self.sell()

    def test_metered_use_runs_on_credit_and_stops_at_its_limit(self) -> None:
        """1 yuan an hour, 50 in the wallet, 100 on credit: a login gets 5400 s, all of it is charged, nothing beyond."""
        school = self.school
        self.limit(self.physics, 100)
        hourly = school.plan("hourly", PlanKind.METERED, 100, period=None, meter_unit=MeterUnit.HOUR)
        school.buy(self.member, hourly)
        school.recharge(self.member, 50)
        self.assertEqual(number(school.login("t1"), 27), 5400)
        school.report(START, name="t1")
        school.clock.advance(5400)
        school.report(INTERIM, 5400, name="t1")
        school.run(metering.post_all(school.store, school.now()))
        self.assertEqual(school.wallet(self.member), -100)
        self.assertEqual(reason(school.login("t1", mac=LAPTOP, ip=LAPTOP_IP)), "balance_short")

    def test_rent_by_the_day_runs_on_credit(self) -> None:
        """A day's rent is taken below zero as far as the limit goes."""
        school = self.school
        self.limit(self.physics, 150)
        rent = school.plan("rent", price=3000, meter=MeterRules(rent=RentMode.DAILY))
        school.buy(self.member, rent)
        for _ in range(3):
            school.run(rents.take_rents(school.store, school.tables, school.now()))
            school.clock.advance(86_400)
        self.assertEqual(school.wallet(self.member), -100)

    def test_months_end_where_the_school_is(self) -> None:
        """The month before, and the local midnight that ended it; January comes after December."""
        for local, expected in (
            ("2026-10-01 00:00", (202_609, "2026-10-01 00:00")),
            ("2027-01-31 23:59", (202_612, "2027-01-01 00:00")),
        ):
            month, ended_at = credit.month_before(self.school.go(local), Zone("Asia/Shanghai"))
            self.assertEqual((month, ended_at), (expected[0], self.school.go(expected[1])))
        with self.assertRaises(Refused):
            self.limit(GroupId(99), 1)
