"""红冲 once, with all that the order did; closed months stay as they were reported (E10, E20, W50, P10)."""

from __future__ import annotations

import sqlite3

from tests.flows.desk_school import WANG
from tests.flows.school import DAY, NOW, START, STOP
from tests.flows.test_cards import CardBook
from tests.flows.test_wallets import WalletCase
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import housekeeping, redemption, reversals
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel, PostingId
from zhuomai_appliance.model.network import Project


class ReversalTests(WalletCase):
    def project(self) -> Project:
        found = self.school.tables.project(self.school.project)
        assert found is not None
        return found

    def reverse(self, posting_id: int, reason: str = "wrong person") -> int:
        school, project = self.school, self.project()
        return school.write(
            lambda tx: reversals.reverse(tx, WANG, school.now(), project, PostingId(posting_id), reason)
        )

    def close(self, month: str) -> bool:
        school, project = self.school, self.project()
        return school.write(lambda tx: reversals.close_month(tx, WANG, school.now(), project, month))

    def test_w50_second_reversal_is_the_first(self) -> None:
        """W50: what an agent sold is undone once; the second call posts nothing and names the first."""
        debits = rules.debits((rules.agent(7), 2850), (rules.COMMISSION, 150))
        self.school.buy(self.account_id, self.school.plan(), Channel.AGENT, agent=7, paid_by=debits)
        self.assertEqual([self.reverse(1), self.reverse(1)], [2, 2])
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM posting"), [(2,)])
        self.assertEqual([self.balance("agent:7"), self.balance("commission")], [0, 0])
        self.assertEqual(self.school.rows("SELECT state FROM subscription"), [("cancelled",)])

    def test_p10_all_undone_leaves_nothing(self) -> None:
        """P10: a recharge with its gift and what it bought, undone from the last, leave every balance at zero."""
        self.recharge(3000, 500)
        self.school.buy(self.account_id, self.school.plan(price=3200), Channel.BALANCE)
        with self.assertRaises(Refused) as caught:
            self.reverse(1)
        self.assertEqual(caught.exception.code, "spent")
        self.reverse(2)
        self.reverse(1)
        self.assertEqual(self.school.rows("SELECT * FROM ledger_balance WHERE balance_fen <> 0"), [])
        self.assertEqual(self.school.rows("SELECT DISTINCT state FROM orders"), [("refunded",)])

    def test_what_was_used_is_not_undone(self) -> None:
        """One session under the plan: refused with the way out, and nothing is done."""
        self.school.buy(self.account_id, self.school.plan(), Channel.CASH, shift="s1")
        self.school.report(START)
        self.school.clock.advance(60)
        self.school.report(STOP, 60, 10, 20)
        with self.assertRaises(Refused) as caught:
            self.reverse(1)
        self.assertEqual(caught.exception.code, "used")
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM posting"), [(1,)])

    def test_reason_and_kind(self) -> None:
        """Without a reason, of a reversal, and of no posting: refused."""
        self.recharge(3000)
        with self.assertRaises(Refused):
            self.reverse(1, " ")
        self.reverse(1)
        with self.assertRaises(Refused) as caught:
            self.reverse(2)
        self.assertEqual(caught.exception.code, "not_reversible")
        with self.assertRaises(LookupError):
            self.reverse(99)

    def test_closed_month(self) -> None:
        """The database itself refuses a posting in a closed month; its correction lands in the open one."""
        self.recharge(3000)
        for month, code in (("2026-11", "month_not_over"), ("2026-13", "no_month")):
            with self.assertRaises(Refused) as caught:
                self.close(month)
            self.assertEqual(caught.exception.code, code)
        self.school.clock.advance(10 * DAY)
        self.assertEqual([self.close("2026-11"), self.close("2026-11")], [True, False])
        self.school.clock.rightNow = float(NOW)
        with self.assertRaises(sqlite3.IntegrityError):
            self.recharge(100)
        for statement in ("DELETE FROM period_close", "UPDATE period_close SET ends_at = 0"):
            with self.assertRaises(sqlite3.IntegrityError):
                self.school.sql(statement)
        self.school.clock.rightNow = float(NOW + 10 * DAY)
        self.reverse(1)
        self.assertEqual(
            self.school.rows("SELECT posted_at, reversal_of FROM posting WHERE id = 2"), [(NOW + 10 * DAY, 1)]
        )

    def test_month_waits_for_its_earnings(self) -> None:
        """What was earned in a month is posted before it closes; what is missing is counted."""
        self.school.buy(self.account_id, self.school.plan(), Channel.CASH, shift="s1")
        self.school.clock.advance(10 * DAY)
        with self.assertRaises(Refused) as caught:
            self.close("2026-11")
        self.assertEqual((caught.exception.code, caught.exception.facts["count"]), ("earnings_missing", 1))
        self.school.run(housekeeping.earn(self.school.store, self.school.tables, self.school.now()))
        self.assertTrue(self.close("2026-11"))

    def test_a_card_is_good_again(self) -> None:
        """The order that a card paid is undone: the value is owed to its holder again, and it can be redeemed."""
        book = CardBook(self.school)
        printing = book.printed(10, 5000)
        book.sell(printing.batch.id, 1, 1)
        card = next(iter(printing.cards()))

        def redeem() -> object:
            school = self.school
            return school.write(
                lambda tx: redemption.redeem(
                    tx, school.vault, WANG, school.now(), self.project(), self.account_id, card.number, card.pin, "10.9.0.1"
                )
            )  # fmt: skip

        first = redeem()
        assert isinstance(first, redemption.Redeemed)
        ((posting_id,),) = self.school.rows("SELECT id FROM posting WHERE kind = 'recharge'")
        self.reverse(posting_id)
        self.assertEqual(
            (self.held(), self.balance(f"card_liability:{printing.batch.code}")), ((0, 0), -5000)
        )
        self.assertIsInstance(redeem(), redemption.Redeemed)
