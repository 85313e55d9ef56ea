"""The chain of an account through the API: shown with dates, its queue reordered as it was shown."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.moment import Period, PeriodUnit


class ChainTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.api.school
        month = school.plan()
        week = school.plan("week", period=Period(PeriodUnit.DAY, 7))
        school.person("20260001", month, month, week)

    def chain(self) -> Any:
        return self.api.get("/accounts/1/chain").json

    def order(self, key: str = "k1", token: str = "", **body: Any) -> Any:
        wanted = {"order": [3, 2], "revision": self.chain()["revision"]} | body
        return self.api.ask("POST", "/accounts/1/chain/order", wanted, key=key, token=token)

    def numbers(self) -> list[int]:
        return [one["subscription_id"] for one in self.chain()["items"]]

    def test_the_preview_is_what_comes_about(self) -> None:
        """A dry run changes nothing; the commit brings the dates that it showed; the key does it once."""
        revision = self.chain()["revision"]
        seen = self.order("k0", dry_run=True)
        self.assertEqual((seen.status, self.numbers()), (200, [1, 2, 3]))
        done = self.order(revision=revision)
        self.assertEqual((done.status, done.json["items"]), (200, seen.json["items"]))
        self.assertEqual(self.chain()["items"], seen.json["items"])
        again = self.order(revision=revision)
        self.assertEqual((again.json, again.headers["idempotency-replayed"]), (done.json, "true"))
        self.assertEqual(done.json["items"][1]["starts_at"], done.json["items"][0]["ends_at"])

    def test_what_is_refused(self) -> None:
        """What runs, what is not there, an old look, somebody else's account, a cashier of another project."""
        for body, problem in (
            ({"order": [1, 2, 3]}, (409, "not_the_queue")),
            ({"order": [2]}, (409, "not_the_queue")),
            ({"order": [2, 3, 99]}, (409, "not_the_queue")),
            ({"revision": 0}, (409, "preview_is_old")),
            ({"revision": 0, "dry_run": True}, (409, "preview_is_old")),
            ({"order": []}, (422, "invalid")),
            ({"order": [0, 2**70]}, (422, "invalid")),
        ):
            self.assertEqual(self.order(**body).problem, problem, body)
        self.assertEqual(self.numbers(), [1, 2, 3])
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/accounts/1/chain", theirs).problem, (404, "not_found"))
        self.assertEqual(self.order("k9", theirs).problem, (404, "not_found"))
        self.assertEqual(self.api.get("/accounts/9/chain").problem, (404, "not_found"))
