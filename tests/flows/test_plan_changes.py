"""Changing plans: up, down and to another kind, at the cost that was shown; nobody profits, the books agree."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import GB, START
from zhuomai_appliance.flows import plan_changes, reversals
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.commerce import PostingId
from zhuomai_appliance.model.plan_rules import ChangeMode, ChangeRules
from zhuomai_appliance.model.products import AccessPolicy, Quota, SubscriptionId
from zhuomai_appliance.model.traffic import RateLimit

FREE = ChangeRules(down=ChangeMode.KEEP_END, downs_per_period=None)


class Desk(DeskSchool):
    """A counter at which one account changes its plans."""

    def __init__(self, old: int = 3000, new: int = 5000, rule: ChangeRules = FREE) -> None:
        super().__init__()
        self.account_id = self.person()
        self.old = self.plan("slow", price=old, change=rule)
        fast = AccessPolicy(rate=RateLimit(20_000_000, 50_000_000))
        self.new = self.plan("fast", price=new, change=rule, policy=fast)

    def preview(self, number: int, name: str) -> plan_changes.ChangePreview:
        return plan_changes.preview_change(
            self.store.reader, self.desk_project, self.account_id, SubscriptionId(number), name, self.now()
        )

    def change(self, number: int, name: str, key: str = "", expected: Any = None) -> dict[str, Any]:
        seen = expected or self.preview(number, name)
        return self.write(
            lambda tx: plan_changes.change(
                tx, WANG, self.now(), self.desk_project, self.account_id, SubscriptionId(number), name,
                key=key or f"k{number}{name}", expected=seen,
            )
        )  # fmt: skip

    def refused(self, number: int, name: str) -> str:
        try:
            self.preview(number, name)
        except Refused as error:
            return error.code
        return ""


class ChangeTests(SynchronousTestCase):
    def use(self, **rule: Any) -> Desk:
        desk = Desk(rule=ChangeRules(**rule)) if rule else Desk()
        self.addCleanup(lambda: self.assertEqual(desk.faults(), []))
        desk.recharge(desk.account_id, 10_000)
        return desk

    def test_w17_keep_end_charges_half_the_difference(self) -> None:
        """September, 3000 to 5000 on the 16th: 2000 x 15/30; the end stays, and all is earned by then."""
        desk = self.use()
        desk.pay(desk.account_id, desk.old)
        desk.go("2026-09-16 11:00")
        desk.pass_days()
        seen = desk.preview(1, "fast")
        self.assertEqual(
            (seen.charge_fen, seen.remaining, seen.total, seen.mode), (1000, 15, 30, ChangeMode.KEEP_END)
        )
        desk.change(1, "fast", expected=seen)
        self.assertEqual(desk.wallet(desk.account_id), 9000)
        self.assertEqual((desk.deferred(1), desk.deferred(2)), (0, 2500))
        self.assertEqual(desk.dates(desk.account_id), [(2, "active", "2026-09-16 11:00", "2026-10-01 00:00")])
        desk.go("2026-10-01 04:00")
        desk.pass_days()
        self.assertEqual((desk.deferred(2), desk.balance("revenue:period")), (0, -4000))

    def test_w18_restart_closes_the_old_and_buys_the_new_whole(self) -> None:
        """1500 credited, 5000 paid, 3500 net; the new month ends on 16 October."""
        desk = self.use(up=ChangeMode.RESTART)
        desk.pay(desk.account_id, desk.old)
        desk.go("2026-09-16 00:00")
        seen = desk.preview(1, "fast")
        self.assertEqual((seen.credit_fen, seen.charge_fen), (1500, 5000))
        desk.change(1, "fast", expected=seen)
        self.assertEqual((desk.wallet(desk.account_id), desk.deferred(2)), (6500, 5000))
        self.assertEqual(desk.dates(desk.account_id), [(2, "active", "2026-09-16 00:00", "2026-10-16 00:00")])

    def test_w19_down_with_keep_end_credits_and_by_default_waits(self) -> None:
        """5000 to 3000 on the 16th: 1000 back; where the rule says next period, that is what one hears."""
        desk = self.use()
        desk.pay(desk.account_id, desk.new)
        desk.go("2026-09-16 11:00")
        desk.change(1, "slow")
        self.assertEqual((desk.wallet(desk.account_id), desk.deferred(2)), (11_000, 1500))
        other = self.use(downs_per_period=1)
        other.pay(other.account_id, other.new)
        self.assertEqual(other.refused(1, "slow"), "next_period")

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(old=st.integers(1, 9000), new=st.integers(1, 9000), day=st.integers(1, 30))
    def test_p6_up_and_at_once_down_again_profits_nobody(self, old: int, new: int, day: int) -> None:
        """Whatever the prices and the day: at most one fen is lost or won, and the end is the same."""
        desk = Desk(min(old, new), max(old, new))
        desk.recharge(desk.account_id, 10_000)
        desk.pay(desk.account_id, desk.old)
        desk.go(f"2026-09-{day:02} 11:00")
        value = desk.wallet(desk.account_id)
        desk.change(1, "fast")
        desk.change(2, "slow")
        assert abs(desk.wallet(desk.account_id) - value) <= 1
        assert desk.dates(desk.account_id)[0][3] == "2026-10-01 00:00"
        assert desk.faults() == []

    def test_a_second_change_in_a_period_counts_from_the_whole_of_it(self) -> None:
        """Up on the 11th, down on the 21st: 20/30 charged, 10/30 credited."""
        desk = self.use()
        desk.pay(desk.account_id, desk.old)
        desk.go("2026-09-11 11:00")
        self.assertEqual(desk.change(1, "fast")["charge_fen"], 1333)
        desk.go("2026-09-21 11:00")
        self.assertEqual(desk.change(2, "slow")["credit_fen"], 666)

    def test_so_many_downs_in_a_period_as_the_plan_allows(self) -> None:
        """One down is allowed: the second in the same period is refused, in the next it is not."""
        desk = self.use(down=ChangeMode.KEEP_END, downs_per_period=1)
        desk.pay(desk.account_id, desk.new)
        desk.change(1, "slow")
        desk.change(2, "fast")
        self.assertEqual(desk.refused(3, "slow"), "changed_too_often")
        desk.pay(desk.account_id, desk.new)
        desk.go("2026-10-02 00:00")
        desk.pass_days()
        self.assertEqual(desk.refused(4, "slow"), "")

    def test_a_running_session_is_changed_and_not_ended(self) -> None:
        """The device is asked for the new rate."""
        desk = self.use()
        desk.pay(desk.account_id, desk.old)
        desk.report(START)
        desk.change(1, "fast")
        self.assertEqual([key.partition(":")[0] for key, _, _ in desk.effects()], ["change"])

    def test_what_is_queued_still_follows_at_the_same_end(self) -> None:
        """A renewal of the old plan waits behind the new one, its dates as they were."""
        desk = self.use()
        desk.pay(desk.account_id, desk.old)
        desk.pay(desk.account_id, desk.old)
        desk.go("2026-09-16 11:00")
        desk.change(1, "fast")
        self.assertEqual(
            [(i, s, a) for i, s, a, _ in desk.dates(desk.account_id)],
            [(3, "active", "2026-09-16 11:00"), (2, "queued", "2026-10-01 00:00")],
        )

    def test_another_kind_restarts(self) -> None:
        """A month to a pack: what is not used of the month goes into the wallet, the pack is paid whole."""
        desk = self.use()
        desk.pack(30 * GB, "pack")
        desk.pay(desk.account_id, desk.old)
        desk.go("2026-09-16 11:00")
        seen = desk.preview(1, "pack")
        self.assertEqual((seen.mode, seen.direction, seen.credit_fen), (ChangeMode.RESTART, "other", 1500))
        desk.change(1, "pack", expected=seen)
        self.assertEqual(desk.subscriptions()[1], (2, "active", 30 * GB))

    def test_an_allowance_is_that_of_the_whole_period_less_what_was_used(self) -> None:
        """Both count octets: 10 of 50 GB used leave 90 of 100; one that is used up already is refused."""
        desk = self.use()
        old = desk.plan("small", price=3000, change=FREE, quota=Quota(octets=50 * GB))
        desk.plan("large", price=5000, change=FREE, quota=Quota(octets=100 * GB))
        desk.plan("tiny", price=6000, change=FREE, quota=Quota(octets=5 * GB))
        desk.pay(desk.account_id, old)
        desk.report(START)
        desk.report(3, 60, 0, 10 * GB)
        self.assertEqual(desk.refused(1, "tiny"), "used_up")
        desk.change(1, "large")
        self.assertEqual(desk.subscriptions()[1], (2, "active", 90 * GB))

    def test_p2_and_what_is_refused(self) -> None:
        """The same key changes once; an old look, the same plan, a stranger, an empty wallet are refused."""
        desk = self.use()
        desk.pay(desk.account_id, desk.old)
        seen = desk.preview(1, "fast")
        first = desk.change(1, "fast", "same", seen)
        self.assertEqual(desk.change(1, "fast", "same", seen), first)
        with self.assertRaises(Refused):
            desk.change(1, "fast", "other", seen)
        self.assertEqual([desk.refused(2, name) for name in ("fast", "none")], ["same_plan", "not_a_target"])
        down = desk.preview(2, "slow")
        desk.pay(desk.account_id, desk.old)
        with self.assertRaises(PreviewIsOld):
            desk.change(2, "slow", "late", down)
        poor = Desk()
        poor.pay(poor.account_id, poor.old)
        with self.assertRaises(NotEnoughMoney):
            poor.preview(1, "fast")

    def test_a_change_is_undone_by_changing_back_and_not_reversed(self) -> None:
        """Reversing its posting would bring the old purchase's money back and not the purchase."""
        desk = self.use()
        desk.pay(desk.account_id, desk.old)
        made = desk.change(1, "fast")
        ((posting_id,),) = desk.rows(f"SELECT id FROM posting WHERE order_no = '{made['order_no']}'")
        with self.assertRaises(Refused) as caught:
            desk.write(
                lambda tx: reversals.reverse(
                    tx, WANG, desk.now(), desk.desk_project, PostingId(posting_id), "wrong"
                )
            )
        self.assertEqual(caught.exception.code, "changed")
