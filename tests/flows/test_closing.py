"""Closing accounts: the settlement is what was shown, nothing revives a closed one, its name is free later (F12, §4)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import DAY, GB, PHONE, SHANGHAI, START, reason
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.billing.periods import CannotBuyError
from zhuomai_appliance.flows import closing, desk, purchases, refunds, suspensions
from zhuomai_appliance.flows.closing import ClosePreview, CloseWish
from zhuomai_appliance.flows.once import KeyReused
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.site_model import SiteAccount
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import BindingKind
from zhuomai_appliance.model.plan_rules import SuspensionRules
from zhuomai_appliance.model.products import Anchor
from zhuomai_appliance.model.refunds import Destination, RefundState
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store import refunds as rows
from zhuomai_appliance.store.refunds import RefundFilter
from zhuomai_appliance.store.reports_query import Page


class ClosingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool("2026-09-01 00:00")
        self.project = self.school.desk_project
        self.plan = self.school.plan(price=3000, anchor=Anchor.CALENDAR)
        self.account_id = self.school.person("20260001")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        self.assertEqual(self.school.faults(), [])

    def preview(self, wanted: CloseWish) -> ClosePreview:
        school = self.school
        return closing.preview_close(school.store.reader, self.project, self.account_id, wanted, school.now())

    def close(self, wanted: CloseWish, seen: ClosePreview | None = None, key: str = "k1") -> dict[str, Any]:
        school, expected = self.school, seen or self.preview(wanted)
        return school.write(
            lambda tx: closing.close(
                tx, school.vault, WANG, school.now(), self.project, self.account_id, wanted, key=key, expected=expected
            )
        )  # fmt: skip

    def refused(self, wanted: CloseWish) -> str:
        with self.assertRaises(Refused) as caught:
            self.close(wanted)
        code: str = caught.exception.code
        return code

    def look(self) -> tuple[int, int]:
        school = self.school
        found: tuple[int, int] = school.run(
            closing.look(school.store, school.vault, school.tables, school.now())
        )
        return found

    def test_wallet_month_queue_and_pack_are_settled_as_shown(self) -> None:
        """On the 10th: 1500 in the wallet, 20/30 of the month, the queued month whole, 21/25 of the pack, gifts lost."""
        school = self.school
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=school.project, account_id=self.account_id, amount_fen=Fen(1500), zone=SHANGHAI,
                at=school.now(), operator="wangmin", shift="wangmin", bonus_fen=Fen(200),
            )
        )  # fmt: skip
        first, second = (school.pay(self.account_id, self.plan) for _ in range(2))
        school.go("2026-09-10 15:00")
        school.pass_days()
        wanted = CloseWish("leaves", Destination.CASH)
        seen = self.preview(wanted)
        self.assertEqual(
            [(s.subscription_id, s.value.fen) for s in seen.settled], [(second, 3000), (first, 2000)]
        )
        self.assertEqual((seen.wallet_fen, seen.payout_fen, seen.forfeited_fen), (1500, 6500, 200))
        done = self.close(wanted, seen)
        self.assertEqual((done["payout_fen"], done["forfeited_fen"]), (6500, 200))
        self.assertEqual(school.wallet(self.account_id), 6500)
        self.assertEqual(school.balance(rules.bonus(self.account_id)), 0)
        self.assertEqual([school.deferred(one) for one in (first, second)], [100, 0], "today is served")
        self.assertEqual(school.dates(self.account_id), [])
        refund = rows.refund(school.store.reader, school.project, done["refund_id"])
        assert refund is not None
        self.assertEqual((refund.amount_fen, refund.state), (6500, RefundState.APPROVED))
        school.write(lambda tx: refunds.pay(tx, WANG, school.now(), self.project, refund.id))
        self.assertEqual(school.wallet(self.account_id), 0)
        self.assertEqual(self.close(wanted, seen), done)
        with self.assertRaises(KeyReused):
            self.close(CloseWish("another word", Destination.CASH), seen)
        self.assertEqual(self.refused_again(), "account_closed")

    def refused_again(self) -> str:
        with self.assertRaises(Refused) as caught:
            self.preview(CloseWish("again"))
        code: str = caught.exception.code
        return code

    def test_a_pack_is_settled_by_octets(self) -> None:
        """Of 25 GB for 1000 fen 4 GB were used: 840 come back."""
        school = self.school
        pack = school.pack(25 * GB, price=1000)
        school.pay(self.account_id, pack)
        school.go("2026-09-02 12:00")
        school.login()
        school.report(START)
        school.report(3, 60, 0, 4 * GB)
        self.assertEqual(self.preview(CloseWish("leaves")).payout_fen, 840)
        self.close(CloseWish("leaves"))
        self.assertEqual(school.wallet(self.account_id), 840)
        self.assertEqual(rows.refunds(school.store.reader, (school.project,), RefundFilter(), Page()), [])

    def test_what_moved_since_the_preview_refuses(self) -> None:
        """Money that came meanwhile is not closed away: nothing is done."""
        wanted = CloseWish("leaves")
        seen = self.preview(wanted)
        self.school.recharge(self.account_id, 100)
        with self.assertRaises(PreviewIsOld):
            self.close(wanted, seen)
        self.assertIsNone(self.login_row().closed_at)

    def login_row(self) -> Any:
        login = accounts.login_by_id(self.school.store.reader, self.account_id)
        assert login is not None
        return login.account

    def test_nothing_revives_a_closed_account(self) -> None:
        """No purchase, no money at the counter, no login; its session is ended and its devices are forgotten."""
        school = self.school
        school.pay(self.account_id, self.plan)
        school.login()
        school.report(START)
        school.write(
            lambda tx: accounts.bind_device(
                tx, school.project, self.account_id, PHONE, BindingKind.LEARNED, "web", None, school.now()
            )
        )
        self.close(CloseWish("leaves"))
        school.dispatch()
        self.assertEqual(school.control.kinds(), ["disconnect"])
        self.assertEqual(accounts.bindings(school.store.reader, school.project, self.account_id), [])
        with self.assertRaisesRegex(CannotBuyError, "closed"):
            school.pay(self.account_id, self.plan)
        with self.assertRaisesRegex(CannotBuyError, "closed"):
            school.recharge(self.account_id, 100)
        answer = school.login(mac=None)
        self.assertEqual((answer.code, reason(answer)), (Code.ACCESS_REJECT, "account_closed"))
        self.assertEqual(len(school.sessions()), 1, "the logs stay")

    def test_debts_waiting_refunds_and_agents_sales_stand_against_it(self) -> None:
        """Each is refused with its word, and the way out works."""
        school = self.school
        school.pay(self.account_id, self.plan)
        school.recharge(self.account_id, 500)
        wish = refunds.RefundWish(self.account_id, Destination.CASH, "change", amount_fen=Fen(500))
        made = school.write(
            lambda tx: refunds.request(tx, school.vault, WANG, school.now(), self.project, wish)
        )
        self.assertEqual(self.refused(CloseWish("leaves")), "queued")
        school.write(lambda tx: refunds.pay(tx, WANG, school.now(), self.project, made.id))
        self.assertEqual(self.refused(CloseWish("leaves", Destination.AGENT)), "destination")
        self.assertEqual(self.refused(CloseWish("leaves", Destination.BANK)), "bank")
        self.assertEqual(self.close(CloseWish("leaves"))["payout_fen"], 2900)

    def test_an_announced_closing_serves_until_then(self) -> None:
        """The person is online until the time comes; then the round closes the account and leaves the money to be asked for."""
        school = self.school
        school.pay(self.account_id, self.plan)
        at = school.now() + 3 * DAY

        def announce(when: int) -> None:
            school.write(
                lambda tx: closing.announce(
                    tx, WANG, school.now(), self.project, self.account_id, when, "moves"
                )
            )

        with self.assertRaises(Refused):
            announce(school.now())
        announce(at)
        self.assertEqual(self.look(), (0, 0))
        self.assertIs(school.login().code, Code.ACCESS_ACCEPT)
        school.write(lambda tx: closing.withdraw(tx, WANG, school.now(), self.project, self.account_id))
        school.clock.advance(4 * DAY)
        self.assertEqual(self.look(), (0, 0))
        announce(school.now() + DAY)
        school.clock.advance(DAY)
        school.pass_days()
        self.assertEqual(self.look(), (1, 0))
        self.assertEqual(self.look(), (0, 0))
        self.assertEqual(school.wallet(self.account_id), 2400)

    def test_a_suspended_account_is_resumed_before(self) -> None:
        """At the desk by whoever closes it; an announced closing ends the suspension itself, and no fee follows."""
        school = self.school
        month = school.plan("pausing", price=3000, suspension=SuspensionRules())
        bought = school.pay(self.account_id, month)
        school.go("2026-09-11 00:00")
        school.pass_days()
        seen = suspensions.preview_suspend(school.store.reader, self.project, self.account_id, school.now())
        school.write(
            lambda tx: suspensions.suspend(
                tx, WANG, school.now(), self.project, self.account_id, key="s", expected=seen, reason="home"
            )
        )
        self.assertEqual(self.refused(CloseWish("leaves")), "suspended")
        school.go("2026-09-15 00:00")
        school.write(
            lambda tx: closing.announce(
                tx, WANG, school.now(), self.project, self.account_id, school.now() + DAY, "moves"
            )
        )
        school.clock.advance(DAY)
        self.assertEqual(self.look(), (1, 0))
        self.assertEqual(school.wallet(self.account_id) + school.deferred(bought), 2000)
        self.assertEqual(school.dates(self.account_id), [])

    def test_what_stands_against_an_announced_closing_is_tried_the_next_day(self) -> None:
        """A refund that waits keeps the account open; when it is done the round closes it."""
        school = self.school
        school.recharge(self.account_id, 500)
        wish = refunds.RefundWish(self.account_id, Destination.CASH, "change", amount_fen=Fen(500))
        made = school.write(
            lambda tx: refunds.request(tx, school.vault, WANG, school.now(), self.project, wish)
        )
        school.write(
            lambda tx: closing.announce(
                tx, WANG, school.now(), self.project, self.account_id, school.now() + 60, "moves"
            )
        )
        school.clock.advance(60)
        self.assertEqual(self.look(), (0, 0))
        school.write(lambda tx: refunds.pay(tx, WANG, school.now(), self.project, made.id))
        self.assertEqual(self.look(), (0, 0))
        school.clock.advance(DAY)
        self.assertEqual(self.look(), (1, 0))

    def test_a_name_is_free_after_its_hold_time(self) -> None:
        """Until then nobody gets it, then anybody: who comes next does not meet the former one's money or plans."""
        school = self.school
        school.write(lambda tx: closing.set_hold_days(tx, WANG, school.now(), self.project, 30))
        school.recharge(self.account_id, 700)
        self.close(CloseWish("leaves"))
        same = SiteAccount(
            username="20260001", project="main", password=None, full_name="李四", group=None, rate=None, plans=(),
            balance_fen=Fen(0), aliases=(), phone=None, email=None, id_number=None, address=None,
        )  # fmt: skip
        with self.assertRaisesRegex(desk.Unfit, "already"):
            school.write(lambda tx: desk.enrol(tx, school.vault, WANG, school.now(), self.project, same))
        school.clock.advance(30 * DAY - 1)
        self.assertEqual(self.look(), (0, 0))
        school.clock.advance(1)
        self.assertEqual(self.look(), (0, 1))
        self.assertEqual(self.look(), (0, 0))
        new = school.person("20260001", self.plan)
        self.assertNotEqual(new, self.account_id)
        self.assertEqual((school.wallet(new), school.wallet(self.account_id)), (0, 700))
        self.assertIs(school.login(mac=None).code, Code.ACCESS_ACCEPT)
        self.assertEqual(self.login_row().username, f"20260001~{self.account_id}")

    def test_what_a_department_paid_goes_back_to_it(self) -> None:
        """The unused part of another's money is not paid out to the person."""
        school = self.school
        payer = school.person("office")
        school.recharge(payer, 3000)
        school.buy(self.account_id, self.plan, Channel.BALANCE, payer=payer)
        school.go("2026-09-10 15:00")
        school.pass_days()
        seen = self.preview(CloseWish("leaves", Destination.CASH))
        self.assertEqual(seen.payout_fen, 0)
        self.assertIsNone(self.close(CloseWish("leaves", Destination.CASH), seen)["refund_id"])
        self.assertEqual((school.wallet(payer), school.wallet(self.account_id)), (2000, 0))

    def test_a_closed_account_changes_no_more(self) -> None:
        """Group, password and lock of a closed account are history."""
        self.close(CloseWish("leaves"))
        with self.assertRaises(desk.Unfit):
            self.school.write(
                lambda tx: desk.change(
                    tx, self.school.vault, WANG, self.school.now(), self.project, self.account_id,
                    desk.AccountChange(full_name="another"),
                )
            )  # fmt: skip
