"""Metered use from the report that charges it to the ledger: wallet, gifts, limits, overshoot, and free windows."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import INTERIM, NOW, SHANGHAI, START, STOP, School, number, reason
from tests.flows.test_report_group import Together, books
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import chains, metering, purchases, wallets
from zhuomai_appliance.flows.meter_proof import prove_meters
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.use_facts import facts_for
from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.moment import local_day, parse_rfc3339
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import DateSpan, MeterRules, PriceWindow
from zhuomai_appliance.model.products import AccessPolicy, MeterUnit, OnExhaust, PlanKind, Quota
from zhuomai_appliance.model.traffic import GIGABYTE_BINARY as GIB
from zhuomai_appliance.store import ledger
from zhuomai_appliance.store.verify import prove

SESSION_TIMEOUT = 27
ACTOR = Actor("cashier1", "127.0.0.1")


class MeterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()

    def money(self, account: AccountId, principal: int, bonus: int = 0) -> None:
        lines = rules.transfer(rules.OPENING, rules.wallet(account), principal)
        lines += rules.gift(account, bonus)
        if not lines:
            return
        self.school.write(
            lambda tx: ledger.post(
                tx, project_id=self.school.project, kind=PostingKind.OPENING, order_no=None, operator="",
                effect=f"money:{account}:{self.school.now()}", at=self.school.now(), memo="", lines=rules.check(lines),
            )
        )  # fmt: skip

    def by_hour(self, principal: int = 10_000, bonus: int = 0, **terms: Any) -> AccountId:
        school = self.school
        plan = school.plan(
            "hourly", PlanKind.METERED, 100, **{"period": None, "meter_unit": MeterUnit.HOUR, **terms}
        )
        account = school.person("20260001", plan)
        self.money(account, principal, bonus)
        return account

    def meter(self) -> list[tuple[int, ...]]:
        """Amount, charged, overshoot, posted, written off of every meter."""
        return [
            tuple(row)
            for row in self.school.rows(
                "SELECT amount, charged_fen, overshoot_fen, posted_fen, written_off_fen FROM meter ORDER BY month"
            )
        ]

    def post(self) -> None:
        self.school.run(metering.post_all(self.school.store, self.school.now()))

    def check(self) -> None:
        """All proofs of the books, the meters rated anew among them."""
        reader = self.school.store.reader
        for proof in (*prove(reader), prove_meters(reader)):
            self.assertEqual(proof.faults, (), proof.what)

    def tearDown(self) -> None:
        self.post()
        self.check()

    def held(self, account: AccountId) -> tuple[int, int]:
        found = wallets.held(self.school.store.reader, self.school.project, account)
        return found.principal_fen, found.bonus_fen

    def test_w25_charges_follow_the_total(self) -> None:
        """Twelve interims of 300 s at 1 yuan an hour charge 8, 16, 25 … 100."""
        school, account = self.school, self.by_hour()
        school.report(START)
        seen = []
        for turn in range(1, 13):
            school.clock.advance(300)
            school.report(INTERIM, 300 * turn)
            seen.append(self.meter()[0][1])
        self.assertEqual(seen, [8, 16, 25, 33, 41, 50, 58, 66, 75, 83, 91, 100])
        self.assertEqual(self.held(account), (9900, 0))

    def test_w26_sessions_of_a_month_share_one_meter(self) -> None:
        """Three sessions of 100 s cost 8 in total."""
        self.by_hour()
        for turn in range(3):
            self.school.report(START, sid=f"S{turn}")
            self.school.clock.advance(100)
            self.school.report(STOP, 100, sid=f"S{turn}")
        self.assertEqual([row[:2] for row in self.meter()], [(300, 8)])

    def test_w28_session_timeout_is_what_the_balance_buys(self) -> None:
        """Balance 250 at 1 yuan an hour: 9000 s; a second device gets half of it."""
        self.by_hour(250, policy=AccessPolicy(max_sessions=0))
        self.assertEqual(number(self.school.login(), SESSION_TIMEOUT), 9000)
        self.school.report(START)
        other = self.school.login(mac="a4:5e:60:11:22:33", ip="10.9.1.3")
        self.assertEqual(number(other, SESSION_TIMEOUT), 4500)

    def test_w37_a_repeated_stop_and_a_late_interim_charge_nothing_more(self) -> None:
        """What was charged once stays charged once."""
        school = self.school
        self.by_hour()
        school.report(START)
        school.clock.advance(3600)
        for kind, seconds in ((STOP, 3600), (STOP, 3600), (INTERIM, 1800)):
            school.report(kind, seconds)
        self.assertEqual([row[:2] for row in self.meter()], [(3600, 100)])

    def test_w38_a_lost_start_is_charged_from_where_it_was(self) -> None:
        """First heard of at 1800 s: 1800 s are charged."""
        self.by_hour()
        self.school.report(INTERIM, 1800)
        self.assertEqual([row[:2] for row in self.meter()], [(1800, 50)])

    def test_the_balance_ends_the_session_and_the_rest_is_written_off(self) -> None:
        """Beyond the balance nothing is charged: 20 of 120 fen are overshoot, and the next recharge stays whole."""
        school, account = self.school, self.by_hour(60, 40)
        school.report(START)
        school.clock.advance(4320)
        school.report(INTERIM, 4320)
        self.assertEqual([row[0] for row in school.effects()], ["disconnect:1"])
        self.assertEqual(self.held(account), (0, 0))
        self.post()
        self.assertEqual(self.meter(), [(4320, 100, 20, 100, 20)])
        self.assertEqual(
            sorted(school.rows("SELECT ledger_account, amount_fen FROM posting_line l JOIN posting p ON p.id = l.posting_id WHERE p.kind = 'usage'")),
            [("bonus:1", 40), ("revenue:metered", -120), ("wallet:1", 60), ("writeoff", 20)],
        )  # fmt: skip
        school.report(STOP, 4320)
        self.assertEqual(reason(school.login()), "balance_short")
        school.clock.advance(10)
        self.money(account, 500)
        self.assertEqual(reason(school.login()), "accepted")
        self.assertEqual(self.held(account), (500, 0))

    def test_what_was_used_can_be_spent_by_nobody_else(self) -> None:
        """Before anything is posted the wallet has that much less to buy with."""
        school, account = self.school, self.by_hour(3000)
        school.report(START)
        school.clock.advance(3600)
        school.report(INTERIM, 3600)
        with self.assertRaises(purchases.NotEnoughMoney) as caught:
            school.buy(account, school.plan(), Channel.BALANCE)
        self.assertEqual(caught.exception.missing_fen, 100)

    def test_posting_twice_posts_once(self) -> None:
        """A round that runs again finds nothing, and a later one only what was added."""
        school = self.school
        self.by_hour()
        school.report(START)
        for turn in (1, 2):
            school.clock.advance(3600)
            school.report(INTERIM, 3600 * turn)
            self.post()
            self.post()
        self.assertEqual(school.rows("SELECT COUNT(*) FROM posting WHERE kind = 'usage'"), [(2,)])
        self.assertEqual(self.meter(), [(7200, 200, 0, 200, 0)])

    def test_each_month_has_its_meter(self) -> None:
        """A report over the end of the month is charged to both, by time."""
        school = self.school
        self.by_hour()
        end = parse_rfc3339("2026-12-01T00:00:00+08:00")
        school.clock.advance(end - 1800 - school.now())
        school.report(START)
        school.clock.advance(3600)
        school.report(INTERIM, 3600)
        self.assertEqual([row[:2] for row in self.meter()], [(1800, 50), (1800, 50)])

    def test_w36_the_own_limit_stops_pay_as_you_go(self) -> None:
        """Base fee 2000, limit 3000, 5 yuan a GB: 2 GB of pay as you go, then stop though the wallet holds 5000."""
        school = self.school
        plan = school.plan(
            "base", PlanKind.DATA, 2000, quota=Quota(octets=10 * GIB), policy=AccessPolicy(on_exhaust=OnExhaust.PAYG),
            meter=MeterRules(payg_price_fen=500),
        )  # fmt: skip
        account = school.person("20260001")
        self.money(account, 7000)
        school.buy(account, plan, Channel.BALANCE)
        school.write(
            lambda tx: metering.set_spending_limit(
                tx, ACTOR, school.project, account, Fen(3000), school.now()
            )
        )
        school.report(START)
        for turn, gigabytes in ((1, 10), (2, 11), (3, 12)):
            school.clock.advance(300)
            self.assertEqual(school.effects(), [])
            school.report(INTERIM, 300 * turn, gigabytes * GIB)
        self.assertEqual([row[0] for row in school.effects()], ["disconnect:1"])
        self.assertEqual([row[:3] for row in self.meter()], [(2 * GIB, 1000, 0)])
        self.assertEqual(self.held(account), (4000, 0))
        school.report(STOP, 900, 12 * GIB)
        self.assertEqual(reason(school.login()), "own_limit")
        school.clock.advance(6 * 86_400)
        self.assertEqual(reason(school.login()), "accepted")

    def test_a_new_pack_takes_over_from_pay_as_you_go(self) -> None:
        """The queue is tried first: what is bought is used before anything more costs money."""
        school = self.school
        payg = school.pack(
            1 * GIB,
            "payg",
            policy=AccessPolicy(on_exhaust=OnExhaust.PAYG),
            meter=MeterRules(payg_price_fen=500),
        )
        account = school.person("20260001", payg)
        self.money(account, 5000)
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 2 * GIB)
        school.buy(account, school.pack(5 * GIB))
        school.clock.advance(300)
        school.report(INTERIM, 600, 3 * GIB)
        self.assertEqual([row[:2] for row in self.meter()], [(1 * GIB, 500)])
        self.assertEqual(school.subscriptions(), [(1, "exhausted", 0), (2, "active", 4 * GIB)])
        school.check_usage()

    def test_w65_free_days_leave_the_pack_alone_up_to_a_limit(self) -> None:
        """10 GB a day free from 10-01 to 10-06: 12 GB on the 2nd stop at 10, 3 GB on the 7th come from the pack."""
        school = self.school
        first = local_day(NOW, SHANGHAI)
        window = PriceWindow(0, 1440, 0, span=DateSpan(first, first + 5), day_octets=10 * GIB)
        school.person("20260001", school.pack(25 * GIB, meter=MeterRules(windows=(window,))))
        school.clock.advance(86_400)
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, 6 * GIB)
        self.assertEqual(school.effects(), [])
        school.clock.advance(300)
        school.report(INTERIM, 600, 12 * GIB)
        self.assertEqual([row[0] for row in school.effects()], ["disconnect:1"])
        school.report(STOP, 600, 12 * GIB)
        self.assertEqual(reason(school.login()), "day_used_up")
        self.assertEqual(school.subscriptions()[0][2], 25 * GIB)
        school.clock.advance(5 * 86_400)
        self.assertEqual(reason(school.login()), "accepted")
        school.report(START, sid="S2")
        school.clock.advance(300)
        school.report(STOP, 300, 3 * GIB, sid="S2")
        self.assertEqual(school.subscriptions()[0][2], 22 * GIB)
        school.check_usage()

    def test_d21_the_night_is_free(self) -> None:
        """An interim over the border of a window is split by time."""
        school = self.school
        self.by_hour(meter=MeterRules(windows=(PriceWindow(23 * 60, 7 * 60, 0),)))
        school.clock.advance(parse_rfc3339("2026-11-25T22:30:00+08:00") - school.now())
        school.report(START)
        school.clock.advance(3600)
        school.report(INTERIM, 3600)
        self.assertEqual([row[:2] for row in self.meter()], [(1800, 50)])

    def test_who_has_no_money_may_use_the_free_night(self) -> None:
        """Refused by day, let in by night, and only until the morning."""
        school = self.school
        self.by_hour(0, meter=MeterRules(windows=(PriceWindow(23 * 60, 7 * 60, 0),)))
        self.assertEqual(reason(school.login()), "balance_short")
        school.clock.advance(parse_rfc3339("2026-11-25T23:00:00+08:00") - school.now())
        self.assertEqual(number(school.login(), SESSION_TIMEOUT), 8 * 3600)

    def test_the_plans_own_monthly_limits(self) -> None:
        """A metered plan stops at its limit, and what lies beyond is not charged; the money stays."""
        school, account = self.school, self.by_hour(meter=MeterRules(month_limit_fen=250))
        self.assertEqual(number(school.login(), SESSION_TIMEOUT), 9000)
        school.report(START)
        school.clock.advance(10_800)
        school.report(STOP, 10_800)
        self.assertEqual([row[:3] for row in self.meter()], [(10_800, 250, 50)])
        self.assertEqual(self.held(account), (9750, 0))
        self.assertEqual(reason(school.login()), "own_limit")

    def test_traffic_at_a_price_bounds_the_quota_that_a_login_is_told(self) -> None:
        """10 yuan at 5 yuan a GB: 2 GB; refused with what is missing when they are used up."""
        school = self.school
        plan = school.plan("by data", PlanKind.METERED, 500, period=None, meter_unit=MeterUnit.GIGABYTE)
        account = school.person("20260001", plan)
        self.money(account, 1000)
        use = facts_for(
            school.store.reader, chains.read(school.store.reader, account, SHANGHAI.name), school.project, NOW
        )
        assert use is not None
        self.assertEqual(use.left[1].octets, 2 * GIB)
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300, GIB, GIB)
        self.assertEqual([row[:3] for row in self.meter()], [(2 * GIB, 1000, 0)])
        self.assertEqual([row[0] for row in school.effects()], ["disconnect:1"])
        school.report(STOP, 310, GIB, GIB)
        self.assertEqual(reason(school.login()), "balance_short")

    def test_a_group_charges_what_its_reports_charge_one_by_one(self) -> None:
        """Two devices of one account in one group: the second knows what the first one took."""
        answers = []
        for is_grouped in (False, True):
            self.setUp()
            self.by_hour(70)
            school, together = self.school, Together(self.school)
            if is_grouped:
                school.accounting._store = together
            for kind, seconds in ((START, 0), (INTERIM, 1800)):
                for device in (1, 2):
                    mac, ip = f"a4:5e:60:00:00:0{device}", f"10.9.0.{device}"
                    school.report(kind, seconds, sid=f"S{device}", mac=mac, ip=ip)
                together.flush()
                school.clock.advance(1800)
            answers.append((books(school), self.meter()))
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0][1], [(3600, 70, 30, 0, 0)])

    def test_verify_finds_a_meter_that_does_not_say_what_was_used(self) -> None:
        """A fen more or a second less than the usage rows and the tariff say is named."""
        school = self.school
        self.by_hour()
        school.report(START)
        school.clock.advance(3600)
        school.report(INTERIM, 3600)
        self.post()
        for change, words in (
            ("charged_fen = 101", "3600 used owe 100 fen; 101 were charged"),
            ("charged_fen = 100, amount = 3601", "the usage rows of the month say 3600, the meter 3601"),
            ("amount = 3600, posted_fen = 99", "99 fen are noted as posted, the ledger has 100"),
        ):
            school.sql(f"UPDATE meter SET {change}")
            (fault,) = prove_meters(school.store.reader).faults
            self.assertIn(words, fault)
        school.sql("UPDATE meter SET posted_fen = 100")

    def test_prices_by_time_of_day_are_rated_anew_from_the_interims(self) -> None:
        """Two prices and an interim over their border: verify finds the meter by the interims, and a wrong one too."""
        school = self.school
        windows = (PriceWindow(23 * 60, 7 * 60, 0), PriceWindow(20 * 60, 23 * 60, 300))
        self.by_hour(meter=MeterRules(windows=windows))
        school.clock.advance(parse_rfc3339("2026-11-25T22:30:00+08:00") - school.now())
        school.report(START)
        for turn in range(1, 6):
            school.clock.advance(777)
            school.report(INTERIM, 777 * turn)
        self.assertEqual(
            school.rows("SELECT amount, window_weight, charged_fen FROM meter"), [(0, 1800 * 300, 150)]
        )
        self.post()
        school.sql("UPDATE meter SET window_weight = 0, amount = 5400")
        (fault,) = prove_meters(school.store.reader).faults
        self.assertIn("the interims of the month come to (0, 540000), the meter says (5400, 0)", fault)
        school.sql("UPDATE meter SET window_weight = 540000, amount = 0")
