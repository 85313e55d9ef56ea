"""A generated school that lives an academic year: its plans, its people, and the rounds of the daemon on a fake clock."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.flows.desk_school import WANG, DeskSchool, moment
from tests.flows.school import DAY, GB, MONTH, SHANGHAI
from tests.flows.test_cards import CardBook
from zhuomai_appliance.billing.cards import Secret
from zhuomai_appliance.flows import (
    agent_customers,
    agents,
    base_plans,
    cards,
    closing,
    credit,
    housekeeping,
    metering,
    rents,
    report_books,
    reports,
    suspension_round,
)
from zhuomai_appliance.flows.meter_proof import prove_meters
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.report_proof import prove_reports
from zhuomai_appliance.model.agents import Agent, AgentId
from zhuomai_appliance.model.moment import Anchor, Period, PeriodUnit, Timestamp, local_day
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.model.people import AccountId, Group, GroupId
from zhuomai_appliance.model.plan_rules import DateSpan, MeterRules, RentMode, RolloverRules
from zhuomai_appliance.model.products import (
    AccessPolicy,
    BuyoutPrice,
    FirstMonth,
    MeterUnit,
    OnExhaust,
    PlanKind,
    PlanVersion,
    Quota,
    Starts,
)
from zhuomai_appliance.store import agents as agent_rows
from zhuomai_appliance.store import operators, products
from zhuomai_appliance.store.verify import prove

BEGIN, END = "2026-09-01 00:00", "2027-09-01 00:00"
SHOP, CHEN = Actor("shop", "10.1.1.5"), Actor("chenlan", "10.1.1.7")
METERED = ("hourly", "by gigabyte")
"""Plans without windows and tiers: what they cost is the use of a month times the price, rounded down."""


class YearSchool(DeskSchool):
    """Everything that is sold, to so many people, from the seed."""

    def __init__(self, people: int, seed: int) -> None:
        super().__init__(BEGIN)
        self.random = Random(seed)
        self.offers = self._offers()
        self.groups = self._groups()
        self.people = [self._person(number) for number in range(people)]
        self.cards = self._cards(people)
        self.agent_id = self._agent()
        self.reload()

    def _offers(self) -> dict[str, PlanVersion]:
        first, last = (moment(text) for text in ("2027-01-16 00:00", "2027-02-28 00:00"))
        winter = DateSpan(local_day(first, SHANGHAI), local_day(last, SHANGHAI))
        summer_end = Timestamp(moment("2027-07-15 00:00"))
        term = {"period": None, "buyout_ends_at": summer_end}
        by_day = {"buyout_price": BuyoutPrice.BY_DAY, "buyout_sold_from": Timestamp(moment(BEGIN))}
        day, open_door = PeriodUnit.DAY, AccessPolicy(max_sessions=0)
        payg = MeterRules(payg_price_fen=500, payg_month_limit_fen=2000)
        monthly = {"anchor": Anchor.CALENDAR, "first_month": FirstMonth.BY_DAY}
        metered: dict[str, Any] = {"period": None, "policy": open_door}
        made: list[tuple[str, PlanKind, int, dict[str, Any]]] = [
            ("year out", PlanKind.BUYOUT, 36_000, {**term, **by_day}),
            ("term", PlanKind.BUYOUT, 30_000, term),
            ("month", PlanKind.PERIOD, 3000, {}),
            ("30 days", PlanKind.PERIOD, 2800, {"period": Period(day, 30), "anchor": Anchor.FIXED_DAYS}),
            ("calendar", PlanKind.PERIOD, 3100, {**monthly, "meter": MeterRules(half_price_spans=(winter,))}),
            ("unused free", PlanKind.PERIOD, 1500, {**monthly, "meter": MeterRules(unused_month_free=True)}),
            ("year", PlanKind.PERIOD, 29_900, {"period": Period(PeriodUnit.YEAR, 1)}),
            ("day", PlanKind.PERIOD, 301, {"period": Period(day, 1), "anchor": Anchor.END_OF_DAY}),
            ("24 hours", PlanKind.PERIOD, 199, {"period": Period(PeriodUnit.HOUR, 24)}),
            ("first login", PlanKind.PERIOD, 2999, {"starts": Starts.ON_FIRST_LOGIN}),
            ("data", PlanKind.DATA, 1999, {"quota": Quota(octets=25 * GB), "rollover": RolloverRules(keep=True)}),
            ("pack", PlanKind.DATA, 1000, {"period": None, "quota": Quota(octets=5 * GB), "concurrent": True, "priority": 20}),
            ("goes on", PlanKind.DATA, 800, {"quota": Quota(octets=2 * GB), "meter": payg,
                "policy": AccessPolicy(max_sessions=0, on_exhaust=OnExhaust.PAYG)}),
            ("hours", PlanKind.DURATION, 1500, {"period": None, "quota": Quota(online_seconds=40 * 3600)}),
            ("hourly", PlanKind.METERED, 101, {**metered, "meter_unit": MeterUnit.HOUR}),
            ("by gigabyte", PlanKind.METERED, 333, {**metered, "meter_unit": MeterUnit.GIGABYTE}),
            ("rent", PlanKind.PERIOD, 4000, {"meter": MeterRules(rent=RentMode.DAILY, half_price_spans=(winter,))}),
        ]  # fmt: skip
        return {
            name: self.plan(name, kind, price, **{"period": MONTH, "policy": open_door, **terms})
            for name, kind, price, terms in made
        }

    def _groups(self) -> list[GroupId | None]:
        """Nobody's, one with a base plan whose rest goes on, and staff on credit."""
        base = self.plan(
            "base", PlanKind.DATA, 0, quota=Quota(octets=3 * GB), priority=10, concurrent=True, period=MONTH,
            policy=AccessPolicy(max_sessions=0), rollover=RolloverRules(keep=True, most_octets=GB),
        )  # fmt: skip

        def add(name: str, **more: Any) -> GroupId:
            group = Group(GroupId(0), self.project, None, name, **more)
            return self.write(lambda tx: products.add_group(tx, group)).id

        found = [None, add("base", base_plan_id=base.plan_id), add("staff")]
        staff = found[2]
        assert staff is not None
        self.write(
            lambda tx: credit.set_limit(tx, CHEN, self.now(), self.desk_project, staff, limit_fen=Fen(5000))
        )
        return found

    def _person(self, number: int) -> AccountId:
        return self.person(name_of(number), group_id=self.groups[min(number % 8, 3) % 3], full_name="")

    def _cards(self, people: int) -> list[Secret]:
        book = CardBook(self)
        printing = book.printed(people, 2000, expires_at=moment("2027-06-01 00:00"))
        book.sell(printing.batch.id, 1, people)
        return list(printing.cards())

    def _agent(self) -> AgentId:
        def add(tx: Any) -> AgentId:
            operators.seed_roles(tx)
            who = operators.add(
                tx, name="shop", role="agent", project_ids=(), password_digest="", at=self.now()
            )
            wanted = Agent(AgentId(0), self.project, "shop", who, 9500, (), (), None, False, self.now(), "")
            made = agents.create(tx, CHEN, self.now(), self.desk_project, wanted)
            agents.move_deposit(tx, WANG, self.now(), self.desk_project, made, 10_000_000, key="deposit")
            for account_id in self.people[::5]:
                agent_customers.set_customer(
                    tx, CHEN, self.now(), self.desk_project, made, account_id, own=True
                )
            return made

        return self.write(add)

    def agent(self) -> Agent:
        found = agent_rows.agent(self.store.reader, self.project, self.agent_id)
        assert found is not None
        return found

    # Rounds -----------------------------------------------------------------------------------------------------------

    def short_rounds(self) -> None:
        """What a daemon looks after every few seconds."""
        for work in (housekeeping.move_chains, housekeeping.end_uncovered):
            self.run(work(self.store, self.now()))
        self.run(self.dispatcher.run())

    def long_rounds(self) -> None:
        """What it looks after every minute, every hour and every night."""
        store, tables, now = self.store, self.tables, self.now()
        self.run(housekeeping.prepare_months(store, now))
        self.run(base_plans.look(store, tables, now))
        self.run(suspension_round.look(store, tables, now))
        self.run(rents.take_rents(store, tables, now))
        self.run(metering.post_all(store, now))
        self.run(housekeeping.earn(store, tables, now))
        self.run(rents.credit_months(store, tables, now))
        self.run(credit.bill_due(store, tables, now))
        self.run(closing.look(store, self.vault, tables, now))
        self.run(cards.upkeep(store, self.vault, now))
        self.run(housekeeping.move_finished(store, now))
        self.run(housekeeping.drop_usage_facts(store, tables, now))
        self.run(housekeeping.tidy(store, now))
        self.run(report_books.catch_up(store, tables))

    # What the books say ---------------------------------------------------------------------------------------------

    def faults(self) -> list[str]:
        """What every proof finds, once use is posted and the reports are made; nothing, always."""
        self.run(metering.post_all(self.store, self.now()))
        self.run(report_books.catch_up(self.store, self.tables))
        reader = self.store.reader
        found = [*prove(reader), prove_meters(reader), prove_reports(reader)]
        today = local_day(self.now(), SHANGHAI)
        reports.statement(reader, (self.project,), reports.SpanUnit.MONTH, today - 1)
        return [f"{proof.what}: {fault}" for proof in found for fault in proof.faults]

    def unearned(self) -> list[tuple[int, str, int]]:
        """Purchases that are over and still hold money that nobody earned or got back."""
        return [
            (number, state, held)
            for number, state in self.rows(
                "SELECT id, state FROM subscription WHERE state IN ('finished', 'exhausted', 'cancelled') ORDER BY id"
            )
            if (held := self.deferred(number))
        ]


def name_of(number: int) -> str:
    """A login name."""
    return f"2026{number:05d}"


def days() -> range:
    """The midnights of the year, epoch seconds."""
    return range(moment(BEGIN), moment(END), DAY)
