"""Cancelling and reordering what somebody owns: the preview is what happens, once, and the books agree."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import GB, SHANGHAI, START
from zhuomai_appliance.flows import rents, subscriptions
from zhuomai_appliance.flows.once import KeyReused
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.moment import Anchor, Period, PeriodUnit, local_day
from zhuomai_appliance.model.plan_rules import DateSpan, MeterRules
from zhuomai_appliance.model.products import AccessPolicy, SubscriptionId
from zhuomai_appliance.model.traffic import RateLimit


class CancelTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool()
        self.month = self.school.plan(price=3000)
        self.account_id = self.school.person()

    def tearDown(self) -> None:
        self.assertEqual(self.school.faults(), [])

    def preview(self, number: int) -> subscriptions.CancelPreview:
        school = self.school
        return subscriptions.preview_cancel(
            school.store.reader, school.desk_project, self.account_id, SubscriptionId(number), school.now()
        )

    def cancel(self, number: int, key: str = "k1", **changes: Any) -> dict[str, Any]:
        school = self.school
        wanted: dict[str, Any] = {"expected": changes.pop("expected", None) or self.preview(number), "reason": "asked for"}  # fmt: skip
        return school.write(
            lambda tx: subscriptions.cancel(
                tx, WANG, school.now(), school.desk_project, self.account_id, SubscriptionId(number),
                key=key, **(wanted | changes),
            )
        )  # fmt: skip

    def test_w13_a_queued_one_goes_and_the_next_moves_up(self) -> None:
        """A runs, B and C wait; B is paid back whole and C follows A directly."""
        school = self.school
        year = school.plan("yearly", price=30_000, period=Period(PeriodUnit.YEAR, 1))
        for version in (self.month, self.month, year):
            school.pay(self.account_id, version)
        school.go("2026-09-10 12:00")
        seen = self.preview(2)
        self.assertEqual((seen.value.fen, len(seen.before), len(seen.after)), (3000, 3, 2))
        self.cancel(2)
        self.assertEqual(
            school.dates(self.account_id),
            [
                (1, "active", "2026-09-01 00:00", "2026-10-01 00:00"),
                (3, "queued", "2026-10-01 00:00", "2027-10-01 00:00"),
            ],
        )
        self.assertEqual((school.wallet(self.account_id), school.deferred(2)), (3000, 0))

    def test_w21_unused_days_go_into_the_wallet(self) -> None:
        """September cancelled on the 10th: 2000 into the wallet, ten days remain earned, nothing hangs."""
        school = self.school
        school.pay(self.account_id, self.month)
        school.go("2026-09-10 15:00")
        school.pass_days()
        self.assertEqual(school.deferred(1), 3000 - 900)
        said = self.cancel(1)
        self.assertEqual((said["fen"], said["remaining"], said["total"], said["unit"]), (2000, 20, 30, "day"))
        self.assertEqual((school.wallet(self.account_id), school.deferred(1)), (2000, 100))
        self.assertEqual(school.dates(self.account_id), [])
        school.go("2026-09-11 04:00")
        school.pass_days()
        self.assertEqual((school.deferred(1), school.balance("revenue:period")), (0, -1000))

    def test_what_half_price_gave_back_is_not_given_back_again(self) -> None:
        """September at half price: 1500 of 3000 came back; cancelled on the 10th, 20 of 30 days of the rest do."""
        school = self.school
        first = local_day(school.now(), SHANGHAI)
        spans = (DateSpan(first, first + 29),)
        holiday = school.plan(
            "holiday", price=3000, anchor=Anchor.CALENDAR, meter=MeterRules(half_price_spans=spans)
        )
        school.pay(self.account_id, holiday)
        school.run(rents.credit_months(school.store, school.tables, school.now()))
        self.assertEqual(school.wallet(self.account_id), 1500)
        school.go("2026-09-10 15:00")
        self.assertEqual(self.preview(1).value.fen, 1000)
        self.cancel(1)
        self.assertEqual(school.wallet(self.account_id), 2500)

    def test_p2_the_same_key_cancels_once(self) -> None:
        """Sent again it brings the first answer, with another request a refusal, and the wallet got it once."""
        self.school.pay(self.account_id, self.month)
        seen = self.preview(1)
        first = self.cancel(1, expected=seen)
        self.assertEqual(self.cancel(1, expected=seen), first)
        with self.assertRaises(KeyReused):
            self.cancel(1, expected=seen, reason="another")
        with self.assertRaises(Refused) as caught:
            self.cancel(1, key="k2", expected=seen)
        self.assertEqual(caught.exception.code, "over")
        self.assertEqual(self.school.wallet(self.account_id), 2900, "the day of the cancelling was used")

    def test_p5_renewed_and_cancelled_before_its_begin_is_neutral(self) -> None:
        """Dates and money are what they were."""
        school = self.school
        school.recharge(self.account_id, 6000)
        school.pay(self.account_id, self.month, Channel.BALANCE)
        school.go("2026-09-10 12:00")
        before = school.dates(self.account_id), school.wallet(self.account_id)
        school.pay(self.account_id, self.month, Channel.BALANCE)
        self.cancel(2)
        self.assertEqual((school.dates(self.account_id), school.wallet(self.account_id)), before)

    def test_a_preview_that_is_old_does_nothing(self) -> None:
        """A night, or a purchase, between the look and the deed."""
        school = self.school
        school.pay(self.account_id, self.month)
        school.go("2026-09-10 23:00")
        seen = self.preview(1)
        school.go("2026-09-11 00:10")
        with self.assertRaises(PreviewIsOld):
            self.cancel(1, expected=seen)
        self.assertEqual((school.wallet(self.account_id), len(school.dates(self.account_id))), (0, 1))

    def test_another_account_or_an_ended_purchase(self) -> None:
        """Nothing of somebody else's, nothing twice."""
        self.school.pay(self.account_id, self.month)
        with self.assertRaises(LookupError):
            self.preview(9)
        self.school.go("2026-10-05 00:00")
        with self.assertRaises(Refused):
            self.preview(1)

    def test_a_pack_by_its_octets(self) -> None:
        """A pack earned by the day and given back by use takes the rest from the income."""
        school = self.school
        data = school.pack(25 * GB, price=1000)
        school.pay(self.account_id, data)
        self.assertTrue(school.report(START, at=None))
        school.go("2026-09-16 12:00")
        school.report(3, 3600, 0, 4 * GB)
        school.pass_days()
        said = self.cancel(1)
        self.assertEqual((said["fen"], said["unit"]), (840, "octet"))
        self.assertEqual((school.wallet(self.account_id), school.deferred(1)), (840, 0))
        self.assertEqual(school.balance("revenue:data"), -160)

    def test_sessions_follow(self) -> None:
        """Nothing left: they end. Another plan takes over at another rate: they are changed."""
        school = self.school
        fast = school.plan("fast", price=5000, policy=AccessPolicy(rate=RateLimit(1_000_000, 2_000_000)))
        school.pay(self.account_id, self.month)
        school.pay(self.account_id, fast)
        school.report(START)
        self.cancel(1)
        self.assertEqual([key.partition(":")[0] for key, _, _ in school.effects()], ["change"])
        self.cancel(2, key="k2")
        self.assertEqual([key.partition(":")[0] for key, _, _ in school.effects()], ["change", "disconnect"])


class ReorderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool()
        month = self.school.plan(price=3000)
        week = self.school.plan("week", price=800, period=Period(PeriodUnit.DAY, 7))
        self.account_id = self.school.person()
        for version in (month, month, week):
            self.school.pay(self.account_id, version)

    def reorder(self, *order: int, key: str = "k1", revision: int | None = None) -> Any:
        school = self.school
        chain = school.chain(self.account_id)
        return school.write(
            lambda tx: subscriptions.reorder(
                tx, WANG, school.now(), school.desk_project, self.account_id,
                [SubscriptionId(one) for one in order], key=key,
                revision=chain.revision if revision is None else revision,
            )
        )  # fmt: skip

    def test_the_queue_in_another_order(self) -> None:
        """The preview shows all dates, and they are what comes about."""
        school = self.school
        seen = subscriptions.preview_reorder(
            school.store.reader, school.desk_project, self.account_id, [SubscriptionId(3), SubscriptionId(2)],
            school.now(),
        )  # fmt: skip
        self.reorder(3, 2)
        self.assertEqual(
            school.dates(self.account_id),
            [
                (1, "active", "2026-09-01 00:00", "2026-10-01 00:00"),
                (3, "queued", "2026-10-01 00:00", "2026-10-08 00:00"),
                (2, "queued", "2026-10-08 00:00", "2026-11-08 00:00"),
            ],
        )
        self.assertEqual(subscriptions.spans(school.chain(self.account_id)), seen.after)
        self.assertEqual(school.faults(), [])

    def test_only_the_queue(self) -> None:
        """Not what runs, not what is not there, not one twice, and not after the chain moved."""
        for order in ((1, 2, 3), (2,), (2, 2), (2, 3, 4)):
            with self.assertRaises(Refused):
                self.reorder(*order)
        with self.assertRaises(PreviewIsOld):
            self.reorder(3, 2, revision=0)
        self.assertEqual([one[0] for one in self.school.dates(self.account_id)], [1, 2, 3])
