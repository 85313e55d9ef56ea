"""Plans through the API: made from a preset, edited by versions, compared; hostile terms are refused."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api


class PlanTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()

    def make(self, key: str = "k1", token: str = "", **body: Any) -> Any:
        return self.api.ask("POST", "/plans", {"project": "main", **body}, key=key, token=token)

    def edit(self, key: str, **body: Any) -> Any:
        return self.api.ask("PATCH", "/plans/1", {"project": "main", **body}, key=key)

    def preset(self, code: str) -> dict[str, Any]:
        found = self.api.get("/plan-presets?project=main").json["items"]
        (one,) = [{**each} for each in found if each["code"] == code]
        del one["code"]
        return one

    def test_d16_from_a_preset_to_a_second_version_and_their_difference(self) -> None:
        """Published once for a key; an edit keeps what it leaves out; the difference names the keys."""
        first = self.make(**self.preset("month_payment_day"))
        self.assertEqual((first.status, first.json["version_no"]), (201, 1))
        self.assertEqual(self.make(**self.preset("month_payment_day")).json, first.json)
        second = self.edit("e1", version_no=1, price_fen=3500)
        self.assertEqual((second.status, second.json["version_no"]), (200, 2))
        self.assertEqual(second.json["terms"], first.json["terms"])
        self.assertEqual(self.edit("e2", version_no=1, price_fen=1).problem, (409, "preview_is_old"))
        found = self.api.get("/plans/1/versions?project=main").json
        self.assertEqual([one["price_fen"] for one in found["items"]], [3000, 3500])
        told = self.api.get("/plans/1/diff?project=main&old=1&new=2").json["items"]
        self.assertEqual(told, [{"key": "price_fen", "old": 3000, "new": 3500}])
        self.edit("e3", version_no=2, on_sale=False)
        self.assertFalse(self.api.get("/plans/1/versions?project=main").json["on_sale"])

    def test_what_is_refused(self) -> None:
        """Unknown keys, terms that fit no kind, a name that is taken, a plan or version that is not there."""
        good = self.preset("month_payment_day")
        self.assertEqual(self.make("k2", **good | {"terms": {"nonsense": 1}}).status, 422)
        self.assertEqual(self.make("k3", **good | {"terms": {}}).problem, (409, "plan_invalid"))
        self.assertEqual(self.make("k4", **good | {"kind": "free"}).problem, (409, "plan_invalid"))
        self.assertEqual(self.make("k5", **good | {"rate": "none"}).status, 422)
        self.make("k6", **good)
        self.assertEqual(self.make("k7", **good).problem, (409, "preview_is_old"))
        self.assertEqual(self.api.get("/plans/9/versions?project=main").problem, (404, "not_found"))
        self.assertEqual(self.api.get("/plans/1/diff?project=main&old=1&new=5").problem, (404, "not_found"))
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.make("k8", theirs, **good).status, 422)
