"""What a sale earns day by day: never too early, never twice, and in the end the price to the fen (billing rules §18)."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY, GB, NOW, START, STOP, School
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import earnings, housekeeping
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.products import Starts
from zhuomai_appliance.store import ledger


class EarningTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account_id = self.school.person()

    def earn(self) -> int:
        school = self.school
        total: int = school.run(housekeeping.earn(school.store, school.tables, school.now()))
        return total

    def balance(self, ref: str) -> int:
        return ledger.balance(self.school.store.reader, self.school.project, ref)

    def test_a_month_earns_its_price(self) -> None:
        """3001 fen over 30 days are earned by the day, again the same day nothing, and on the last day the rest."""
        school = self.school
        bought = school.buy(self.account_id, school.plan(price=3001), Channel.CASH, shift="s1")
        daily = []
        for _ in range(32):
            daily.append(self.earn())
            self.assertEqual(self.earn(), 0)
            school.clock.advance(DAY)
        self.assertEqual(daily[:3], [0, 100, 100])
        self.assertEqual(sum(daily), 3001)
        self.assertEqual(max(daily), 101)
        self.assertEqual(self.balance("revenue:period"), -3001)
        self.assertEqual(self.balance(rules.deferred(bought.subscription_id)), 0)

    def test_days_that_were_missed_are_made_up(self) -> None:
        """A box that was off for a week earns the week's sum at once."""
        self.school.buy(self.account_id, self.school.plan(), Channel.CASH, shift="s1")
        self.school.clock.advance(7 * DAY)
        self.assertEqual(self.earn(), 700)

    def test_pack_without_an_end_earns_when_it_is_over(self) -> None:
        """What only use can end is earned when use ended it."""
        school = self.school
        school.buy(self.account_id, school.pack(GB, period=None), Channel.CASH, shift="s1")
        school.clock.advance(5 * DAY)
        self.assertEqual(self.earn(), 0)
        school.report(START)
        school.clock.advance(60)
        school.report(STOP, 60, 0, GB)
        self.assertEqual(self.earn(), 3000)
        self.assertEqual(self.balance("revenue:data"), -3000)

    def test_subject_of_the_plan(self) -> None:
        """Income goes to the plan's own subject where it names one."""
        self.school.buy(self.account_id, self.school.plan(subject="宿舍"), Channel.CASH, shift="s1")
        self.school.clock.advance(DAY)
        self.earn()
        self.assertEqual(self.balance("revenue:宿舍"), -100)

    def test_what_has_not_begun_earns_nothing(self) -> None:
        """A purchase that waits for its first login, or in the queue, is all deferred."""
        school = self.school
        school.buy(self.account_id, school.plan(starts=Starts.ON_FIRST_LOGIN), Channel.CASH, shift="s1")
        school.clock.advance(3 * DAY)
        self.assertEqual(self.earn(), 0)

    def test_gifts_earn_nothing(self) -> None:
        """A plan over 0 fen has nothing to earn."""
        self.school.buy(self.account_id, self.school.plan())
        self.school.clock.advance(40 * DAY)
        self.assertEqual(self.earn(), 0)
        self.assertEqual(self.school.rows("SELECT COUNT(*) FROM posting"), [(0,)])

    def test_many_subscriptions_are_worked_off_in_pages(self) -> None:
        """More subscriptions than one page holds are all earned."""
        school = self.school
        plan = school.plan()
        for i in range(3):
            school.buy(school.person(f"p{i}"), plan, Channel.CASH, shift="s1")
        self.patch(earnings, "PAGE", 2)
        school.clock.advance(DAY)
        self.assertEqual(self.earn(), 300)
        self.assertEqual(school.rows("SELECT MIN(posted_at) FROM posting WHERE kind = 'earning'"), [(NOW + DAY,)])  # fmt: skip
