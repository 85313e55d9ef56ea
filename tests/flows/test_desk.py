"""What an operator does for a person: all or nothing, audited, and told to the sessions that run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, SHANGHAI, School
from zhuomai_appliance.flows import desk, purchases
from zhuomai_appliance.flows.desk import AccountChange, Unfit
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.site_model import SiteAccount
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project, ProjectId
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import accounts
from zhuomai_appliance.store.interface import Transaction

CASHIER = Actor("cashier1", "10.0.0.9")
NOBODY = SiteAccount(
    username="20260001", project=None, password="pass-word", full_name="张三", group=None, rate=None, plans=(),
    balance_fen=Fen(0), aliases=(), phone=None, email=None, id_number=None, address=None,
)  # fmt: skip


class DeskTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        found = self.school.tables.project(self.school.project)
        assert found is not None
        self.project: Project = found

    def enrol(self, **more: Any) -> AccountId:
        wanted = replace(NOBODY, **more)
        return self.school.write(
            lambda tx: desk.enrol(tx, self.school.vault, CASHIER, NOW, self.project, wanted)
        )

    def change(self, account_id: AccountId, **wanted: Any) -> tuple[str, ...]:
        asked = AccountChange(**wanted)
        return self.school.write(
            lambda tx: desk.change(tx, self.school.vault, CASHIER, NOW, self.project, account_id, asked)
        )

    def wallet(self, account_id: AccountId) -> int:
        return purchases.wallet_fen(self.school.store.reader, self.school.project, account_id)

    def acts(self) -> list[str]:
        return [row[0] for row in self.school.rows("SELECT action FROM audit ORDER BY id")]

    def test_enrolled_people_log_in(self) -> None:
        """The account has its password, its other names and its plan from the start, and one audit row."""
        self.school.plan()
        account_id = self.enrol(plans=("monthly",), aliases=("card1",), balance_fen=Fen(500))
        login = accounts.find_login(self.school.store.reader, self.school.project, "CARD1")
        assert login is not None
        self.assertEqual((login.account.id, login.account.full_name), (account_id, "张三"))
        self.assertEqual(len(self.school.subscriptions()), 1)
        self.assertEqual(self.wallet(account_id), 500)
        self.assertEqual(self.acts(), ["account.create"])

    def test_a_taken_name_takes_nothing(self) -> None:
        """Somebody's login name, of any kind and in any writing, cannot be enrolled again."""
        self.enrol(aliases=("card1",))
        for name in ("20260001", "ＣＡＲＤ1"):
            with self.assertRaises(Unfit) as caught:
                self.enrol(username=name)
            self.assertEqual([key for key, _ in caught.exception.errors], ["username"])
        self.assertEqual(self.school.rows("SELECT count(*) FROM account"), [(1,)])

    def test_a_change_that_is_unfit_in_one_part_is_not_made_in_another(self) -> None:
        """A phone that is another's login name leaves name and password as they were, and no audit row."""
        self.enrol(phone="13900000001")
        other = self.enrol(username="20260002")
        with self.assertRaises(Unfit):
            self.change(other, full_name="李四", password="new", phone="13900000001")
        login = accounts.login_by_id(self.school.store.reader, other)
        assert login is not None
        self.assertEqual(login.account.full_name, "张三")
        self.assertEqual(self.acts(), ["account.create"] * 2)

    def test_what_differs_is_named(self) -> None:
        """Only what is another than before counts as changed; an empty text takes person data away."""
        account_id = self.enrol(phone="13900000001", email="a@b.cn")
        self.assertEqual(self.change(account_id, full_name="张三", email="a@b.cn"), ())
        self.assertEqual(self.change(account_id, full_name="李四", email=""), ("full_name", "email"))
        person = accounts.person_data(self.school.store.reader, self.school.vault, account_id)
        self.assertEqual((person.phone, person.email), ("13900000001", ""))

    def test_an_account_of_another_project_is_not_there(self) -> None:
        """Whoever names the wrong project changes nothing."""
        account_id = self.enrol()
        elsewhere = replace(self.project, id=ProjectId(99))
        with self.assertRaises(LookupError):
            self.school.write(
                lambda tx: desk.change(
                    tx, self.school.vault, CASHIER, NOW, elsewhere, account_id, AccountChange(full_name="x")
                )
            )

    def test_an_old_preview_sells_nothing(self) -> None:
        """What was shown to the person no longer holds: the sale is refused before any money moves."""
        monthly = self.school.plan()
        account_id = self.enrol()
        shown = purchases.preview(self.school.store.reader, account_id, monthly, SHANGHAI, NOW)
        self.school.buy(account_id, monthly)

        def sell(tx: Transaction) -> object:
            return desk.sell(
                tx, CASHIER, NOW, self.project, account_id, monthly, Channel.CASH, revision=shown.revision
            )

        with self.assertRaises(desk.PreviewIsOld):
            self.school.write(sell)
        self.assertEqual(self.school.rows("SELECT count(*) FROM posting"), [(0,)])

    def test_cash_goes_through_the_operators_till(self) -> None:
        """Recharge and sale stand under cash:OPERATOR, with an audit row each."""
        monthly = self.school.plan()
        account_id = self.enrol()
        self.school.write(
            lambda tx: desk.recharge(tx, CASHIER, NOW, self.project, account_id, Fen(5000), memo="m")
        )
        self.school.write(
            lambda tx: desk.sell(tx, CASHIER, NOW, self.project, account_id, monthly, Channel.BALANCE)
        )
        self.assertEqual(self.wallet(account_id), 2000)
        self.assertEqual(self.acts(), ["account.create", "order.recharge", "order.sell"])
        tills = self.school.rows(
            "SELECT ledger_account, amount_fen FROM posting_line WHERE amount_fen > 0 ORDER BY id"
        )
        self.assertEqual(tills[0], ("cash:cashier1", 5000))
