"""Shifts through the API: opened, reported, shown before they are counted, counted once, signed for."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.store import verify


class ShiftTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.account_id = self.api.school.person("20260001")
        self.anna = self.api.token("anna", "cashier")
        self.bert = self.api.token("bert", "cashier")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.api.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def step(self, path: str, key: str, token: str = "", **body: Any) -> Any:
        return self.api.ask("POST", path, {"project": "main", **body}, key=key, token=token or self.anna)

    def test_a_day_at_the_counter(self) -> None:
        """Float, a recharge, the report, the count with its difference, the hand-over."""
        made = self.step("/shifts", "s1", float_fen=10_000)
        self.assertEqual((made.status, made.json["id"], made.json["state"]), (201, "anna", "open"))
        self.assertEqual(self.step("/shifts", "s2").problem, (409, "shift_open"))
        self.api.ask(
            "POST", "/orders", {"account_id": self.account_id, "amount_fen": 5000}, key="o1", token=self.anna
        )
        report = self.api.get("/shifts/anna?project=main", token=self.anna).json
        self.assertEqual((report["should_be_fen"], report["difference_fen"]), (15_000, None))
        self.assertEqual(report["cash"], [{"kind": "recharge", "in_fen": 5000, "out_fen": 0}])
        counted = {"10000": 1, "5000": 1, "100": 1}
        seen = self.step("/shifts/anna/close", "c0", counted=counted, dry_run=True)
        self.assertEqual((seen.json["difference_fen"], len(seen.json["lines"])), (100, 2))
        self.assertEqual(self.step("/shifts/anna/close", "c1", counted=counted).problem, (409, "memo"))
        self.assertEqual(
            self.step("/shifts/anna/close", "c2", counted=counted, memo="?", expected_fen=1).problem,
            (409, "preview_is_old"),
        )
        done = self.step("/shifts/anna/close", "c3", counted=counted, memo="tip", expected_fen=15_000)
        self.assertEqual(done.json["lines"], seen.json["lines"])
        again = self.step("/shifts/anna/close", "c3", counted=counted, memo="tip", expected_fen=15_000)
        self.assertEqual(again.json, done.json)
        self.assertEqual(self.step("/shifts/anna/hand-over", "h1").problem, (409, "same_person"))
        signed = self.step("/shifts/anna/hand-over", "h2", self.bert)
        self.assertEqual((signed.json["state"], signed.json["handed_to"]), ("handed_over", "bert"))
        listed = self.api.get("/shifts?operator=anna", token=self.bert).items
        self.assertEqual([(one["id"], one["counted"]) for one in listed], [("anna", counted)])

    def test_refusals(self) -> None:
        """No such shift, another's drawer, notes that are none, a role without the permission."""
        self.assertEqual(self.step("/shifts/nobody/hand-over", "x1").problem, (404, "not_found"))
        self.step("/shifts", "s1")
        self.assertEqual(
            self.step("/shifts/anna/close", "x2", self.bert, counted={}).problem, (409, "not_own_shift")
        )
        for number, counted in enumerate(({"3000": 1}, {"x": 1}, {"\u0665\u0660\u0660": 1})):
            reply = self.step("/shifts/anna/close", f"y{number}", counted=counted)
            self.assertEqual(reply.problem, (409, "counted"))
        other = self.api.token("ops", "operations")
        self.assertEqual(self.step("/shifts", "x3", other).status, 403)
