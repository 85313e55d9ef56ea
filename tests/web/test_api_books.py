"""Reversals and closed months through the API: once, refused with a word, and for good."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import DAY
from tests.web.api_client import Api


class BooksTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.api.school.person("20260001")
        self.api.ask("POST", "/orders", {"account_id": 1, "amount_fen": 5000}, key="k1")

    def test_a_posting_is_reversed_once(self) -> None:
        """Two keys, one reversal; the wallet is empty and the order is given back."""
        found = [
            self.api.ask(
                "POST", "/postings/1/reverse", {"reason": "wrong person", "project": "main"}, key=key
            ).json
            for key in ("r1", "r2")
        ]
        self.assertEqual(found, [{"posting_id": 2, "reversal_of": 1}] * 2)
        self.assertEqual(self.api.get("/accounts/1").json["balance_fen"], 0)
        self.assertEqual(self.api.get("/orders").items[0]["state"], "refunded")

    def test_refusals_name_themselves(self) -> None:
        """A posting that is not there, a reversal of a reversal, a month that is not over."""
        self.api.ask("POST", "/postings/1/reverse", {"reason": "wrong", "project": "main"}, key="r1")
        for number, (path, body, problem) in enumerate(
            (
                ("/postings/99/reverse", {"reason": "wrong", "project": "main"}, (404, "not_found")),
                ("/postings/2/reverse", {"reason": "wrong", "project": "main"}, (409, "not_reversible")),
                ("/closed-months", {"month": "2026-11", "project": "main"}, (409, "month_not_over")),
            )
        ):
            self.assertEqual(self.api.ask("POST", path, body, key=f"x{number}").problem, problem)

    def test_a_month_is_closed_for_good(self) -> None:
        """Closing it again changes nothing and says so."""
        self.api.school.clock.advance(10 * DAY)
        found = [
            self.api.ask("POST", "/closed-months", {"month": "2026-11", "project": "main"}, key=key).json
            for key in ("c1", "c2")
        ]
        self.assertEqual(found, [{"month": "2026-11", "new": True}, {"month": "2026-11", "new": False}])
