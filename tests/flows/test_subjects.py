"""Subjects as a tree, charges by hand, and what the school spends: each under a subject, each undone by 红冲 (E07, E08, E23)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from zhuomai_appliance.flows import charges, expenses, reversals, subjects
from zhuomai_appliance.flows.charges import ChargeWish
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.commerce import Channel, PostingId
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.subjects import Expense, ExpenseSource, ExpenseState, Subject, SubjectKind
from zhuomai_appliance.store import subjects as rows
from zhuomai_appliance.store.subjects import NewExpense

LI = Actor("lili", "10.1.1.8")
INCOME, EXPENSE = SubjectKind.INCOME, SubjectKind.EXPENSE


class SubjectCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool()
        self.project = self.school.desk_project
        self.account_id = self.school.person("20260001")
        self.put("install", "装机费")
        self.put("repair", "维修", kind=EXPENSE)

    def tearDown(self) -> None:
        self.assertEqual(self.school.faults(), [])

    def put(
        self,
        code: str,
        name: str,
        parent: str | None = None,
        kind: SubjectKind = INCOME,
        *,
        off: bool = False,
    ) -> None:
        wanted = Subject(self.project.id, code, name, parent, kind, off)
        self.school.write(lambda tx: subjects.put(tx, WANG, self.school.now(), self.project, wanted))

    def code(self, work: Callable[[], object]) -> str:
        with self.assertRaises(Refused) as caught:
            work()
        return str(caught.exception.code)

    def reverse(self, posting_id: int) -> None:
        self.school.write(
            lambda tx: reversals.reverse(
                tx, LI, self.school.now(), self.project, PostingId(posting_id), "a slip"
            )
        )


class TreeTests(SubjectCase):
    def test_plans_bring_their_subjects(self) -> None:
        """A published plan's subject is in the tree, and keeps the name it is given there."""
        plan = self.school.plan()
        self.put(plan.subject, "包月收入")
        self.school.plan(price=4000)
        found = {one.code: one.name for one in rows.subjects(self.school.store.reader, self.project.id)}
        self.assertEqual(found, {"install": "装机费", "repair": "维修", plan.subject: "包月收入"})

    def test_what_is_no_tree_is_refused(self) -> None:
        """No circle, no parent of the other kind or that is not there, no other kind, no name."""
        self.put("cable", "网线", "install")
        for code, parent in (
            ("install", "cable"),
            ("cable", "repair"),
            ("cable", "nowhere"),
            ("cable", "cable"),
        ):
            self.assertEqual(self.code(lambda c=code, p=parent: self.put(c, "x", p)), "parent")  # type: ignore[misc]
        self.assertEqual(self.code(lambda: self.put("cable", "x", kind=EXPENSE)), "kind")
        self.assertEqual(self.code(lambda: self.put("new", " ")), "name")


class ChargeTests(SubjectCase):
    def charge(self, amount: int, subject: str = "install", memo: str = "port 3", **more: Channel) -> str:
        wanted = ChargeWish(self.account_id, subject, Fen(amount), memo, **more)
        school = self.school

        def both(tx: object) -> str:
            seen = charges.preview(school.store.reader, WANG, self.project, wanted, school.now())
            return charges.charge(tx, WANG, school.now(), self.project, wanted, expected=seen).order_no  # type: ignore[arg-type]

        return school.write(both)

    def test_cash_and_wallet(self) -> None:
        """Earned at once, from the drawer or the wallet; what was shown is what is posted."""
        self.charge(5000)
        self.assertEqual(
            [self.school.balance(ref) for ref in ("cash:wangmin", "revenue:install")], [5000, -5000]
        )
        with self.assertRaises(NotEnoughMoney):
            self.charge(1000, channel=Channel.BALANCE)
        self.school.recharge(self.account_id, 1500)
        self.charge(1000, channel=Channel.BALANCE)
        self.assertEqual(
            (self.school.wallet(self.account_id), self.school.balance("revenue:install")), (500, -6000)
        )
        self.assertEqual(
            self.school.rows("SELECT kind, channel FROM orders WHERE kind = 'manual' ORDER BY order_no"),
            [("manual", "CASH"), ("manual", "BALANCE")],
        )

    def test_subject_and_word_are_needed(self) -> None:
        """No subject, an expense's, one at rest, no word, no amount, another channel: refused, nothing is there."""
        self.put("old", "old", off=True)
        for subject in ("nowhere", "repair", "old"):
            self.assertEqual(self.code(lambda s=subject: self.charge(100, s)), "subject")  # type: ignore[misc]
        self.assertEqual(self.code(lambda: self.charge(100, memo=" ")), "memo")
        self.assertEqual(self.code(lambda: self.charge(0)), "amount_fen")
        self.assertEqual(self.code(lambda: self.charge(1, channel=Channel.WECHAT)), "channel")
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM orders"), [(0,)])

    def test_undone(self) -> None:
        """A charge is reversed with its order; drawer and income are empty."""
        order_no = self.charge(5000)
        ((posting_id,),) = self.school.rows("SELECT id FROM posting")
        self.reverse(posting_id)
        self.assertEqual(self.school.balance("revenue:install"), 0)
        self.assertEqual(self.school.rows("SELECT order_no, state FROM orders"), [(order_no, "refunded")])


class ExpenseTests(SubjectCase):
    def spend(
        self,
        amount: int,
        source: ExpenseSource = ExpenseSource.BANK,
        subject: str = "repair",
        memo: str = "pump",
    ) -> Expense:
        new = NewExpense(subject, Fen(amount), source, "A-17", memo)
        return self.school.write(lambda tx: expenses.request(tx, WANG, self.school.now(), self.project, new))

    def decide(self, found: Expense, actor: Actor, *, yes: bool = True) -> Expense:
        step = expenses.approve if yes else expenses.reject
        return self.school.write(lambda tx: step(tx, actor, self.school.now(), self.project, found.id))

    def test_small_ones_at_once(self) -> None:
        """Up to 200.00 one person is enough; undone, the expense says so and the subject is at zero."""
        done = self.spend(20_000)
        self.assertEqual((done.state, done.decided_by, done.voucher_no), (ExpenseState.POSTED, "", "A-17"))
        self.assertEqual([self.school.balance(ref) for ref in ("expense:repair", "bank")], [20_000, -20_000])
        assert done.posting_id is not None
        self.reverse(done.posting_id)
        found = expenses.known(self.school.store.reader, self.project, done.id)
        self.assertEqual((found.state, self.school.balance("expense:repair")), (ExpenseState.REVERSED, 0))

    def test_big_ones_need_two(self) -> None:
        """Above the limit nothing is posted until another person says so; a word is final."""
        asked = self.spend(20_001)
        self.assertEqual((asked.state, self.school.balance("expense:repair")), (ExpenseState.REQUESTED, 0))
        self.assertEqual(self.code(lambda: self.decide(asked, WANG)), "same_person")
        done = self.decide(asked, LI)
        self.assertEqual((done.state, done.decided_by), (ExpenseState.POSTED, "lili"))
        self.assertEqual(self.code(lambda: self.decide(asked, LI, yes=False)), "state")
        other = self.decide(self.spend(30_000), LI, yes=False)
        self.assertEqual((other.state, other.posting_id), (ExpenseState.REJECTED, None))
        self.assertEqual(self.school.balance("expense:repair"), 20_001)
        self.school.write(lambda tx: expenses.set_limit(tx, LI, self.school.now(), self.project, Fen(0)))
        self.assertEqual(self.spend(1).state, ExpenseState.REQUESTED)

    def test_the_drawer_holds_it(self) -> None:
        """Cash comes from the drawer of who asks, and only what lies in it."""
        self.assertEqual(self.code(lambda: self.spend(100, ExpenseSource.TILL)), "drawer")
        self.school.recharge(self.account_id, 150)
        self.spend(100, ExpenseSource.TILL)
        self.assertEqual(self.school.balance("cash:wangmin"), 50)
        self.assertEqual(self.code(lambda: self.spend(51, ExpenseSource.TILL)), "drawer")
        self.assertEqual(self.code(lambda: self.spend(1, subject="install")), "subject")
        self.assertEqual(self.code(lambda: self.spend(1, memo="")), "memo")
