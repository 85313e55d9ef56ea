"""Changing a plan through the API: the dry run's figures are what comes about, once."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.products import AccessPolicy


class ChangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.api.school
        month = school.plan()
        school.plan("better", price=3000, policy=AccessPolicy(max_sessions=3))
        school.plan("dear", price=90_000)
        school.person("20260001", month)

    def ask(self, key: str = "k1", number: int = 1, token: str = "", **body: Any) -> Any:
        wanted = {"plan": "better"} | body
        return self.api.ask(
            "POST", f"/accounts/1/subscriptions/{number}/change", wanted, key=key, token=token
        )

    def test_the_dry_run_is_what_comes_about_once(self) -> None:
        """Nothing is changed by looking; the key changes once; the chain has the new plan and the old end."""
        seen = self.ask(dry_run=True)
        self.assertEqual((seen.status, seen.json["order_no"], seen.json["mode"]), (200, None, "keep_end"))
        done = self.ask(revision=seen.json["revision"])
        self.assertEqual((done.status, done.json["subscription_id"]), (200, 2))
        self.assertEqual(done.json["after"][0]["ends_at"], seen.json["after"][0]["ends_at"])
        self.assertEqual(self.ask(revision=seen.json["revision"]).json, done.json)
        (one,) = self.api.get("/accounts/1/chain").json["items"]
        self.assertEqual((one["plan"], one["ends_at"]), ("better", seen.json["before"][0]["ends_at"]))

    def test_what_is_refused(self) -> None:
        """An old look, no money, no such plan or purchase, somebody else's account."""
        self.assertEqual(self.ask("k2", revision=77).problem, (409, "preview_is_old"))
        self.assertEqual(self.ask("k3", plan="dear").problem, (409, "not_enough_money"))
        self.assertEqual(self.ask("k4", plan="none").problem, (409, "not_a_target"))
        self.assertEqual(self.ask("k5", number=9).problem, (404, "not_found"))
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.ask("k6", token=theirs).problem, (404, "not_found"))
