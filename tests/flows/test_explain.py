"""Explaining a login: the server's own answer, step by step, and nothing left behind."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.flows.roamers import Roamers
from tests.flows.school import DAY, LAPTOP, NOW, PHONE, START, School, first, reason
from zhuomai_appliance.flows.explain import CannotExplain, Explainer, Explanation, Question, as_facts
from zhuomai_appliance.model.access import AccessKind, Grant, Rejection
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    PlaceKind,
    PlaceLimit,
    RuleAction,
    RuleId,
    parse_vlans,
    parse_window,
)
from zhuomai_appliance.model.network import AccessListEntry, ListAction, ListKind
from zhuomai_appliance.model.people import Group, GroupId
from zhuomai_appliance.model.products import AccessPolicy, WhenFull
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy.authorize import CHECKS
from zhuomai_appliance.policy.facts import Kick
from zhuomai_appliance.store import access_rules, network, products


class ExplainTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.school = school = School()
        group = school.write(
            lambda tx: products.add_group(tx, Group(GroupId(0), school.project, None, "students"))
        )
        policy = AccessPolicy(rate=RateLimit(4_000_000, 8_000_000), max_sessions=1, silent_login_days=7)
        self.plan = school.plan(policy=policy)
        school.person("20260001", self.plan, group_id=group.id)
        school.reload()

    def ask(self, who: str = "20260001", **more: Any) -> Explanation:
        school = self.school
        explainer = Explainer(
            school.store, school.vault, school.tables, school.reservations, school.words, school.now
        )
        values: dict[str, Any] = {"at": school.now(), "mac": PHONE, "ip": "10.9.1.2"} | more
        return explainer.explain(Question(who, **values))

    def steps(self, found: Explanation) -> dict[str, str]:
        return {step.name: step.outcome for step in found.steps}

    def facts(self, found: Explanation) -> dict[str, Any]:
        return as_facts(found, self.school.tables, self.school.words)

    def rule(self, **changes: Any) -> None:
        school = self.school
        rule = AccessRule(RuleId(0), school.project, 1, "nights", RuleAction.DENY, **changes)
        school.write(lambda tx: access_rules.add_rule(tx, rule, "test", NOW))
        school.reload()

    def test_the_attributes_are_those_of_the_server(self) -> None:
        """What is explained is what a login gets a moment later, but for the Class, which is new each time."""
        found = self.ask()
        answer = self.school.login()
        self.assertIsInstance(found.verdict, Grant)
        said = dict(found.attributes)
        self.assertEqual(said["Session-Timeout"], str(int.from_bytes(first(answer, 27), "big")))
        self.assertEqual(said["Acct-Interim-Interval"], str(int.from_bytes(first(answer, 85), "big")))
        self.assertIn("8000000", said.values())
        self.assertNotIn("Class", said)

    def test_nothing_is_changed(self) -> None:
        """No attempt, no binding, no reservation, no first login: a question leaves no trace."""
        before = self.school.store.counters.tasks
        self.ask()
        self.ask("nobody")
        self.assertEqual(self.school.store.counters.tasks, before)
        self.assertEqual(self.school.attempts(), [])
        self.assertEqual(reason(self.school.login(mac=LAPTOP)), "accepted")

    def test_asking_of_another_time_leaves_memory_as_it_is(self) -> None:
        """Places kept, kicks remembered and devices counted are those of now, whatever time a question is about."""
        school = self.school
        limit = PlaceLimit(school.project, PlaceKind.PROJECT, "", 1)
        school.write(lambda tx: access_rules.put_place_limit(tx, limit))
        school.reload()
        self.assertEqual(reason(school.login()), "accepted")
        account_id = school.rows("SELECT id FROM account")[0][0]
        school.reservations.kicks.add(account_id, Kick(school.now(), LAPTOP, ()))
        for at in (NOW + DAY, NOW - DAY):
            self.ask(at=at, mac=LAPTOP)
            self.assertEqual(len(school.reservations.of(account_id, school.now())), 1)
            self.assertEqual(len(school.reservations.kicks.of(account_id, school.now())), 1)
            self.assertEqual(
                school.reservations.places.use(school.tables, school.project, school.now())[0].current, 1
            )

    def test_every_check_is_shown_in_the_servers_order(self) -> None:
        """The steps are the policy's own list with the password between its halves; none is left out."""
        names = list(self.steps(self.ask()))
        expected = [check.name for check in CHECKS if check.name != "lock_again"]
        expected.insert(expected.index("realm"), "credentials")
        self.assertEqual(names, expected)

    def test_who_wins_is_told(self) -> None:
        """Plan, rate and whose it is, the end of the session and why."""
        facts = self.facts(self.ask())
        self.assertEqual(
            (facts["plan"], facts["rate"]["text"], facts["rate_source"]), ("monthly", "4M/8M", "plan")
        )
        self.assertEqual((facts["session_seconds"], facts["session_end_why"]), (30 * DAY, "coverage"))
        self.assertEqual(facts["session_ends_at"], "2026-12-25T10:00:00+08:00")
        self.rule(hours=(parse_window("Sun-Thu 23:00-08:00"),))
        facts = self.facts(self.ask())
        self.assertEqual((facts["session_seconds"], facts["session_end_why"]), (13 * 3600, "hours"))

    def test_another_time(self) -> None:
        """Asked of the night, the rule refuses and says when it opens; the steps behind it are told all the same."""
        self.rule(hours=(parse_window("Sun-Thu 23:00-08:00"),), reason="lights out")
        found = self.ask(at=NOW + 14 * 3600)
        self.assertIsInstance(found.verdict, Rejection)
        steps = self.steps(found)
        self.assertEqual((steps["rules"], steps["plan"], steps["account"]), ("refused", "passed", "passed"))
        facts = self.facts(found)
        self.assertEqual(
            (facts["accepted"], facts["reason"], facts["rule"]), (False, "outside_hours", "nights")
        )
        rules = next(step for step in facts["steps"] if step["name"] == "rules")
        self.assertEqual(rules["looked_at"]["opens_at"], "2026-11-26T08:00:00+08:00")
        self.assertEqual(rules["looked_at"]["hours"], "Mon-Thu,Sun 23:00-08:00")
        self.assertEqual([name for name, _ in found.attributes], ["Reply-Message"])

    def test_nobodys_name(self) -> None:
        """A name that nobody has ends at the account; what would be asked behind it is not."""
        steps = self.steps(self.ask("nobody"))
        self.assertEqual(
            (steps["account"], steps["rules"], steps["plan"]), ("refused", "not_asked", "not_asked")
        )

    def test_lists_devices_sessions_and_places(self) -> None:
        """Each of them tells what it looked at."""
        school = self.school
        school.login(mac=LAPTOP)
        school.report(START, mac=LAPTOP, sid="L1")
        entry = AccessListEntry(school.project, ListKind.MAC, ListAction.ALLOW, PHONE, "", None)
        school.write(lambda tx: network.put_list_entry(tx, entry, NOW))
        limit = PlaceLimit(school.project, PlaceKind.SSID, "Campus", 5)
        school.write(lambda tx: access_rules.put_place_limit(tx, limit))
        school.reload()
        found = self.ask(ssid="Campus")
        looked_at = {step.name: step.looked_at for step in found.steps}
        self.assertEqual(looked_at["lists"]["match_1"], f"allow mac {PHONE}")
        self.assertEqual(looked_at["devices"]["bound"], 1)
        self.assertEqual(
            (looked_at["sessions"]["other_devices"], looked_at["sessions"]["max_sessions"]), (1, 1)
        )
        self.assertEqual(looked_at["places"], {"ssid Campus": "0/5"})
        self.assertEqual(looked_at["account"]["group"], "students")
        self.assertEqual(self.facts(found)["reason"], "too_many_sessions")

    def test_who_would_have_to_go(self) -> None:
        """Where the oldest device makes room, the explanation names it and ends nobody."""
        school = self.school
        policy = replace(self.plan.terms.policy, when_full=WhenFull.KICK_OLDEST)
        school.person("kicker", school.plan("kicking", policy=policy))
        school.login("kicker", mac=LAPTOP)
        school.report(START, name="kicker", mac=LAPTOP, sid="L1")
        facts = self.facts(self.ask("kicker"))
        self.assertEqual((facts["accepted"], facts["would_end"]), (True, [LAPTOP]))
        self.assertEqual(school.effects(), [])

    def test_a_device_alone(self) -> None:
        """A MAC asked for is a silent login: unknown, then its owner's."""
        self.assertEqual(self.steps(self.ask(PHONE, mac=None))["account"], "refused")
        self.school.login()
        found = self.ask("A45E-60AA-BBCC", mac=None)
        self.assertEqual((found.account, found.attempt.access_kind), ("20260001", AccessKind.MAC))
        steps = self.steps(found)
        self.assertEqual((steps["credentials"], steps["silent_login"]), ("not_applicable", "passed"))
        self.assertEqual(dict(found.attributes)["User-Name"], "20260001")

    def test_where(self) -> None:
        """A device by name, by address, or else where the account is online; an unknown one is no answer."""
        school = self.school
        second = school.add_nas(name="ac2", address=ip_network("192.0.2.7"))
        self.assertEqual(self.ask(nas="ac2").nas.id, second.id)
        self.assertEqual(self.ask(nas="192.0.2.7").nas.id, second.id)
        self.assertEqual(self.ask().nas.id, school.nas.id)
        school.login(nas=second)
        school.report(START, nas=second)
        found = self.ask()
        self.assertEqual((found.nas.id, found.nas_was_named), (second.id, False))
        with pytest.raises(CannotExplain, match="ac9"):
            self.ask(nas="ac9")

    def test_vlans_of_qinq(self) -> None:
        """Outer and inner VLAN are looked at as if a device had told them."""
        self.rule(outer_vlans=(parse_vlans("3000"),), vlans=(parse_vlans("100-199"),))
        self.assertEqual(self.steps(self.ask(vlan=150, outer_vlan=3000))["rules"], "refused")
        self.assertEqual(self.steps(self.ask(vlan=150, outer_vlan=3001))["rules"], "passed")


class RealmTests(SynchronousTestCase):
    """Logins by realm: of one group alone, refused, or decided elsewhere."""

    def setUp(self) -> None:
        self.school = Roamers()

    def ask(self, who: str, **more: Any) -> dict[str, Any]:
        school = self.school
        explainer = Explainer(
            school.store, school.vault, school.tables, school.reservations, school.words, school.now
        )
        found = explainer.explain(Question(who, school.now(), **more))
        return as_facts(found, school.tables, school.words)

    def test_a_realm_of_one_group(self) -> None:
        """The realm is a step of its own, and refuses as the server would."""
        school = self.school
        staff = school.group("staff")
        school.person("student", school.plan())
        school.realm("staff", group_id=staff, ssids=("Staff",))
        for facts in (self.ask("student@staff"), self.ask("student", ssid="Staff")):
            self.assertEqual((facts["accepted"], facts["reason"]), (False, "place_not_allowed"))
            (step,) = (step for step in facts["steps"] if step["name"] == "realm")
            self.assertEqual((step["outcome"], step["looked_at"]["realm"]), ("refused", "staff"))
        self.assertTrue(self.ask("student")["accepted"])

    def test_a_realm_elsewhere(self) -> None:
        """Nobody here knows the account: the servers that are asked are named, and nothing is promised for them."""
        self.school.away()
        facts = self.ask("guest@edu.cn")
        self.assertIsNone(facts["accepted"])
        self.assertEqual(facts["steps"][-1]["looked_at"], {"realm": "edu.cn", "asked_of": "near, far"})
        self.assertEqual(facts["attributes"], [])
        self.school.realm("*", reject="no visitors")
        facts = self.ask("guest@there")
        self.assertEqual((facts["accepted"], facts["reason"]), (False, "realm_refused"))
