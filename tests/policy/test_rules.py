"""Which rule decides: every condition by itself, the order, and what an allowed login gets."""

from __future__ import annotations

from ipaddress import ip_network
from timeit import repeat
from typing import Any

import pytest

from tests.policy.examples import RATE, a_case, a_chain, a_segment, an_account, an_attempt, some_facts
from tests.policy.test_hours import SHANGHAI, a_rule
from tests.vendors.examples import NOW
from zhuomai_appliance.model.access import AccessKind, Grant, Reason, Rejection
from zhuomai_appliance.model.access_rules import AccessRule, RuleAction, VlanSpan, parse_window
from zhuomai_appliance.model.network import NasId
from zhuomai_appliance.model.people import GroupId
from zhuomai_appliance.model.products import AccessPolicy, OnExhaust
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.policy import rules as policy_rules
from zhuomai_appliance.policy.authorize import decide
from zhuomai_appliance.policy.hours import Calendar
from zhuomai_appliance.policy.rules import PLACES_KEPT, RuleBook, Where

SCHOOL, STUDENTS, TEACHERS = GroupId(1), GroupId(2), GroupId(3)
LINEAGE = {
    SCHOOL: frozenset({SCHOOL}),
    STUDENTS: frozenset({STUDENTS, SCHOOL}),
    TEACHERS: frozenset({TEACHERS}),
}
SLOW = RateLimit(1_000_000, 2_000_000)
ALLOW = RuleAction.ALLOW
HERE = Where(STUDENTS, NasId(1), AccessKind.PPPOE, "Dorm", 150, 3000, "10.9.1.2")


def book(*rules: AccessRule) -> RuleBook:
    return RuleBook(rules, Calendar(SHANGHAI, {}), LINEAGE, {7: SLOW})


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ({}, True),
        ({"group_id": STUDENTS}, True),
        ({"group_id": SCHOOL}, True),  # a group above holds for all below it
        ({"group_id": TEACHERS}, False),
        ({"nas_id": NasId(1)}, True),
        ({"nas_id": NasId(2)}, False),
        ({"ssids": ("Campus", "Dorm")}, True),
        ({"ssids": ("dorm",)}, False),  # network names are exact octets
        ({"vlans": (VlanSpan(100, 199),)}, True),
        ({"vlans": (VlanSpan(150, 150),)}, True),
        ({"vlans": (VlanSpan(100, 149), VlanSpan(151, 199))}, False),
        ({"outer_vlans": (VlanSpan(3000, 3000),)}, True),
        ({"outer_vlans": (VlanSpan(150, 150),)}, False),
        ({"kinds": (AccessKind.PPPOE,)}, True),
        ({"kinds": (AccessKind.PORTAL, AccessKind.MAC)}, False),
        ({"networks": (ip_network("10.9.0.0/16"),)}, True),
        ({"networks": (ip_network("10.8.0.0/16"), ip_network("2001:db8::/32"))}, False),
        ({"kinds": (AccessKind.PPPOE,), "vlans": (VlanSpan(1, 99),)}, False),  # all must hold
        ({"enabled": False}, False),
    ],
)
def test_conditions(condition: dict[str, Any], matches: bool) -> None:
    """Each condition by itself, and two of them together."""
    assert book(a_rule(**condition)).ruling(HERE, NOW).is_denied is matches


@pytest.mark.parametrize(
    "condition",
    [
        {"group_id": STUDENTS},
        {"ssids": ("Dorm",)},
        {"vlans": (VlanSpan(1, 4094),)},
        {"outer_vlans": (VlanSpan(1, 4094),)},
        {"networks": (ip_network("0.0.0.0/0"),)},
    ],
)
def test_what_nobody_told_matches_nothing(condition: dict[str, Any]) -> None:
    """A condition on an SSID, VLAN, network or group does not hold where the device told none, or no readable one."""
    nowhere = Where(None, NasId(1), AccessKind.PPPOE, None, None, None, None)
    assert not book(a_rule(**condition)).ruling(nowhere, NOW).is_denied
    assert not book(a_rule(networks=(ip_network("0.0.0.0/0"),))).ruling(HERE._replace(ip="x"), NOW).is_denied


def test_first_match_decides() -> None:
    """Positions order the rules, not the order in which they were written; behind the first match nothing is asked."""
    teachers = a_rule(10, ALLOW, group_id=STUDENTS)
    nobody = a_rule(20, vlans=(VlanSpan(100, 199),))
    rules = book(nobody, teachers)
    ruling = rules.ruling(HERE, NOW)
    assert (ruling.is_denied, ruling.rule) == (False, teachers)
    assert rules.ruling(HERE._replace(group_id=TEACHERS), NOW).rule is nobody
    assert rules.ruling(HERE._replace(group_id=TEACHERS, vlan=7), NOW).rule is None


def test_addresses_choose_among_rules() -> None:
    """Visitors and staff are told apart by their segment; one book serves both."""
    rules = book(
        a_rule(1, networks=(ip_network("10.9.1.0/24"),)),
        a_rule(2, ALLOW, networks=(ip_network("10.9.0.0/16"),)),
    )
    assert [
        rules.ruling(HERE._replace(ip=ip), NOW).is_denied for ip in ("10.9.1.9", "10.9.2.9", "10.1.1.1")
    ] == [
        True,
        False,
        False,
    ]


def test_networks_from_the_air_do_not_fill_the_memory() -> None:
    """An access device tells any network, VLAN and address: what no rule names is one place, and all is bounded."""
    rules = book(
        a_rule(1, ssids=("Dorm",), vlans=(VlanSpan(100, 199),)),
        a_rule(2, ALLOW, outer_vlans=(VlanSpan(3000, 3000),)),
    )
    for number in range(PLACES_KEPT + 10):
        there = HERE._replace(ssid=f"net {number}", vlan=200 + number, outer_vlan=number % 3000)
        assert not rules.ruling(there, NOW).is_denied
    assert len(rules._places) == 1
    assert rules.ruling(HERE, NOW).is_denied


def test_what_is_worked_out_is_forgotten_when_it_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of places and of addresses alike; the answers stay the same."""
    monkeypatch.setattr(policy_rules, "PLACES_KEPT", 8)
    monkeypatch.setattr(policy_rules, "COURSES_KEPT", 20)
    networks = [ip_network(f"10.0.{number}.0/24") for number in range(0, 64, 2)]
    rules = book(
        *(a_rule(at, networks=(one,), vlans=(VlanSpan(1, 50),)) for at, one in enumerate(networks)),
    )
    for number in range(64):
        for vlan in range(1, 20):
            where = HERE._replace(vlan=vlan, ip=f"10.0.{number}.7")
            assert rules.ruling(where, NOW).is_denied is (number % 2 == 0)
            assert len(rules._places) <= 8
            assert sum(len(choice.by_address) for choice in rules._places.values()) <= 20


# In the verdict -------------------------------------------------------------------------------------------------------

NIGHTS = (parse_window("Sun-Thu 23:00-08:00"),)


def test_hours_bound_the_session() -> None:
    """The Session-Timeout ends where the next forbidden minute begins, unless something else ends it sooner."""
    rules = book(a_rule(hours=NIGHTS))
    verdict = decide(a_case(an_attempt(), some_facts(rules=rules)))
    assert isinstance(verdict, Grant)
    forbidden_at = rules.ruling(HERE, NOW).forbidden_at
    assert forbidden_at is not None
    assert verdict.session_timeout_seconds == forbidden_at - NOW
    short = some_facts(
        rules=rules, entitlement=a_chain(a_segment(policy=AccessPolicy(session_cap_seconds=90)))
    )
    capped = decide(a_case(an_attempt(), short))
    assert isinstance(capped, Grant)
    assert capped.session_timeout_seconds == 90


def test_refused_before_the_plan_is_looked_at() -> None:
    """A place that is closed to somebody is closed whether he has a plan or not; the rule is named for the log."""
    verdict = decide(a_case(an_attempt(), some_facts(rules=book(a_rule()), entitlement=None)))
    assert verdict == Rejection(Reason.PLACE_NOT_ALLOWED, "rule rule 1")


def test_an_allowing_rule_changes_what_the_login_gets() -> None:
    """Rate, group, VLAN, pool, ACL and isolation come from the rule; what it leaves out stays as it was."""
    full = a_rule(
        1, ALLOW, rate_id=7, user_group="visitors", vlan=30, pool="guests", acl="3001", isolation="g"
    )
    verdict = decide(a_case(an_attempt(), some_facts(rules=book(full), account_rate=RATE, user_group="own")))
    assert isinstance(verdict, Grant)
    assert (verdict.rate, verdict.user_group, verdict.vlan) == (SLOW, "visitors", 30)
    assert (verdict.pool, verdict.acl, verdict.isolation) == ("guests", "3001", "g")
    plain = decide(a_case(an_attempt(), some_facts(rules=book(a_rule(1, ALLOW)), user_group="own")))
    assert plain == decide(a_case(an_attempt(), some_facts(user_group="own")))


def test_slow_rate_goes_before_the_rule() -> None:
    """Whose allowance is used up is slow on every network, a better rate by rule does not give it back."""
    crawl = RateLimit(64_000, 64_000)
    policy = AccessPolicy(rate=crawl, on_exhaust=OnExhaust.THROTTLE, throttle=crawl)
    chain = a_chain(a_segment(policy=policy, throttled=True, octets_left=None))
    verdict = decide(
        a_case(an_attempt(), some_facts(rules=book(a_rule(1, ALLOW, rate_id=7)), entitlement=chain))
    )
    assert isinstance(verdict, Grant)
    assert verdict.rate == crawl


def test_fifty_rules_cost_little() -> None:
    """Fifty rules with hours, VLANs and networks are judged in well under the time of one database read."""
    rules = book(
        *(
            a_rule(
                number,
                hours=NIGHTS if number % 2 else (),
                vlans=(VlanSpan(number, number),) if number % 3 else (),
                networks=(ip_network(f"10.{number}.0.0/16"),),
            )
            for number in range(1, 51)
        ),
    )
    facts = some_facts(rules=rules, account=an_account(group_id=STUDENTS))
    attempt, plain = an_attempt(), some_facts(account=an_account(group_id=STUDENTS))
    with_rules = min(repeat(lambda: decide(a_case(attempt, facts)), number=500, repeat=5)) / 500
    without = min(repeat(lambda: decide(a_case(attempt, plain)), number=500, repeat=5)) / 500
    assert with_rules - without < 40e-6, f"{(with_rules - without) * 1e6:.1f} us"
