"""Publishing plans: every edit a version, the difference of two told, nobody's purchase changed."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.desk_school import WANG, DeskSchool
from tests.flows.school import MONTH
from zhuomai_appliance.flows import plan_admin
from zhuomai_appliance.flows.purchases import PreviewIsOld
from zhuomai_appliance.flows.refusals import Refused
from zhuomai_appliance.model.products import AccessPolicy, PlanKind, Terms
from zhuomai_appliance.store import products


class PublishTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = DeskSchool()

    def publish(self, price: int, expected: int | None = None, **terms: Any) -> products.Offer:
        school = self.school
        wanted: dict[str, Any] = {"period": MONTH} | terms
        return school.write(
            lambda tx: plan_admin.publish(
                tx, WANG, school.now(), school.desk_project, "monthly", PlanKind.PERIOD, price, Terms(**wanted),
                expected=expected,
            )
        )  # fmt: skip

    def test_w60_an_edit_changes_nobodys_purchase(self) -> None:
        """3000 became 3500: who holds it keeps his version and what he paid; the next purchase costs the new price."""
        school = self.school
        first = self.publish(3000, 0)
        account_id = school.person()
        school.pay(account_id, first.version)
        second = self.publish(3500, 1, policy=AccessPolicy(max_sessions=2))
        self.assertEqual(
            (second.version.version_no, self.publish(3500, 2, policy=AccessPolicy(max_sessions=2))),
            (2, second),
        )
        self.assertEqual(school.chain(account_id).segments[0].plan_version_id, first.version.id)
        self.assertEqual(school.deferred(1), 3000)
        school.pay(account_id, second.version)
        self.assertEqual(school.deferred(2), 3500)
        self.assertEqual(school.faults(), [])

    def test_d16_the_difference_of_two_versions(self) -> None:
        """Key by key, with what stood there before."""
        self.publish(3000)
        self.publish(3500, policy=AccessPolicy(max_sessions=2))
        plan_id = self.publish(3500, policy=AccessPolicy(max_sessions=2)).plan.id
        (old, _), (new, _) = products.versions(self.school.store.reader, self.school.project, plan_id)
        found = {one.key: (one.old, one.new) for one in plan_admin.edits(old, new)}
        self.assertEqual(found["price_fen"], (3000, 3500))
        self.assertTrue(any("sessions" in key and pair[1] == 2 for key, pair in found.items()), found)
        self.assertEqual(plan_admin.edits(new, new), ())

    def test_what_is_refused(self) -> None:
        """An edit of an older version, a name that is taken, terms that nobody could use."""
        self.publish(3000)
        with self.assertRaises(PreviewIsOld):
            self.publish(3500, 0)
        with self.assertRaises(PreviewIsOld):
            self.publish(3500, 7)
        with self.assertRaises(Refused):
            self.publish(3500, period=None)
