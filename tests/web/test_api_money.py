"""Money through the API: one key sells once, wallets do not go below nothing, every line balances."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.model.moment import Timestamp
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind
from zhuomai_appliance.model.products import PlanKind
from zhuomai_appliance.store import network


class OrderTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.school.plan()
        self.school.person("20260001")

    def order(self, key: str = "k1", token: str = "", **body: Any) -> Any:
        return self.api.ask("POST", "/orders", {"account_id": 1} | body, key=key, token=token)

    def test_one_key_sells_once(self) -> None:
        """The second request with the key gets the first answer, and the till has been paid once."""
        first = self.order(plan="monthly", memo="window 3")
        self.assertEqual(first.status, 201)
        self.assertEqual((first.json["amount_fen"], first.json["channel"]), (3000, "CASH"))
        self.assertEqual((first.json["operator"], first.json["state"]), ("boss", "fulfilled"))
        again = self.order(plan="monthly", memo="window 3")
        self.assertEqual((again.status, again.json), (201, first.json))
        self.assertEqual(self.order(plan="monthly").problem, (422, "key_reused"))
        self.assertEqual(len(self.api.get("/orders").items), 1)
        self.assertEqual(self.api.get(f"/orders/{first.json['order_no']}").json, first.json)
        lines = self.api.get(f"/postings?order_no={first.json['order_no']}").items
        self.assertEqual(
            [(one["account_ref"], one["debit_fen"], one["credit_fen"]) for one in lines],
            [("cash:boss", 3000, 0), ("deferred:1", 0, 3000)],
        )
        acts = [item["action"] for item in self.api.get("/audit?object_kind=order").items]
        self.assertEqual(acts, ["order.sell"])

    def test_a_wallet_pays_what_it_holds(self) -> None:
        """Recharge in cash, buy from the wallet; what is missing is told and nothing is done."""
        short = self.order(plan="monthly", channel="BALANCE")
        self.assertEqual(short.problem, (409, "not_enough_money"))
        self.assertEqual(short.json["missing_fen"], 3000)
        self.assertEqual(self.api.get("/orders").items, [])
        charged = self.order("k2", amount_fen=5000)
        self.assertEqual((charged.status, charged.json["plan"]), (201, None))
        # The key of a refused request is free: nothing was done under it.
        self.assertEqual(self.order(plan="monthly", channel="BALANCE").status, 201)
        self.assertEqual(self.api.get("/accounts/1").json["balance_fen"], 2000)
        ((total,),) = self.school.rows("SELECT SUM(amount_fen) FROM posting_line")
        self.assertEqual(total, 0)

    def test_what_cannot_be_sold(self) -> None:
        """Nobody, nothing, both, an unknown plan, one past its end, less than nothing."""
        past = Timestamp(self.school.now() - 1)
        self.school.plan("term", PlanKind.BUYOUT, period=None, buyout_ends_at=past)
        for body, problem in (
            ({}, (422, "invalid")),
            ({"plan": "monthly", "amount_fen": 1}, (422, "invalid")),
            ({"plan": "nothing"}, (422, "invalid")),
            ({"plan": "term"}, (409, "cannot_buy")),
            ({"plan": "monthly", "account_id": 99}, (422, "invalid")),
            ({"amount_fen": 0}, (422, "invalid")),
            ({"amount_fen": -1}, (422, "invalid")),
            ({"amount_fen": 1.5}, (422, "invalid")),
            ({"amount_fen": "100"}, (422, "invalid")),
            ({"amount_fen": 10**30}, (422, "invalid")),
            ({"amount_fen": True}, (422, "invalid")),
            ({"amount_fen": 100, "channel": "BALANCE"}, (422, "invalid")),
            ({"plan": "monthly", "channel": "GRANT"}, (422, "invalid")),
        ):
            self.assertEqual(self.order(**body).problem, problem, body)
        self.assertEqual(self.school.rows("SELECT count(*) FROM orders"), [(0,)])
        self.assertEqual(self.school.rows("SELECT count(*) FROM idempotency"), [(0,)])

    def test_another_projects_money_is_out_of_reach(self) -> None:
        """Neither sold to, nor seen."""
        self.order(plan="monthly")
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.order("k9", theirs, plan="monthly").wrong, {"account_id": "unknown"})
        for path in ("/orders", "/postings", "/subscriptions", "/plans", "/nas", "/audit"):
            self.assertEqual(self.api.get(path, theirs).items, [], path)
        order_no = self.api.get("/orders").items[0]["order_no"]
        self.assertEqual(self.api.get(f"/orders/{order_no}", theirs).problem, (404, "not_found"))

    def test_a_cashier_sells_and_does_not_read_the_ledger(self) -> None:
        """The role's permissions, through a token."""
        cashier = self.api.token("cashier1", "cashier")
        sold = self.order("k1", cashier, plan="monthly")
        self.assertEqual((sold.status, sold.json["operator"]), (201, "cashier1"))
        self.assertEqual(self.api.get("/postings", cashier).problem, (403, "not_allowed"))

    def test_money_lists_filter_by_their_columns(self) -> None:
        """Orders, subscriptions and postings, by person, state and kind."""
        self.order(plan="monthly")
        for path, count in (
            ("/orders?username=20260001&channel=CASH&state=fulfilled&operator=boss", 1),
            ("/orders?username=nobody", 0),
            ("/orders?channel=WECHAT", 0),
            ("/orders?from=2026-11-26T00:00:00%2B08:00", 0),
            ("/subscriptions?username=20260001&plan=monthly&state=active", 1),
            ("/subscriptions?state=queued", 0),
            ("/postings?kind=sale&account_ref=cash:boss", 1),
            ("/postings?posting_id=1", 2),
            ("/postings?kind=refund", 0),
        ):
            self.assertEqual(len(self.api.get(path).items), count, path)


class ChoiceTests(SynchronousTestCase):
    def test_plans_groups_rates_and_devices(self) -> None:
        """What there is to choose from, without any secret."""
        api = Api()
        school = api.school
        school.plan()
        school.pack(10**9, "pack10")
        (monthly, pack) = api.get("/plans").items
        self.assertEqual(
            (monthly["name"], monthly["period"], monthly["price_fen"]), ("monthly", "1 month", 3000)
        )
        self.assertEqual((monthly["up_bps"], monthly["down_bps"]), (4_000_000, 8_000_000))
        self.assertEqual((pack["kind"], pack["octets"]), ("data", 10**9))
        self.assertEqual(api.get("/plans?name=pack10").items, [pack])
        self.assertEqual(api.get(f"/plans?limit=1&after={monthly['id']}").items, [pack])
        self.assertEqual(api.get("/plans?order=newest").items, [pack, monthly])
        devices = api.get("/nas")
        (nas,) = devices.items
        self.assertEqual((nas["address"], nas["vendor"]), (school.nas.host, "huawei-campus"))
        for secret in (school.nas.secret, school.nas.portal_secret):
            self.assertNotIn(secret.decode(), devices.text)
        self.assertFalse([name for name in nas if "secret" in name])
        self.assertEqual((api.get("/groups").items, api.get("/rates").items), ([], []))

    def test_lists_and_operators(self) -> None:
        """Entries by kind; operators without their digests, and none of other projects to one bound to his own."""
        api = Api()
        school = api.school
        for kind, value in ((ListKind.MAC, "02:00:00:00:00:09"), (ListKind.IP, "10.9.0.9")):
            entry = AccessListEntry(school.project, kind, ListAction.DENY, value, "stolen", None)
            school.write(lambda tx, entry=entry: network.put_list_entry(tx, entry, school.now()))  # type: ignore[misc]
        school.reload()
        (entry_item,) = api.get("/lists?kind=mac").items
        self.assertEqual((entry_item["value"], entry_item["reason"]), ("02:00:00:00:00:09", "stolen"))
        page = api.get("/lists?limit=1").json
        self.assertEqual(api.get(f"/lists?after={page['next']}").items, [entry_item])
        near = api.token("near", "admin", projects=(school.project,))
        api.token("far", "cashier", projects=(api.other,))
        everybody = api.get("/operators")
        self.assertEqual([item["name"] for item in everybody.items], ["boss", "near", "far"])
        self.assertNotIn("digest", everybody.text)
        self.assertEqual([item["name"] for item in api.get("/operators", near).items], ["near"])
        self.assertEqual(api.get("/lists", api.token("third", "admin", projects=(api.other,))).items, [])
