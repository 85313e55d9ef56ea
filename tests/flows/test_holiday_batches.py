"""A holiday for whole groups: seen line by line, done under one number once, undone as one while untouched."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool, moment
from zhuomai_appliance.flows import holiday_batches, suspension_round
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.products import PlanKind
from zhuomai_appliance.store import products

BEGIN, END = moment("2027-01-16 00:00"), moment("2027-02-22 00:00")


class HolidayTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = school = DeskSchool("2027-01-01 00:00")
        self.group = school.write(
            lambda tx: products.add_group(tx, Group(GroupId(0), school.project, None, "grade 2026"))
        ).id
        month = school.plan(price=3000)
        self.people = [school.person(f"2026000{n}", group_id=self.group) for n in (1, 2)]
        self.stranger = school.person("20260009")
        for one in (*self.people, self.stranger):
            school.pay(one, month)
        self.fixed = school.person("20260003", group_id=self.group)
        school.pay(
            self.fixed,
            school.plan("term", PlanKind.BUYOUT, period=None, buyout_ends_at=moment("2027-07-01 00:00")),
        )
        school.go("2027-01-10 12:00")

    def tearDown(self) -> None:
        self.assertEqual(self.school.faults(), [])

    def commit(self, key: str = "k1") -> Any:
        school = self.school
        return school.run(
            holiday_batches.commit(
                school.store,
                WANG,
                school.now(),
                school.desk_project,
                [self.group],
                BEGIN,
                END,
                key=key,
                reason="winter",
            )
        )

    def undo(self, number: int = 1) -> Any:
        school = self.school
        return school.run(holiday_batches.undo(school.store, WANG, school.now(), school.desk_project, number))

    def look(self, when: str) -> int:
        self.school.go(when)
        return int(
            self.school.run(suspension_round.look(self.school.store, self.school.tables, self.school.now()))
        )

    def ends(self) -> list[str]:
        return [self.school.dates(one)[0][3] for one in (*self.people, self.stranger)]

    def test_w42_seen_before_and_brought_about(self) -> None:
        """37 days: 1 February becomes 10 March for the group's people; a buyout is named and left out, others untouched."""
        school = self.school
        lines = holiday_batches.preview_page(
            school.store.reader, school.desk_project, [self.group], BEGIN, END, school.now()
        )
        self.assertEqual([one.code for one in lines], ["", "", "not_suspendable"])
        self.assertEqual(
            (lines[0].old_end, lines[0].new_end), (moment("2027-02-01 00:00"), moment("2027-03-10 00:00"))
        )
        self.assertEqual(self.commit(), (1, 2))
        self.assertEqual(self.commit(), (1, 2))
        self.assertEqual((self.look("2027-01-16 00:00"), self.look("2027-02-22 00:00")), (2, 2))
        self.assertEqual(self.ends()[:2], ["2027-03-10 00:00", "2027-03-10 00:00"])
        self.assertEqual(
            school.dates(self.stranger)[0][1:], ("active", "2027-01-01 00:00", "2027-02-01 00:00")
        )

    def test_it_is_undone_as_one_before_it_begins(self) -> None:
        """Nothing has moved, and undoing it again does nothing."""
        self.commit()
        self.assertEqual((self.undo(), self.undo()), (2, 0))
        self.assertEqual(self.look("2027-01-16 00:00"), 0)
        self.assertEqual(self.ends(), ["2027-02-01 00:00"] * 3)

    def test_it_is_undone_while_it_runs_and_days_away_count(self) -> None:
        """Four days in, all go on, four days later than before."""
        self.commit()
        self.look("2027-01-16 00:00")
        self.school.go("2027-01-20 00:00")
        self.assertEqual(self.undo(), 2)
        self.assertEqual(self.ends()[:2], ["2027-02-05 00:00", "2027-02-05 00:00"])

    def test_what_was_touched_is_not_undone(self) -> None:
        """Once they have gone on by themselves there is nothing to take back; a batch that is not there is none."""
        self.commit()
        self.look("2027-01-16 00:00")
        self.look("2027-02-22 00:00")
        with self.assertRaises(Refused):
            self.undo()
        with self.assertRaises(LookupError):
            self.undo(7)
