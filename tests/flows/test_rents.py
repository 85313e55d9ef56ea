"""Rent by the day, half price in holidays, and months that were not used."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import INTERIM, MONTH, SHANGHAI, START, STOP, School, reason
from zhuomai_appliance.billing import ledger as rules
from zhuomai_appliance.flows import chains, purchases, rents, wallets
from zhuomai_appliance.model.commerce import Channel, PostingKind
from zhuomai_appliance.model.moment import Anchor, local_day, parse_rfc3339
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.model.plan_rules import DateSpan, MeterRules, RentMode
from zhuomai_appliance.model.products import MeterUnit, PlanKind
from zhuomai_appliance.store import ledger
from zhuomai_appliance.store.verify import prove


def t(text: str) -> int:
    return parse_rfc3339(f"{text}:00+08:00")


class RentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()

    def tearDown(self) -> None:
        for proof in prove(self.school.store.reader):
            self.assertEqual(proof.faults, (), proof.what)

    def goto(self, text: str) -> None:
        self.school.clock.advance(t(text) - self.school.now())

    def money(self, account: AccountId, principal: int, bonus: int = 0) -> None:
        lines = (
            *rules.transfer(rules.OPENING, rules.wallet(account), principal),
            *rules.gift(account, bonus),
        )
        self.school.write(
            lambda tx: ledger.post(
                tx, project_id=self.school.project, kind=PostingKind.OPENING, order_no=None, operator="",
                effect=f"money:{account}:{self.school.now()}", at=self.school.now(), memo="", lines=rules.check(lines),
            )
        )  # fmt: skip

    def held(self, account: AccountId) -> tuple[int, int]:
        found = wallets.held(self.school.store.reader, self.school.project, account)
        return found.principal_fen, found.bonus_fen

    def take(self) -> int:
        paid: int = self.school.run(
            rents.take_rents(self.school.store, self.school.tables, self.school.now())
        )
        return paid

    def credit(self) -> int:
        done: int = self.school.run(
            rents.credit_months(self.school.store, self.school.tables, self.school.now())
        )
        return done

    def daily(self, price: int = 4000, **meter: Any) -> Any:
        return self.school.plan("rent", price=price, meter=MeterRules(rent=RentMode.DAILY, **meter))

    def test_w64_rent_by_the_day_stops_when_the_wallet_is_empty(self) -> None:
        """40 yuan in a month of 31 days, wallet 2000: after 15 days 1935 are taken, the 16th would need 2064."""
        school = self.school
        self.goto("2026-12-01T00:00")
        account = school.person("20260001")
        self.money(account, 2000)
        school.buy(account, self.daily(), Channel.BALANCE)
        self.assertEqual(self.held(account), (2000, 0))
        taken = []
        for day in range(1, 17):
            self.goto(f"2026-12-{day:02}T00:01")
            self.assertEqual(self.take(), 1 if day < 16 else 0)
            self.assertEqual(self.take(), 0)
            taken.append(2000 - self.held(account)[0])
        self.assertEqual(taken[:3], [129, 258, 387])
        self.assertEqual(taken[14:], [1935, 1935])
        self.assertEqual(reason(school.login()), "balance_short")

    def test_a_recharge_revives_and_only_days_of_service_cost(self) -> None:
        """Two days without money are not paid afterwards; a whole month comes to its price exactly."""
        school = self.school
        self.goto("2026-12-01T00:00")
        account = school.person("20260001")
        self.money(account, 200)
        school.buy(account, self.daily(3100), Channel.BALANCE)
        for day in range(1, 6):
            self.goto(f"2026-12-{day:02}T00:01")
            self.take()
        self.assertEqual(self.held(account), (0, 0))
        self.money(account, 5000)
        self.assertEqual(reason(school.login()), "accepted")
        self.assertEqual(self.take(), 1)
        self.assertEqual(self.held(account), (4900, 0))
        for day in range(6, 32):
            self.goto(f"2026-12-{day:02}T00:01")
            self.take()
        self.assertEqual(school.rows("SELECT days, charged_fen FROM rent"), [(29, 2900)])

    def test_a_session_ends_on_the_day_that_is_not_paid(self) -> None:
        """Whoever is online when the money is out is asked to go."""
        school = self.school
        account = school.person("20260001")
        self.money(account, 133)
        school.buy(account, self.daily(), Channel.BALANCE)
        self.take()
        school.report(START)
        school.clock.advance(86_400)
        school.report(INTERIM, 86_400, 1, 1)
        self.take()
        self.assertEqual([row[0] for row in school.effects()], ["disconnect:1"])

    def test_w44_half_price_in_holidays_once_per_account_and_month(self) -> None:
        """February's rent 2000 was paid: 1000 come back, once; March brings nothing."""
        school = self.school
        first, last = local_day(t("2027-02-01T12:00"), SHANGHAI), local_day(t("2027-02-28T12:00"), SHANGHAI)
        plan = school.plan(
            "term",
            price=2000,
            anchor=Anchor.CALENDAR,
            meter=MeterRules(half_price_spans=(DateSpan(first, last),)),
        )
        self.goto("2027-02-01T00:00")
        account = school.person("20260001")
        self.money(account, 4000)
        school.buy(account, plan, Channel.BALANCE)
        self.assertEqual(self.credit(), 1)
        self.assertEqual(self.held(account), (3000, 0))
        for when in ("2027-02-20T00:00", "2027-03-01T00:10", "2027-03-20T00:00"):
            self.goto(when)
            self.assertEqual(self.credit(), 0)
        self.assertEqual(
            school.rows("SELECT memo FROM posting WHERE kind = 'correction'"), [("half_price 2027-02",)]
        )

    def test_gifts_come_back_as_gifts(self) -> None:
        """Half of what was paid half with gift money is given back in the same parts."""
        school = self.school
        first = local_day(t("2026-12-05T12:00"), SHANGHAI)
        plan = school.plan("term", price=2000, meter=MeterRules(half_price_spans=(DateSpan(first, first),)))
        self.goto("2026-12-02T00:00")
        account = school.person("20260001")
        self.money(account, 1000, 1000)
        school.buy(account, plan, Channel.BALANCE)
        self.credit()
        self.assertEqual(self.held(account), (500, 500))

    def test_w45_a_month_without_a_session_costs_nothing(self) -> None:
        """Rent 1500: no session, and all comes back when the month is over; one second on the 30th, and nothing does."""
        school = self.school
        plan = school.plan(
            "idle", price=1500, anchor=Anchor.CALENDAR, meter=MeterRules(unused_month_free=True)
        )
        self.goto("2026-12-01T00:00")
        idle, busy = school.person("20260001"), school.person("20260002")
        for account in (idle, busy):
            self.money(account, 1500)
            school.buy(account, plan, Channel.BALANCE)
        self.goto("2026-12-30T12:00")
        school.report(START, name="20260002")
        school.clock.advance(1)
        school.report(STOP, 1, name="20260002")
        self.assertEqual(self.credit(), 0)
        self.goto("2027-01-01T00:10")
        self.assertEqual(self.credit(), 1)
        self.assertEqual(self.credit(), 0)
        self.assertEqual((self.held(idle), self.held(busy)), ((1500, 0), (0, 0)))

    def test_half_price_and_an_unused_month_give_back_the_price_once(self) -> None:
        """A holiday month that was not used at all is free, not paid twice over."""
        school = self.school
        first = local_day(t("2026-12-05T12:00"), SHANGHAI)
        rules_of_use = MeterRules(half_price_spans=(DateSpan(first, first),), unused_month_free=True)
        plan = school.plan("idle", price=1500, anchor=Anchor.CALENDAR, meter=rules_of_use, period=MONTH)
        self.goto("2026-12-01T00:00")
        account = school.person("20260001")
        self.money(account, 1500)
        school.buy(account, plan, Channel.BALANCE)
        self.credit()
        self.goto("2027-01-01T00:10")
        self.credit()
        self.assertEqual(self.held(account), (1500, 0))

    def test_a_recharge_at_the_counter_revives_at_once(self) -> None:
        """Today's rent is taken with the recharge itself, and the chain is awake: pages and logins say the same."""
        school = self.school
        account = school.person("20260001")
        school.buy(account, self.daily(3000), Channel.BALANCE)
        self.take()
        chain = chains.read(school.store.reader, account, SHANGHAI.name)
        self.assertEqual([s.rest is not None for s in chain.segments], [True])
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=school.project, account_id=account, amount_fen=Fen(1000), zone=SHANGHAI,
                at=school.now(), operator="cashier1", shift="1",
            )
        )  # fmt: skip
        self.assertEqual(self.held(account), (900, 0))
        chain = chains.read(school.store.reader, account, SHANGHAI.name)
        self.assertEqual([s.rest for s in chain.segments], [None])
        self.assertEqual(self.take(), 0)

    def test_a_recharge_tells_running_sessions_how_much_longer(self) -> None:
        """Who pays by the hour and is online need not log in again for what he just paid."""
        school = self.school
        plan = school.plan("hourly", PlanKind.METERED, 100, period=None, meter_unit=MeterUnit.HOUR)
        account = school.person("20260001", plan)
        self.money(account, 200)
        school.report(START)
        school.clock.advance(300)
        school.report(INTERIM, 300)
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=school.project, account_id=account, amount_fen=Fen(1000), zone=SHANGHAI,
                at=school.now(), operator="cashier1", shift="1",
            )
        )  # fmt: skip
        self.assertEqual([row[0] for row in school.effects()], ["change:1"])
