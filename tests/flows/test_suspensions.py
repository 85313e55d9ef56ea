"""Suspending accounts: as it was shown, once, with its fee; resumed by desk, date or login; the books agree."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool, moment
from tests.flows.school import START, reason
from zhuomai_appliance.flows import subscriptions, suspension_round, suspensions
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.flows.wallets import NotEnoughMoney
from zhuomai_appliance.model.plan_rules import SuspensionRules
from zhuomai_appliance.model.products import PlanKind, SubscriptionId


class SuspensionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool()
        self.account_id = self.school.person()

    def tearDown(self) -> None:
        self.assertEqual(self.school.faults(), [])

    def month(self, price: int = 3000, **rules: Any) -> int:
        return self.school.pay(
            self.account_id, self.school.plan(price=price, suspension=SuspensionRules(**rules))
        )

    def preview(self, **wanted: Any) -> suspensions.SuspendPreview:
        school = self.school
        return suspensions.preview_suspend(
            school.store.reader, school.desk_project, self.account_id, school.now(), **wanted
        )

    def suspend(self, key: str = "s1", expected: Any = None, **wanted: Any) -> dict[str, Any]:
        school, seen = self.school, expected or self.preview(**wanted)
        return school.write(
            lambda tx: suspensions.suspend(
                tx,
                WANG,
                school.now(),
                school.desk_project,
                self.account_id,
                key=key,
                expected=seen,
                reason="home",
            )
        )

    def resume(self, key: str = "r1", expected: Any = None) -> dict[str, Any]:
        school = self.school
        seen = expected or suspensions.preview_resume(
            school.store.reader, school.desk_project, self.account_id, school.now()
        )
        return school.write(
            lambda tx: suspensions.resume(
                tx, WANG, school.now(), school.desk_project, self.account_id, key=key, expected=seen
            )
        )

    def look(self) -> int:
        return int(
            self.school.run(suspension_round.look(self.school.store, self.school.tables, self.school.now()))
        )

    def refused(self, **wanted: Any) -> tuple[str, Any]:
        with self.assertRaises(Refused) as caught:
            self.preview(**wanted)
        return caught.exception.code, caught.exception.facts.get("from_at")

    def test_w40_the_end_moves_by_sixteen_days_and_each_day_is_earned_once(self) -> None:
        """Suspended on 11 September for sixteen days: it ends on 17 October, and its price is earned in thirty days."""
        school = self.school
        self.month()
        school.go("2026-09-11 00:00")
        school.pass_days()
        self.assertEqual(self.suspend()["status"], "running")
        for day in ("2026-09-20 04:00", "2026-09-27 00:00"):
            school.go(day)
            school.pass_days()
            self.assertEqual(school.deferred(1), 2000)
        self.assertEqual(self.resume()["days"], 16)
        self.assertEqual(
            school.dates(self.account_id), [(1, "active", "2026-09-01 00:00", "2026-10-17 00:00")]
        )
        school.go("2026-09-28 04:00")
        school.pass_days()
        self.assertEqual(school.deferred(1), 1900)
        school.go("2026-10-17 04:00")
        school.pass_days()
        self.assertEqual((school.deferred(1), school.balance("revenue:period")), (0, -3000))

    def test_a_suspension_over_the_old_end_keeps_what_is_not_served(self) -> None:
        """The old end passes meanwhile: nothing is finished, nothing earned."""
        school = self.school
        self.month()
        school.go("2026-09-21 00:00")
        self.suspend()
        school.go("2027-01-01 04:00")
        school.pass_days()
        self.assertEqual(school.deferred(1), 1000)
        self.assertEqual(school.dates(self.account_id)[0][1], "suspended")
        self.resume()
        self.assertEqual(school.dates(self.account_id)[0][3], "2027-01-11 00:00")

    def test_a_login_is_refused_and_what_runs_is_ended(self) -> None:
        """The device is asked to end the session; the next login hears the reason that exists."""
        school = self.school
        self.month()
        school.report(START)
        self.suspend()
        self.assertEqual([key.partition(":")[0] for key, _, _ in school.effects()], ["disconnect"])
        self.assertEqual(reason(school.login()), "suspended")
        self.assertEqual(reason(school.login()), "suspended")

    def test_a_login_resumes_where_the_plan_says_so(self) -> None:
        """The try itself is refused; it resumes the plan, and the device's next one is let in."""
        self.month(resume_on_login=True)
        self.suspend()
        self.school.go("2026-09-04 12:00")
        self.assertEqual(reason(self.school.login(password="wrong")), "bad_credentials")
        self.assertEqual(reason(self.school.login()), "suspended")
        self.assertEqual(reason(self.school.login()), "accepted")
        self.assertEqual(self.school.dates(self.account_id)[0][3], "2026-10-04 00:00")

    def test_w66_a_second_one_too_soon_names_its_date(self) -> None:
        """Sixty days a year, thirty in use between two: refused until 24 March 00:00."""
        school = self.school
        year = {"days_per_year": 60, "active_days_between": 30}
        school.go("2027-01-01 00:00")
        self.month(**year)
        school.go("2027-01-16 00:00")
        self.suspend(resumes_at=moment("2027-02-22 00:00"))
        school.go("2027-02-22 00:00")
        self.assertEqual(self.look(), 1)
        self.month(**year)
        school.go("2027-03-08 12:00")
        self.assertEqual(self.refused(), ("suspended_too_soon", moment("2027-03-24 00:00")))
        school.go("2027-03-24 00:00")
        self.assertEqual(self.preview().most_days, 23)

    def test_a_planned_one_begins_at_midnight_and_ends_on_its_date(self) -> None:
        """From the next midnight to a date: the preview's dates are those that come about, whoever looks late."""
        school = self.school
        self.month()
        school.go("2026-09-10 15:00")
        seen = self.preview(next_day=True, resumes_at=moment("2026-09-21 00:00"))
        self.assertEqual(self.suspend(expected=seen)["status"], "planned")
        self.assertEqual((self.look(), school.dates(self.account_id)[0][1]), (0, "active"))
        school.go("2026-09-11 00:00")
        self.assertEqual((self.look(), school.dates(self.account_id)[0][1]), (1, "suspended"))
        school.go("2026-09-25 09:00")
        self.assertEqual((self.look(), self.look()), (1, 0))
        self.assertEqual(school.chain(self.account_id).segments[0].ends_at, seen.after[0].ends_at)
        self.assertEqual(school.dates(self.account_id)[0][3], "2026-10-11 00:00")

    def test_a_planned_one_is_called_off(self) -> None:
        """Before it begins nothing has happened, and nothing moves."""
        self.month()
        self.suspend(next_day=True)
        self.assertEqual(self.resume(), {"suspension_id": 1, "status": "cancelled", "days": 0})
        self.assertEqual(self.school.dates(self.account_id)[0][3], "2026-10-01 00:00")
        self.assertEqual(self.refused_to_resume(), "not_suspended")

    def refused_to_resume(self) -> str:
        with self.assertRaises(Refused) as caught:
            self.resume(key="again")
        return str(caught.exception.code)

    def test_the_keep_fee_is_taken_each_month_and_who_cannot_pay_goes_on(self) -> None:
        """5.00 a month from the wallet: twice, and at the third month the plan runs again."""
        school = self.school
        self.month(keep_fee_fen=500)
        with self.assertRaises(NotEnoughMoney):
            self.preview()
        school.recharge(self.account_id, 1200)
        seen = self.preview()
        self.assertEqual([line.amount_fen for line in seen.lines], [500, -500])
        self.suspend(expected=seen)
        self.assertEqual((school.wallet(self.account_id), self.look()), (700, 0))
        school.go("2026-10-01 00:00")
        self.assertEqual((self.look(), self.look(), school.wallet(self.account_id)), (1, 0, 200))
        school.go("2026-11-01 00:00")
        self.assertEqual((self.look(), school.wallet(self.account_id)), (1, 200))
        self.assertEqual(
            school.dates(self.account_id)[0][1:], ("active", "2026-09-01 00:00", "2026-12-01 00:00")
        )
        self.assertEqual(school.balance("revenue:keep_fee"), -1000)

    def test_what_is_refused(self) -> None:
        """Nothing runs; a buyout; too short; too long; twice."""
        school = self.school
        self.assertEqual(self.refused()[0], "nothing_runs")
        self.month(max_days=30, min_days=7)
        self.assertEqual(self.refused(resumes_at=moment("2026-09-07 00:00"))[0], "too_short")
        self.assertEqual(
            self.refused(resumes_at=moment("2026-10-02 00:00")), ("too_long", moment("2026-10-01 00:00"))
        )
        self.suspend()
        self.assertEqual(self.refused()[0], "suspended")
        self.account_id = school.person("20260002")
        term = school.plan("term", PlanKind.BUYOUT, period=None, buyout_ends_at=moment("2027-01-18 00:00"))
        school.pay(self.account_id, term)
        self.assertEqual(self.refused()[0], "not_suspendable")

    def test_p2_the_same_key_suspends_and_resumes_once(self) -> None:
        """The first answers come back; an old look is refused."""
        self.month()
        seen = self.preview()
        first = self.suspend(expected=seen)
        self.assertEqual(self.suspend(expected=seen), first)
        self.school.go("2026-09-05 00:00")
        shown = suspensions.preview_resume(
            self.school.store.reader, self.school.desk_project, self.account_id, self.school.now()
        )
        done = self.resume(expected=shown)
        self.assertEqual((self.resume(expected=shown), done["days"]), (done, 4))
        with self.assertRaises(PreviewIsOld):
            self.suspend("s2", expected=seen)

    def test_the_most_that_a_plan_allows_ends_it(self) -> None:
        """Thirty days at most: the round resumes it then, and later looks give no more days."""
        school = self.school
        self.month(max_days=30)
        self.suspend()
        school.go("2026-10-20 00:00")
        self.assertEqual(self.look(), 1)
        self.assertEqual(school.dates(self.account_id)[0][3], "2026-10-31 00:00")

    def test_cancelling_while_suspended_gives_back_the_days_not_served(self) -> None:
        """Suspended on the 11th, cancelled in December: twenty of thirty days, whatever day it is."""
        school = self.school
        self.month()
        school.go("2026-09-11 00:00")
        self.suspend()
        school.go("2026-12-01 12:00")
        school.pass_days()
        seen = subscriptions.preview_cancel(
            school.store.reader, school.desk_project, self.account_id, SubscriptionId(1), school.now()
        )
        self.assertEqual((seen.value.fen, seen.value.remaining, seen.value.total), (2000, 20, 30))
        school.write(
            lambda tx: subscriptions.cancel(
                tx,
                WANG,
                school.now(),
                school.desk_project,
                self.account_id,
                SubscriptionId(1),
                key="c",
                expected=seen,
                reason="leaves",
            )
        )
        school.go("2026-12-02 04:00")
        school.pass_days()
        self.assertEqual((school.wallet(self.account_id), school.deferred(1)), (2000, 0))
        self.assertEqual(self.resume()["status"], "over")

    def test_what_is_bought_meanwhile_waits_and_follows_the_moved_end(self) -> None:
        """A purchase that comes while it is suspended waits behind, and follows the moved end."""
        school = self.school
        self.month()
        self.suspend()
        school.pay(self.account_id, school.plan())
        self.assertEqual(school.dates(self.account_id)[1][1:], ("queued", "", ""))
        school.go("2026-09-08 00:00")
        self.resume()
        self.assertEqual(school.dates(self.account_id)[1][2:], ("2026-10-08 00:00", "2026-11-08 00:00"))
