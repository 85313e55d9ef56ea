"""Discounts at the counter: the best one is used, kept in the order, and counted for the person (D18, W08)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from zhuomai_appliance.billing.discounts import Unfit
from zhuomai_appliance.flows import discounts, reversals
from zhuomai_appliance.flows.discounts import Offer, PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel, PostingId
from zhuomai_appliance.model.discounts import Discount
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.store import discounts as rows


class DiscountTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool("2026-09-10 08:00")
        self.project = self.school.desk_project
        self.account_id = self.school.person("20260001")
        self.plan = self.school.plan(price=2000)

    def tearDown(self) -> None:
        self.assertEqual(self.school.faults(), [])

    def put(self, name: str = "offer", **rule: Any) -> None:
        wanted = Discount(name, **rule)
        self.school.write(lambda tx: discounts.put(tx, WANG, self.school.now(), self.project, wanted))

    def look(self, periods: int = 1) -> Offer:
        school = self.school
        return discounts.offer(
            school.store.reader, self.project, self.account_id, self.plan, Channel.CASH, school.now(),
            periods=periods,
        )  # fmt: skip

    def sell(self, periods: int = 1, expected: Offer | None = None) -> int:
        school = self.school
        return school.write(
            lambda tx: discounts.sell(
                tx, WANG, school.now(), self.project, self.account_id, self.plan, Channel.CASH, periods=periods,
                expected=expected,
            )
        ).amount_fen  # fmt: skip

    def test_w08_four_months_for_eighty_with_one_as_gift(self) -> None:
        """W08: 80 元 buys four months and brings a fifth: paid on 2026-09-10 08:00 it ends on 2027-02-10 08:00."""
        self.put(buy_periods=4, gift_periods=1)
        seen = self.look(4)
        self.assertEqual(self.sell(4, seen), 8000)
        ((_, _, starts, ends),) = self.school.dates(self.account_id)
        self.assertEqual((starts, ends), ("2026-09-10 08:00", "2027-02-10 08:00"))
        self.assertEqual(seen.preview.segment.ends_at, self.school.chain(self.account_id).segments[0].ends_at)

    def test_what_was_taken_off_stands_in_the_order(self) -> None:
        """With the template's name; the money and its posting are what is left."""
        self.put(paid_parts=9000)
        self.assertEqual(self.sell(), 1800)
        self.assertEqual(
            self.school.rows("SELECT amount_fen, discount_fen, discount FROM order_line"),
            [(2000, 200, "offer")],
        )
        self.assertEqual(self.school.balance("cash:wangmin"), 1800)

    def test_conditions_count_what_was_bought(self) -> None:
        """The first purchase only, so many times a person; what was reversed does not count."""
        self.put("first", first_order=True, off_fen=Fen(500))
        self.put("twice", per_person=1, off_fen=Fen(300))
        self.assertEqual([self.sell() for _ in range(3)], [1500, 1700, 2000])
        self.assertEqual([one.why_not for one in self.look().choice.weighed], [Unfit.FIRST, Unfit.OFTEN])
        ((posting_id,),) = self.school.rows(
            "SELECT MAX(posting_id) FROM posting_line WHERE amount_fen = 1700"
        )
        self.school.write(
            lambda tx: reversals.reverse(
                tx, WANG, self.school.now(), self.project, PostingId(posting_id), "slip"
            )
        )
        self.assertEqual(self.sell(), 1700)

    def test_groups_are_those_above_too(self) -> None:
        """A template for a group is for all below it; names that are not there are refused."""
        with self.assertRaises(Refused) as caught:
            self.put(groups=("staff",))
        self.assertEqual(caught.exception.code, "groups")
        for rule, code in (
            ({"plans": ("none",)}, "plans"), ({"paid_parts": 10_001}, "paid_parts"), ({"off_fen": Fen(-1)}, "figures"),
            ({"buy_periods": 0}, "figures"),
        ):  # fmt: skip
            with self.assertRaises(Refused) as caught:
                self.put(**rule)
            self.assertEqual(caught.exception.code, code)
        self.assertEqual(rows.discounts(self.school.store.reader, self.project.id), [])

    def test_an_old_offer_is_refused(self) -> None:
        """A template that changed since the offer was shown: nothing is sold."""
        seen = self.look()
        self.put(paid_parts=9000)
        with self.assertRaises(PreviewIsOld):
            self.sell(1, seen)
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM orders"), [(0,)])
        self.put(paid_parts=8000, disabled=True, channels=(Channel.CASH,), from_at=5)
        (kept,) = rows.discounts(self.school.store.reader, self.project.id)
        self.assertEqual(
            kept, Discount("offer", paid_parts=8000, disabled=True, channels=(Channel.CASH,), from_at=5)
        )
