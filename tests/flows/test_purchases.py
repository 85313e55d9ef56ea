"""Buying: order, money, subscription and chain together or not at all; the preview tells what the purchase does."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, NOW, SHANGHAI, START, School
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import purchases
from zhuomai_appliance.model.commerce import Channel, OrderState
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import AccessPolicy, PlanKind
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import ledger, orders


class PurchaseTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person()
        self.plan = self.school.plan()

    def tearDown(self) -> None:
        """Whatever was done: every posting balances, and the kept balances are the sums of the lines."""
        school = self.school
        self.assertEqual(
            school.rows(
                "SELECT posting_id FROM posting_line GROUP BY posting_id HAVING SUM(amount_fen) <> 0"
            ),
            [],
        )
        self.assertEqual(
            school.rows("SELECT ledger_account, SUM(amount_fen) FROM posting_line GROUP BY 1 ORDER BY 1"),
            school.rows("SELECT ledger_account, balance_fen FROM ledger_balance ORDER BY 1"),
        )

    def balance(self, ref: str) -> int:
        return ledger.balance(self.school.store.reader, self.school.project, ref)

    def recharge(self, amount: int) -> None:
        school = self.school
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=school.project, account_id=self.account_id, amount_fen=Fen(amount), zone=SHANGHAI,
                at=school.now(), operator="cashier1", shift="s1",
            )
        )  # fmt: skip

    def wallet(self) -> int:
        return purchases.wallet_fen(self.school.store.reader, self.school.project, self.account_id)

    def test_cash(self) -> None:
        """Cash goes into the till against deferred income; the order is done and has its payment."""
        bought = self.school.buy(self.account_id, self.plan, Channel.CASH, shift="s1")
        self.assertEqual(bought.order.order_no, "1-20261125-000001")
        stored = orders.order(self.school.store.reader, bought.order.order_no)
        assert stored is not None
        self.assertEqual((stored.state, stored.amount_fen, stored.operator), (OrderState.FULFILLED, 3000, "cashier1"))  # fmt: skip
        self.assertEqual(
            (self.balance("cash:s1"), self.balance(rules.deferred(bought.subscription_id))), (3000, -3000)
        )
        self.assertEqual(self.school.rows("SELECT provider, amount_fen FROM payment"), [("cash", 3000)])
        self.assertEqual(self.school.rows("SELECT state, paid_principal_fen, ends_at FROM subscription"), [("active", 3000, NOW + 30 * DAY)])  # fmt: skip

    def test_wallet(self) -> None:
        """What was paid in buys a plan; what is left stays in the wallet."""
        self.recharge(5000)
        bought = self.school.buy(self.account_id, self.plan, Channel.BALANCE)
        self.assertEqual((self.wallet(), self.balance("cash:s1")), (2000, 5000))
        self.assertEqual(self.balance(rules.deferred(bought.subscription_id)), -3000)

    def test_wallet_with_too_little(self) -> None:
        """One fen too few: the sum that is missing is told, and nothing at all is done."""
        self.recharge(2999)
        with self.assertRaises(purchases.NotEnoughMoney) as caught:
            self.school.buy(self.account_id, self.plan, Channel.BALANCE)
        self.assertEqual(caught.exception.missing_fen, 1)
        self.assertEqual((self.wallet(), self.school.subscriptions()), (2999, []))
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM orders"), [(1,)])

    def test_grant(self) -> None:
        """A gift is an order over 0 fen and moves no money."""
        bought = self.school.buy(self.account_id, self.plan)
        self.assertEqual((bought.order.amount_fen, bought.order.channel), (0, Channel.GRANT))
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM posting"), [(0,)])

    def test_preview_is_what_the_purchase_does(self) -> None:
        """Price, begin, end and the new end of all that is owned are the same when it is bought."""
        school = self.school
        for _ in range(3):
            school.clock.advance(5 * DAY)
            seen = purchases.preview(school.store.reader, self.account_id, self.plan, SHANGHAI, school.now())
            bought = school.buy(self.account_id, self.plan, Channel.CASH, shift="s1", revision=seen.revision)
            self.assertEqual(seen.price_fen, bought.order.amount_fen)
            dates = (bought.segment.state, bought.segment.starts_at, bought.segment.ends_at)
            self.assertEqual((seen.segment.state, seen.segment.starts_at, seen.segment.ends_at), dates)
            self.assertEqual(seen.would_be_covered_until, bought.segment.ends_at)

    def test_old_preview_is_refused(self) -> None:
        """Somebody else bought in between: the commit refuses rather than do something else than was shown."""
        school = self.school
        seen = purchases.preview(school.store.reader, self.account_id, self.plan, SHANGHAI, NOW)
        school.buy(self.account_id, self.plan)
        with self.assertRaises(purchases.PreviewIsOld):
            school.buy(self.account_id, self.plan, Channel.CASH, shift="s1", revision=seen.revision)
        self.assertEqual(len(school.subscriptions()), 1)

    def test_what_is_over_cannot_be_bought(self) -> None:
        """A buyout whose end has passed is refused, and nothing of the order stays."""
        school = self.school
        term = school.plan("term", PlanKind.BUYOUT, period=None, buyout_ends_at=Timestamp(NOW + DAY))
        school.clock.advance(DAY)
        with self.assertRaises(CannotBuyError):
            school.buy(self.account_id, term, Channel.CASH, shift="s1")
        self.assertEqual(school.rows("SELECT COUNT(*) FROM orders"), [(0,)])

    def test_gateways_do_not_pay_here(self) -> None:
        """A channel that pays later is a mistake of the caller."""
        with self.assertRaises(ValueError):
            self.school.buy(self.account_id, self.plan, Channel.WECHAT)

    def test_order_numbers_begin_anew_each_local_day(self) -> None:
        """The serial counts within the school's own day, not UTC's."""
        school = self.school
        school.clock.advance(14 * 3600 - 1)
        late = school.buy(self.account_id, self.plan).order.order_no
        school.clock.advance(1)
        early = school.buy(self.account_id, self.plan).order.order_no
        self.assertEqual([late, early], ["1-20261125-000001", "1-20261126-000001"])

    def test_running_sessions_hear_of_it(self) -> None:
        """A purchase in mid-session tells the device the new end."""
        school = self.school
        school.buy(self.account_id, self.plan)
        school.report(START)
        school.buy(self.account_id, self.plan)
        self.assertEqual([key for key, _, _ in school.effects()], ["change:1"])
        ((payload,),) = school.rows("SELECT payload FROM outbox")
        self.assertFalse(json.loads(payload)["must"])

    def test_sessions_are_left_alone_by_what_changes_nothing(self) -> None:
        """A plan of another policy that waits its turn tells a running session nothing yet."""
        school = self.school
        school.buy(self.account_id, self.plan)
        school.report(START)
        school.buy(
            self.account_id, school.plan("slow", policy=AccessPolicy(rate=RateLimit(1_000_000, 1_000_000)))
        )
        self.assertEqual(school.effects(), [])

    def test_recharge_takes_something(self) -> None:
        """Nothing, and less, is no recharge."""
        for amount in (0, -1):
            with self.assertRaises(ValueError):
                self.recharge(amount)

    def test_opening_balance_comes_once(self) -> None:
        """A balance from before is brought in once, however often the site file is applied."""
        school = self.school
        for amount in (5000, 5000, 0):
            school.write(
                lambda tx, fen=amount: purchases.open_balance(  # type: ignore[misc]
                    tx, school.project, AccountId(self.account_id), Fen(fen), "apply", NOW
                )
            )
        self.assertEqual((self.wallet(), self.balance("opening")), (5000, 5000))
