"""Why this number: a day's interims, the meters of a month and the limit on spending, through the API."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import INTERIM, START
from tests.web.api_client import Api
from zhuomai_appliance.model.products import MeterUnit, PlanKind


class UsageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.school = self.api.school
        plan = school.plan("hourly", PlanKind.METERED, 100, period=None, meter_unit=MeterUnit.HOUR)
        self.account = school.person("20260001", plan)
        self.path = f"/accounts/{self.account}"
        self.api.ask("POST", "/orders", {"account_id": self.account, "amount_fen": 10_000}, key="o1")
        school.report(START)
        for turn in (1, 2):
            school.clock.advance(1800)
            school.report(INTERIM, 1800 * turn, 100 * turn, 0)

    def test_a_day_shows_the_interims_behind_it(self) -> None:
        """The figures of the day and what each report added; of another purchase there is nothing."""
        found = self.api.get(f"{self.path}/usage?day=2026-11-25").json
        self.assertEqual((found["input_octets"], found["seconds"], found["is_complete"]), (200, 3600, True))
        self.assertEqual([one["seconds"] for one in found["interims"]], [1800, 1800])
        self.assertEqual(found["interims"][0]["since"], "2026-11-25T10:00:00+08:00")
        other = self.api.get(f"{self.path}/usage?day=2026-11-25&subscription_id=99").json
        self.assertEqual((other["interims"], other["is_complete"], other["seconds"]), ([], False, 3600))
        self.assertEqual(self.api.get(f"{self.path}/usage?day=2026-11-24").json["seconds"], 0)

    def test_a_day_that_is_none_is_named(self) -> None:
        """A wrong day is told by its field."""
        for path, field in (("usage?day=30.9.2026", "day"), ("meters?since=soon", "since")):
            self.assertEqual(self.api.get(f"{self.path}/{path}").wrong, {field: "unfit"})

    def test_meters_and_what_is_not_posted_yet(self) -> None:
        """An hour at 1 yuan: charged at once, in the ledger later."""
        found = self.api.get(f"{self.path}/meters?since=2026-11-25").json
        self.assertEqual((found["limit_fen"], found["pending_fen"]), (None, 100))
        (meter,) = found["meters"]
        self.assertEqual(
            (meter["month"], meter["amount"], meter["charged_fen"], meter["posted_fen"]),
            ("2026-11", 3600, 100, 0),
        )
        self.assertEqual(self.api.get(f"{self.path}/meters?since=2026-12-01").json["meters"], [])

    def test_the_limit_is_set_and_taken_away(self) -> None:
        """It is shown with the meters, audited, and below zero is refused."""
        path = f"{self.path}/spending-limit"
        self.assertEqual(self.api.ask("PUT", path, {"limit_fen": 3000}).json, {"limit_fen": 3000})
        self.assertEqual(self.api.get(f"{self.path}/meters").json["limit_fen"], 3000)
        self.assertEqual(self.api.ask("PUT", path, {"limit_fen": None}).json, {"limit_fen": None})
        self.assertIsNone(self.api.get(f"{self.path}/meters").json["limit_fen"])
        self.assertEqual(self.api.ask("PUT", path, {"limit_fen": -1}).status, 422)
        self.assertEqual(
            self.school.rows("SELECT COUNT(*) FROM audit WHERE action = 'account.spending_limit'"), [(2,)]
        )
