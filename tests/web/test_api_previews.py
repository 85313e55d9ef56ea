"""Previews by API: what a plan becomes at a device, in words too, and only at one's own devices."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW
from tests.web.api_client import Api
from zhuomai_appliance.model.access_rules import AccessRule, RuleAction, RuleId
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.store import access_rules, products


class PreviewTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = api = Api()
        self.school = school = api.school
        school.plan()
        self.path = f"/nas/{school.nas.id}/preview"

    def test_a_plan_becomes_attributes(self) -> None:
        """The plan's rate, in the dialect of the device, with what can be changed and what to look at."""
        found = self.api.get(f"{self.path}?plan=monthly&lang=en").json
        self.assertEqual((found["nas"], found["vendor"]), (self.school.nas.name, "huawei-campus"))
        shown = {one["name"]: one["value"] for one in found["attributes"]}
        self.assertEqual(shown["HW-Input-Committed-Information-Rate"], "4000000")
        self.assertEqual(shown["HW-Output-Committed-Information-Rate"], "8000000")
        self.assertIn("1a0c000007db0206003d0900", found["octets"])
        self.assertIn("rate", found["coa"])
        sentences = {one["word"]: one["sentence"] for one in found["remarks"]}
        self.assertIn("switched on at the device", sentences["control_is_off"])

    def test_a_rate_and_a_rule_come_before_the_plan(self) -> None:
        """A named rate replaces the plan's, and a rule replaces both; names that must exist are told in Chinese."""
        school = self.school
        limit = RateLimit(1_000_000, 2_000_000)
        school.write(lambda tx: products.add_rate(tx, school.project, "2M", limit))
        slow = self.api.get(f"{self.path}?plan=monthly&rate=2M").json
        shown = {one["name"]: one["value"] for one in slow["attributes"]}
        self.assertEqual(shown["HW-Output-Committed-Information-Rate"], "2000000")
        rule = AccessRule(
            RuleId(0),
            school.project,
            10,
            "dorm",
            RuleAction.ALLOW,
            user_group="学生",
            vlan=100,
            isolation="iso",
        )
        school.write(lambda tx: access_rules.add_rule(tx, rule, "test", NOW))
        school.reload()
        ruled = self.api.get(f"{self.path}?plan=monthly&rule=dorm").json
        shown = {one["name"]: one["value"] for one in ruled["attributes"]}
        self.assertEqual((shown["Filter-Id"], shown["Tunnel-Private-Group-Id"]), ("学生", "100"))
        sentences = [one["sentence"] for one in ruled["remarks"]]
        self.assertIn("设备上要有用户组 学生。", sentences)
        self.assertEqual(
            [one["facts"] for one in ruled["remarks"] if one["word"] == "one_filter"],
            [{"field": "isolation", "value": "iso"}],
        )

    def test_what_is_not_there(self) -> None:
        """Unknown names are named, foreign devices are not there, and seeing the network is needed."""
        self.assertEqual(self.api.get(f"{self.path}?plan=none").wrong, {"plan": "unknown"})
        self.assertEqual(self.api.get(f"{self.path}?rate=none").wrong, {"rate": "unknown"})
        self.assertEqual(self.api.get(f"{self.path}?rule=none").wrong, {"rule": "unknown"})
        self.assertEqual(self.api.get(f"{self.path}?lang=tlh").wrong.keys(), {"lang"})
        self.assertEqual(self.api.get("/nas/999/preview").problem, (404, "not_found"))
        token = self.api.token("elsewhere", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get(self.path, token).problem, (404, "not_found"))
        cashier = self.api.token("cash", "cashier")
        self.assertEqual(self.api.get(self.path, cashier).problem, (403, "not_allowed"))
