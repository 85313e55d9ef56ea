"""Shifts: the first cash opens one, the drawer is counted, the difference posted, and a second person signs (§17)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import desk, purchases, reversals, shifts
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel, PostingId, PostingKind
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.shifts import Counted, Shift, ShiftState
from zhuomai_appliance.store import network
from zhuomai_appliance.store import shifts as rows
from zhuomai_appliance.store.reports_query import Page
from zhuomai_appliance.store.shifts import Moved, ShiftClosed, Sold

LI = Actor("lili", "10.1.1.8")


class ShiftTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool()
        self.project = self.school.desk_project
        self.account_id = self.school.person("20260001")

    def tearDown(self) -> None:
        self.assertEqual(self.school.faults(), [])

    def take(self, amount: int, actor: Actor = WANG) -> None:
        school = self.school
        school.write(
            lambda tx: desk.recharge(tx, actor, school.now(), self.project, self.account_id, Fen(amount))
        )

    def count(self, number: str, counted: Counted, memo: str = "") -> Shift:
        school = self.school
        return school.write(
            lambda tx: shifts.close(tx, WANG, school.now(), self.project, number, counted, memo=memo)
        )

    def refused(self, number: str, counted: Counted) -> str:
        with self.assertRaises(Refused) as caught:
            self.count(number, counted)
        return str(caught.exception.code)

    def test_first_cash_opens_the_shift(self) -> None:
        """Without a float; counted to the fen it closes without a posting, and the next cash opens the next one."""
        self.take(5000)
        self.assertEqual(self.count("wangmin", {5000: 1}).state, ShiftState.CLOSED)
        self.take(2000)
        self.assertEqual([self.school.balance(f"cash:{no}") for no in ("wangmin", "wangmin#2")], [5000, 2000])
        self.assertEqual(
            self.school.rows(
                "SELECT number, operator, state, float_fen FROM shift ORDER BY opened_at, number"
            ),
            [("wangmin", "wangmin", "closed", 0), ("wangmin#2", "wangmin", "open", 0)],
        )

    def test_a_missing_note_is_posted(self) -> None:
        """Float 100.00, 50.00 came in, 149.00 are counted: 1.00 is short, and needs a word."""
        self.school.write(
            lambda tx: shifts.open_shift(tx, WANG, self.school.now(), self.project, Fen(10_000))
        )
        self.take(5000)
        counted = {10_000: 1, 2000: 2, 500: 1, 100: 4}
        self.assertEqual(self.refused("wangmin", counted), "memo")
        closed = self.count("wangmin", counted, "gave 1.00 too much")
        self.assertEqual(
            (closed.expected_fen, closed.counted_fen, closed.difference_fen), (15_000, 14_900, -100)
        )
        self.assertEqual((self.school.balance("shortage"), self.school.balance("cash:wangmin")), (100, 4900))
        self.assertEqual(self.refused("wangmin", counted), "shift_closed")

    def test_only_the_own_drawer_of_real_money(self) -> None:
        """Another's drawer, a note that does not exist, a second open shift: refused."""
        self.take(5000, LI)
        self.take(5000)
        self.assertEqual(self.refused("lili", {5000: 1}), "not_own_shift")
        self.assertEqual(self.refused("wangmin", {3000: 1}), "counted")
        with self.assertRaises(Refused):
            self.school.write(lambda tx: shifts.open_shift(tx, WANG, self.school.now(), self.project, Fen(0)))

    def test_names_like_shifts_keep_their_own_drawers(self) -> None:
        """Somebody called like another's second shift: neither gets the other's cash."""
        self.take(300, Actor("wangmin#2", "10.1.1.7"))
        self.take(5000)
        self.count("wangmin", {5000: 1})
        self.take(200)
        self.assertEqual(
            self.school.rows("SELECT number, operator, state FROM shift ORDER BY number"),
            [
                ("wangmin", "wangmin", "closed"),
                ("wangmin#2", "wangmin#2", "open"),
                ("wangmin#3", "wangmin", "open"),
            ],
        )
        self.assertEqual([self.school.balance(f"cash:wangmin#{no}") for no in (2, 3)], [300, 200])

    def test_two_people_sign(self) -> None:
        """Who counted cannot take over; the second person does, once."""
        self.take(5000)

        def sign(actor: Actor) -> Shift:
            return self.school.write(
                lambda tx: shifts.hand_over(tx, actor, self.school.now(), self.project, "wangmin")
            )

        with self.assertRaises(Refused):
            sign(LI)
        self.count("wangmin", {5000: 1})
        with self.assertRaises(Refused) as caught:
            sign(WANG)
        self.assertEqual(caught.exception.code, "same_person")
        self.assertEqual(sign(LI).state, ShiftState.HANDED_OVER)
        with self.assertRaises(Refused):
            sign(LI)

    def test_report_by_kind_channel_and_subject(self) -> None:
        """Cash in and out by kind, sales by channel and subject; the drawer should hold what is left."""
        school = self.school
        self.take(5000)
        plan = school.plan(price=3000)
        for channel in (Channel.CASH, Channel.BALANCE):
            school.write(
                lambda tx, c=channel: desk.sell(
                    tx, WANG, school.now(), self.project, self.account_id, plan, c
                )  # type: ignore[misc]
            )
        school.write(
            lambda tx: purchases.pay_out(
                tx, school.project, self.account_id, 500, shifts.till(tx, school.project, WANG), effect="out:1",
                operator="wangmin", at=school.now(),
            )
        )  # fmt: skip
        seen = shifts.report(school.store.reader, self.project, "wangmin", school.now())
        self.assertEqual(seen.expected_fen, 7500)
        self.assertEqual(
            seen.cash,
            (
                Moved(PostingKind.CASH_OUT, Fen(0), Fen(500)),
                Moved(PostingKind.RECHARGE, Fen(5000), Fen(0)),
                Moved(PostingKind.SALE, Fen(3000), Fen(0)),
            ),
        )
        self.assertEqual(
            seen.sold,
            (
                Sold(Channel.BALANCE, plan.subject, 1, Fen(3000)),
                Sold(Channel.CASH, plan.subject, 1, Fen(3000)),
                Sold(Channel.CASH, "recharge", 1, Fen(5000)),
            ),
        )

    def test_late_cash_belongs_to_the_next_shift(self) -> None:
        """A counted till takes no posting; what is undone of it goes out of the till that is open now."""
        self.take(5000)
        self.count("wangmin", {5000: 1})
        with self.assertRaises(ShiftClosed):
            self.school.recharge(self.account_id, 100)
        self.school.write(
            lambda tx: reversals.reverse(
                tx, LI, self.school.now(), self.project, PostingId(1), "wrong person"
            )
        )
        self.assertEqual([self.school.balance(rules.cash(no)) for no in ("wangmin", "lili")], [5000, -5000])

    def test_pages_over_projects_lose_nothing(self) -> None:
        """The same operator has the same number in two projects: each is on one page, in both directions."""
        school = self.school
        other = school.write(lambda tx: network.add_project(tx, "other", "UTC", school.now()))
        for project_id in (school.project, other):
            for operator in ("anna", "bert"):
                school.write(lambda tx, p=project_id, o=operator: rows.begin(tx, p, o, o, school.now()))  # type: ignore[misc]
        for newest_first in (False, True):
            found, after = list[tuple[str, int]](), None
            while page := rows.shifts(
                school.store.reader, (school.project, other), rows.ShiftFilter(),
                Page(after, 1, newest_first=newest_first),
            ):  # fmt: skip
                found.append((page[0].number, page[0].project_id))
                after = page[0].key
            self.assertEqual(len(set(found)), 4)
            self.assertEqual(found, sorted(found, reverse=newest_first))
