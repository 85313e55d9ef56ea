"""Rules, limits, devices and explanations by API: what is in force, and nobody else's."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.flows.school import NOW, PHONE, START
from tests.web.api_client import Api
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    PlaceKind,
    PlaceLimit,
    RuleAction,
    RuleId,
    VlanSpan,
    parse_window,
)
from zhuomai_appliance.model.network import ProjectId
from zhuomai_appliance.store import access_rules


class AdmissionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.api = api = Api()
        self.school = school = api.school
        self.account = school.person("20260001", school.plan())

    def rule(self, project: ProjectId, position: int, **changes: Any) -> None:
        school = self.school
        rule = AccessRule(RuleId(0), project, position, f"rule {position}", RuleAction.DENY, **changes)
        school.write(lambda tx: access_rules.add_rule(tx, rule, "test", NOW))
        school.reload()

    def test_rules_as_the_site_file_writes_them(self) -> None:
        """Conditions in the words of the site file, page by page, and only of one's own projects."""
        self.rule(self.school.project, 10, vlans=(VlanSpan(100, 199),), hours=(parse_window("22:00-06:00"),))
        self.rule(self.school.project, 20, nas_id=self.school.nas.id)
        self.rule(self.api.other, 30)
        one, two = self.api.get("/rules?project=main").items
        self.assertEqual((one["vlan"], one["hours"], one["nas"]), (["100-199"], ["22:00-06:00"], None))
        self.assertEqual((two["position"], two["nas"], two["vlan"]), (20, self.school.nas.name, []))
        page = self.api.get("/rules?limit=1&order=newest").json
        self.assertEqual((page["items"][0]["position"], len(page["items"])), (30, 1))
        rest = self.api.get(f"/rules?order=newest&after={page['next']}").items
        self.assertEqual([item["position"] for item in rest], [20, 10])
        self.assertEqual(self.api.get("/rules?name=rule%2020").items, [two])
        token = self.api.token("elsewhere", "admin", projects=(self.api.other,))
        self.assertEqual([item["position"] for item in self.api.get("/rules", token).items], [30])

    def test_limits_with_who_is_there(self) -> None:
        """Limit and current count of each place; a token that may not see the network sees none."""
        school = self.school
        school.write(
            lambda tx: access_rules.put_place_limit(tx, PlaceLimit(school.project, PlaceKind.PROJECT, "", 7))
        )
        school.reload()
        self.api.app._parts.reservations.places = school.reservations.places
        school.login()
        school.report(START)
        (item,) = self.api.get("/place-limits").items
        self.assertEqual((item["kind"], item["max"], item["current"]), ("project", 7, 1))
        token = self.api.token("cash", "cashier")
        self.assertEqual(self.api.get("/place-limits", token).problem, (403, "not_allowed"))

    def test_devices_are_fixed_and_taken_off(self) -> None:
        """PUT binds for good or until a time, DELETE unbinds; both are audited, and twice is no harm."""
        path = f"/accounts/{self.account}/devices"
        for body in ({}, {"until": "2027-01-17T00:00:00+08:00"}):
            reply = self.api.ask("PUT", f"{path}/A4-5E-60-AA-BB-CC", body)
            self.assertEqual((reply.status, reply.json), (200, {"done": True}))
        (device,) = self.api.get(path).json["items"]
        self.assertEqual((device["mac"], device["kind"]), (PHONE, "fixed"))
        self.assertEqual(device["silent_until"], "2027-01-17T00:00:00+08:00")
        self.assertEqual(self.api.ask("DELETE", f"{path}/{PHONE}").status, 200)
        self.assertEqual(self.api.ask("DELETE", f"{path}/{PHONE}").problem, (404, "not_found"))
        self.assertEqual(self.api.get(path).json["items"], [])
        actions = [
            action for (action,) in self.school.rows("SELECT action FROM audit WHERE action LIKE 'device.%'")
        ]
        self.assertEqual(actions, ["device.fix", "device.fix", "device.remove"])

    def test_devices_of_nobody(self) -> None:
        """No such account, a foreign one, and what is no MAC are not found; reading needs no right to write."""
        self.assertEqual(self.api.get("/accounts/999/devices").problem, (404, "not_found"))
        path = f"/accounts/{self.account}/devices"
        self.assertEqual(self.api.ask("PUT", f"{path}/nonsense", {}).problem, (404, "not_found"))
        token = self.api.token("elsewhere", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get(path, token).problem, (404, "not_found"))
        self.assertEqual(
            self.api.ask("PUT", f"{path}/{PHONE}", {}, token=self.api.token("help", "helpdesk")).problem,
            (403, "not_allowed"),
        )

    def test_explain(self) -> None:
        """The server's own answer with its steps; the question's mistakes are named, and foreign devices are not there."""
        found = self.api.get(f"/explain?who=20260001&mac={PHONE}&nas={self.school.nas.name}").json
        self.assertEqual(
            (found["accepted"], found["plan"], found["question"]["nas_assumed"]), (True, "monthly", False)
        )
        self.assertEqual(found["steps"][0]["name"], "request")
        self.assertIn("Session-Timeout", [one["name"] for one in found["attributes"]])
        self.rule(self.school.project, 10)
        found = self.api.get("/explain?who=20260001&kind=pppoe&vlan=7").json
        self.assertEqual((found["reason"], found["rule"]), ("place_not_allowed", "rule 10"))
        wrong = self.api.get("/explain?who=&kind=wifi&vlan=5000&at=x").wrong
        self.assertEqual(set(wrong), {"who", "kind", "vlan", "at"})
        self.assertEqual(self.api.get("/explain?who=x&nas=ac9").wrong, {"nas": "unknown"})
        token = self.api.token("elsewhere", "admin", projects=(self.api.other,))
        self.assertEqual(self.api.get("/explain?who=20260001", token).wrong, {"nas": "unknown"})
