"""Refunds from request to money: shown before, approved by a second person, paid once, and undone (E09, W21, §9)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import agent_customers, agents, purchases, refund_lists, refund_money, refunds
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refund_money import RefundWish
from zhuomai_appliance.flows.refunds import PreviewIsOld, Refused
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import Anchor, SubscriptionId
from zhuomai_appliance.model.refunds import BankAccount, Destination, Refund, RefundId, RefundState
from zhuomai_appliance.store import operators, verify
from zhuomai_appliance.store import refunds as rows
from zhuomai_appliance.store.reports_query import Page

CHEN = Actor("chenlan", "10.1.1.7")
ICBC = BankAccount("张三", "ICBC Shenzhen", "6222020000001234567")


class RefundTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool("2026-09-01 00:00")
        self.project = self.school.desk_project
        self.plan = self.school.plan(price=3000, anchor=Anchor.CALENDAR)
        self.account_id = self.school.person("20260001")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def wish(self, destination: Destination = Destination.WALLET, **more: Any) -> RefundWish:
        if destination is Destination.BANK:
            more.setdefault("bank", ICBC)
        return RefundWish(more.pop("account_id", self.account_id), destination, "moves away", **more)

    def preview(self, wanted: RefundWish) -> refunds.RefundPreview:
        school = self.school
        return refund_money.preview(school.store.reader, WANG, self.project, wanted, school.now())

    def request(self, wanted: RefundWish, actor: Actor = WANG, **more: Any) -> Refund:
        school = self.school
        return school.write(
            lambda tx: refunds.request(tx, school.vault, actor, school.now(), self.project, wanted, **more)
        )

    def do(self, step: Any, refund: Refund, actor: Actor = WANG, **more: Any) -> Refund:
        found: Refund = self.school.write(
            lambda tx: step(tx, actor, self.school.now(), self.project, refund.id, **more)
        )
        stored = rows.refund(self.school.store.reader, self.project.id, refund.id)
        self.assertEqual(stored, found)
        return found

    def limit(self, fen: int) -> None:
        school = self.school
        school.write(lambda tx: refunds.set_limit(tx, CHEN, school.now(), self.project, Fen(fen)))

    def refused(self, wanted: RefundWish) -> str:
        with self.assertRaises(Refused) as caught:
            self.request(wanted)
        code: str = caught.exception.code
        return code

    def balances(self, *refs: str) -> list[int]:
        return [self.school.balance(ref) for ref in refs]

    def buy(self, channel: Channel = Channel.CASH, **more: Any) -> SubscriptionId:
        if channel is Channel.CASH:
            more["shift"] = "wangmin"
        return self.school.buy(
            more.pop("account_id", self.account_id), self.plan, channel, **more
        ).subscription_id

    def test_w21_the_unused_days_of_september(self) -> None:
        """3000 for September, cancelled on the 10th: twenty days are left, 2000 go into the wallet, with the formula."""
        bought = self.buy()
        self.school.go("2026-09-10 12:00")
        self.school.pass_days()
        wanted = self.wish(subscription_id=bought)
        seen = self.preview(wanted)
        self.assertEqual(
            json.loads(seen.formula),
            {"fen": 2000, "bonus_fen": 0, "formula": "by_day", "remaining": 20, "total": 30, "unit": "day"},
        )
        done = self.request(wanted, expected=seen)
        self.assertEqual((done.state, done.amount_fen, done.decided_by), (RefundState.PAID, 2000, ""))
        self.assertEqual(self.school.wallet(self.account_id), 2000)
        self.assertEqual(self.school.rows("SELECT state, refunded_fen FROM orders"), [("refunded", 2000)])
        self.assertEqual(self.school.subscriptions()[0][1], "cancelled")
        states = [step.state.value for step in rows.steps(self.school.store.reader, self.project.id, done.id)]
        self.assertEqual(states, ["requested", "approved", "paid"])

    def test_what_was_shown_is_what_is_done(self) -> None:
        """A day later the figures are others and nothing is done; the lines that were shown are the postings."""
        bought = self.buy()
        self.school.go("2026-09-10 12:00")
        wanted = self.wish(Destination.BANK, subscription_id=bought)
        seen = self.preview(wanted)
        self.school.go("2026-09-11 12:00")
        with self.assertRaises(PreviewIsOld):
            self.request(wanted, expected=seen)
        seen = self.preview(wanted)
        first = self.school.rows("SELECT max(id) FROM posting_line")[0][0]
        self.request(wanted, expected=seen)
        posted = self.school.rows(
            f"SELECT ledger_account, amount_fen FROM posting_line WHERE id > {first} ORDER BY id"
        )
        shown = [(line.account_ref.replace("refund:0", "refund:1"), line.amount_fen) for line in seen.lines]
        self.assertEqual(posted, shown)

    def test_above_the_limit_a_second_person_approves(self) -> None:
        """Not who requested it, not twice; up to the limit nobody is asked; the limit itself is still below."""
        self.limit(1999)
        bought = self.buy()
        self.school.go("2026-09-10 12:00")
        asked = self.request(self.wish(subscription_id=bought))
        self.assertEqual((asked.state, self.school.wallet(self.account_id)), (RefundState.REQUESTED, 0))
        self.assertEqual(self.school.rows("SELECT state FROM orders"), [("refunding",)])
        with self.assertRaises(Refused) as caught:
            self.do(refunds.approve, asked)
        self.assertEqual(caught.exception.code, "same_person")
        done = self.do(refunds.approve, asked, CHEN)
        self.assertEqual((done.state, done.decided_by), (RefundState.PAID, "chenlan"))
        with self.assertRaises(Refused):
            self.do(refunds.approve, asked, CHEN)
        self.limit(2000)
        other = self.school.person("20260002")
        self.school.go("2026-09-01 00:00")
        again = self.buy(account_id=other)
        self.school.go("2026-09-10 12:00")
        self.assertEqual(
            self.request(self.wish(account_id=other, subscription_id=again)).state, RefundState.PAID
        )

    def test_a_rejected_request_leaves_everything(self) -> None:
        """The purchase serves on, its order is as before, and it can be asked for again."""
        self.limit(0)
        bought = self.buy()
        wanted = self.wish(subscription_id=bought)
        asked = self.request(wanted)
        self.assertEqual(self.refused(wanted), "queued")
        self.do(refunds.reject, asked, CHEN, reason="holidays are not a reason")
        self.assertEqual(self.school.rows("SELECT state FROM orders"), [("fulfilled",)])
        self.assertEqual(self.school.subscriptions()[0][1], "active")
        self.request(wanted)

    def test_cash_is_found_anew_when_it_is_paid(self) -> None:
        """Approved on the 10th, fetched on the 12th: two more days were used, so 1800 are paid and not 2000."""
        bought = self.buy()
        self.school.go("2026-09-10 12:00")
        asked = self.request(self.wish(Destination.CASH, subscription_id=bought))
        self.assertEqual((asked.state, asked.amount_fen), (RefundState.APPROVED, 2000))
        self.assertEqual(self.school.subscriptions()[0][1], "active")
        self.school.go("2026-09-12 12:00")
        school = self.school
        seen = refunds.preview_pay(school.store.reader, WANG, self.project, asked.id, school.now())
        done = self.do(refunds.pay, asked, expected=seen)
        self.assertEqual((done.state, done.amount_fen), (RefundState.PAID, 1800))
        self.assertEqual(self.balances("cash:wangmin", f"wallet:{self.account_id}"), [1200, 0])
        with self.assertRaises(Refused):
            self.do(refunds.pay, asked)

    def test_nobody_fetched_the_cash(self) -> None:
        """A failed cash refund leaves the purchase; tried again, it is paid once."""
        bought = self.buy()
        asked = self.request(self.wish(Destination.CASH, subscription_id=bought))
        failed = self.do(refunds.fail, asked, reason="nobody came")
        self.assertEqual((failed.state, self.school.subscriptions()[0][1]), (RefundState.FAILED, "active"))
        self.do(refunds.retry, failed)
        self.assertEqual(self.do(refunds.pay, asked).amount_fen, 2900)

    def test_a_transfer_waits_where_nobody_can_spend_it(self) -> None:
        """Approved, the money has left the wallet; failed, it is back; tried again and paid, it is gone once."""
        self.school.recharge(self.account_id, 5000)
        asked = self.request(self.wish(Destination.BANK, amount_fen=Fen(4000)))
        hold = f"clearing:refund:{asked.id}"
        self.assertEqual((asked.state, asked.is_held), (RefundState.APPROVED, True))
        self.assertEqual(self.balances(hold, f"wallet:{self.account_id}"), [-4000, -1000])
        with self.assertRaises(purchases.NotEnoughMoney):
            self.buy(Channel.BALANCE)
        failed = self.do(refunds.fail, asked, reason="account closed")
        self.assertEqual(self.balances(hold, f"wallet:{self.account_id}"), [0, -5000])
        self.assertEqual(self.school.rows("SELECT refunded_fen FROM orders"), [(0,)])
        again = self.do(refunds.retry, failed)
        self.assertEqual(self.balances(hold), [-4000])
        paid = self.do(refunds.pay, again)
        self.assertEqual(self.balances(hold, "bank", f"wallet:{self.account_id}"), [0, -4000, -1000])
        back = self.do(refunds.reverse, paid, CHEN, reason="came back")
        self.assertEqual(self.balances(hold, "bank", f"wallet:{self.account_id}"), [0, 0, -5000])
        self.assertEqual(self.do(refunds.reverse, back, CHEN, reason="again"), back)

    def test_what_was_spent_meanwhile_is_not_paid_again(self) -> None:
        """After a failure the person bought a plan: the retry is refused with what is missing."""
        self.school.recharge(self.account_id, 5000)
        asked = self.request(self.wish(Destination.BANK, amount_fen=Fen(4000)))
        failed = self.do(refunds.fail, asked, reason="account closed")
        self.buy(Channel.BALANCE)
        with self.assertRaises(Refused) as caught:
            self.do(refunds.retry, failed)
        self.assertEqual(caught.exception.code, "not_enough_money")

    def test_gifts_are_never_paid_out(self) -> None:
        """充100送20: 10000 in cash forfeit the 2000; undone, both are there again."""
        school = self.school
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=self.project.id, account_id=self.account_id, amount_fen=Fen(10_000), zone=school.tables.zone(self.project.id),
                at=school.now(), operator="wangmin", shift="wangmin", bonus_fen=Fen(2000),
            )
        )  # fmt: skip
        self.assertEqual(
            self.refused(self.wish(Destination.CASH, amount_fen=Fen(10_001))), "not_enough_money"
        )
        seen = self.preview(self.wish(Destination.CASH, amount_fen=Fen(10_000)))
        self.assertEqual(seen.forfeited_fen, 2000)
        asked = self.request(self.wish(Destination.CASH, amount_fen=Fen(10_000)))
        paid = self.do(refunds.pay, asked)
        refs = (f"wallet:{self.account_id}", f"bonus:{self.account_id}", "promo", "cash:wangmin")
        self.assertEqual((paid.forfeited_fen, self.balances(*refs)), (2000, [0, 0, 0, 0]))
        self.do(refunds.reverse, paid, CHEN, reason="wrong person")
        self.assertEqual(self.balances(*refs), [-10_000, -2000, 2000, 10_000])
        self.assertEqual(school.rows("SELECT refunded_fen FROM orders"), [(0,)])

    def test_a_plan_bought_with_gifts_gives_no_cash_for_them(self) -> None:
        """3000 paid with 2000 and 1000 of gifts: into the wallet both come back; in cash 2000, and no gift is left."""
        school = self.school
        for account_id in (self.account_id, school.person("20260002")):
            school.write(
                lambda tx, who=account_id: purchases.recharge(  # type: ignore[misc]
                    tx, project_id=self.project.id, account_id=who, amount_fen=Fen(2000), zone=school.tables.zone(self.project.id),
                    at=school.now(), operator="wangmin", shift="wangmin", bonus_fen=Fen(1500),
                )
            )  # fmt: skip
        first = self.buy(Channel.BALANCE)
        self.request(self.wish(subscription_id=first))
        refs = (f"wallet:{self.account_id}", f"bonus:{self.account_id}")
        self.assertEqual(self.balances(*refs), [-1933, -500 - 966])
        other = AccountId(2)
        second = self.buy(Channel.BALANCE, account_id=other)
        seen = self.preview(self.wish(Destination.CASH, account_id=other, subscription_id=second))
        asked = self.request(self.wish(Destination.CASH, account_id=other, subscription_id=second))
        paid = self.do(refunds.pay, asked)
        self.assertEqual((paid.amount_fen, paid.forfeited_fen), (1933, seen.forfeited_fen))
        self.assertEqual(self.balances("wallet:2", "bonus:2"), [0, 0])

    def test_a_plan_paid_in_cash_leaves_other_recharges_alone(self) -> None:
        """Its money comes back in cash; the gift of a recharge that has nothing to do with it stays."""
        school = self.school
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=self.project.id, account_id=self.account_id, amount_fen=Fen(10_000), zone=school.tables.zone(self.project.id),
                at=school.now(), operator="wangmin", shift="wangmin", bonus_fen=Fen(2000),
            )
        )  # fmt: skip
        asked = self.request(self.wish(Destination.CASH, subscription_id=self.buy()))
        paid = self.do(refunds.pay, asked)
        self.assertEqual((paid.amount_fen, paid.forfeited_fen), (2900, 0))
        self.assertEqual(
            self.balances(f"wallet:{self.account_id}", f"bonus:{self.account_id}"), [-10_000, -2000]
        )

    def test_who_paid_gets_it_back(self) -> None:
        """A department's purchase for a member goes back to the department's wallet."""
        payer = self.school.person("dept")
        self.school.recharge(payer, 3000)
        bought = self.buy(Channel.BALANCE, payer=payer)
        self.assertEqual(self.refused(self.wish(Destination.CASH, subscription_id=bought)), "payer_money")
        done = self.request(self.wish(subscription_id=bought))
        self.assertEqual((done.payee_id, done.amount_fen), (payer, 2900))
        self.assertEqual((self.school.wallet(payer), self.school.wallet(self.account_id)), (2900, 0))

    def agent(self) -> Agent:
        school = self.school
        school.write(operators.seed_roles)
        operator_id = school.write(
            lambda tx: operators.add(
                tx, name="shop", role="agent", project_ids=(), password_digest="", at=school.now()
            )
        )
        wanted = Agent(AgentId(0), ProjectId(0), "shop", operator_id, 9500, (), (), None, False, 0, "")
        agent_id = school.write(lambda tx: agents.create(tx, WANG, school.now(), self.project, wanted))
        school.write(
            lambda tx: agents.move_deposit(tx, WANG, school.now(), self.project, agent_id, 100_000, key="d")
        )
        school.write(
            lambda tx: agent_customers.set_customer(
                tx, WANG, school.now(), self.project, agent_id, self.account_id, own=True
            )
        )
        return school.write(lambda tx: agents.known_agent(tx, self.project, agent_id))

    def sell(self, agent: Agent, plan: bool) -> str:
        wanted = agents.AgentSale(self.account_id, *((self.plan, None) if plan else (None, Fen(3000))))
        school = self.school
        return school.write(lambda tx: agents.sell(tx, WANG, school.now(), self.project, agent, wanted))

    def test_w48_a_refund_of_an_agent_s_sale_goes_back_to_him(self) -> None:
        """All of 3000 that he sold for 2850: the deposit has 100000 again, no commission is left, no cash moves."""
        agent = self.agent()
        order_no = self.sell(agent, plan=False)
        refs = (f"agent:{agent.id}", "commission", f"wallet:{self.account_id}")
        self.assertEqual(self.balances(*refs), [-97_150, 150, -3000])
        self.assertEqual(self.refused(self.wish(Destination.CASH, amount_fen=Fen(100))), "agent_money")
        given = {"amount_fen": Fen(3000), "order_no": order_no}
        self.assertEqual(self.refused(self.wish(Destination.BANK, **given)), "agent_money")
        done = self.request(self.wish(Destination.AGENT, **given))
        self.assertEqual(done.state, RefundState.PAID)
        self.assertEqual(self.balances(*refs), [-100_000, 0, 0])
        self.school.recharge(self.account_id, 500)
        self.assertEqual(
            self.refused(self.wish(Destination.AGENT, amount_fen=Fen(1), order_no=order_no)), "too_much"
        )

    def test_a_plan_that_an_agent_sold_goes_back_to_him(self) -> None:
        """Its unused part, his share of it rounded down; nowhere else."""
        agent = self.agent()
        self.sell(agent, plan=True)
        bought = SubscriptionId(1)
        for destination in (Destination.WALLET, Destination.CASH, Destination.BANK):
            self.assertEqual(self.refused(self.wish(destination, subscription_id=bought)), "agent_money")
        self.school.go("2026-09-10 12:00")
        self.request(self.wish(Destination.AGENT, subscription_id=bought))
        self.assertEqual(self.balances(f"agent:{agent.id}", "commission"), [-97_150 - 1900, 50])

    def test_what_cannot_be_given_back(self) -> None:
        """Each has its word; the queue stays empty."""
        bought = self.buy()
        self.school.recharge(self.account_id, 1000)
        for code, wanted in (
            ("destination", self.wish(amount_fen=Fen(1))),
            ("amount_fen", self.wish(Destination.CASH)),
            ("amount_fen", self.wish(Destination.CASH, amount_fen=Fen(0))),
            ("not_enough_money", self.wish(Destination.CASH, amount_fen=Fen(1001))),
            ("bank", RefundWish(self.account_id, Destination.BANK, "x", amount_fen=Fen(1))),
            ("destination", self.wish(Destination.AGENT, amount_fen=Fen(1))),
            ("destination", self.wish(Destination.CHANNEL, subscription_id=bought)),
        ):
            self.assertEqual(self.refused(wanted), code, wanted)
        for wanted in (
            self.wish(Destination.CASH, account_id=AccountId(99), amount_fen=Fen(1)),
            self.wish(subscription_id=SubscriptionId(99)),
            self.wish(Destination.CASH, amount_fen=Fen(1), order_no="1-20260901-000099"),
        ):
            with self.assertRaises(LookupError):
                self.request(wanted)
        self.school.go("2026-10-01 00:00")
        self.assertEqual(self.refused(self.wish(subscription_id=bought)), "over")
        self.assertEqual(self.school.rows("SELECT count(*) FROM refund"), [(0,)])

    def test_the_list_for_the_bank(self) -> None:
        """Three transfers on one list with whole account numbers; one fails, two are paid, and a second time nothing moves."""
        people = [self.school.person(f"2026100{n}") for n in range(3)]
        for person in people:
            self.school.recharge(person, 1000)
            self.request(self.wish(Destination.BANK, account_id=person, amount_fen=Fen(1000)))
        school = self.school
        number = school.write(lambda tx: refund_lists.bank_list(tx, CHEN, school.now(), self.project))
        with self.assertRaises(Refused):
            school.write(lambda tx: refund_lists.bank_list(tx, CHEN, school.now(), self.project))
        school.write(lambda tx: refund_lists.note_reading(tx, CHEN, school.now(), self.project, number))
        listed = refund_lists.listed(school.store.reader, school.vault, self.project, number)
        rest = refund_lists.listed(
            school.store.reader, school.vault, self.project, number, listed[1].refund.id
        )
        self.assertEqual(rest, listed[2:])
        self.assertEqual([(row.username, row.bank, row.refund.amount_fen) for row in listed], [(f"2026100{n}", ICBC, 1000) for n in range(3)])  # fmt: skip
        kept = repr(school.rows("SELECT * FROM refund")) + repr(school.rows("SELECT * FROM audit"))
        self.assertNotIn(ICBC.number, kept)

        def close() -> tuple[int, int]:
            return school.write(
                lambda tx: refund_lists.close_list(
                    tx, CHEN, school.now(), self.project, number, {listed[1].refund.id: "no such account"}
                )
            )

        with self.assertRaises(LookupError):
            school.write(lambda tx: refund_lists.close_list(tx, CHEN, school.now(), self.project, 99, {}))
        self.assertEqual(close(), (2, 1))
        self.assertEqual(close(), (0, 0))
        self.assertEqual(self.balances("bank"), [-2000])
        self.assertEqual([self.school.wallet(one) for one in people], [0, 1000, 0])
        with self.assertRaises(LookupError):
            school.write(
                lambda tx: refund_lists.close_list(tx, CHEN, school.now(), self.project, number, {99: ""})
            )

    def test_the_original_channel_waits_for_its_gateway(self) -> None:
        """Money that came by a provider waits in the queue until he says that it is paid."""
        school = self.school
        paid_by = rules.debits((rules.clearing("wechat", "1900001"), 3000))
        bought = self.buy(Channel.WECHAT, paid_by=paid_by)
        asked = self.request(self.wish(Destination.CHANNEL, subscription_id=bought))
        (waiting,) = refund_lists.waiting_for_channel(school.store.reader, self.project, Page())
        self.assertEqual((waiting.id, waiting.is_held), (asked.id, True))
        with self.assertRaises(Refused):
            self.do(refunds.pay, asked)
        self.do(refund_lists.channel_paid, asked, provider="wechat", merchant="1900001")
        self.assertEqual(self.balances("clearing:wechat:1900001", f"clearing:refund:{asked.id}"), [100, 0])

    def test_another_projects_refund_is_not_there(self) -> None:
        """Neither looked up nor moved from elsewhere."""
        self.limit(0)
        asked = self.request(self.wish(subscription_id=self.buy()))
        school = self.school
        far = replace(self.project, id=ProjectId(77))
        for step in (refunds.approve, refunds.pay, refunds.retry):
            with self.assertRaises(LookupError):
                school.write(lambda tx, s=step: s(tx, CHEN, school.now(), far, RefundId(asked.id)))  # type: ignore[misc]
