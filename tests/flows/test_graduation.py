"""A year that leaves: frozen statements, one settlement per account however often it is run, failures tried anew (F16, W24)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import INTERIM, START
from zhuomai_appliance.flows import agent_customers, agents, graduation, purchases, refund_money, refunds
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refunds import Refused
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.graduation import GraduationId, RowState, Statement
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId, Group, GroupId
from zhuomai_appliance.model.products import Anchor, PlanKind
from zhuomai_appliance.model.refunds import BankAccount, Destination
from zhuomai_appliance.store import graduation as rows
from zhuomai_appliance.store import operators, products, verify
from zhuomai_appliance.store.graduation import RowFilter
from zhuomai_appliance.store.reports_query import Page

CHEN = Actor("chenlan", "10.1.1.7")
GB = 2**30


def account_of(name: str) -> BankAccount:
    return BankAccount(f"holder of {name}", "ICBC", f"62220200{name}")


class GraduationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool("2026-06-01 00:00")
        self.project = self.school.desk_project
        self.june = self.school.plan(price=3000, anchor=Anchor.CALENDAR, concurrent=True)
        self.pack = self.school.pack(25 * GB, "pack25", price=1000, concurrent=True, priority=10)
        self.group, self.stay = self.add_group("2022"), self.add_group("staying")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def add_group(self, name: str, parent: GroupId | None = None) -> GroupId:
        group = Group(GroupId(0), self.project.id, parent, name)
        return self.school.write(lambda tx: products.add_group(tx, group)).id

    def student(self, name: str, wallet: int = 1500) -> AccountId:
        """One with a wallet, June, and a pack of which 4 GB are used."""
        school = self.school
        account_id = school.person(name, group_id=self.group)
        school.pay(account_id, self.june)
        school.pay(account_id, self.pack)
        if wallet:
            school.recharge(account_id, wallet)
        school.report(START, sid=name, name=name)
        school.report(INTERIM, 60, down=4 * GB, sid=name, name=name)
        return account_id

    def begin(self, groups: Sequence[GroupId] | None = None, name: str = "2026", **more: Any) -> GraduationId:
        school = self.school
        batch_id = school.write(
            lambda tx: graduation.create(tx, WANG, school.now(), self.project, name, **more)
        )
        chosen = [self.group] if groups is None else list(groups)
        school.run(graduation.prepare(school.store, self.project, batch_id, chosen))
        return batch_id

    def banks(self, batch_id: GraduationId, *names: str) -> list[str]:
        school = self.school
        given = [(name, account_of(name)) for name in names]
        return school.write(
            lambda tx: graduation.set_banks(
                tx, school.vault, WANG, school.now(), self.project, batch_id, given
            )
        )

    def approve(self, batch_id: GraduationId, actor: Actor = CHEN) -> None:
        school = self.school
        school.write(lambda tx: graduation.approve(tx, actor, school.now(), self.project, batch_id))

    def run_batch(self, batch_id: GraduationId) -> tuple[int, int]:
        school = self.school
        found: tuple[int, int] = school.run(
            graduation.run(school.store, school.vault, WANG, school.now(), self.project, batch_id)
        )
        return found

    def rows(self, batch_id: GraduationId) -> list[Statement]:
        return rows.statements(
            self.school.store.reader, (self.project.id,), RowFilter(batch_id=batch_id), Page()
        )

    def test_w24_wallet_and_unused_days_and_unused_pack(self) -> None:
        """Cut-off on 06-16: 1500 in the wallet, 14 of 30 days of 3000, 21 of 25 GB of 1000: 3740."""
        account_id = self.student("20220001")
        self.school.go("2026-06-16 09:00")
        self.school.pass_days()
        batch_id = self.begin()
        (row,) = self.rows(batch_id)
        self.assertEqual(
            (row.wallet_fen, row.unused_fen, row.packs_fen, row.total_fen), (1500, 1400, 840, 3740)
        )
        self.assertEqual(self.school.wallet(account_id), 1500)
        self.banks(batch_id, "20220001")
        self.approve(batch_id)
        self.assertEqual(self.run_batch(batch_id), (1, 0))
        (refund,) = self.school.rows("SELECT amount_fen, state, destination, requested_by, decided_by, batch_id FROM refund")  # fmt: skip
        self.assertEqual(refund, (3740, "approved", "bank", "wangmin", "chenlan", batch_id))
        self.assertEqual(self.school.balance("clearing:refund:1"), -3740)
        self.assertEqual(self.school.wallet(account_id), 0)
        self.assertEqual([row[1] for row in self.school.subscriptions()], ["cancelled", "cancelled"])

    def test_running_again_settles_nobody_twice(self) -> None:
        """Run three times: one refund, one set of postings, one plan to stay online with."""
        until = Timestamp(self.school.go("2026-07-01 00:00"))
        self.school.go("2026-06-01 00:00")
        access = self.school.plan("leaving", PlanKind.BUYOUT, 0, period=None, buyout_ends_at=until)
        account_id = self.student("20220001")
        self.school.go("2026-06-16 09:00")
        batch_id = self.begin(access_version_id=access.id, stay_group_id=self.stay)
        self.banks(batch_id, "20220001")
        self.approve(batch_id)
        self.assertEqual([self.run_batch(batch_id) for _ in range(3)], [(1, 0), (0, 0), (0, 0)])
        self.assertEqual(self.school.rows("SELECT count(*) FROM refund"), [(1,)])
        self.assertEqual(
            [(plan, end) for plan, _, _, end in self.school.dates(account_id)], [(3, "2026-07-01 00:00")]
        )
        self.assertEqual(self.school.rows("SELECT group_id FROM account"), [(self.stay,)])

    def test_the_statement_is_frozen(self) -> None:
        """Days and octets that are used after the cut-off cost nothing: what was stated is what is paid."""
        self.student("20220001")
        self.school.go("2026-06-16 09:00")
        batch_id = self.begin()
        self.banks(batch_id, "20220001")
        self.approve(batch_id)
        self.school.report(INTERIM, 120, down=20 * GB, sid="20220001", name="20220001")
        self.school.go("2026-06-28 09:00")
        self.school.pass_days()
        self.assertEqual(self.run_batch(batch_id), (1, 0))
        self.assertEqual(self.school.rows("SELECT amount_fen FROM refund"), [(3740,)])

    def test_who_failed_is_tried_again(self) -> None:
        """One spent his wallet since: nothing of him is done, the others are; recharged, the next run settles him alone."""
        first, second = self.student("20220001"), self.student("20220002")
        self.school.go("2026-06-16 09:00")
        batch_id = self.begin()
        self.banks(batch_id, "20220001", "20220002")
        self.approve(batch_id)
        spent = self.school.plan("small", price=1500)
        self.school.buy(first, spent, Channel.BALANCE)
        self.assertEqual(self.run_batch(batch_id), (1, 1))
        failed, done = self.rows(batch_id)
        self.assertEqual((failed.state, done.state), (RowState.FAILED, RowState.DONE))
        self.assertIn("wallet holds", failed.failure)
        self.assertEqual(self.school.rows(f"SELECT count(*) FROM subscription WHERE account_id = {first} AND state = 'cancelled'"), [(0,)])  # fmt: skip
        self.school.recharge(first, 1500)
        self.assertEqual(self.run_batch(batch_id), (1, 0))
        self.assertEqual(self.school.rows("SELECT account_id, amount_fen FROM refund ORDER BY id"), [(second, 3740), (first, 3740)])  # fmt: skip

    def test_what_was_given_back_meanwhile_is_not_given_twice(self) -> None:
        """A purchase that was refunded at the desk since the cut-off keeps the account from being settled."""
        account_id = self.student("20220001")
        self.school.go("2026-06-16 09:00")
        batch_id = self.begin()
        self.approve(batch_id)
        school = self.school
        wish = RefundWish(account_id, Destination.WALLET, "x", school.dates(account_id)[0][0])  # type: ignore[arg-type]
        school.write(lambda tx: refunds.request(tx, school.vault, WANG, school.now(), self.project, wish))
        self.assertEqual(self.run_batch(batch_id), (0, 1))
        self.assertIn("given back", self.rows(batch_id)[0].failure)

    def test_without_a_bank_account_the_money_stays_in_the_wallet(self) -> None:
        """Settled all the same; the person can have it paid out later."""
        account_id = self.student("20220001")
        self.school.go("2026-06-16 09:00")
        batch_id = self.begin()
        self.assertEqual(self.banks(batch_id, "nobody"), ["nobody"])
        self.approve(batch_id)
        self.assertEqual(self.run_batch(batch_id), (1, 0))
        self.assertEqual((self.school.wallet(account_id), self.rows(batch_id)[0].refund_id), (3740, None))
        seen = refund_money.preview(
            self.school.store.reader, WANG, self.project,
            RefundWish(account_id, Destination.CASH, "x", amount_fen=Fen(3740)), self.school.now(),
        )  # fmt: skip
        self.assertEqual(seen.amount_fen, 3740)

    def test_a_debt_is_taken_off(self) -> None:
        """A wallet 400 below zero takes 400 off; a debt that is bigger than all leaves nothing to pay."""
        account_id = self.student("20220001", wallet=0)
        school = self.school
        school.write(
            lambda tx: purchases.pay_from_wallet(
                tx, self.project.id, account_id, 400, "revenue:fee", effect="test:debt", operator="", at=school.now(),  # type: ignore[arg-type]
                credit_fen=1000,
            )
        )  # fmt: skip
        self.school.go("2026-06-16 09:00")
        batch_id = self.begin()
        (row,) = self.rows(batch_id)
        self.assertEqual((row.wallet_fen, row.debt_fen, row.total_fen), (0, 400, 1840))
        self.assertEqual(replace(row, debt_fen=Fen(5000)).total_fen, 0)
        self.banks(batch_id, "20220001")
        self.approve(batch_id)
        self.assertEqual(self.run_batch(batch_id), (1, 0))
        self.assertEqual((self.school.wallet(account_id), self.school.rows("SELECT amount_fen FROM refund")), (0, [(1840,)]))  # fmt: skip

    def test_what_others_paid_goes_to_them(self) -> None:
        """A department's purchase goes back to its wallet; what an agent sold runs on; neither is in the statement."""
        school = self.school
        payer = school.person("dept")
        school.recharge(payer, 3000)
        account_id = school.person("20220001", group_id=self.group)
        school.buy(account_id, self.june, Channel.BALANCE, payer=payer)
        school.write(operators.seed_roles)
        operator_id = school.write(
            lambda tx: operators.add(tx, name="s", role="agent", project_ids=(), password_digest="", at=0)
        )
        wanted = Agent(AgentId(0), ProjectId(0), "shop", operator_id, 9500, (), (), None, False, 0, "")
        agent_id = school.write(lambda tx: agents.create(tx, WANG, school.now(), self.project, wanted))
        school.write(lambda tx: agents.move_deposit(tx, WANG, 1, self.project, agent_id, 9000, key="d"))
        school.write(
            lambda tx: agent_customers.set_customer(tx, WANG, 1, self.project, agent_id, account_id, own=True)
        )
        agent = school.write(lambda tx: agents.known_agent(tx, self.project, agent_id))
        sale = agents.AgentSale(account_id, self.pack)
        school.write(lambda tx: agents.sell(tx, WANG, school.now(), self.project, agent, sale))
        school.go("2026-06-16 09:00")
        batch_id = self.begin()
        (row,) = self.rows(batch_id)
        self.assertEqual(row.total_fen, 0)
        self.approve(batch_id)
        self.assertEqual(self.run_batch(batch_id), (1, 0))
        self.assertEqual((school.wallet(payer), school.wallet(account_id)), (1400, 0))
        self.assertEqual([state for _, state, _ in school.subscriptions()], ["cancelled", "active"])

    def test_a_second_person_approves(self) -> None:
        """Not who prepared it; nothing runs before; a name is used once; plan and group must be there."""
        self.student("20220001")
        batch_id = self.begin()
        with self.assertRaises(Refused) as caught:
            self.run_batch(batch_id)
        self.assertEqual(caught.exception.code, "state")
        with self.assertRaises(Refused) as caught:
            self.approve(batch_id, WANG)
        self.assertEqual(caught.exception.code, "same_person")
        with self.assertRaises(Refused):
            self.school.run(graduation.prepare(self.school.store, self.project, batch_id, [self.group]))
        self.approve(batch_id)
        for code, more in (
            ("name", {}),
            ("access_plan", {"name": "b", "access_version_id": 99}),
            ("stay_group", {"name": "c", "stay_group_id": 99}),
        ):
            with self.assertRaises(Refused) as caught:
                self.begin(**more)  # type: ignore[arg-type]
            self.assertEqual(caught.exception.code, code)

    def test_people_are_found_by_group_and_by_name_once(self) -> None:
        """More than are written at once; somebody who is named too has one statement; closed accounts have none."""
        people = [self.school.person(f"2022{n:04}", group_id=self.group) for n in range(25)]
        other = self.school.person("guest")
        self.school.sql(f"UPDATE account SET closed_at = 1 WHERE id = {people[3]}")
        school = self.school
        batch_id = school.write(lambda tx: graduation.create(tx, WANG, school.now(), self.project, "x"))
        count = school.run(
            graduation.prepare(school.store, self.project, batch_id, [self.group], [people[0], other])
        )
        self.assertEqual((count, len(self.rows(batch_id))), (25, 25))
        sums = rows.sums(school.store.reader, self.project.id, batch_id)
        self.assertEqual(
            [(one.state, one.accounts, one.total_fen) for one in sums], [(RowState.STATED, 25, 0)]
        )

    def test_an_account_that_closed_since_is_left_alone(self) -> None:
        """It fails with that word, and the rest goes on."""
        first = self.student("20220001")
        self.student("20220002")
        batch_id = self.begin()
        self.approve(batch_id)
        self.school.sql(f"UPDATE account SET closed_at = 1 WHERE id = {first}")
        self.assertEqual(self.run_batch(batch_id), (1, 1))
        self.assertEqual(self.rows(batch_id)[0].failure, "this account is closed")
