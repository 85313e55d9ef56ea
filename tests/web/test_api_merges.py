"""Merging two accounts of one person: money by one posting, names as aliases, once, and the books prove it (F20)."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import GB, LAPTOP, SHANGHAI, START, STOP
from tests.web.api_client import Api, Reply
from zhuomai_appliance.flows import purchases, subscriptions
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.model.money import Fen
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.store import verify
from zhuomai_appliance.store.accounts import PersonData


class MergeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.kept = self.school.person("20260001")
        self.old = self.school.person(
            "20260002", person=PersonData(phone="13900000001"), password="old-password"
        )
        self.path = f"/accounts/{self.kept}"

    def tearDown(self) -> None:
        """Whatever was done: every proof over the whole books holds."""
        faults = [one for proof in verify.prove(self.school.store.reader) for one in proof.faults]
        self.assertEqual(faults, [])

    def recharge(self, account_id: Any, amount: int, bonus: int = 0) -> None:
        school = self.school
        school.write(
            lambda tx: purchases.recharge(
                tx, project_id=school.project, account_id=account_id, amount_fen=Fen(amount), zone=SHANGHAI,
                at=school.now(), operator="boss", shift="boss", bonus_fen=Fen(bonus),
            )
        )  # fmt: skip

    def merge(self, key: str, **more: Any) -> Reply:
        body = {"account_id": self.old, "reason": "one person"} | more
        return self.api.ask("POST", f"{self.path}/merges", body, key=key)

    def test_money_and_names_move_once_as_shown(self) -> None:
        """Gifts stay gifts; the old names open the account that is kept, with its password and plans."""
        self.school.buy(self.kept, self.school.plan())
        self.recharge(self.old, 1500, 200)
        self.api.ask("POST", f"/accounts/{self.old}/notes", {"text": "same person as 20260001"})
        shown = self.merge("a", dry_run=True).json
        self.assertEqual((shown["principal_fen"], shown["bonus_fen"], shown["names"]), (1500, 200, 2))
        self.assertEqual(self.merge("b", expected_fen=1).problem, (409, "preview_is_old"))
        done = self.merge("c", expected_fen=1500)
        self.assertEqual((done.status, done.json["dry_run"]), (200, False), done.text)
        self.assertEqual(self.merge("c", expected_fen=1500).json, done.json)
        kept, old = (self.api.get(f"/accounts/{one}").json for one in (self.kept, self.old))
        self.assertEqual(
            [kept["balance_fen"], kept["bonus_fen"], old["balance_fen"], old["bonus_fen"]], [1500, 200, 0, 0]
        )
        self.assertEqual(old["status"], "closed")
        for name in ("20260002", "13900000001"):
            self.assertIs(self.school.login(name, mac=None).code, Code.ACCESS_ACCEPT)
            self.assertIs(self.school.login(name, "old-password", mac=None).code, Code.ACCESS_REJECT)
        self.assertEqual(
            [one["username"] for one in self.api.get(f"{self.path}/merges").json["items"]], ["20260002"]
        )
        self.assertEqual(len(self.api.get(f"{self.path}/file").json["notes"]), 1)
        self.assertEqual(self.merge("d").problem, (409, "account_closed"))

    def test_sessions_and_attempts_of_both_are_found_by_either_name(self) -> None:
        """The history keeps its number and is found with the account that is kept; nobody else's comes with it."""
        pack = self.school.pack(GB)
        bought = self.school.buy(self.old, pack)
        self.school.login("20260002", "old-password")
        self.school.report(START, name="20260002")
        self.school.report(STOP, 60, name="20260002")
        project = self.school.tables.project(self.school.project)
        assert project is not None
        self.school.write(
            lambda tx: subscriptions.cancel_now(
                tx,
                Actor("boss", ""),
                self.school.now(),
                project,
                self.old,
                bought.subscription_id,
                reason="merge",
            )
        )
        self.school.person("20260003", pack)
        self.school.login("20260003", mac=LAPTOP)
        self.school.report(START, sid="S2", name="20260003", mac=LAPTOP)
        merged = self.merge("a")
        self.assertEqual(merged.status, 200, merged.text)
        for name in ("20260001", "20260002"):
            self.assertEqual(
                [one["account_id"] for one in self.api.get(f"/sessions?username={name}").items], [self.old]
            )
            self.assertEqual(
                [one["account_id"] for one in self.api.get(f"/attempts?username={name}").items], [self.old]
            )
        self.assertEqual(len(self.api.get("/sessions?username=20260003").items), 1)

    def test_what_is_owned_or_owed_stands_against_it(self) -> None:
        """A plan that runs, a refund that waits, the same account twice, one of another project: nothing is done."""
        self.school.buy(self.old, self.school.plan())
        self.assertEqual(self.merge("a").problem, (409, "owns"))
        self.assertEqual(self.merge("b", account_id=self.kept).problem, (409, "same_account"))
        self.assertEqual(self.merge("c", account_id=99_999).wrong, {"account_id": "unknown"})
        other = self.school.person("20260003")
        self.recharge(other, 900)
        refund = {"account_id": other, "amount_fen": 900, "destination": "cash", "reason": "x"}
        self.assertEqual(self.api.ask("POST", "/refunds", refund, key="r").status, 201)
        self.assertEqual(self.merge("d", account_id=other).problem, (409, "queued"))
