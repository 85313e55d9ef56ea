"""Batches of accounts through the API: by number or chance, told before, resumed after, passwords given out once."""

from __future__ import annotations

import csv
import io
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.web.api_client import Api, Reply
from zhuomai_appliance.flows import account_batches
from zhuomai_appliance.flows.operators import Actor
from zhuomai_appliance.flows.site_changes import SiteChanges
from zhuomai_appliance.radius.packet import Code


class BatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = Api()
        self.school = self.api.school
        self.school.plan()

    def make(self, name: str = "guests", **rule: Any) -> Reply:
        body = {"name": name, "prefix": "g", "count": 25, "digits": 4, "plan": ["monthly"], "project": "main"}
        return self.api.ask("POST", "/account-batches", body | rule)

    def handed_out(self, batch_id: int) -> list[list[str]]:
        reply = self.api.ask("POST", f"/account-batches/{batch_id}/export")
        self.assertEqual((reply.status, reply.headers["content-type"]), (200, "text/csv"), reply.text)
        return list(csv.reader(io.StringIO(reply.text)))

    def count(self) -> int:
        ((count,),) = self.school.rows("SELECT COUNT(*) FROM account")
        return int(count)

    def test_numbered_accounts_log_in_with_what_was_given_out_once(self) -> None:
        """g0001 to g0025, each with its plan and a password of its own; a second export is refused, and audited once."""
        made = self.make()
        self.assertEqual((made.status, made.json["made"]), (201, 25), made.text)
        header, *rows = self.handed_out(made.json["id"])
        self.assertEqual(header, ["username", "password"])
        self.assertEqual([name for name, _ in rows], [f"g{number:04d}" for number in range(1, 26)])
        self.assertEqual(len({password for _, password in rows}), 25)
        self.assertIs(self.school.login(rows[7][0], rows[7][1]).code, Code.ACCESS_ACCEPT)
        again = self.api.ask("POST", f"/account-batches/{made.json['id']}/export")
        self.assertEqual(again.problem, (409, "exported"))
        self.assertIsNotNone(self.api.get("/account-batches").items[0]["exported_at"])
        self.assertEqual(len(self.api.get("/audit?action=account_batch.export").items), 1)

    def test_a_password_that_somebody_changed_is_his_own(self) -> None:
        """It is not in the file."""
        made = self.make(count=2)
        self.school.clock.advance(60)
        found = self.api.get("/accounts?username=g0002").items[0]
        self.api.ask("PATCH", f"/accounts/{found['id']}", {"password": "his own secret"})
        rows = {one[0]: one[1] for one in self.handed_out(made.json["id"])}
        self.assertEqual((len(rows["g0001"]), rows["g0002"]), (account_batches.PASSWORD_SIGNS, ""))

    def test_random_names_are_all_different(self) -> None:
        """Of the prefix and as many digits; where there is little room the rule is refused."""
        made = self.make("chance", random=True, digits=6)
        names = [name for name, _ in self.handed_out(made.json["id"])[1:]]
        self.assertEqual((len(set(names)), {len(name) for name in names}), (25, {7}))
        self.assertEqual(self.make("tight", random=True, digits=2).wrong, {"digits": "unfit"})

    def test_names_that_are_taken_are_told_before_anything_is_made(self) -> None:
        """And so are numbers that do not fit, and plans and groups that are not there."""
        self.school.person("g0013")
        self.assertEqual(self.make().problem, (409, "name_taken"))
        self.assertEqual(self.make(first=9990).wrong, {"first": "unfit"})
        self.assertEqual(self.make(plan=["nope"]).problem, (409, "name_taken"))
        self.assertEqual(self.make(prefix="h", plan=["nope"]).wrong, {"plan": "unfit"})
        self.assertEqual(self.make(prefix="h", group="nope").wrong, {"group": "unfit"})
        self.assertEqual((self.count(), self.api.get("/account-batches").items), (1, []))

    def test_the_same_batch_again_is_the_same_and_an_interrupted_one_is_finished(self) -> None:
        """The second request makes nothing; another rule under the name is refused."""
        first = self.make()
        self.assertEqual((self.make().json["id"], self.count()), (first.json["id"], 25))
        self.assertEqual(self.make(count=26).problem, (409, "batch_exists"))
        made, calls = SiteChanges.make, []

        def dies(changes: SiteChanges) -> None:
            calls.append(1)
            if len(calls) == 2:
                raise RuntimeError("the power went")
            made(changes)

        self.patch(SiteChanges, "make", dies)
        school = self.school
        project = school.tables.project(school.project)
        assert project is not None
        rule = account_batches.BatchRule("x", 25, 4, plans=())
        with self.assertRaises(RuntimeError):
            school.run(
                account_batches.create(
                    school.store, school.vault, school.entropy, Actor("boss", ""), school.now(), project, "late", rule
                )
            )  # fmt: skip
        self.assertEqual(self.count(), 35)
        late = self.api.get("/account-batches?order=newest").items[0]
        self.assertEqual(
            self.api.ask("POST", f"/account-batches/{late['id']}/export").problem, (409, "incomplete")
        )
        done = self.make("late", prefix="x", plan=[])
        self.assertEqual((done.json["id"], done.json["made"], self.count()), (late["id"], 25, 50))

    def test_a_foreign_batch_is_not_there(self) -> None:
        """Its passwords least of all."""
        made = self.make()
        stranger = self.api.token("stranger", "admin", projects=(self.api.other,))
        path = f"/account-batches/{made.json['id']}/export"
        self.assertEqual(self.api.ask("POST", path, token=stranger).problem, (404, "not_found"))
        self.assertEqual(self.api.get("/account-batches", token=stranger).items, [])
