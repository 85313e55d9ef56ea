"""Principal and gift money in one wallet: spent in order, and the gift never paid out (billing rules §15)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, NOW, SHANGHAI, School
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.orders import Reduction
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import housekeeping, purchases, wallets
from zhuomai_appliance.model.commerce import Channel, OrderKind, OrderLine, OrderState
from zhuomai_appliance.model.moment import parse_rfc3339
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.products import Quota, SubscriptionId
from zhuomai_appliance.store import ledger, orders
from zhuomai_appliance.store.verify import prove


class WalletCase(SynchronousTestCase):
    """One account, plans at 30.00, and books that are proved after each test."""

    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person()

    def tearDown(self) -> None:
        faults = [
            f"{proof.what}: {fault}" for proof in prove(self.school.store.reader) for fault in proof.faults
        ]
        self.assertEqual(faults, [])

    def balance(self, ref: str) -> int:
        return ledger.balance(self.school.store.reader, self.school.project, ref)

    def held(self) -> tuple[int, int]:
        have = wallets.held(self.school.store.reader, self.school.project, self.account_id)
        return have.principal_fen, have.bonus_fen

    def recharge(self, amount: int, bonus: int = 0, **more: Any) -> str:
        school = self.school
        return school.write(
            lambda tx: purchases.recharge(
                tx, project_id=school.project, account_id=self.account_id, amount_fen=Fen(amount), zone=SHANGHAI,
                at=school.now(), operator="cashier1", bonus_fen=Fen(bonus), **({"shift": "s1"} | more),
            )
        ).order_no  # fmt: skip

    def pay_out(self, amount: int, effect: str = "out:1") -> tuple[int, int]:
        out = self.school.write(
            lambda tx: purchases.pay_out(
                tx, self.school.project, self.account_id, amount, rules.cash("s1"), effect=effect,
                operator="cashier1", at=self.school.now(),
            )
        )  # fmt: skip
        return out.principal_fen, out.forfeited_fen


class SpendingTests(WalletCase):
    def test_principal_goes_first(self) -> None:
        """25.00 and a gift of 10.00 buy a plan of 30.00: all of the principal and half of the gift."""
        self.recharge(2500, 1000)
        bought = self.school.buy(self.account_id, self.school.plan(), Channel.BALANCE)
        self.assertEqual(
            (bought.paid.principal_fen, bought.paid.bonus_fen, self.held()), (2500, 500, (0, 500))
        )
        self.assertEqual(self.balance(rules.deferred(bought.subscription_id)), -3000)
        self.assertEqual(
            self.school.rows("SELECT paid_principal_fen, paid_bonus_fen FROM subscription"), [(2500, 500)]
        )

    def test_both_together_are_what_may_be_spent(self) -> None:
        """One fen less than both: the sum that is missing is told, and nothing is done."""
        self.recharge(2500, 499)
        with self.assertRaises(purchases.NotEnoughMoney) as caught:
            self.school.buy(self.account_id, self.school.plan(), Channel.BALANCE)
        self.assertEqual((caught.exception.missing_fen, self.held()), (1, (2500, 499)))
        self.assertEqual(self.school.subscriptions(), [])

    def test_all_that_was_paid_is_earned(self) -> None:
        """Gift money that bought a plan is income like the rest when the month is over."""
        self.recharge(2500, 500)
        self.school.buy(self.account_id, self.school.plan(), Channel.BALANCE)
        self.school.clock.advance(40 * DAY)
        self.assertEqual(
            self.school.run(housekeeping.earn(self.school.store, self.school.tables, self.school.now())), 3000
        )

    def test_an_effect_is_paid_once(self) -> None:
        """The same effect again takes nothing, and tells what the first took."""
        self.recharge(2500, 1000)
        for _ in range(2):
            paid = self.school.write(
                lambda tx: purchases.pay_from_wallet(
                    tx, self.school.project, self.account_id, 2600, rules.revenue("fee"), effect="fee:1",
                    operator="", at=NOW,
                )
            )  # fmt: skip
            self.assertEqual((paid.principal_fen, paid.bonus_fen, self.held()), (2500, 100, (0, 900)))

    def test_credit_goes_below_zero_and_no_further(self) -> None:
        """With a limit of 10.00 a wallet of 25.00 buys for 30.00; the next fee is refused over the limit."""
        self.recharge(2500)
        with self.assertRaises(purchases.NotEnoughMoney):
            self.school.buy(self.account_id, self.school.plan(), Channel.BALANCE, credit_fen=499)
        self.school.buy(self.account_id, self.school.plan(), Channel.BALANCE, credit_fen=1000)
        self.assertEqual(self.held(), (-500, 0))
        with self.assertRaises(purchases.NotEnoughMoney) as caught:
            wallets.payment(self.school.store.reader, self.school.project, self.account_id, 501, 1000)
        self.assertEqual(caught.exception.missing_fen, 1)
        self.recharge(500)

    def test_another_wallet_pays(self) -> None:
        """The payer's wallet pays, the plan is the member's, and the order names both."""
        self.recharge(3000)
        member = self.school.person("20260002")
        bought = self.school.buy(member, self.school.plan(), Channel.BALANCE, payer=self.account_id)
        self.assertEqual(
            (self.held(), bought.order.payer_id, bought.order.account_id), ((0, 0), self.account_id, member)
        )

    def test_other_ledger_accounts_pay(self) -> None:
        """A provider's clearing account and its fee pay together; anything but the price is refused."""
        plan = self.school.plan()
        debits = rules.debits((rules.clearing("wechat", "1"), 2982), (rules.FEE, 18))
        with self.assertRaises(ValueError):
            self.school.buy(self.account_id, plan, Channel.WECHAT, paid_by=debits[:1])
        bought = self.school.buy(self.account_id, plan, Channel.WECHAT, paid_by=debits)
        refs = ("clearing:wechat:1", "fee", rules.deferred(bought.subscription_id))
        self.assertEqual([self.balance(ref) for ref in refs], [2982, 18, -3000])


class PayingOutTests(WalletCase):
    def test_gift_is_not_paid_out(self) -> None:
        """Charge 100 get 20, spend 20, take the rest: 80 in cash, and the gift is gone."""
        order_no = self.recharge(10_000, 2000)
        self.school.buy(self.account_id, self.school.plan(price=2000), Channel.BALANCE)
        self.assertEqual(self.held(), (8000, 2000))
        self.assertEqual(self.pay_out(8000), (8000, 2000))
        self.assertEqual((self.held(), self.balance("promo"), self.balance("cash:s1")), ((0, 0), 0, 2000))
        stored = orders.order(self.school.store.reader, order_no)
        assert stored is not None
        self.assertEqual(stored.refunded_fen, 8000)

    def test_more_than_the_principal_is_refused(self) -> None:
        """The gift does not count for what may be paid out."""
        self.recharge(1000, 2000)
        with self.assertRaises(purchases.NotEnoughMoney) as caught:
            self.pay_out(1001)
        self.assertEqual((caught.exception.missing_fen, self.held()), (1, (1000, 2000)))

    def test_newest_recharge_goes_back_first(self) -> None:
        """The older recharge keeps its gift until something of it goes back, and loses it once."""
        self.recharge(1000, 200)
        self.school.clock.advance(60)
        self.recharge(500)
        self.assertEqual(self.pay_out(500, "out:1"), (500, 0))
        self.assertEqual(self.pay_out(1, "out:2"), (1, 200))
        self.assertEqual(self.pay_out(1, "out:3"), (1, 0))
        self.assertEqual(self.held(), (998, 0))

    def test_gift_that_was_spent_is_not_taken_twice(self) -> None:
        """A gift that bought something is not there any more; only its rest is forfeited."""
        self.recharge(1000, 500)
        self.school.buy(self.account_id, self.school.plan(price=1400), Channel.BALANCE)
        self.recharge(300, 50)
        self.assertEqual(self.held(), (300, 150))
        self.assertEqual(self.pay_out(300), (300, 50))
        self.assertEqual(self.held(), (0, 100))

    def test_paid_out_once(self) -> None:
        """The same effect again pays nothing."""
        self.recharge(1000, 200)
        self.assertEqual([self.pay_out(600), self.pay_out(600)], [(600, 200), (600, 200)])
        self.assertEqual(self.held(), (400, 0))
        with self.assertRaises(ValueError):
            self.pay_out(0, "out:2")


class OrderTests(WalletCase):
    def test_lines_and_history(self) -> None:
        """An order knows what it consists of, what kind it is, and how it went."""
        plan = self.school.plan(subject="包月")
        bought = self.school.buy(
            self.account_id, plan, Channel.CASH, shift="s1", reduction=Reduction("freshers", Fen(300))
        )
        reader, number = self.school.store.reader, bought.order.order_no
        self.assertEqual((bought.order.amount_fen, bought.order.kind), (2700, OrderKind.PLAN))
        self.assertEqual(
            orders.lines_of(reader, self.school.project, number),
            [OrderLine("包月", "monthly", Fen(3000), Fen(300), "freshers")],
        )
        self.school.write(
            lambda tx: orders.set_state(tx, bought.order, OrderState.REFUNDING, NOW + 5, "finance", "moves")
        )
        steps = orders.steps_of(reader, self.school.project, number)
        self.assertEqual(
            [(s.state.value, s.at, s.operator) for s in steps],
            [("fulfilled", NOW, "cashier1"), ("refunding", NOW + 5, "finance")],
        )
        with self.assertRaises(LookupError):
            self.school.write(lambda tx: orders.set_state(tx, bought.order, OrderState.REFUNDING, NOW, ""))

    def test_w08_four_months_and_one_given(self) -> None:
        """W08: 80.00 buys 4 months and a fifth is given; paid on 10 September, it ends on 10 February at the same hour."""
        school = self.school
        school.clock.rightNow = parse_rfc3339("2026-09-10T08:00:00+08:00")
        gift = Reduction("80=5", gift_periods=1)
        plan = school.plan(price=2000)
        seen = purchases.preview(
            school.store.reader, self.account_id, plan, SHANGHAI, school.now(), periods=4, reduction=gift
        )
        bought = school.buy(self.account_id, plan, Channel.CASH, shift="s1", periods=4, reduction=gift)
        self.assertEqual((bought.order.amount_fen, bought.order.periods), (8000, 4))
        self.assertEqual(bought.segment.ends_at, parse_rfc3339("2027-02-10T08:00:00+08:00"))
        self.assertEqual((seen.price_fen, seen.segment.ends_at), (8000, bought.segment.ends_at))
        again = school.buy(self.account_id, plan, Channel.CASH, shift="s1")
        self.assertEqual(again.segment.ends_at, parse_rfc3339("2027-03-10T08:00:00+08:00"))

    def test_given_days_move_the_end(self) -> None:
        """Ten days more behind the month; what follows begins where they end and is counted from there."""
        plan = self.school.plan()
        bought = self.school.buy(
            self.account_id, plan, Channel.CASH, shift="s1", reduction=Reduction("days", gift_days=10)
        )
        self.assertEqual(bought.segment.ends_at, NOW + 40 * DAY)
        self.school.buy(self.account_id, plan)
        self.school.clock.advance(40 * DAY)
        self.school.login()
        self.assertEqual(
            self.school.rows("SELECT starts_at, ends_at FROM subscription WHERE id = 2"),
            [(NOW + 40 * DAY, parse_rfc3339("2027-02-04T10:00:00+08:00"))],
        )

    def test_given_octets_and_several_periods_make_the_allowance(self) -> None:
        """Three periods of 1000 octets and 500 as a gift are 3500, in the chain and in what the books compare with."""
        plan = self.school.plan("metered month", quota=Quota(octets=1000))
        gift = Reduction("more", gift_octets=500)
        bought = self.school.buy(self.account_id, plan, Channel.CASH, shift="s1", periods=3, reduction=gift)
        self.assertEqual((bought.segment.octets_left, bought.order.amount_fen), (3500, 9000))
        self.assertEqual(
            self.school.rows("SELECT granted_octets, granted_seconds FROM subscription"), [(3500, None)]
        )

    def test_what_has_no_periods_is_bought_one_by_one(self) -> None:
        """Two packs at once, no period at all, days for a pack without an end: refused, and nothing is done."""
        pack = self.school.pack(1000, period=None)
        for more in ({"periods": 2}, {"periods": 0}, {"reduction": Reduction("days", gift_days=1)}):
            with self.assertRaises(CannotBuyError):
                self.school.buy(self.account_id, pack, Channel.CASH, shift="s1", **more)
        with self.assertRaises(CannotBuyError):
            self.school.buy(self.account_id, self.school.plan(), Channel.CASH, shift="s1", periods=121)
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM orders"), [(0,)])

    def test_discount_takes_no_more_than_the_price(self) -> None:
        """A discount of 50.00 on a plan of 30.00 makes it free, and moves no money."""
        bought = self.school.buy(
            self.account_id,
            self.school.plan(),
            Channel.CASH,
            shift="s1",
            reduction=Reduction("all", Fen(5000)),
        )
        self.assertEqual((bought.order.amount_fen, self.balance("cash:s1")), (0, 0))
        self.assertEqual(bought.subscription_id, SubscriptionId(1))
