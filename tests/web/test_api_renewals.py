"""Renewing through the API: by itself, the list of who ends, many at once with a preview."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api
from zhuomai_appliance.billing.ledger import wallet
from zhuomai_appliance.flows import purchases
from zhuomai_appliance.model.money import Fen


class RenewalTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        school = self.api.school
        month = school.plan()
        self.rich, self.poor = school.person("20260001", month), school.person("20260002", month)
        school.write(
            lambda tx: purchases.open_balance(tx, school.project, self.rich, Fen(9000), "test", school.now())
        )

    def renew(self, key: str = "k1", token: str = "", **body: Any) -> Any:
        wanted = {"project": "main", "accounts": [1, 2]} | body
        return self.api.ask("POST", "/renewals", wanted, key=key, token=token)

    def test_many_are_shown_and_renewed_once(self) -> None:
        """Who cannot pay is named, the other is renewed; the key does it once."""
        seen = self.renew(dry_run=True)
        self.assertEqual((seen.status, seen.json["total_fen"]), (200, 3000))
        self.assertEqual([one["code"] for one in seen.json["items"]], ["", "not_enough_money"])
        done = self.renew()
        self.assertEqual([one["order_no"] is None for one in done.json["items"]], [False, True])
        self.assertEqual(self.renew().json, done.json)
        school = self.api.school
        self.assertEqual(purchases.wallet_fen(school.store.reader, school.project, self.rich), 6000)
        self.assertEqual(wallet(self.rich), "wallet:1")
        self.assertEqual(done.json["items"][0]["starts_at"], seen.json["items"][0]["old_end"])

    def test_by_itself_and_another_plan_next(self) -> None:
        """Set, shown, and taken back; a plan that is not there is refused."""
        self.api.school.plan("slow", price=2000)
        self.assertEqual(
            self.api.get("/accounts/1/renewal").json, {"enabled": False, "plan": None, "notices": []}
        )
        put = self.api.ask("PUT", "/accounts/1/renewal", {"enabled": True, "plan": "slow"})
        self.assertEqual((put.status, put.json["enabled"], put.json["plan"]), (200, True, "slow"))
        wrong = self.api.ask("PUT", "/accounts/1/renewal", {"enabled": True, "plan": "none"})
        self.assertEqual(wrong.problem, (409, "not_a_target"))
        self.assertFalse(self.api.ask("PUT", "/accounts/1/renewal", {"enabled": False}).json["enabled"])

    def test_f06_and_f07_who_is_about_to_expire_and_who_has(self) -> None:
        """By days ahead and days past."""
        self.assertEqual(self.api.get("/renewals/ending?project=main&days=7").json["items"], [])
        ahead = self.api.get("/renewals/ending?project=main&days=31").json["items"]
        self.assertEqual([one["username"] for one in ahead], ["20260001", "20260002"])
        self.api.school.clock.advance(40 * 86_400)
        past = self.api.get("/renewals/ending?project=main&days=0&days_past=30").json["items"]
        self.assertEqual(len(past), 2)

    def test_nobody_elses(self) -> None:
        """An operator of another project renews and sees none of these."""
        theirs = self.api.token("far", "admin", projects=(self.api.other,))
        self.assertEqual(self.renew(token=theirs, project=None).problem, (404, "not_found"))
        self.assertEqual(self.api.get("/accounts/1/renewal", theirs).problem, (404, "not_found"))
        self.assertEqual(self.api.get("/renewals/ending?days=99", theirs).json["items"], [])
