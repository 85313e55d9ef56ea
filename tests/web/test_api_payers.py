"""Departments and credit through the API: who pays, how much more, and what is owed when a month ends."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.store import verify


class PayerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.school = self.api.school
        school.plan(price=3000)
        reply = self.api.ask("POST", "/groups", {"name": "staff", "project": "main"}, key="g1")
        self.group_id = reply.json["id"]
        school.reload()
        self.payer = school.person("office")
        self.member = school.person("t1", group_id=self.group_id)
        self.api.ask("POST", "/orders", {"account_id": self.payer, "amount_fen": 10_000}, key="o1")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def put(self, **body: Any) -> Any:
        return self.api.ask("PUT", f"/departments/{self.payer}", {"limit_fen": 5000, **body})

    def buy(self, key: str = "d1", token: str = "", **body: Any) -> Any:
        given = {"account_id": self.member, "plan": "monthly", **body}
        return self.api.ask("POST", "/department-orders", given, key=key, token=token)

    def test_a_department_pays_for_its_group(self) -> None:
        """Shown, bought once, counted against the limit; who has left is on his own."""
        self.assertEqual(self.buy().problem, (409, "no_payer"))
        made = self.put(group="staff")
        self.assertEqual((made.json["group"], made.json["balance_fen"]), ("staff", 10_000))
        seen = self.buy(dry_run=True)
        self.assertEqual(
            (seen.json["price_fen"], seen.json["left_fen"], seen.json["order_no"]), (3000, 5000, None)
        )
        wrong = self.buy(expected_fen=2999)
        self.assertEqual(wrong.problem, (409, "preview_is_old"))
        done = self.buy(expected_fen=3000)
        self.assertEqual((done.status, done.json["lines"]), (201, seen.json["lines"]))
        self.assertEqual(self.buy(expected_fen=3000).json, done.json)
        payer = self.api.get(f"/accounts/{self.member}/payer").json
        self.assertEqual(
            payer, {"payer_id": self.payer, "limit_fen": 5000, "spent_fen": 3000, "left_fen": 2000}
        )
        self.assertEqual(self.buy("d2").problem, (409, "payer_limit"))
        (listed,) = self.api.get("/departments").items
        self.assertEqual((listed["username"], listed["balance_fen"]), ("office", 7000))
        self.api.ask("PATCH", f"/accounts/{self.member}", {"group": None})
        self.assertIsNone(self.api.get(f"/accounts/{self.member}/payer").json["payer_id"])

    def test_named_members(self) -> None:
        """Each with a limit of his own; leaving gives back what is left of the department's money, once."""
        self.put()
        path = f"/departments/{self.payer}/members"
        self.assertEqual(
            self.api.ask("PUT", f"{path}/{self.member}", {"limit_fen": 3000}).json, {"done": True}
        )
        (listed,) = self.api.get(path).items
        self.assertEqual((listed["username"], listed["limit_fen"]), ("t1", 3000))
        self.buy()
        left = self.api.ask("POST", f"{path}/{self.member}/leave", {"give_back": True}, key="l1")
        self.assertGreater(left.json["back_fen"], 2800)
        again = self.api.ask("POST", f"{path}/{self.member}/leave", {"give_back": True}, key="l1")
        self.assertEqual((again.json, self.api.get(path).items), (left.json, []))
        self.assertEqual(
            self.api.get(f"/accounts/{self.payer}").json["balance_fen"], 7000 + left.json["back_fen"]
        )

    def test_credit_and_its_bills(self) -> None:
        """A limit for a group, a purchase on credit, a bill when the month has ended, nothing owed after a recharge."""
        order = {"account_id": self.member, "plan": "monthly", "channel": "BALANCE"}
        self.assertEqual(self.api.ask("POST", "/orders", order, key="c1").problem, (409, "not_enough_money"))
        self.api.ask("PUT", f"/credit-limits/{self.group_id}", {"limit_fen": 4000})
        (limit,) = self.api.get("/credit-limits?project=main").json["items"]
        self.assertEqual((limit["group"], limit["limit_fen"]), ("staff", 4000))
        self.assertEqual(self.api.ask("POST", "/orders", order, key="c1").status, 201)
        self.assertEqual(self.api.get(f"/accounts/{self.member}").json["balance_fen"], -3000)
        self.assertEqual(self.api.ask("POST", "/orders", order, key="c2").json["missing_fen"], 2000)
        self.school.clock.advance(31 * 86_400)
        made = [self.api.ask("POST", "/credit-bills").json["bills"] for _ in range(2)]
        self.assertEqual(made, [1, 0])
        (bill,) = self.api.get("/credit-bills?month=202611").items
        self.assertEqual((bill["username"], bill["amount_fen"], bill["owes_fen"]), ("t1", 3000, 3000))
        self.api.ask("POST", "/orders", {"account_id": self.member, "amount_fen": 3000}, key="c3")
        self.assertEqual(self.api.get("/credit-bills").items[0]["owes_fen"], 0)
        self.api.ask("PUT", f"/credit-limits/{self.group_id}", {"limit_fen": None})
        self.assertEqual(self.api.get("/credit-limits?project=main").json["items"], [])

    def test_wrong_wishes_and_other_projects(self) -> None:
        """What is not there is named or not found; another project's are out of reach."""
        self.put(group="staff")
        self.assertEqual(list(self.put(group="none").wrong), ["group"])
        other = self.api.ask("PUT", f"/departments/{self.member}", {"limit_fen": 1, "group": "staff"})
        self.assertEqual(list(other.wrong), ["group"])
        self.assertEqual(self.api.ask("PUT", "/departments/99", {"limit_fen": 1}).problem, (404, "not_found"))
        self.assertEqual(list(self.buy(plan="none").wrong), ["plan"])
        self.assertEqual(list(self.buy(account_id=99).wrong), ["account_id"])
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        for path in ("/departments", "/credit-bills"):
            self.assertEqual(self.api.get(path, theirs).items, [])
        members = f"/departments/{self.payer}/members"
        for method, path, body in (
            ("PUT", f"/departments/{self.payer}", {"limit_fen": 1}),
            ("GET", members, None),
            ("PUT", f"{members}/{self.member}", {}),
            ("POST", f"{members}/{self.member}/leave", {}),
            ("GET", f"/accounts/{self.member}/payer", None),
            ("PUT", f"/credit-limits/{self.group_id}", {"limit_fen": 1}),
        ):
            self.assertEqual(
                self.api.ask(method, path, body, token=theirs, key="k").problem, (404, "not_found"), path
            )
        self.assertEqual(list(self.buy("x", theirs).wrong), ["account_id"])
