"""Batches of cards: made in chunks that can be cut short, exported once, sold and voided by spans, owed to the fen."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, NOW, School
from zhuomai_appliance.billing import ledger as ledger_rules
from zhuomai_appliance.flows import card_batches, cards
from zhuomai_appliance.flows.card_batches import CardsRefused
from zhuomai_appliance.flows.cards import PreviewIsOld, Sale
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.cards import BatchId, CardKind, CardState
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.products import FirstMonth
from zhuomai_appliance.store import card_checks, ledger
from zhuomai_appliance.store import cards as rows
from zhuomai_appliance.store.cards import NewBatch
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.sql import Query

LI = Actor("lihua", "10.1.1.8")
TILL = ledger_rules.cash("lihua")


class CardBook:
    """A school with whatever batches a test makes."""

    def __init__(self, school: School | None = None) -> None:
        self.school = school or School()
        project = self.school.tables.project(self.school.project)
        assert project is not None
        self.project: Project = project

    def create(self, cards_: int = 10, face: int = 5000, **more: Any) -> BatchId:
        values: dict[str, Any] = {
            "project_id": self.project.id, "kind": CardKind.VALUE, "face_fen": Fen(face), "plan_version_id": None,
            "cards": cards_, "pin_digits": 12, "expires_at": None, "memo": "",
        } | more  # fmt: skip
        school = self.school
        return school.write(
            lambda tx: card_batches.create(
                tx, school.vault, school.entropy, LI, school.now(), NewBatch(**values)
            )
        )

    def make(self, batch_id: BatchId) -> None:
        school = self.school
        school.run(card_batches.make(school.store, school.vault, self.project.id, batch_id, school.now()))

    def export(self, batch_id: BatchId) -> card_batches.Printing:
        school = self.school
        return school.write(
            lambda tx: card_batches.export(tx, school.vault, LI, school.now(), self.project, batch_id)
        )

    def sell(self, batch_id: BatchId, first: int, last: int, **more: Any) -> cards.SalePreview:
        expected = more.pop("expected", None)
        wanted = Sale(first, last, more.pop("from_ref", TILL), **more)
        return self.school.write(
            lambda tx: cards.sell(
                tx, LI, self.school.now(), self.project, batch_id, wanted, expected=expected
            )
        )

    def void(self, batch_id: BatchId, first: int, last: int, **more: Any) -> cards.VoidPreview:
        return self.school.write(
            lambda tx: cards.void(tx, LI, self.school.now(), self.project, batch_id, first, last, **more)
        )

    def printed(self, cards_: int = 10, face: int = 5000, **more: Any) -> card_batches.Printing:
        """A batch that is made and exported."""
        batch_id = self.create(cards_, face, **more)
        self.make(batch_id)
        return self.export(batch_id)

    def balance(self, ref: str) -> int:
        return ledger.balance(self.school.store.reader, self.project.id, ref)

    def states(self, batch_id: BatchId) -> list[tuple[int, int, str]]:
        found = rows.spans(self.school.store.reader, self.project.id, batch_id)
        return [(span.first_serial, span.last_serial, span.state.value) for span in found]

    def faults(self) -> list[str]:
        return list(card_checks.faults(self.school.store.reader))


class BatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.book = CardBook()
        self.school = self.book.school

    def tearDown(self) -> None:
        """Whatever was done: what cards owe is in the ledger, spans part each batch, counts are right."""
        self.assertEqual(self.book.faults(), [])

    def test_making_goes_on_where_it_stopped(self) -> None:
        """Cut short after a chunk, the batch is of no use; finished later it has the same cards as in one go."""
        batch_id = self.book.create(2 * card_batches.CHUNK + 1)
        known = rows.batch(self.school.store.reader, self.book.project.id, batch_id)
        assert known is not None
        seed = rows.seed(self.school.store.reader, self.school.vault, self.book.project.id, batch_id)
        assert seed is not None
        chunk = card_batches._make_chunk(self.school.store, self.school.vault, known, seed, NOW)
        self.school.run(chunk)
        for refused in (
            lambda: self.book.export(batch_id),
            lambda: self.book.void(batch_id, 1, 1, repay=False),
        ):
            with self.assertRaises(CardsRefused) as caught:
                refused()
            self.assertEqual(caught.exception.code, "making")
        again = card_batches._make_chunk(self.school.store, self.school.vault, known, seed, NOW)
        self.school.run(again)  # by another who had read the same
        self.assertEqual(self.school.rows("SELECT count(*) FROM card"), [(card_batches.CHUNK,)])
        found = self.school.run(card_batches.finish_making(self.school.store, self.school.vault, NOW))
        self.assertEqual(found, 1)
        self.assertEqual(
            self.school.rows("SELECT made, state FROM card_batch"), [(2 * card_batches.CHUNK + 1, "ready")]
        )
        printing = self.book.export(batch_id)
        digests: dict[str, str] = dict(self.school.rows("SELECT number, pin_digest FROM card"))
        self.assertEqual(
            digests,
            {one.number: self.school.vault.card_digest(one.number, one.pin) for one in printing.cards()},
        )

    def test_no_pin_is_in_the_books(self) -> None:
        """Neither before nor after the export does any column of any table hold a PIN or the open seed."""
        printing = self.book.printed(3)
        self.book.sell(printing.batch.id, 1, 3)
        tables = [name for (name,) in self.school.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        kept = repr([self.school.store.reader.all(Query.of("all", f"SELECT * FROM {t}")) for t in tables])
        self.assertIn(printing.cards()[0].number, kept)
        for one in printing.cards():
            self.assertNotIn(one.pin, kept)
        self.assertNotIn(repr(printing.seed)[2:-1], kept)
        self.assertNotIn(repr(printing.seed)[2:-1], repr(printing))

    def test_a_batch_is_exported_once(self) -> None:
        """The second time says who had the first; the seed is gone from the books."""
        printing = self.book.printed(2)
        with self.assertRaises(CardsRefused) as caught:
            self.book.export(printing.batch.id)
        self.assertEqual(caught.exception.code, "exported")
        self.assertIn("lihua", str(caught.exception))
        self.assertEqual(self.school.rows("SELECT seed_sealed FROM card_batch"), [(None,)])
        acts = self.school.rows("SELECT action FROM audit WHERE object_kind = 'card_batch' ORDER BY id")
        self.assertEqual(acts, [("cards.make",), ("cards.export",)])

    def test_what_cannot_be_made(self) -> None:
        """Each mistake has its own word, and nothing stays of the batch."""
        plan = self.school.plan()
        for code, wrong in (
            ("cards", {"cards_": 0}),
            ("cards", {"cards_": 1_000_000}),
            ("pin_digits", {"pin_digits": 11}),
            ("pin_digits", {"pin_digits": 21}),
            ("face_fen", {"face": 0}),
            ("plan", {"kind": CardKind.PLAN}),
            ("plan", {"plan_version_id": plan.id}),
            ("expires_at", {"expires_at": NOW}),
        ):
            with self.assertRaises(CardsRefused) as caught:
                self.book.create(**wrong)
            self.assertEqual(caught.exception.code, code)
        self.assertEqual(self.school.rows("SELECT count(*) FROM card_batch"), [(0,)])

    def test_a_card_cannot_hold_what_costs_something_else_every_day(self) -> None:
        """Free plans and prices by the day do not fit on a card."""
        plan = self.school.plan()
        self.assertIsNone(card_batches.plan_fits(plan))
        for version in (
            replace(plan, price_fen=Fen(0)),
            replace(plan, terms=replace(plan.terms, first_month=FirstMonth.BY_DAY)),
        ):
            self.assertIsNotNone(card_batches.plan_fits(version))

    def test_a_sale_is_owed_in_full_and_paid_as_agreed(self) -> None:
        """Ten cards over 50.00 for 450.00: the till has that, the rest is promotion, 500.00 are owed."""
        printing = self.book.printed(20)
        wanted = Sale(1, 10, TILL, paid_fen=Fen(45_000))
        seen = cards.preview_sale(self.school.store.reader, self.book.project, printing.batch.id, wanted, NOW)
        done = self.book.sell(printing.batch.id, 1, 10, paid_fen=Fen(45_000), expected=seen)
        self.assertEqual(done, seen)
        self.assertEqual((seen.cards, seen.face_fen), (10, 50_000))
        balances = [self.book.balance(ref) for ref in ("cash:lihua", "promo", "card_liability:1-00001")]
        self.assertEqual(balances, [45_000, 5_000, -50_000])
        self.assertEqual(self.book.states(printing.batch.id), [(1, 10, "active"), (11, 20, "generated")])

    def test_what_cannot_be_sold(self) -> None:
        """Unknown, not exported, outside, sold before, for more than they are worth, expired, or not as was shown."""
        batch_id = self.book.create(10, expires_at=NOW + DAY)
        self.book.make(batch_id)
        self.assert_refused("not_exported", batch_id, 1, 10)
        self.book.export(batch_id)
        seen = self.book.sell(batch_id, 4, 6)
        for code, first, last, more in (
            ("serials", 0, 3, {}),
            ("serials", 7, 11, {}),
            ("serials", 3, 2, {}),
            ("not_for_sale", 1, 10, {}),
            ("not_for_sale", 6, 6, {}),
            ("paid_fen", 1, 1, {"paid_fen": Fen(5001)}),
            ("paid_fen", 1, 1, {"paid_fen": Fen(-1)}),
        ):
            self.assert_refused(code, batch_id, first, last, **more)
        with self.assertRaises(PreviewIsOld):
            self.book.sell(batch_id, 7, 8, expected=seen)
        self.school.clock.advance(DAY)
        self.assert_refused("expired", batch_id, 1, 3)
        self.assert_refused("unknown", BatchId(99), 1, 3)

    def assert_refused(self, code: str, batch_id: BatchId, first: int, last: int, **more: Any) -> None:
        with self.assertRaises(CardsRefused) as caught:
            self.book.sell(batch_id, first, last, **more)
        self.assertEqual(caught.exception.code, code)

    def test_voiding_gives_back_what_was_paid(self) -> None:
        """Three of seven sold for 100.01 come back: their share goes out of the till, the rest stays owed."""
        printing = self.book.printed(10, 2000)
        batch_id = printing.batch.id
        self.book.sell(batch_id, 1, 7, paid_fen=Fen(10_001))
        seen = cards.preview_void(self.school.store.reader, LI, self.book.project, batch_id, 5, 9, repay=True)
        done = self.book.void(batch_id, 5, 9, repay=True, expected=seen)
        self.assertEqual((done.cards, done.face_fen, done.back_fen), (5, 6000, 4286))
        self.assertEqual(self.book.balance("cash:lihua"), 10_001 - 4286)
        self.assertEqual(self.book.balance("card_liability:1-00001"), -8000)
        self.assertEqual(
            self.book.states(batch_id),
            [(1, 4, "active"), (5, 7, "void"), (8, 9, "void"), (10, 10, "generated")],
        )
        self.book.void(batch_id, 1, 10, repay=True)
        balances = [self.book.balance(ref) for ref in ("cash:lihua", "promo", "card_liability:1-00001")]
        self.assertEqual(balances, [0, 0, 0])
        with self.assertRaises(CardsRefused):
            self.book.void(batch_id, 1, 10, repay=True)

    def test_voiding_without_money_back_writes_off(self) -> None:
        """What was paid is kept; an old preview does nothing."""
        printing = self.book.printed(4, 2000)
        self.book.sell(printing.batch.id, 1, 4)
        seen = cards.preview_void(
            self.school.store.reader, LI, self.book.project, printing.batch.id, 1, 4, repay=False
        )
        self.book.void(printing.batch.id, 2, 2, repay=False, memo="stolen")
        with self.assertRaises(PreviewIsOld):
            self.book.void(printing.batch.id, 1, 4, repay=False, expected=seen)
        self.assertEqual((self.book.balance("writeoff"), self.book.balance("cash:lihua")), (-2000, 8000))

    def test_expired_cards_are_written_off_once(self) -> None:
        """The round marks what was sold and what was not; asked again it finds nothing; a longer life comes in time only."""
        printing = self.book.printed(6, 1000, expires_at=NOW + DAY)
        batch_id = printing.batch.id
        self.book.sell(batch_id, 1, 2)
        self.school.run(cards.expire_due(self.school.store, NOW + DAY - 1))
        self.assertEqual(self.book.states(batch_id), [(1, 2, "active"), (3, 6, "generated")])
        self.school.write(
            lambda tx: card_batches.set_expiry(tx, LI, NOW, self.book.project, batch_id, NOW + 2 * DAY)
        )
        self.assertEqual(self.school.run(cards.expire_due(self.school.store, NOW + DAY)), 0)
        self.assertEqual(self.school.run(cards.expire_due(self.school.store, NOW + 2 * DAY)), 2)
        self.assertEqual(self.school.run(cards.expire_due(self.school.store, NOW + 2 * DAY)), 0)
        self.assertEqual(self.book.states(batch_id), [(1, 2, "expired"), (3, 6, "expired")])
        self.assertEqual(self.book.balance("writeoff"), -2000)
        with self.assertRaises(CardsRefused):
            self.school.write(
                lambda tx: card_batches.set_expiry(tx, LI, NOW, self.book.project, batch_id, NOW)
            )

    def test_one_round_does_all_that_time_brings(self) -> None:
        """A batch that was cut short is finished, what is due expires, tries of an hour ago are forgotten."""
        printing = self.book.printed(2, expires_at=NOW + DAY)
        batch_id = self.book.create(3)
        project_id = self.book.project.id
        for at in (NOW, NOW + DAY - 3600, NOW + DAY - 3599):
            self.school.write(
                partial(card_checks.add_try, project_id=project_id, scope="card", subject="1", at=at)
            )
        self.school.run(cards.upkeep(self.school.store, self.school.vault, NOW + DAY))
        self.assertEqual(self.book.states(printing.batch.id), [(1, 2, "expired")])
        self.assertEqual(self.book.states(batch_id), [(1, 3, "generated")])
        self.assertEqual(self.school.rows("SELECT at FROM card_try"), [(NOW + DAY - 3599,)])

    def test_cards_are_listed_with_the_state_of_their_span(self) -> None:
        """By range, by state, page by page; another project's are not there."""
        printing = self.book.printed(5)
        self.book.sell(printing.batch.id, 2, 3)
        numbers = [one.number for one in printing.cards()]
        reader, own = self.school.store.reader, [self.book.project.id]
        found = rows.cards(reader, own, rows.CardFilter(state=CardState.ACTIVE), Page())
        self.assertEqual([card.number for card in found], numbers[1:3])
        found = rows.cards(
            reader, own, rows.CardFilter(first_number=numbers[0], last_number=numbers[3]), Page(numbers[1], 2)
        )
        self.assertEqual([(one.number, one.state.value) for one in found], [(numbers[2], "active"), (numbers[3], "generated")])  # fmt: skip
        self.assertEqual(rows.cards(reader, [self.book.project.id + 1], rows.CardFilter(), Page()), [])  # type: ignore[list-item]
        (batch,) = rows.batches(reader, own, rows.BatchFilter(code="1-00001"), Page())
        self.assertEqual(batch.id, printing.batch.id)


class ProofTests(SynchronousTestCase):
    def test_each_kind_of_damage_is_named(self) -> None:
        """A liability, a span, a count or a use that is not what it should be makes a sentence of its own."""
        book = CardBook()
        printing = book.printed(4, 1000)
        book.sell(printing.batch.id, 1, 2)
        self.assertEqual(book.faults(), [])
        for damage, mended, words in (
            ("UPDATE ledger_balance SET balance_fen = balance_fen - 1 WHERE ledger_account LIKE 'card_l%'",
             "UPDATE ledger_balance SET balance_fen = balance_fen + 1 WHERE ledger_account LIKE 'card_l%'",
             "are worth 2000 fen; card_liability:1-00001 holds 2001"),
            ("UPDATE card_span SET used = 1 WHERE first_serial = 3", "UPDATE card_span SET used = 0", "1 used are counted"),
            ("UPDATE card_batch SET cards = 5", "UPDATE card_batch SET cards = 4", "its spans hold 4"),
        ):  # fmt: skip
            book.school.sql(damage)
            found = book.faults()
            book.school.sql(mended)
            self.assertTrue(any(words in one for one in found), (words, found))
            self.assertEqual(book.faults(), [])
        number = printing.cards()[0].number
        book.school.sql(f"UPDATE card SET state = 'used', account_id = 9 WHERE number = '{number}'")
        self.assertTrue(
            any(f"card {number} over 1000 fen was used by account 9" in one for one in book.faults())
        )
