"""Why a figure is what it is: the interims behind each usage row, and how long they are kept."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import GB, INTERIM, NOW, SHANGHAI, START, STOP, School
from zhuomai_appliance.flows import housekeeping
from zhuomai_appliance.model.moment import local_day
from zhuomai_appliance.model.people import AccountId
from zhuomai_appliance.store import usage_facts
from zhuomai_appliance.store.usage_facts import Fact

TODAY = local_day(NOW, SHANGHAI)
MIDNIGHT = NOW + 14 * 3600


class FactTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = School()
        self.account = self.school.person(
            "20260001", self.school.pack(5 * GB, "a"), self.school.pack(5 * GB, "b")
        )

    def facts(self, subscription_id: int | None = None) -> list[Fact]:
        return usage_facts.facts_of(
            self.school.store.reader, self.school.project, AccountId(self.account), TODAY, TODAY + 90,
            subscription_id=subscription_id,
        )  # fmt: skip

    def test_each_interim_stands_behind_the_row_that_it_grew(self) -> None:
        """What was used, when, of which purchase; a report that adds nothing leaves nothing."""
        school = self.school
        school.report(START)
        for seconds, up in ((300, 1000), (600, 1500), (600, 1500)):
            school.clock.advance(300)
            school.report(INTERIM, seconds, up, 0)
        self.assertEqual(
            self.facts(),
            [
                Fact(1, 1, TODAY, NOW, NOW + 300, 1000, 0, 300),
                Fact(1, 1, TODAY, NOW + 300, NOW + 600, 500, 0, 300),
            ],
        )

    def test_a_report_over_midnight_and_two_packs_is_told_in_its_parts(self) -> None:
        """The facts of every row add up to it, whatever the report was divided by."""
        school = self.school
        school.clock.advance(MIDNIGHT - 300 - school.now())
        school.report(START)
        school.clock.advance(600)
        school.report(STOP, 600, 8 * GB, 0)
        self.assertEqual(sum(fact.input_octets for fact in self.facts()), 8 * GB)
        self.assertEqual({(fact.subscription_id, fact.day - TODAY) for fact in self.facts()}, {(1, 0), (1, 1), (2, 0), (2, 1)})  # fmt: skip
        self.assertEqual(sum(fact.input_octets for fact in self.facts(2)), 3 * GB)
        self.assertEqual(usage_facts.wrong_facts(school.store.reader), [])

    def test_facts_are_kept_for_this_month_and_the_last(self) -> None:
        """On the first of the month after next they go, and the usage itself stays."""
        school = self.school
        school.report(START)
        school.clock.advance(300)
        school.report(STOP, 300, 1000, 0)
        school.clock.advance(35 * 86_400)
        self.assertEqual(
            school.run(housekeeping.drop_usage_facts(school.store, school.tables, school.now())), 0
        )
        school.clock.advance(3 * 86_400)
        self.assertEqual(
            school.run(housekeeping.drop_usage_facts(school.store, school.tables, school.now())), 1
        )
        self.assertEqual(self.facts(), [])
        self.assertEqual(school.usage(), [(1, 0, 1000, 0, 300)])
