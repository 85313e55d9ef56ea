"""Moves through the API: a work order with a fee; the place changes when it is done, and not before (F11)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api, Reply


class MoveTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.keys = iter(range(1000))
        self.person = self.school.person("20260001")
        self.path = f"/accounts/{self.person}"
        subject = {"code": "move-fee", "name": "moves", "kind": "income", "project": "main"}
        self.assertIn(self.api.ask("PUT", "/subjects", subject).status, (200, 201))

    def move(self, **body: Any) -> Reply:
        return self.api.ask("POST", f"{self.path}/moves", body, key=f"m{next(self.keys)}")

    def place(self) -> Any:
        return self.api.get(f"{self.path}/installation").json["place"]

    def test_the_place_changes_when_the_work_is_done(self) -> None:
        """Device, VLANs, port and address are those before until then; the order happens once."""
        made = self.move(
            nas=self.school.nas.name,
            vlan=301,
            port_id="slot=0;port=7",
            address="Dorm 3, 412",
            memo="to dorm 3",
        )
        self.assertEqual(
            (made.status, made.json["state"], made.json["has_address"]), (201, "open", True), made.text
        )
        self.assertIsNone(self.place())
        self.assertEqual(self.move(port_id="x").problem, (409, "move_open"))
        done = self.api.ask("POST", f"/work-orders/{made.json['id']}/done")
        self.assertEqual((done.status, done.json["state"]), (200, "done"), done.text)
        self.assertEqual(
            self.place(),
            {"nas": self.school.nas.name, "vlan": 301, "outer_vlan": None, "port_id": "slot=0;port=7"},
        )
        self.assertEqual(self.api.get(self.path).json["address"], "Dorm 3, 412")
        self.assertNotIn("412", self.api.get("/audit").text + self.api.get("/work-orders").text)
        self.assertNotIn("412", str(self.school.rows("SELECT facts FROM work_order")))
        self.assertEqual(self.api.ask("POST", f"/work-orders/{made.json['id']}/done").problem, (409, "state"))
        again = self.move(port_id="slot=0;port=8")
        self.assertEqual(again.json["from_place"]["port_id"], "slot=0;port=7")
        self.assertEqual(
            self.api.ask("POST", f"/work-orders/{again.json['id']}/cancel").json["state"], "cancelled"
        )
        self.assertEqual(self.place()["port_id"], "slot=0;port=7")
        self.assertEqual(len(self.api.get("/work-orders?state=cancelled").items), 1)

    def test_the_fee_is_charged_with_the_work_order_or_neither_is_there(self) -> None:
        """A wallet that holds less refuses both; the same request again charges once."""
        fee = {"amount_fen": 3000, "subject": "move-fee", "channel": "BALANCE"}
        self.assertEqual(self.move(port_id="x", fee=fee).problem, (409, "not_enough_money"))
        self.assertEqual(self.api.get("/work-orders").items, [])
        body = {"port_id": "x", "fee": fee | {"channel": "CASH"}}
        made = self.api.ask("POST", f"{self.path}/moves", body, key="same")
        self.assertEqual(made.status, 201, made.text)
        self.assertEqual(self.api.ask("POST", f"{self.path}/moves", body, key="same").json, made.json)
        order = self.api.get(f"/orders/{made.json['order_no']}").json
        self.assertEqual((order["amount_fen"], order["channel"]), (3000, "CASH"))
        self.assertEqual(self.move(nas="nowhere").wrong, {"nas": "unknown"})
