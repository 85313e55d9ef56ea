"""Discounts through the API: templates listed, the best one shown with its reasons and sold once."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.store import verify


class DiscountTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.api.school.plan(price=3000)
        self.account_id = self.api.school.person("20260001")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.api.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def put(self, name: str, **rule: Any) -> Any:
        return self.api.ask("PUT", "/discounts", {"project": "main", "name": name, **rule})

    def order(self, key: str, **body: Any) -> Any:
        given = {"account_id": self.account_id, "plan": "monthly", **body}
        return self.api.ask("POST", "/plan-orders", given, key=key)

    def test_the_best_is_sold(self) -> None:
        """Shown with its worth and the others' reasons, sold once at that price."""
        self.put("nine", paid_parts=9000)
        self.put(
            "term", buy_periods=4, gift_periods=1, plans=["monthly"], **{"from": "2026-09-01T00:00:00+08:00"}
        )
        seen = self.order("p0", periods=4, dry_run=True).json
        self.assertEqual((seen["order_no"], seen["price_fen"], seen["discount"]), (None, 12_000, "term"))
        self.assertEqual([one["worth_fen"] for one in seen["weighed"]], [3000, 1200])
        self.assertEqual(self.order("p1", periods=4, expected_fen=1).problem, (409, "preview_is_old"))
        done = self.order("p2", periods=4, expected_fen=12_000)
        self.assertEqual(
            (done.status, done.json["ends_at"], done.json["gift_periods"]), (201, seen["ends_at"], 1)
        )
        self.assertEqual(self.order("p2", periods=4, expected_fen=12_000).json, done.json)
        one = self.order("p3").json
        self.assertEqual((one["discount"], one["price_fen"], one["discount_fen"]), ("nine", 2700, 300))
        self.assertEqual(self.order("p4", channel="BALANCE").problem, (409, "not_enough_money"))
        listed = self.api.get("/discounts?project=main").json["items"]
        self.assertEqual(
            [(one["name"], one["plans"]) for one in listed], [("nine", []), ("term", ["monthly"])]
        )
        self.assertEqual(listed[1]["from_at"], "2026-09-01T00:00:00+08:00")

    def test_unfit_templates(self) -> None:
        """A plan that is not there is named; a cashier makes no templates."""
        self.assertEqual(self.put("x", plans=["none"]).wrong, {"plans": "unfit"})
        self.assertEqual(self.order("p1", plan="none").wrong, {"plan": "unknown"})
        cashier = self.api.token("cathy", "cashier")
        body = {"project": "main", "name": "x", "off_fen": 1}
        self.assertEqual(self.api.ask("PUT", "/discounts", body, token=cashier).status, 403)
