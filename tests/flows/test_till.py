"""Money at the counter: what a form showed is what is done, and a form that comes twice is done once."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, School
from zhuomai_appliance.flows import purchases, till
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.purchases import NotEnoughMoney, PreviewIsOld
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project

WANG = Actor("wangmin", "10.1.1.9")


class TillTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        project = self.school.tables.project(self.school.project)
        assert project is not None
        self.project: Project = project
        self.monthly = self.school.plan(price=3000)
        self.account_id = self.school.person("20260001")

    def quote(self) -> till.Quote:
        found = till.quote(
            self.school.store.reader, self.project, self.account_id, self.monthly.id, self.school.now()
        )
        assert found is not None
        return found

    def sale(self, channel: Channel = Channel.CASH, key: str = "form1") -> till.Sale:
        preview = self.quote().preview
        return till.Sale(key, self.monthly.id, preview.revision, preview.price_fen, channel, "")

    def sell(self, sale: till.Sale, actor: Actor = WANG) -> str:
        return self.school.write(
            lambda tx: till.sell_once(tx, actor, self.school.now(), self.project, self.account_id, sale)
        )

    def recharge(self, wanted: till.Recharge) -> str:
        return self.school.write(
            lambda tx: till.recharge_once(tx, WANG, self.school.now(), self.project, self.account_id, wanted)
        )

    def orders(self) -> int:
        ((count,),) = self.school.rows("SELECT count(*) FROM orders")
        return int(count)

    def wallet(self) -> int:
        return purchases.wallet_fen(self.school.store.reader, self.school.project, self.account_id)

    def till_fen(self) -> int:
        ((taken,),) = self.school.rows(
            "SELECT COALESCE(SUM(amount_fen), 0) FROM posting_line WHERE ledger_account = 'cash:wangmin'"
        )
        return int(taken)

    def test_a_sale_is_in_the_books_once(self) -> None:
        """The same form twice: one order, one posting, the same number; the till holds the price."""
        sale = self.sale()
        first = self.sell(sale)
        self.school.clock.advance(2)
        self.assertEqual(self.sell(sale), first)
        self.assertEqual((self.orders(), self.till_fen()), (1, 3000))
        self.assertEqual(
            self.school.rows(
                "SELECT posting_id FROM posting_line GROUP BY posting_id HAVING SUM(amount_fen) <> 0"
            ),
            [],
        )
        self.assertEqual(
            self.school.rows("SELECT actor, object_id FROM audit WHERE action = 'order.sell'"),
            [("wangmin", first)],
        )

    def test_another_form_under_the_same_key_is_refused(self) -> None:
        """A key belongs to one form; another operator's equal key is another key."""
        sale = self.sale()
        self.sell(sale)
        with self.assertRaises(till.KeyReused):
            self.sell(replace(sale, memo="another"))
        self.sell(replace(sale, revision=self.quote().preview.revision), Actor("li", ""))
        self.assertEqual(self.orders(), 2)

    def test_figures_that_moved_are_not_taken(self) -> None:
        """A purchase in between, another price, a plan off sale: nothing is done."""
        sale = self.sale()
        self.school.buy(self.account_id, self.monthly)
        before = self.orders()
        with self.assertRaises(PreviewIsOld):
            self.sell(sale)
        with self.assertRaises(PreviewIsOld):
            self.sell(replace(self.sale(), price_fen=2000))
        fresh = self.sale()
        self.school.plan(price=3500)
        with self.assertRaises(PreviewIsOld):
            self.sell(fresh)
        self.assertEqual(self.orders(), before)

    def test_the_wallet_pays_only_what_it_holds(self) -> None:
        """Too little is refused with the difference and the key stays free; after a recharge the same form goes through."""
        sale = self.sale(Channel.BALANCE)
        with self.assertRaises(NotEnoughMoney) as caught:
            self.sell(sale)
        self.assertEqual(caught.exception.missing_fen, 3000)
        self.recharge(till.Recharge("form2", Fen(5000), 0))
        self.sell(sale)
        self.assertEqual((self.wallet(), self.till_fen()), (2000, 5000))

    def test_a_recharge_is_made_once_and_on_the_wallet_that_was_seen(self) -> None:
        """Twice the same form adds once; a wallet that moved since refuses."""
        wanted = till.Recharge("form1", Fen(1050), 0, "note")
        self.assertEqual(self.recharge(wanted), self.recharge(wanted))
        self.assertEqual(self.wallet(), 1050)
        with self.assertRaises(PreviewIsOld):
            self.recharge(replace(wanted, key="form2"))
        self.assertEqual((self.wallet(), self.orders()), (1050, 1))

    def test_what_is_not_on_sale_has_no_quote(self) -> None:
        """An old version is no offer any more; its plan's newest is."""
        newer = self.school.plan(price=3500)
        quote = till.quote(self.school.store.reader, self.project, self.account_id, self.monthly.id, NOW)
        self.assertIsNone(quote)
        self.assertEqual(
            [offer.version.id for offer in till.on_sale(self.school.store.reader, self.project)], [newer.id]
        )
