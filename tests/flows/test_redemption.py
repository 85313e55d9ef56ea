"""Redeeming cards: one use each, whoever comes at the same time; guessers are slowed and told nothing (W57, §17)."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, cast

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import SynchronousTestCase, TestCase

from tests.flows.school import DAY, NOW, School
from tests.flows.test_cards import LI, CardBook
from zhuomai_appliance.billing import cards as rules
from zhuomai_appliance.billing.cards import Secret
from zhuomai_appliance.entropy import SeededEntropy
from zhuomai_appliance.flows import card_batches, cards, purchases, redemption
from zhuomai_appliance.flows.redemption import Redeemed, Refused, Why, Worth
from zhuomai_appliance.model.cards import BatchId, CardKind
from zhuomai_appliance.model.commerce import PostingKind, PostingLine
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.network import Project
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.products import PlanKind
from zhuomai_appliance.store import accounts, ledger, network, verify
from zhuomai_appliance.store.cards import NewBatch
from zhuomai_appliance.store.interface import Transaction
from zhuomai_appliance.store.sqlite import ReactorThreads, SqliteStore
from zhuomai_appliance.store.vault import Vault


class RedemptionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.book = CardBook(School())
        self.school = self.book.school
        self.account_id = self.school.person("20260001")
        self.printing = self.book.printed(10, 5000, expires_at=NOW + 30 * DAY)
        self.book.sell(self.printing.batch.id, 1, 8)
        self.cards = list(self.printing.cards())

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def redeem(
        self,
        card: Secret,
        pin: str = "",
        account_id: AccountId | None = None,
        address: str = "10.9.0.1",
        **more: Any,
    ) -> Redeemed | Refused:
        school = self.school
        return school.write(
            lambda tx: redemption.redeem(
                tx, school.vault, LI, school.now(), self.book.project, account_id or self.account_id,
                card.number, pin or card.pin, address, **more,
            )
        )  # fmt: skip

    def look(self, card: Secret, pin: str = "") -> Worth | Refused:
        school = self.school
        return school.write(
            lambda tx: redemption.look(
                tx, school.vault, school.now(), self.book.project, self.account_id, card.number, pin or card.pin,
                "10.9.0.1",
            )
        )  # fmt: skip

    def wallet(self, account_id: AccountId | None = None) -> int:
        reader = self.school.store.reader
        return purchases.wallet_fen(reader, self.book.project.id, account_id or self.account_id)

    def test_a_value_card_fills_the_wallet_once(self) -> None:
        """Its value is in the wallet and owed no more; the second time it is used, whoever comes."""
        card = self.cards[0]
        self.assertEqual(self.look(card), Worth(card.number, Fen(5000), CardKind.VALUE))
        done = self.redeem(card)
        assert isinstance(done, Redeemed)
        self.assertEqual((self.wallet(), self.book.balance("card_liability:1-00001")), (5000, -35_000))
        self.assertEqual(
            self.school.rows("SELECT order_no, channel, kind, amount_fen, memo FROM orders"),
            [(done.order_no, "CARD", "recharge", 5000, card.number)],
        )
        other = self.school.person("20260002")
        self.assertEqual(self.redeem(card), Refused(Why.USED))
        self.assertEqual(self.redeem(card, account_id=other), Refused(Why.USED))
        self.assertEqual(self.look(card), Refused(Why.USED))
        self.assertEqual((self.wallet(), self.wallet(other)), (5000, 0))

    def test_numbers_are_taken_as_people_type_them(self) -> None:
        """Blanks, dashes and full-width digits are the printer's and the phone's; the card is the same."""
        card = self.cards[0]
        spaced = f" {card.number[:4]} {card.number[4:8]}-{card.number[8:]} "
        wide = "".join(chr(0xFF10 + int(digit)) for digit in card.pin)
        typed = Secret(1, spaced, card.pin[:4] + " " + card.pin[4:])
        self.assertIsInstance(self.redeem(typed, wide), Redeemed)

    def test_a_plan_card_brings_its_plan_as_it_was_printed(self) -> None:
        """The version of the batch, whatever the plan costs by now; what was owed is deferred for the subscription."""
        plan = self.school.plan(price=3000)
        printing = self.book.printed(2, 3000, kind=CardKind.PLAN, plan_version_id=plan.id)
        self.book.sell(printing.batch.id, 1, 2)
        self.school.plan(price=4000)
        card = printing.cards()[0]
        seen = self.look(card)
        assert isinstance(seen, Worth) and seen.purchase is not None
        self.assertEqual((seen.plan_name, seen.purchase.price_fen), ("monthly", 3000))
        done = self.redeem(card, revision=seen.purchase.revision)
        assert isinstance(done, Redeemed) and done.subscription_id is not None
        self.assertEqual(self.book.balance(f"deferred:{done.subscription_id}"), -3000)
        self.assertEqual(
            self.school.rows("SELECT plan_version_id, paid_principal_fen, ends_at FROM subscription"),
            [(plan.id, 3000, seen.purchase.segment.ends_at)],
        )
        with self.assertRaises(redemption.PreviewIsOld):
            self.redeem(printing.cards()[1], revision=seen.purchase.revision)
        self.assertIsInstance(self.redeem(printing.cards()[1]), Redeemed)

    def test_a_plan_that_is_over_leaves_the_card_good(self) -> None:
        """The purchase is refused and so is the use: the card is as it was."""
        ends = Timestamp(NOW + DAY)
        term = self.school.plan("term", PlanKind.BUYOUT, 3000, period=None, buyout_ends_at=ends)
        printing = self.book.printed(1, 3000, kind=CardKind.PLAN, plan_version_id=term.id)
        self.book.sell(printing.batch.id, 1, 1)
        self.school.clock.advance(DAY)
        with self.assertRaises(redemption.CannotBuyError):
            self.redeem(printing.cards()[0])
        self.assertEqual(self.school.rows("SELECT count(*) FROM card WHERE state = 'used'"), [(0,)])

    def test_cards_that_are_good_for_nothing_say_why_to_their_holder_only(self) -> None:
        """Not sold, void, expired to the second: each has its word, and without the PIN all of them are just wrong."""
        self.book.void(self.printing.batch.id, 2, 2, repay=True)
        self.assertEqual(self.redeem(self.cards[8]), Refused(Why.NOT_SOLD))
        self.assertEqual(self.redeem(self.cards[1]), Refused(Why.VOID))
        self.assertEqual(self.redeem(self.cards[8], "000000000000"), Refused(Why.WRONG))
        self.school.clock.advance(30 * DAY - 1)
        self.assertIsInstance(self.redeem(self.cards[2]), Redeemed)
        self.school.clock.advance(1)
        self.assertEqual(self.redeem(self.cards[3]), Refused(Why.EXPIRED))
        self.school.run(cards.expire_due(self.school.store, self.school.now()))
        self.assertEqual(self.redeem(self.cards[3]), Refused(Why.EXPIRED))

    def test_five_wrong_pins_lock_the_card_for_everybody(self) -> None:
        """Five in an hour, from five people and places; then the right PIN waits too, until the first is an hour old."""
        card = self.cards[0]
        people = [self.school.person(f"2026100{n}") for n in range(5)]
        for number, person in enumerate(people):
            wrong = self.redeem(card, f"{number:012d}", person, f"10.9.1.{number}")
            self.assertEqual(wrong, Refused(Why.WRONG))
            self.school.clock.advance(60)
        self.assertEqual(self.redeem(card), Refused(Why.LOCKED, 3300))
        self.assertIsInstance(self.redeem(self.cards[1]), Redeemed)
        self.school.clock.advance(3299)
        self.assertEqual(self.redeem(card), Refused(Why.LOCKED, 1))
        self.school.clock.advance(1)
        self.assertIsInstance(self.redeem(card), Redeemed)

    def test_guessing_across_cards_locks_the_account(self) -> None:
        """One guess each at five cards, from ever new addresses: the sixth card is not even looked at."""
        for number, card in enumerate(self.cards[:5]):
            self.assertEqual(self.redeem(card, "0" * 12, address=f"10.9.2.{number}"), Refused(Why.WRONG))
        self.assertEqual(self.redeem(self.cards[5], address="10.9.2.9"), Refused(Why.LOCKED, 3600))
        other = self.school.person("20260002")
        self.assertIsInstance(self.redeem(self.cards[5], account_id=other, address="10.9.2.9"), Redeemed)

    def test_guessing_across_accounts_locks_the_address(self) -> None:
        """One guess each by five accounts at five cards from one place: the place waits, others do not."""
        for number, card in enumerate(self.cards[:5]):
            person = self.school.person(f"2026200{number}")
            self.assertEqual(self.redeem(card, "0" * 12, person), Refused(Why.WRONG))
        self.assertEqual(self.redeem(self.cards[5]), Refused(Why.LOCKED, 3600))
        self.assertIsInstance(self.redeem(self.cards[5], address="10.9.9.9"), Redeemed)

    def test_a_right_pin_does_not_pay_for_more_guesses(self) -> None:
        """Four guesses, a good card of one's own, a fifth guess: locked all the same."""
        for card in self.cards[:4]:
            self.redeem(card, "0" * 12)
        self.assertIsInstance(self.redeem(self.cards[7]), Redeemed)
        self.assertEqual(self.redeem(self.cards[4], "0" * 12), Refused(Why.WRONG))
        self.assertEqual(self.redeem(self.cards[6]), Refused(Why.LOCKED, 3600))

    def test_cards_that_do_not_exist_are_guesses_too(self) -> None:
        """A well-formed number of nobody is as wrong as a wrong PIN; a slip of the finger in the number is not counted."""
        slip = Secret(1, self.cards[0].number[:-1] + str((int(self.cards[0].number[-1]) + 1) % 10), "1" * 12)
        for text in (slip.number, "", "abc", "1" * 400, "\u202e12"):
            self.assertEqual(self.redeem(Secret(1, text, "1" * 12)), Refused(Why.NOT_A_CARD))
        nobody = Secret(1, rules.number(1, 77, 1), "1" * 12)
        for _ in range(5):
            self.assertEqual(self.redeem(nobody), Refused(Why.WRONG))
        self.assertEqual(self.redeem(self.cards[0]), Refused(Why.LOCKED, 3600))

    def test_looking_counts_as_trying(self) -> None:
        """The preview is no way around the locks."""
        for _ in range(5):
            self.assertEqual(self.look(self.cards[0], "x"), Refused(Why.WRONG))
        self.assertEqual(self.look(self.cards[0]), Refused(Why.LOCKED, 3600))

    def test_another_projects_people_and_cards_do_not_meet(self) -> None:
        """A card is no card in another school, and another school's account is nobody here."""
        other_id = self.school.write(lambda tx: network.add_project(tx, "other", "UTC", NOW))
        self.school.reload()
        other = self.school.tables.project(other_id)
        assert other is not None
        school, card = self.school, self.cards[0]

        def there(tx: Transaction, account_id: AccountId) -> Redeemed | Refused:
            return redemption.redeem(
                tx, school.vault, LI, NOW, other, account_id, card.number, card.pin, "10.9.0.1"
            )

        with self.assertRaises(LookupError):
            school.write(lambda tx: there(tx, self.account_id))
        stranger = school.write(
            lambda tx: accounts.add(
                tx, school.vault, project_id=other_id, username="x", full_name="", group_id=None, rate_id=None,
                password="pass-word", person=accounts.PersonData(), aliases=(), created_by="test", at=NOW,
            )
        )  # fmt: skip
        self.assertEqual(school.write(lambda tx: there(tx, stranger)), Refused(Why.WRONG))

    def test_an_undone_redemption_makes_the_card_good_again(self) -> None:
        """As part of a reversal the card can be redeemed anew; not if its cards were voided meanwhile."""
        card = self.cards[0]
        done = self.redeem(card)
        assert isinstance(done, Redeemed)
        school, project = self.school, self.book.project

        def undo(tx: Transaction) -> str | None:
            number = redemption.undo(tx, NOW, project, done.order_no)
            self.assertEqual(number, card.number)
            return number

        school.write(undo)
        self.assertIsNone(school.write(lambda tx: redemption.undo(tx, NOW, project, done.order_no)))
        self.assertEqual(school.rows("SELECT used FROM card_span WHERE first_serial = 1"), [(0,)])
        # The posting is the reversal's own affair; without it the books would not balance
        lines = [
            PostingLine(ref, Fen(amount))
            for ref, amount in (("wallet:1", 5000), ("card_liability:1-00001", -5000))
        ]
        school.write(
            lambda tx: ledger.post(
                tx, project_id=project.id, kind=PostingKind.CORRECTION, effect="test:undone", order_no=None,
                operator="", at=NOW, memo="", lines=lines,
            )
        )  # fmt: skip
        again = self.redeem(card)
        assert isinstance(again, Redeemed)
        self.book.void(self.printing.batch.id, 1, 8, repay=False)
        with self.assertRaises(card_batches.CardsRefused):
            school.write(lambda tx: redemption.undo(tx, NOW, project, again.order_no))


class RaceTests(TestCase):
    """On the daemon's reactor, with real threads and a file."""

    async def test_w57_one_of_two_hundred_wins(self) -> None:
        """Two hundred people redeem one card at once: one has it, 199 hear that it is used, the fen are right."""
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        store = SqliteStore(Path(scratch.name) / "books.db", cast(ReactorThreads, reactor))
        entropy = SeededEntropy()
        vault = Vault(bytes(range(32)), entropy)

        def prepare(tx: Transaction) -> Project:
            project_id = network.add_project(tx, "main", "Asia/Shanghai", NOW)
            for number in range(200):
                accounts.add(
                    tx, vault, project_id=project_id, username=f"u{number}", full_name="", group_id=None, rate_id=None,
                    password="pass-word", person=accounts.PersonData(), aliases=(), created_by="test", at=NOW,
                )  # fmt: skip
            new = NewBatch(project_id, CardKind.VALUE, Fen(5000), None, 1, 12, None, "")
            card_batches.create(tx, vault, entropy, LI, NOW, new)
            return next(one for one in network.projects(tx) if one.id == project_id)

        project = await store.write(prepare)
        batch = await card_batches.make(store, vault, project.id, BatchId(1), NOW)
        printing = await store.write(lambda tx: card_batches.export(tx, vault, LI, NOW, project, batch.id))
        await store.write(
            lambda tx: cards.sell(
                tx, LI, NOW, project, batch.id, cards.Sale(1, 1, cards.till_of(tx, project, LI))
            )
        )
        (card,) = printing.cards()

        def redeeming(account_id: int) -> Any:
            return store.write(
                lambda tx: redemption.redeem(
                    tx, vault, LI, NOW, project, AccountId(account_id), card.number, card.pin, f"10.9.0.{account_id}"
                )
            )  # fmt: skip

        answers = await gatherResults([redeeming(number) for number in range(1, 201)])
        kinds = Counter(type(one) if isinstance(one, Redeemed) else one for one in answers)
        self.assertEqual(kinds, {Redeemed: 1, Refused(Why.USED): 199})
        balances = [ledger.balance(store.reader, project.id, f"wallet:{n}") for n in range(1, 201)]
        self.assertEqual((sum(balances), min(balances)), (-5000, -5000))
        proofs = await store.read(
            lambda found: [one for proof in verify.prove(found) for one in proof.faults]
        )
        self.assertEqual(proofs, [])
        await store.close()
