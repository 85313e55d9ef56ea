"""Receipts: a number in the transaction that takes the money, none lost, none used twice, a void one stays (E06)."""

from __future__ import annotations

import sqlite3

from tests.flows.desk_school import WANG
from tests.flows.test_subjects import SubjectCase
from zhuomai_appliance.flows import charges, desk, receipts
from zhuomai_appliance.flows.charges import ChargeWish
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.receipts import Receipt, ReceiptSeries
from zhuomai_appliance.store import receipts as rows
from zhuomai_appliance.store.reports_query import Page


class ReceiptTests(SubjectCase):
    def use(self, prefix: str = "A") -> None:
        series = ReceiptSeries(self.project.id, prefix, 4, "示范大学", "")
        self.school.write(lambda tx: receipts.use_series(tx, WANG, self.school.now(), self.project, series))

    def take(self, amount: int = 5000) -> str:
        school = self.school
        return school.write(
            lambda tx: desk.recharge(tx, WANG, school.now(), self.project, self.account_id, Fen(amount))
        ).order_no

    def numbers(self) -> list[tuple[str, int, bool]]:
        found = rows.receipts(self.school.store.reader, (self.project.id,), rows.ReceiptFilter(), Page())
        return [(one.number, one.amount_fen, one.voided_at is not None) for one in found]

    def void(self, number: str, reason: str = "torn") -> Receipt:
        school = self.school
        return school.write(lambda tx: receipts.void(tx, WANG, school.now(), self.project, number, reason))

    def test_cash_has_receipts_once_there_is_a_series(self) -> None:
        """A recharge, a sale and a charge for cash; what the wallet pays had its receipt before."""
        self.take()
        self.use()
        self.take()
        plan = self.school.plan(price=3000)
        for channel in (Channel.BALANCE, Channel.CASH):
            self.school.write(
                lambda tx, c=channel: desk.sell(
                    tx, WANG, self.school.now(), self.project, self.account_id, plan, c
                )  # type: ignore[misc]
            )
        wish = ChargeWish(self.account_id, "install", Fen(800), "port 3")
        self.school.write(lambda tx: charges.charge(tx, WANG, self.school.now(), self.project, wish))
        self.assertEqual(
            self.numbers(), [("A0001", 5000, False), ("A0002", 3000, False), ("A0003", 800, False)]
        )

    def test_no_gap_when_the_money_is_not_taken(self) -> None:
        """What fails after its number was taken gives it back with everything else."""
        self.use()

        def fail(tx: object) -> None:
            desk.recharge(tx, WANG, self.school.now(), self.project, self.account_id, Fen(100))  # type: ignore[arg-type]
            raise RuntimeError("the lights went out")

        with self.assertRaises(RuntimeError):
            self.school.write(fail)
        self.take()
        self.assertEqual(self.numbers(), [("A0001", 5000, False)])

    def test_void_stays_and_another_is_issued(self) -> None:
        """The number is used up; one good receipt an order; the database keeps both."""
        self.use()
        order_no = self.take()

        def again() -> Receipt:
            return self.school.write(
                lambda tx: receipts.reissue(tx, WANG, self.school.now(), self.project, order_no)
            )

        self.assertEqual(self.code(again), "issued")
        self.assertEqual(self.code(lambda: self.void("A0001", " ")), "reason")
        self.void("A0001")
        self.assertEqual(self.code(lambda: self.void("A0001")), "void")
        self.assertEqual(again().number, "A0002")
        self.assertEqual(self.numbers(), [("A0001", 5000, True), ("A0002", 5000, False)])
        for statement in (
            "DELETE FROM receipt",
            "UPDATE receipt SET amount_fen = 1",
            "UPDATE receipt SET voided_at = NULL",
        ):
            with self.assertRaises(sqlite3.IntegrityError):
                self.school.sql(statement)

    def test_a_reversal_makes_it_void(self) -> None:
        """With the order its receipt is undone, and none is issued for it any more."""
        self.use()
        order_no = self.take()
        ((posting_id,),) = self.school.rows("SELECT id FROM posting")
        self.reverse(posting_id)
        self.assertEqual(self.numbers(), [("A0001", 5000, True)])
        self.assertEqual(
            self.code(
                lambda: self.school.write(
                    lambda tx: receipts.reissue(tx, WANG, self.school.now(), self.project, order_no)
                )
            ),
            "order_state",
        )

    def test_series_go_on_where_they_stopped(self) -> None:
        """Another prefix, and back."""
        for prefix in ("A", "B", "A"):
            self.use(prefix)
            self.take()
        self.assertEqual([number for number, _, _ in self.numbers()], ["A0001", "A0002", "B0001"])

    def test_prints_are_counted_for_one_buyer(self) -> None:
        """The first print says for whom; the second is counted; another buyer needs another receipt."""
        self.use()
        self.take()

        def show(buyer: str = "") -> Receipt:
            return self.school.write(
                lambda tx: receipts.note_print(tx, WANG, self.school.now(), self.project, "A0001", buyer)
            )

        self.assertEqual((show("ACME").prints, show().prints, show("ACME").buyer), (1, 2, "ACME"))
        self.assertEqual(self.code(lambda: show("Other")), "buyer")
