"""Suspending and resuming through the API: shown, done once, refused with its reason and date."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.plan_rules import SuspensionRules


class SuspensionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.api.school
        self.month = school.plan(suspension=SuspensionRules(times_per_year=1, resume_on_login=True))
        school.person("20260001", self.month)

    def ask(self, what: str, key: str = "k1", token: str = "", **body: Any) -> Any:
        return self.api.ask("POST", f"/accounts/1/{what}", body, key=key, token=token)

    def test_a_suspension_is_shown_done_once_and_ended(self) -> None:
        """The dry run changes nothing; the key does it once; a second one names the date from which it may be."""
        seen = self.ask("suspend", dry_run=True)
        self.assertEqual((seen.status, seen.json["suspension_id"], seen.json["on_login"]), (200, None, True))
        self.assertEqual(self.api.get("/accounts/1/suspensions").json["items"], [])
        done = self.ask("suspend", reason="home")
        self.assertEqual((done.status, done.json["status"], done.json["suspension_id"]), (200, "running", 1))
        self.assertEqual(self.ask("suspend", reason="home").json, done.json)
        self.assertEqual(self.ask("suspend", "k2").problem, (409, "suspended"))
        self.api.school.clock.advance(2 * 86_400)
        self.assertEqual(self.ask("resume", "k3", dry_run=True).json["days"], 2)
        self.assertEqual(self.ask("resume", "k4").json["status"], "over")
        (one,) = self.api.get("/accounts/1/suspensions").json["items"]
        self.assertEqual((one["days"], one["why"], one["reason"]), (2, "desk", "home"))
        again = self.ask("suspend", "k5")
        self.assertEqual(
            (again.problem, again.json["from_at"]), ((409, "suspended_too_often"), 1_798_732_800)
        )
        self.assertEqual(self.ask("resume", "k6").problem, (409, "not_suspended"))

    def test_nobody_elses(self) -> None:
        """An operator of another project finds nothing."""
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.ask("suspend", token=theirs).problem, (404, "not_found"))
        self.assertEqual(self.ask("resume", token=theirs).problem, (404, "not_found"))
        self.assertEqual(self.api.get("/accounts/1/suspensions", theirs).problem, (404, "not_found"))
