"""Closing accounts through the API: look, do, announce."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.commerce import Channel
from zhuomai_appliance.model.people import Permission


class CloseApiTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.person = self.school.person("20260001")
        self.plan = self.school.plan()
        self.school.buy(self.person, self.plan, Channel.CASH, shift="boss")
        self.path = f"/accounts/{self.person}"

    def test_look_then_close_then_nothing_more(self) -> None:
        """The dry run names every line, the commit does just that, the key answers again, and money is refused after."""
        shown = self.api.ask("POST", f"{self.path}/close", {"reason": "leaves", "dry_run": True}, key="a")
        self.assertEqual((shown.status, shown.json["dry_run"]), (200, True), shown.text)
        self.assertEqual(sum(one["debit_fen"] for one in shown.json["lines"]), shown.json["payout_fen"])
        self.assertEqual(self.api.get(f"{self.path}/closing").json["closed_at"], None)
        body = {
            "reason": "leaves", "destination": "cash", "expected_fen": shown.json["payout_fen"],
            "expected_revision": shown.json["revision"],
        }  # fmt: skip
        old = self.api.ask("POST", f"{self.path}/close", body | {"expected_fen": 1}, key="b")
        self.assertEqual(old.problem, (409, "preview_is_old"))
        done = self.api.ask("POST", f"{self.path}/close", body, key="c")
        self.assertEqual((done.status, done.json["dry_run"]), (200, False), done.text)
        self.assertEqual(
            self.api.get(f"/refunds/{done.json['refund_id']}").json["amount_fen"], done.json["payout_fen"]
        )
        again = self.api.ask("POST", f"{self.path}/close", body, key="c")
        self.assertEqual((again.json, again.headers["idempotency-replayed"]), (done.json, "true"))
        self.assertIsNotNone(self.api.get(f"{self.path}/closing").json["closed_at"])
        self.assertEqual(self.api.get(self.path).json["status"], "closed")
        for order in ({"plan": "monthly"}, {"amount_fen": 100}):
            late = self.api.ask("POST", "/orders", {"account_id": self.person, **order}, key=f"o{order}"[:9])
            self.assertEqual(late.problem, (409, "cannot_buy"))
        self.assertEqual(
            self.api.ask("POST", f"{self.path}/close", {"reason": "x"}, key="d").problem,
            (409, "account_closed"),
        )

    def test_announcing_needs_a_time_to_come_and_can_be_taken_back(self) -> None:
        """A time past is an error at its field."""
        past = {"closing_at": "2020-01-01T00:00:00+08:00", "reason": "moves"}
        self.assertEqual(self.api.ask("PUT", f"{self.path}/closing", past).wrong, {"closing_at": "unfit"})
        self.assertEqual(self.api.ask("DELETE", f"{self.path}/closing").problem, (409, "not_announced"))
        soon = past | {"closing_at": "2027-01-01T00:00:00+08:00"}
        said = self.api.ask("PUT", f"{self.path}/closing", soon)
        self.assertEqual((said.status, said.json["closing_at"]), (200, "2027-01-01T00:00:00+08:00"))
        self.assertIsNone(self.api.ask("DELETE", f"{self.path}/closing").json["closing_at"])

    def test_who_may_not_ask_for_refunds_closes_without_paying_out(self) -> None:
        """The destination is refused, a foreign account is not there."""
        clerk = self.api.token("clerk", "admin", scopes=(Permission.ACCOUNTS_WRITE,))
        body = {"reason": "leaves", "destination": "cash"}
        self.assertEqual(
            self.api.ask("POST", f"{self.path}/close", body, key="e", token=clerk).problem,
            (403, "not_allowed"),
        )
        stranger = self.api.token("stranger", "admin", projects=(self.api.other,))
        self.assertEqual(
            self.api.ask("POST", f"{self.path}/close", body, key="f", token=stranger).problem,
            (404, "not_found"),
        )

    def test_the_hold_time_is_the_schools(self) -> None:
        """90 days until somebody says something else."""
        self.assertEqual(self.api.get("/closing-settings?project=main").json, {"hold_days": 90})
        said = self.api.ask("PUT", "/closing-settings", {"hold_days": 30, "project": "main"})
        self.assertEqual(said.json, {"hold_days": 30})
        self.assertEqual(self.api.get("/closing-settings?project=other").json, {"hold_days": 90})
