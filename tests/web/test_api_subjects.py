"""Subjects, charges and expenses through the API."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.store import verify


class SubjectTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.account_id = self.api.school.person("20260001")
        self.finance = self.api.token("fang", "finance")
        for code, kind in (("install", "income"), ("repair", "expense")):
            body = {"project": "main", "code": code, "name": code, "kind": kind}
            self.assertEqual(self.api.ask("PUT", "/subjects", body, token=self.finance).json["kind"], kind)

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.api.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def test_a_charge(self) -> None:
        """Shown, charged once with the same lines; no such subject, no word, no money: refused."""
        body = {"account_id": self.account_id, "subject": "install", "amount_fen": 5000, "memo": "port 3"}
        seen = self.api.ask("POST", "/charges", body | {"dry_run": True}, key="c0")
        done = self.api.ask("POST", "/charges", body, key="c1")
        self.assertEqual((done.status, done.json["lines"]), (201, seen.json["lines"]))
        self.assertIsNone(seen.json["order_no"])
        self.assertEqual(self.api.ask("POST", "/charges", body, key="c1").json, done.json)
        for key, change, problem in (
            ("c2", {"subject": "repair"}, "subject"), ("c3", {"channel": "BALANCE"}, "not_enough_money"),
        ):  # fmt: skip
            self.assertEqual(self.api.ask("POST", "/charges", body | change, key=key).problem, (409, problem))
        self.assertEqual(self.api.ask("POST", "/charges", body | {"memo": ""}, key="c4").status, 422)
        self.assertEqual(self.api.get("/orders").items[0]["order_no"], done.json["order_no"])

    def test_an_expense(self) -> None:
        """Above the limit it waits for another person; listed by state; the tree lists both subjects."""
        limit = {"project": "main", "limit_fen": 1000}
        self.assertEqual(
            self.api.ask("PUT", "/expense-settings", limit, token=self.finance).json, {"limit_fen": 1000}
        )
        body = {"project": "main", "subject": "repair", "amount_fen": 1001, "memo": "pump", "source": "bank"}
        asked = self.api.ask("POST", "/expenses", body, key="e1", token=self.finance)
        self.assertEqual((asked.status, asked.json["state"]), (201, "requested"))
        path, yes = f"/expenses/{asked.json['id']}/decision", {"project": "main", "approve": True}
        own = self.api.ask("POST", path, yes, key="d1", token=self.finance)
        self.assertEqual(own.problem, (409, "same_person"))
        other = self.api.token("feng", "finance")
        done = self.api.ask("POST", path, yes, key="d2", token=other)
        self.assertEqual((done.json["state"], done.json["decided_by"]), ("posted", "feng"))
        (listed,) = self.api.get("/expenses?state=posted", token=self.finance).items
        self.assertEqual(listed, done.json)
        tree = self.api.get("/subjects?project=main").json["items"]
        self.assertEqual([one["code"] for one in tree], ["install", "repair"])
        cashier = self.api.token("cathy", "cashier")
        self.assertEqual(self.api.ask("POST", "/expenses", body, key="e2", token=cashier).status, 403)
