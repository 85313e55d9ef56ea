"""Recharge cards through the API: made, exported once, sold, voided, redeemed; guessers are told to wait."""

from __future__ import annotations

import csv
import io
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.flows import card_batches
from zhuomai_appliance.store import verify


class CardTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.school.plan()
        self.account_id = self.school.person("20260001")

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def post(self, path: str, key: str | None, token: str = "", **body: Any) -> Any:
        return self.api.ask("POST", path, body, key=key, token=token)

    def batch(self, key: str = "b1", **body: Any) -> Any:
        more = {} if "plan" in body else {"face_fen": 5000}
        reply = self.post("/card-batches", key, **{"cards": 10, "project": "main", **more, **body})
        self.assertEqual(reply.status, 201, reply.text)
        return reply.json

    def printed(self, **body: Any) -> tuple[int, list[dict[str, str]]]:
        """A batch and what its one export says."""
        batch_id = self.batch(**body)["id"]
        reply = self.post(f"/card-batches/{batch_id}/export", None, qr_address="https://net.example/card")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, "text/csv"))
        return batch_id, list(csv.DictReader(io.StringIO(reply.text)))

    def redeem(self, card: dict[str, str], key: str = "r1", **body: Any) -> Any:
        given = {"account_id": self.account_id, "number": card["number"], "pin": card["pin"], **body}
        return self.post("/cards/redemptions", key, **given)

    def test_a_batch_from_making_to_redeeming(self) -> None:
        """One key makes one batch; what is sold can be redeemed once; every figure follows."""
        made = self.batch(memo="autumn")
        self.assertEqual((made["state"], made["made"], made["counts"]["generated"]), ("ready", 10, 10))
        self.assertEqual(self.batch(memo="autumn")["id"], made["id"])
        self.assertEqual(len(self.api.get("/card-batches").items), 1)
        batch_id, cards = self.printed(key="b2")
        self.assertEqual([len(cards), len(cards[0]["pin"])], [10, 12])
        self.assertTrue(cards[0]["qr"].startswith(f"https://net.example/card#n={cards[0]['number']}&p="))
        again = self.post(f"/card-batches/{batch_id}/export", None)
        self.assertEqual(again.problem, (409, "exported"))
        seen = self.post(f"/card-batches/{batch_id}/sales", "s1", first=1, last=4, dry_run=True)
        self.assertEqual((seen.json["dry_run"], seen.json["face_fen"]), (True, 20_000))
        sold = self.post(f"/card-batches/{batch_id}/sales", "s1", first=1, last=4)
        self.assertEqual(sold.json["lines"], seen.json["lines"])
        looked = self.redeem(cards[0], dry_run=True)
        self.assertEqual((looked.json["face_fen"], looked.json["order_no"]), (5000, None))
        first = self.redeem(cards[0])
        self.assertEqual((first.status, first.json["dry_run"]), (201, False))
        self.assertEqual(self.redeem(cards[0]).json, first.json)
        self.assertEqual(self.redeem(cards[0], "r2").problem, (409, "card_used"))
        self.assertEqual(self.api.get(f"/accounts/{self.account_id}").json["balance_fen"], 5000)
        detail = self.api.get(f"/card-batches/{batch_id}").json
        self.assertEqual(detail["counts"], {"generated": 6, "active": 3, "used": 1, "void": 0, "expired": 0})
        self.assertEqual(detail["owed_fen"], 15_000)
        (used,) = self.api.get(f"/cards?account_id={self.account_id}").items
        self.assertEqual((used["number"], used["order_no"]), (cards[0]["number"], first.json["order_no"]))
        self.assertEqual(len(self.api.get(f"/cards?batch_id={batch_id}&state=active").items), 3)

    def test_a_pin_is_in_no_answer_but_the_export_and_in_no_row(self) -> None:
        """Lists, the audit and the kept answers of idempotency hold none."""
        batch_id, cards = self.printed()
        self.post(f"/card-batches/{batch_id}/sales", "s1", first=1, last=10)
        self.redeem(cards[0])
        for path in ("/cards", f"/card-batches/{batch_id}", "/audit"):
            self.assertNotIn(cards[0]["pin"], self.api.get(path).text, path)
        kept = repr(self.school.rows("SELECT * FROM idempotency"))
        self.assertNotIn(cards[0]["pin"], kept)

    def test_a_plan_card_shows_its_dates_before_it_is_used(self) -> None:
        """The preview's dates are the purchase's; an old revision refuses."""
        batch_id, cards = self.printed(plan="monthly")
        self.post(f"/card-batches/{batch_id}/sales", "s1", first=1, last=10)
        seen = self.redeem(cards[0], dry_run=True).json
        self.assertEqual((seen["plan"], seen["kind"]), ("monthly", "plan"))
        done = self.redeem(cards[0], revision=seen["revision"])
        (owned,) = self.api.get("/subscriptions").items
        self.assertEqual((owned["id"], owned["ends_at"]), (done.json["subscription_id"], seen["ends_at"]))
        old = self.redeem(cards[1], "r2", revision=seen["revision"])
        self.assertEqual(old.problem, (409, "preview_is_old"))

    def test_wrong_pins_are_counted_although_they_are_errors(self) -> None:
        """Five times wrong, also under one key, then 429 with the time to wait, even for the right one."""
        batch_id, cards = self.printed()
        self.post(f"/card-batches/{batch_id}/sales", "s1", first=1, last=10)
        wrong = {**cards[0], "pin": "000000000000"}
        for _ in range(5):
            self.assertEqual(self.redeem(wrong, "same").problem, (409, "card_wrong"))
        locked = self.redeem(cards[0])
        self.assertEqual(locked.problem, (429, "card_locked"))
        self.assertEqual((locked.headers["retry-after"], locked.json["wait_seconds"]), ("3600", 3600))
        self.school.clock.advance(3600)
        self.assertEqual(self.redeem(cards[0]).status, 201)

    def test_the_person_s_own_address_is_counted(self) -> None:
        """A self-service portal tells where its users sit: one guesser does not lock the others out."""
        batch_id, cards = self.printed()
        self.post(f"/card-batches/{batch_id}/sales", "s1", first=1, last=10)
        for number in range(5):
            other = self.school.person(f"2026300{number}")
            self.redeem({**cards[number], "pin": "1"}, address="10.9.0.66", account_id=other)
        self.assertEqual(self.redeem(cards[5], address="10.9.0.66").problem, (429, "card_locked"))
        self.assertEqual(self.redeem(cards[5], address="10.9.0.67").status, 201)

    def test_voiding_and_another_end(self) -> None:
        """Shown first, then done; a reason is needed; the end can be moved while it has not come."""
        batch_id, _ = self.printed()
        path = f"/card-batches/{batch_id}"
        self.post(f"{path}/sales", "s1", first=1, last=10, paid_fen=45_000)
        seen = self.post(f"{path}/voids", "v1", first=9, last=10, repay=True, memo="torn", dry_run=True)
        self.assertEqual((seen.json["moved_fen"], seen.json["face_fen"]), (9000, 10_000))
        self.assertEqual(self.post(f"{path}/voids", "v1", first=9, last=10).wrong, {"memo": "missing"})
        done = self.post(f"{path}/voids", "v1", first=9, last=10, repay=True, memo="torn")
        self.assertEqual(done.json["lines"], seen.json["lines"])
        later = self.api.ask("PATCH", path, {"expires_at": "2027-09-01T00:00:00+08:00"})
        self.assertEqual(later.json["expires_at"], "2027-09-01T00:00:00+08:00")
        past = self.api.ask("PATCH", path, {"expires_at": "2020-01-01T00:00:00+08:00"})
        self.assertEqual(past.problem, (409, "expires_at"))

    def test_wrong_wishes(self) -> None:
        """Each has its own word; nothing is made, and no half batch stays."""
        wishes: tuple[tuple[dict[str, Any], tuple[int, str]], ...] = (
            ({"cards": 0, "face_fen": 1}, (422, "invalid")),
            ({"cards": 1_000_000, "face_fen": 1}, (422, "invalid")),
            ({"cards": 1}, (422, "invalid")),
            ({"cards": 1, "face_fen": 1, "plan": "monthly"}, (422, "invalid")),
            ({"cards": 1, "plan": "nothing"}, (422, "invalid")),
            ({"cards": 1, "face_fen": 1, "pin_digits": 11}, (422, "invalid")),
            ({"cards": 1, "face_fen": 1, "expires_at": "2020-01-01T00:00:00+08:00"}, (409, "expires_at")),
            ({"cards": 1, "face_fen": 1, "project": "elsewhere"}, (422, "invalid")),
        )
        for body, problem in wishes:
            reply = self.post("/card-batches", "w", **{"project": "main", **body})
            self.assertEqual(reply.problem, problem, body)
        self.assertEqual(self.school.rows("SELECT count(*) FROM card_batch"), [(0,)])
        batch_id = self.batch()["id"]
        path = f"/card-batches/{batch_id}"
        self.assertEqual(self.post(f"{path}/sales", "s", first=1, last=1).problem, (409, "not_exported"))
        for address in ("ftp://x", "javascript:alert(1)", "https://a b"):
            self.assertEqual(self.post(f"{path}/export", None, qr_address=address).problem, (422, "invalid"))
        self.assertEqual(self.redeem({"number": "1", "pin": "1"}).problem, (409, "card_not_a_card"))
        self.assertEqual(self.redeem({"number": "1", "pin": "1"}, account_id=99).problem, (422, "invalid"))

    def test_another_projects_cards_are_out_of_reach(self) -> None:
        """Neither seen, sold, voided nor exported; their numbers mean nothing there."""
        batch_id, cards = self.printed()
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        for path in ("/card-batches", "/cards", "/agents"):
            self.assertEqual(self.api.get(path, theirs).items, [], path)
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"expires_at": None}),
            ("POST", "/export", {}),
            ("POST", "/sales", {"first": 1, "last": 1}),
            ("POST", "/voids", {"first": 1, "last": 1, "memo": "x"}),
        ):
            reply = self.api.ask(method, f"/card-batches/{batch_id}{path}", body, token=theirs, key="k")
            self.assertEqual(reply.problem, (404, "not_found"), path)
        self.assertEqual(self.redeem(cards[0]).problem, (409, "card_not_sold"))

    def test_a_long_export_comes_in_one_piece(self) -> None:
        """More cards than are made or written at once: each is there once, in order."""
        _, cards = self.printed(cards=4321)
        self.assertEqual(len({card["number"] for card in cards}), 4321)
        self.assertEqual([card["number"] for card in cards], sorted(card["number"] for card in cards))
        self.assertGreater(4321, card_batches.CHUNK)


class AgentTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.school.plan()
        self.shop = self.api.token("shop", "agent")
        reply = self.api.ask(
            "POST", "/agents",
            {"name": "corner shop", "operator": "shop", "rate_parts": 9500, "project": "main"}, key="a1",
        )  # fmt: skip
        self.assertEqual(reply.status, 201, reply.text)
        self.path = f"/agents/{reply.json['id']}"
        paid = self.api.ask("POST", f"{self.path}/deposits", {"amount_fen": 100_000}, key="d1")
        self.assertEqual(paid.json["deposit_fen"], 100_000)

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def mine(self, method: str, path: str, body: Any = None, key: str = "k") -> Any:
        return self.api.ask(method, path, body, token=self.shop, key=key)

    def test_an_agent_s_day(self) -> None:
        """He opens an account, sells it a plan, and sees both in what is his, and nothing else."""
        opened = self.mine("POST", "/agent/customers", {"username": "new", "password": "pass-word"}, "c1")
        self.assertEqual(opened.status, 201, opened.text)
        account_id = opened.json["account_id"]
        wish = {"account_id": account_id, "plan": "monthly"}
        seen = self.mine("POST", "/agent/sales", {**wish, "dry_run": True})
        self.assertEqual((seen.json["charge_fen"], seen.json["commission_fen"]), (2850, 150))
        done = self.mine("POST", "/agent/sales", {**wish, "revision": seen.json["revision"]})
        self.assertEqual((done.status, done.json["deposit_fen"]), (201, 97_150))
        self.assertEqual(
            self.mine("POST", "/agent/sales", {**wish, "revision": seen.json["revision"]}).json, done.json
        )
        (order,) = self.api.get("/orders").items
        self.assertEqual((order["order_no"], order["channel"]), (done.json["order_no"], "AGENT"))
        self.school.plan("other", price=100)
        self.assertEqual(
            [one["name"] for one in self.mine("GET", "/agent/plans").items], ["monthly", "other"]
        )
        self.api.ask("PATCH", self.path, {"plans": ["monthly"]})
        (offer,) = self.mine("GET", "/agent/plans").items
        self.assertEqual(
            (offer["price_fen"], offer["charge_fen"], offer["commission_fen"]), (3000, 2850, 150)
        )
        own = self.mine("GET", "/agent").json
        self.assertEqual((own["deposit_fen"], own["sold_today_fen"]), (97_150, 3000))
        self.assertEqual([one["username"] for one in self.mine("GET", "/agent/customers").items], ["new"])
        statement = self.mine("GET", "/agent/statement").json
        self.assertEqual([one["amount_fen"] for one in statement["items"]], [100_000, -2850])
        self.assertEqual((statement["opening_fen"], statement["closing_fen"]), (0, 97_150))
        self.assertEqual(self.api.get(f"{self.path}/statement").json, statement)
        page = self.api.get(f"{self.path}/statement?limit=1").json
        self.assertEqual(
            self.api.get(f"{self.path}/statement?after={page['next']}").items, statement["items"][1:]
        )
        for path in ("/accounts", "/orders", "/postings", "/agents", "/cards"):
            self.assertEqual(self.mine("GET", path).problem, (403, "not_allowed"))

    def test_what_he_may_not(self) -> None:
        """Somebody else's customer, too little deposit, too much a day: a word for each, and nothing sold."""
        account_id = self.school.person("20260001")
        wish = {"account_id": account_id, "amount_fen": 1000}
        self.assertEqual(self.mine("POST", "/agent/sales", wish).problem, (409, "customer"))
        put = self.api.ask("PUT", f"{self.path}/customers/{account_id}")
        self.assertEqual(put.json, {"done": True})
        self.api.ask("PATCH", self.path, {"day_limit_fen": 1500})
        self.assertEqual(self.mine("POST", "/agent/sales", wish).status, 201)
        self.assertEqual(self.mine("POST", "/agent/sales", wish, "k2").problem, (409, "day_limit"))
        self.api.ask("PATCH", self.path, {"day_limit_fen": None})
        back = self.api.ask(
            "POST", f"{self.path}/deposits", {"amount_fen": 99_050, "pay_out": True}, key="d2"
        )
        self.assertEqual(back.json["deposit_fen"], 0)
        self.assertEqual(self.mine("POST", "/agent/sales", wish, "k3").problem, (409, "deposit"))
        self.api.ask("DELETE", f"{self.path}/customers/{account_id}")
        self.assertEqual(self.mine("POST", "/agent/sales", wish, "k4").problem, (409, "customer"))
        self.assertEqual(len(self.api.get("/orders").items), 1)
        both = {**wish, "plan": "monthly"}
        self.assertEqual(self.mine("POST", "/agent/sales", both, "k5").problem, (422, "invalid"))
        nobody = self.api.token("other", "agent")
        self.assertEqual(self.api.get("/agent", nobody).problem, (403, "no_agent"))

    def test_agents_are_made_with_what_there_is(self) -> None:
        """Unknown operators, plans and groups are named; a second agent of one operator is none."""
        body = {"name": "x", "operator": "shop", "rate_parts": 9000, "project": "main"}
        for change, field in (
            ({"operator": "nobody"}, "operator"),
            ({}, "operator"),
            ({"plans": ["none"]}, "plans"),
            ({"groups": ["none"]}, "groups"),
            ({"rate_parts": 0}, "rate_parts"),
            ({"rate_parts": 10_001}, "rate_parts"),
        ):
            reply = self.api.ask("POST", "/agents", {**body, **change}, key="a2")
            self.assertEqual(list(reply.wrong), [field], change)
        changed = self.api.ask("PATCH", self.path, {"plans": ["monthly"], "rate_parts": 9000})
        self.assertEqual(
            (changed.json["plans"], changed.json["rate_parts"], changed.json["groups"]),
            (["monthly"], 9000, []),
        )
        (listed,) = self.api.get("/agents?name=corner%20shop").items
        self.assertEqual(listed, self.api.get(self.path).json)

    def test_cards_for_an_agent(self) -> None:
        """He pays his rate from the deposit; what he pays is not for the clerk to say."""
        batch = self.api.ask(
            "POST", "/card-batches", {"cards": 10, "face_fen": 1000, "project": "main"}, key="b1"
        ).json
        path = f"/card-batches/{batch['id']}"
        self.api.ask("POST", f"{path}/export", {})
        agent_id = int(self.path.rpartition("/")[2])
        given = {"first": 1, "last": 10, "agent_id": agent_id}
        wrong = self.api.ask("POST", f"{path}/sales", {**given, "paid_fen": 1}, key="s1")
        self.assertEqual(wrong.wrong, {"paid_fen": "either"})
        sold = self.api.ask("POST", f"{path}/sales", given, key="s1")
        self.assertEqual((sold.status, sold.json["moved_fen"]), (201, 9500))
        self.assertEqual(self.api.get(self.path).json["deposit_fen"], 90_500)
        nobody = self.api.ask("POST", f"{path}/sales", {**given, "agent_id": 99}, key="s2")
        self.assertEqual(nobody.problem, (409, "agent"))
