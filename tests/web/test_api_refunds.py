"""Refunds through the API: shown, asked for, approved by another, paid, listed for the bank, undone."""

from __future__ import annotations

import csv
import io
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.store import verify

BANK = {"holder": "张三", "bank": "ICBC", "number": "6222 0200 0000 1234 567"}


class RefundTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.school.plan(price=3000)
        self.account_id = self.school.person("20260001")
        self.finance = self.api.token("finance", "finance")
        self.order("o1", plan="monthly")
        self.order("o2", amount_fen=50_000)

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def order(self, key: str, **body: Any) -> None:
        reply = self.api.ask("POST", "/orders", {"account_id": self.account_id, **body}, key=key)
        self.assertEqual(reply.status, 201, reply.text)

    def ask(self, key: str = "r1", token: str = "", **body: Any) -> Any:
        given = {"account_id": self.account_id, "reason": "moves away", **body}
        return self.api.ask("POST", "/refunds", given, key=key, token=token)

    def step(self, refund_id: int, step: str, token: str = "", key: str = "", **body: Any) -> Any:
        return self.api.ask("POST", f"/refunds/{refund_id}/{step}", body, key=key or step, token=token)

    def balance(self) -> int:
        found: int = self.api.get(f"/accounts/{self.account_id}").json["balance_fen"]
        return found

    def test_a_purchase_back_into_the_wallet(self) -> None:
        """Shown with its formula, then done with the same figures; one key asks once; its history can be read."""
        seen = self.ask(destination="wallet", subscription_id=1, dry_run=True)
        self.assertEqual((seen.json["id"], seen.json["formula"]["formula"]), (None, "by_day"))
        done = self.ask(destination="wallet", subscription_id=1, expected_fen=seen.json["amount_fen"])
        self.assertEqual(
            (done.status, done.json["state"], done.json["lines"]), (201, "paid", seen.json["lines"])
        )
        again = self.ask(destination="wallet", subscription_id=1, expected_fen=seen.json["amount_fen"])
        self.assertEqual(again.json, done.json)
        self.assertEqual(self.balance(), 50_000 + seen.json["amount_fen"])
        detail = self.api.get(f"/refunds/{done.json['id']}").json
        self.assertEqual([step["state"] for step in detail["steps"]], ["requested", "approved", "paid"])
        old = self.ask("r2", destination="wallet", subscription_id=1)
        self.assertEqual(old.problem, (409, "over"))

    def test_above_the_limit_another_person_is_needed(self) -> None:
        """The requester is refused, the finance office approves, the counter pays what was shown."""
        asked = self.ask(destination="cash", amount_fen=30_000)
        refund_id = asked.json["id"]
        self.assertEqual((asked.json["state"], asked.json["needs_approval"]), ("requested", True))
        self.assertEqual(self.step(refund_id, "approve").problem, (409, "same_person"))
        self.assertEqual(self.step(refund_id, "pay").problem, (409, "state"))
        self.assertEqual(self.step(refund_id, "approve", self.finance).json["state"], "approved")
        seen = self.step(refund_id, "pay", dry_run=True).json
        wrong = self.step(refund_id, "pay", expected_fen=seen["amount_fen"] + 1)
        self.assertEqual(wrong.problem, (409, "preview_is_old"))
        paid = self.step(refund_id, "pay", expected_fen=seen["amount_fen"])
        self.assertEqual((paid.json["state"], self.balance()), ("paid", 20_000))
        self.assertEqual(self.step(refund_id, "pay", expected_fen=seen["amount_fen"]).json, paid.json)
        undone = self.step(refund_id, "reverse", self.finance, reason="wrong person")
        self.assertEqual((undone.json["state"], self.balance()), ("reversed", 50_000))

    def test_the_limit_is_the_school_s(self) -> None:
        """Read and set by who closes the books; 0 asks for a second person always."""
        self.assertEqual(self.api.get("/refund-settings?project=main").json, {"limit_fen": 20_000})
        put = self.api.ask("PUT", "/refund-settings", {"limit_fen": 0, "project": "main"}, token=self.finance)
        self.assertEqual(put.json, {"limit_fen": 0})
        self.assertEqual(self.ask(destination="cash", amount_fen=1).json["state"], "requested")
        cashier = self.api.token("c1", "cashier")
        refused = self.api.ask("PUT", "/refund-settings", {"limit_fen": 1, "project": "main"}, token=cashier)
        self.assertEqual(refused.problem, (403, "not_allowed"))
        self.assertEqual(self.api.get("/refund-settings?project=other").json, {"limit_fen": 20_000})

    def test_a_list_for_the_bank(self) -> None:
        """Approved transfers go on a list, the file has whole accounts and nothing else has; the bank's word closes it."""
        for key in ("r1", "r2"):
            reply = self.ask(key, destination="bank", amount_fen=10_000, bank=BANK)
            self.assertEqual((reply.status, reply.json["state"]), (201, "approved"))
        made = self.api.ask("POST", "/refund-lists", {"project": "main"}, key="l1", token=self.finance)
        self.assertEqual(made.json, {"list_no": 1})
        file = self.api.get("/refund-lists/1?project=main", self.finance)
        found = list(csv.DictReader(io.StringIO(file.text)))
        self.assertEqual(
            [(row["account"], row["amount"]) for row in found], [("6222020000001234567", "100.00")] * 2
        )
        for path in ("/refunds", "/refunds/1", "/audit"):
            self.assertNotIn("1234567", self.api.get(path).text)
        self.assertNotIn("1234567", repr(self.school.rows("SELECT * FROM idempotency")))
        self.assertEqual(
            self.api.get("/refund-lists/9?project=main", self.finance).problem, (404, "not_found")
        )
        told = {"project": "main", "failed": [{"id": 2, "reason": "no such account"}]}
        closed = self.api.ask("POST", "/refund-lists/1/close", told, token=self.finance)
        self.assertEqual(closed.json, {"paid": 1, "failed": 1})
        self.assertEqual(self.api.ask("POST", "/refund-lists/1/close", told).json, {"paid": 0, "failed": 0})
        self.assertEqual(self.balance(), 40_000)
        (failed,) = self.api.get("/refunds?state=failed").items
        self.assertEqual((failed["id"], failed["failure"]), (2, "no such account"))
        self.assertEqual(self.step(2, "retry", self.finance).json["state"], "approved")
        self.assertEqual(self.step(2, "fail", self.finance, reason="again").json["state"], "failed")
        nothing = self.api.ask("POST", "/refund-lists", {"project": "main"}, key="l2", token=self.finance)
        self.assertEqual(nothing.problem, (409, "nothing_to_list"))
        cashier = self.api.token("c1", "cashier")
        third = self.ask("r3", destination="bank", amount_fen=100, bank=BANK).json["id"]
        self.assertEqual(self.step(third, "pay", cashier).problem, (403, "not_allowed"))

    def test_wrong_wishes(self) -> None:
        """Each mistake is named; nothing is in the queue."""
        wishes: tuple[tuple[dict[str, Any], tuple[int, str]], ...] = (
            ({"destination": "wallet"}, (422, "invalid")),
            ({"destination": "cash", "amount_fen": 1, "subscription_id": 1}, (422, "invalid")),
            ({"destination": "wallet", "amount_fen": 1}, (422, "invalid")),
            ({"destination": "cash", "amount_fen": 0}, (422, "invalid")),
            ({"destination": "moon", "amount_fen": 1}, (422, "invalid")),
            ({"destination": "bank", "amount_fen": 1}, (422, "invalid")),
            ({"destination": "bank", "amount_fen": 1, "bank": {**BANK, "number": "x;y"}}, (422, "invalid")),
            ({"destination": "cash", "amount_fen": 50_001}, (409, "not_enough_money")),
            ({"destination": "wallet", "subscription_id": 99}, (404, "not_found")),
            ({"destination": "cash", "amount_fen": 1, "order_no": "none"}, (404, "not_found")),
            ({"destination": "cash", "amount_fen": 1, "account_id": 99}, (422, "invalid")),
            ({"destination": "cash", "amount_fen": 1, "reason": ""}, (422, "invalid")),
            ({"destination": "cash", "amount_fen": 100, "expected_fen": 99}, (409, "preview_is_old")),
        )
        for body, problem in wishes:
            self.assertEqual(self.ask(**body).problem, problem, body)
        self.assertEqual(self.api.get("/refunds").items, [])

    def test_another_projects_refunds_are_out_of_reach(self) -> None:
        """Neither seen nor moved, whatever the permission."""
        asked = self.ask(destination="cash", amount_fen=30_000).json["id"]
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/refunds", theirs).items, [])
        self.assertEqual(self.api.get(f"/refunds/{asked}", theirs).problem, (404, "not_found"))
        for step, body in (
            ("approve", {}), ("reject", {"reason": "x"}), ("pay", {}), ("fail", {"reason": "x"}), ("retry", {}),
            ("reverse", {"reason": "x"}),
        ):  # fmt: skip
            self.assertEqual(self.step(asked, step, theirs, **body).problem, (404, "not_found"), step)
        self.assertEqual(self.ask("r9", theirs, destination="cash", amount_fen=1).problem, (422, "invalid"))
        self.assertEqual(self.step(asked, "reject", self.finance, reason="no").json["state"], "rejected")

    def test_filters_are_the_columns(self) -> None:
        """By person, state, way and purchase."""
        self.ask("r1", destination="cash", amount_fen=100)
        self.ask("r2", destination="wallet", subscription_id=1)
        for path, count in (
            (f"?account_id={self.account_id}", 2), ("?state=paid", 1), ("?destination=cash", 1), ("?subscription_id=1", 1),
            ("?state=failed", 0), ("?from=2027-01-01T00:00:00%2B08:00", 0), ("?limit=1", 1),
        ):  # fmt: skip
            self.assertEqual(len(self.api.get(f"/refunds{path}").items), count, path)


class GraduationTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.school = self.api.school
        school.plan(price=3000)
        reply = self.api.ask("POST", "/groups", {"name": "2022", "project": "main"}, key="g1")
        self.assertEqual(reply.status, 201, reply.text)
        school.reload()
        self.people = [school.person(f"2022000{n}", group_id=reply.json["id"]) for n in range(3)]
        for person in self.people:
            self.api.ask("POST", "/orders", {"account_id": person, "amount_fen": 1000}, key=f"o{person}")
        self.finance = self.api.token("finance", "finance")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def begin(self, **more: Any) -> Any:
        body = {"name": "2026", "groups": ["2022"], "project": "main", **more}
        return self.api.ask("POST", "/graduations", body, key="b1")

    def test_a_batch_from_statement_to_file(self) -> None:
        """Frozen, given its bank accounts, approved by another, run twice, and exported with the same sums."""
        made = self.begin()
        self.assertEqual((made.status, made.json["state"]), (201, "prepared"))
        self.assertEqual([(one["accounts"], one["total_fen"]) for one in made.json["sums"]], [(3, 3000)])
        self.assertEqual(self.begin().json, made.json)
        path = f"/graduations/{made.json['id']}"
        banks = [{"username": name, **BANK} for name in ("20220000", "20220001", "nobody")]
        self.assertEqual(self.api.ask("PUT", f"{path}/banks", {"banks": banks}).json, {"unknown": ["nobody"]})
        self.assertEqual(self.api.ask("POST", f"{path}/run", token=self.finance).problem, (409, "state"))
        self.assertEqual(self.api.ask("POST", f"{path}/approve").problem, (409, "same_person"))
        self.assertEqual(self.api.ask("POST", f"{path}/approve", token=self.finance).json, {"done": True})
        runs = [self.api.ask("POST", f"{path}/run", token=self.finance).json for _ in range(2)]
        self.assertEqual(runs, [{"done": 3, "failed": 0}, {"done": 0, "failed": 0}])
        self.assertEqual(len(self.api.get(f"/refunds?batch_id={made.json['id']}&state=approved").items), 2)
        file = self.api.get(f"{path}/export", self.finance)
        found = list(csv.DictReader(io.StringIO(file.text)))
        self.assertEqual([(row["username"], row["total"], row["state"]) for row in found], [(f"2022000{n}", "10.00", "done") for n in range(3)])  # fmt: skip
        self.assertEqual(
            [row["account"] for row in found], ["6222020000001234567", "6222020000001234567", ""]
        )
        (statement,) = self.api.get(f"{path}/statements?account_id={self.people[0]}").items
        self.assertEqual(
            (statement["wallet_fen"], statement["state"], statement["has_bank"]), (1000, "done", True)
        )
        (listed,) = self.api.get("/graduations?name=2026").items
        self.assertEqual(listed["approved_by"], "finance")
        self.assertNotIn("1234567", self.api.get(f"{path}/statements").text + self.api.get("/audit").text)

    def test_wrong_batches(self) -> None:
        """What is not there is named; another project sees nothing of it."""
        for change, field in (
            ({"groups": ["none"]}, "groups"),
            ({"usernames": ["nobody"]}, "usernames"),
            ({"access_plan": "none"}, "access_plan"),
            ({"stay_group": "none"}, "stay_group"),
        ):
            self.assertEqual(list(self.begin(**change).wrong), [field])
        made = self.begin()
        path = f"/graduations/{made.json['id']}"
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/graduations", theirs).items, [])
        for method, rest in (
            ("GET", ""),
            ("GET", "/statements"),
            ("GET", "/export"),
            ("POST", "/approve"),
            ("POST", "/run"),
        ):
            self.assertEqual(self.api.ask(method, path + rest, token=theirs).problem, (404, "not_found"))
