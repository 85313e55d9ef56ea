"""Renewing from the wallet: by itself, once, never back-dated; and many accounts at the desk as they were shown."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import GB, SHANGHAI
from zhuomai_appliance.flows import purchases, renewals, subscriptions
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import ChangeRules
from zhuomai_appliance.model.products import SubscriptionId
from zhuomai_appliance.store import renewals as rows


class RenewalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool()
        self.account_id = self.school.person()
        self.month = self.school.plan(price=3000)
        self.school.pay(self.account_id, self.month)

    def tearDown(self) -> None:
        self.assertEqual(self.school.faults(), [])

    def auto(self, enabled: bool = True, plan: str | None = None) -> None:
        school = self.school
        school.write(
            lambda tx: renewals.set_auto(
                tx, WANG, school.now(), school.desk_project, self.account_id, enabled=enabled, plan_name=plan
            )
        )

    def look(self, when: str) -> int:
        self.school.go(when)
        return int(self.school.run(renewals.look(self.school.store, self.school.tables, self.school.now())))

    def told(self) -> list[Any]:
        found = rows.notices_of(self.school.store.reader, self.school.project, self.account_id, 9)
        return [(one.kind, one.facts.get("days")) for one in reversed(found)]

    def test_it_renews_once_a_day_before_the_end(self) -> None:
        """Paid at end less the lead into the queue, so that nobody is cut at midnight; each period once."""
        self.school.recharge(self.account_id, 7000)
        self.auto()
        self.assertEqual(self.look("2026-09-29 23:00"), 0)
        self.assertEqual([self.look("2026-09-30 00:00"), self.look("2026-09-30 08:00")], [1, 0])
        self.assertEqual(
            self.school.dates(self.account_id)[1], (2, "queued", "2026-10-01 00:00", "2026-11-01 00:00")
        )
        self.assertEqual([self.look("2026-10-31 00:00"), self.look("2026-10-31 09:00")], [1, 0])
        self.assertEqual((self.school.wallet(self.account_id), self.told()), (1000, []))

    def test_w61_money_that_comes_later_renews_from_then_on(self) -> None:
        """Nothing at the end: service until then, told at 7, 3, 1 days and the end; two hours later it starts then."""
        self.auto()
        for when in (
            "2026-09-24 00:30",
            "2026-09-26 00:00",
            "2026-09-28 00:30",
            "2026-09-30 01:00",
            "2026-10-01 00:00",
        ):
            self.assertEqual(self.look(when), 0)
        self.school.pass_days()
        self.assertEqual(
            self.told(),
            [("renewal_short", 7), ("renewal_short", 3), ("renewal_short", 1), ("renewal_short", 0)],
        )
        self.assertEqual(self.school.dates(self.account_id), [])
        self.assertEqual(self.look("2026-10-01 02:00"), 0)
        self.school.recharge(self.account_id, 3000)
        self.assertEqual(self.look("2026-10-01 02:00"), 1)
        self.assertEqual(
            self.school.dates(self.account_id), [(2, "active", "2026-10-01 02:00", "2026-11-01 02:00")]
        )

    def test_w60_the_next_period_costs_what_the_plan_costs_then(self) -> None:
        """3000 became 3500: what runs stays as it was bought, the renewal gets the new price."""
        self.school.recharge(self.account_id, 4000)
        self.auto()
        self.school.plan(price=3500)
        self.assertEqual(self.school.deferred(1), 3000)
        self.assertEqual(self.look("2026-09-30 00:00"), 1)
        self.assertEqual((self.school.wallet(self.account_id), self.school.deferred(2)), (500, 3500))

    def test_w19_another_plan_takes_over_at_the_end(self) -> None:
        """Nothing now, 2000 for October, and the same again from then on; calling it off before costs nothing."""
        self.school.plan("slow", price=2000)
        self.school.recharge(self.account_id, 5000)
        self.auto(plan="slow")
        self.assertEqual(self.school.wallet(self.account_id), 5000)
        self.assertEqual(self.look("2026-09-30 00:00"), 1)
        self.assertEqual((self.school.wallet(self.account_id), self.school.deferred(2)), (3000, 2000))
        self.auto(enabled=False)
        self.assertEqual(self.look("2026-10-31 00:00"), 0)

    def test_what_does_not_renew(self) -> None:
        """A plan that is not sold any more is told of once; a plan that may not follow is refused; a pack has no end."""
        self.auto()
        self.school.sql("UPDATE plan SET on_sale = 0")
        self.assertEqual([self.look("2026-09-30 00:00"), self.look("2026-09-30 09:00")], [0, 0])
        self.assertEqual(self.told(), [("not_on_sale", None)])
        with self.assertRaises(Refused):
            self.auto(plan="monthly")
        self.account_id = self.school.person("20260002")
        narrow = self.school.plan("narrow", change=ChangeRules(targets=("other",)))
        self.school.plan("wide")
        self.school.pay(self.account_id, narrow)
        with self.assertRaises(Refused):
            self.auto(plan="wide")
        self.account_id = self.school.person("20260003")
        self.school.pay(self.account_id, self.school.pack(GB, period=None))
        self.assertEqual(self.seen(self.account_id).code, "nothing_ends")

    def seen(self, account_id: AccountId) -> renewals.RenewPreview:
        school = self.school
        (one,) = renewals.preview_renewals(
            school.store.reader, school.desk_project, [account_id], school.now()
        )
        return one

    def renew(self, expected: renewals.RenewPreview, key: str = "k") -> dict[str, Any]:
        school = self.school
        return school.write(
            lambda tx: renewals.renew(
                tx, WANG, school.now(), school.desk_project, expected.account_id, key=key, expected=expected
            )
        )

    def test_w09_and_w10_at_the_desk(self) -> None:
        """Before the end it follows without a gap, after it it begins now; the same key renews once."""
        school = self.school
        school.recharge(self.account_id, 9000)
        school.go("2026-09-25 10:00")
        seen = self.seen(self.account_id)
        first = self.renew(seen)
        self.assertEqual(self.renew(seen), first)
        self.assertEqual(school.dates(self.account_id)[1][2:], ("2026-10-01 00:00", "2026-11-01 00:00"))
        with self.assertRaises(PreviewIsOld):
            self.renew(seen, "other")
        school.go("2026-11-05 14:30")
        school.pass_days()
        self.renew(self.seen(self.account_id), "later")
        self.assertEqual(school.dates(self.account_id)[0][2:], ("2026-11-05 14:30", "2026-12-05 14:30"))

    def test_who_cannot_pay_is_shown_and_refused(self) -> None:
        """The preview of many tells it of one; the commit does nothing."""
        seen = self.seen(self.account_id)
        self.assertEqual((seen.code, seen.price_fen), ("not_enough_money", 3000))
        with self.assertRaises(Refused):
            self.renew(seen)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(price=st.integers(1, 9000), bonus=st.integers(0, 9000), day=st.integers(1, 30))
def test_p5_renewing_and_cancelling_what_queues_is_neutral(price: int, bonus: int, day: int) -> None:
    """Whatever the price, the gifts and the day: wallet, gifts, dates and deferred income are what they were."""
    school = DeskSchool()
    account_id = school.person()
    school.pay(account_id, school.plan(price=price))
    school.recharge(account_id, 5000)
    school.write(
        lambda tx: purchases.recharge(
            tx, project_id=school.project, account_id=account_id, amount_fen=Fen(1), bonus_fen=Fen(bonus),
            zone=SHANGHAI, at=school.now(), operator="wangmin", shift="wangmin",
        )
    )  # fmt: skip
    school.go(f"2026-09-{day:02} 12:00")
    school.pass_days()

    def standing() -> Any:
        gifts = school.balance(f"bonus:{account_id}")
        return school.wallet(account_id), gifts, school.dates(account_id), school.deferred(1)

    before = standing()
    (seen,) = renewals.preview_renewals(school.store.reader, school.desk_project, [account_id], school.now())
    assume(not seen.code)
    made = school.write(
        lambda tx: renewals.renew(
            tx, WANG, school.now(), school.desk_project, account_id, key="r", expected=seen
        )
    )
    number = SubscriptionId(made["subscription_id"])
    shown = subscriptions.preview_cancel(
        school.store.reader, school.desk_project, account_id, number, school.now()
    )
    school.write(
        lambda tx: subscriptions.cancel(
            tx,
            WANG,
            school.now(),
            school.desk_project,
            account_id,
            number,
            key="c",
            expected=shown,
            reason="no",
        )
    )
    assert standing() == before
    assert school.deferred(number) == 0
    assert school.faults() == []
