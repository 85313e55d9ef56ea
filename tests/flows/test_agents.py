"""Agents sell from a deposit, to their own customers, what they may, as much as they may a day (E13, W48)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, School
from tests.flows.test_cards import LI, CardBook
from zhuomai_appliance.flows import agent_customers, agents, desk
from zhuomai_appliance.flows.agents import AgentRefused, AgentSale
from zhuomai_appliance.flows.card_batches import CardsRefused
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.site_model import SiteAccount
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, Group, GroupId, OperatorId
from zhuomai_appliance.model.products import PlanVersion
from zhuomai_appliance.store import agents as rows
from zhuomai_appliance.store import network, operators, products, verify
from zhuomai_appliance.store.reports_query import Page

SHOP = Actor("shop", "10.1.9.9")


class AgentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.book = CardBook(School())
        self.school, self.project = self.book.school, self.book.project
        self.school.write(operators.seed_roles)
        self.monthly = self.school.plan(price=3000)
        self.agent_id = self.create()
        self.deposit(100_000)
        self.account_id = self.school.person("20260001")
        self.own(self.account_id)

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def operator(self, name: str, role: str = "agent", projects: tuple[ProjectId, ...] = ()) -> OperatorId:
        school = self.school
        return school.write(
            lambda tx: operators.add(
                tx, name=name, role=role, project_ids=projects, password_digest="", at=school.now()
            )
        )

    def create(self, name: str = "shop", operator_id: OperatorId | None = None, **more: Any) -> AgentId:
        values: dict[str, Any] = {
            "id": AgentId(0), "project_id": self.project.id, "name": name,
            "operator_id": operator_id or self.operator(name), "rate_parts": 9500, "plan_ids": (), "group_ids": (),
            "day_limit_fen": None, "disabled": False, "created_at": 0, "created_by": "",
        } | more  # fmt: skip
        return self.school.write(
            lambda tx: agents.create(tx, LI, self.school.now(), self.project, Agent(**values))
        )

    def change(self, **changes: Any) -> None:
        wanted = replace(self.agent(), **changes)
        self.school.write(lambda tx: agents.change(tx, LI, self.school.now(), self.project, wanted))

    def agent(self) -> Agent:
        found = rows.agent(self.school.store.reader, self.project.id, self.agent_id)
        assert found is not None
        return found

    def deposit(self, amount: int, key: str = "d1", **more: Any) -> int:
        return self.school.write(
            lambda tx: agents.move_deposit(
                tx, LI, self.school.now(), self.project, self.agent_id, amount, key=key, **more
            )
        )

    def group(self, name: str, parent: GroupId | None = None, **more: Any) -> Group:
        group = Group(GroupId(0), self.project.id, parent, name, **more)
        return self.school.write(lambda tx: products.add_group(tx, group))

    def own(self, account_id: AccountId, own: bool = True) -> None:
        self.school.write(
            lambda tx: agent_customers.set_customer(
                tx, LI, self.school.now(), self.project, self.agent_id, account_id, own=own
            )
        )

    def sell(self, version: PlanVersion | None = None, amount: int | None = None, **more: Any) -> Any:
        wanted = AgentSale(
            more.pop("account_id", self.account_id), version, None if amount is None else Fen(amount)
        )
        found: str = self.school.write(
            lambda tx: agents.sell(tx, SHOP, self.school.now(), self.project, self.agent(), wanted, **more)
        )
        return found

    def refused(self, *given: Any, **more: Any) -> str:
        with self.assertRaises(AgentRefused) as caught:
            self.sell(*given, **more)
        code: str = caught.exception.code
        return code

    def balances(self, *refs: str) -> list[int]:
        return [self.book.balance(ref) for ref in refs]

    def test_w48_a_sale_and_its_commission_in_one_posting(self) -> None:
        """Deposit 100000, 3000 into a wallet at 95 %: 97150 are left, the wallet has 3000, 150 are commission."""
        wanted = AgentSale(self.account_id, None, Fen(3000))
        seen = agents.preview_sale(
            self.school.store.reader, self.project, self.agent(), wanted, self.school.now()
        )
        order_no = self.sell(None, 3000, expected=seen)
        self.assertEqual((seen.charge_fen, seen.commission_fen, seen.deposit_fen), (2850, 150, 100_000))
        self.assertEqual(
            self.balances(f"agent:{self.agent_id}", f"wallet:{self.account_id}", "commission"),
            [-97_150, -3000, 150],
        )
        self.assertEqual(
            self.school.rows(f"SELECT count(*) FROM posting WHERE order_no = '{order_no}'"), [(1,)]
        )
        with self.assertRaises(PreviewIsOld):
            self.sell(None, 3000, expected=seen)

    def test_a_plan_is_sold_like_at_the_counter(self) -> None:
        """The customer's chain has it, its price is deferred in full, the order names the agent."""
        order_no = self.sell(self.monthly)
        self.assertEqual(self.balances("deferred:1", f"agent:{self.agent_id}"), [-3000, -97_150])
        self.assertEqual(
            self.school.rows("SELECT order_no, channel, agent_id, operator FROM orders"),
            [(order_no, "AGENT", self.agent_id, "shop")],
        )

    def test_only_own_customers(self) -> None:
        """Nobody else's, nobody's, and a former one no more; another agent's customer is his alone."""
        stranger = self.school.person("20260002")
        self.assertEqual(self.refused(None, 100, account_id=stranger), "customer")
        self.assertEqual(self.refused(None, 100, account_id=AccountId(999)), "customer")
        other = self.create("other")
        self.school.write(
            lambda tx: agent_customers.set_customer(
                tx, LI, self.school.now(), self.project, other, self.account_id, own=True
            )
        )
        self.assertEqual(self.refused(None, 100), "customer")
        self.own(self.account_id)
        self.sell(None, 100)
        self.own(self.account_id, own=False)
        self.assertEqual(self.refused(None, 100), "customer")

    def test_only_what_and_to_whom_he_may(self) -> None:
        """Plans and groups that are named bound him; a group allows all groups below it; disabled sells nothing."""
        other = self.school.plan("other", price=100)
        self.change(plan_ids=(self.monthly.plan_id,))
        self.assertEqual(self.refused(other), "plan")
        self.sell(self.monthly)
        parent = self.group("dorm")
        child = self.group("dorm-1", parent.id)
        self.change(group_ids=(parent.id,))
        self.assertEqual(self.refused(self.monthly), "group")
        school = self.school
        school.write(
            lambda tx: desk.change(
                tx, school.vault, LI, school.now(), self.project, self.account_id, desk.AccountChange(group="dorm-1")
            )
        )  # fmt: skip
        self.assertEqual(child.parent_id, parent.id)
        self.sell(self.monthly)
        self.change(disabled=True)
        self.assertEqual(self.refused(self.monthly), "disabled")

    def test_the_day_limit_begins_anew_at_midnight(self) -> None:
        """Prices count, not charges; the last fen of the limit may be sold, one more not before the next local day."""
        self.change(day_limit_fen=Fen(5000))
        self.sell(None, 3000)
        self.assertEqual(self.refused(None, 2001), "day_limit")
        self.sell(None, 2000)
        self.assertEqual(self.refused(None, 1), "day_limit")
        self.school.clock.advance(DAY)
        self.sell(None, 5000)

    def test_a_deposit_pays_only_what_it_holds(self) -> None:
        """The last fen may go; beyond it nothing is sold, and no more is paid out than there is."""
        self.deposit(-97_150, "d2")
        self.sell(None, 3000)
        self.assertEqual(self.refused(None, 100), "deposit")
        self.assertEqual(self.deposit(95, "d3"), 95)
        self.sell(None, 100)
        with self.assertRaises(AgentRefused):
            self.deposit(-1, "d4")
        with self.assertRaises(AgentRefused):
            self.deposit(0, "d5")

    def test_a_deposit_is_moved_once_per_key(self) -> None:
        """The same key again does nothing; the bank is another account than the till."""
        self.assertEqual(self.deposit(100_000), 100_000)
        self.assertEqual(self.deposit(500, "b1", by_bank=True), 100_500)
        self.assertEqual(self.balances("cash:lihua", "bank"), [100_000, 500])

    def test_what_is_no_agent(self) -> None:
        """Each mistake has its word; nothing stays of it."""
        far = self.school.write(lambda tx: network.add_project(tx, "far", "UTC", self.school.now()))
        taken = self.agent().operator_id
        free = self.operator("free")
        mistakes: tuple[tuple[str, dict[str, Any]], ...] = (
            ("operator", {"operator_id": OperatorId(99)}),
            ("operator", {"operator_id": self.operator("desk", "helpdesk")}),
            ("operator", {"operator_id": self.operator("away", projects=(far,))}),
            ("operator", {"operator_id": taken}),
            ("name", {"operator_id": free, "name": " "}),
            ("name", {"operator_id": free, "name": "shop"}),
            ("rate_parts", {"operator_id": free, "rate_parts": 0}),
            ("rate_parts", {"operator_id": free, "rate_parts": 10_001}),
            ("day_limit_fen", {"operator_id": free, "day_limit_fen": Fen(-1)}),
            ("plans", {"operator_id": free, "plan_ids": (99,)}),
            ("groups", {"operator_id": free, "group_ids": (99,)}),
        )
        for code, given in mistakes:
            with self.assertRaises(AgentRefused) as caught:
                self.create(**{"name": "new", **given})
            self.assertEqual(caught.exception.code, code, given)
        self.assertEqual(self.school.rows("SELECT count(*) FROM agent"), [(1,)])

    def test_he_opens_accounts_that_cost_nobody_anything(self) -> None:
        """The new account is his customer and has neither the group's free plan nor a balance, whatever he asks for."""
        school = self.school
        group = self.group("guests", plan_id=self.monthly.plan_id)
        wanted = SiteAccount(
            "new", None, "pass-word", "", "guests", None, ("monthly",), Fen(5000), (), None, None, None, None
        )
        self.change(group_ids=(group.id,))

        def enrol(one: SiteAccount) -> AccountId:
            return school.write(
                lambda tx: agent_customers.enrol(
                    tx, school.vault, SHOP, school.now(), self.project, self.agent(), one
                )
            )

        account_id = enrol(wanted)
        self.assertEqual(school.rows("SELECT count(*) FROM subscription"), [(0,)])
        self.assertEqual(self.balances(f"wallet:{account_id}"), [0])
        self.sell(self.monthly, account_id=account_id)
        with self.assertRaises(AgentRefused):
            enrol(replace(wanted, username="other", group=None))

    def test_a_statement_explains_the_deposit(self) -> None:
        """Opening balance and movements make the closing balance; each sale names its customer and price."""
        start = self.school.now()
        self.school.clock.advance(10)
        self.sell(self.monthly)
        self.sell(None, 1000)
        self.school.clock.advance(DAY)
        self.deposit(-500, "out")
        reader, end = self.school.store.reader, self.school.now() + 1
        opening = rows.deposit_before(reader, self.project.id, self.agent_id, start + 1)
        lines = [
            line for _, line in rows.statement(reader, self.project.id, self.agent_id, start + 1, end, Page())
        ]
        self.assertEqual([(line.amount_fen, line.username, line.price_fen) for line in lines], [(-2850, "20260001", 3000), (-950, "20260001", 1000), (-500, None, None)])  # fmt: skip
        closing = rows.deposit_before(reader, self.project.id, self.agent_id, end)
        self.assertEqual(opening + sum(line.amount_fen for line in lines), closing)
        self.assertEqual(closing, agents.deposit_fen(reader, self.agent()))

    def test_cards_for_an_agent_are_paid_by_his_deposit(self) -> None:
        """His rate of the face value, the rest is commission; voided, both go back as they came."""
        printing = self.book.printed(10, 5000)
        reader, now = self.school.store.reader, self.school.now()
        sale = agents.card_sale(reader, now, self.project, self.agent_id, 1, 10, Fen(50_000))
        self.book.sell(
            printing.batch.id, 1, 10, from_ref=sale.from_ref, less_ref=sale.less_ref, paid_fen=sale.paid_fen,
            agent_id=sale.agent_id,
        )  # fmt: skip
        refs = (f"agent:{self.agent_id}", "commission", "card_liability:1-00001")
        self.assertEqual(self.balances(*refs), [-52_500, 2500, -50_000])
        self.book.void(printing.batch.id, 1, 4, repay=True)
        self.assertEqual(self.balances(*refs), [-71_500, 1500, -30_000])
        with self.assertRaises(CardsRefused):
            agents.card_sale(reader, now, self.project, self.agent_id, 1, 10, Fen(10**7))
        with self.assertRaises(CardsRefused):
            agents.card_sale(reader, now, self.project, 99, 1, 10, Fen(1))
