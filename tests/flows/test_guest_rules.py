"""People whose accounts are elsewhere: when, where and how fast they are online here is ours to say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.home import says
from tests.flows.roamers import Roamers
from tests.flows.school import LAPTOP, NOW, PHONE, START, first, huawei_number, reason, station
from tests.vendors.examples import a_packet
from zhuomai_appliance.flows.session_rules import Patrol
from zhuomai_appliance.model.access import AccessKind
from zhuomai_appliance.model.access_rules import (
    AccessRule,
    PlaceKind,
    PlaceLimit,
    RuleAction,
    RuleId,
    parse_window,
)
from zhuomai_appliance.model.traffic import RateLimit
from zhuomai_appliance.radius import eap
from zhuomai_appliance.radius.packet import Code
from zhuomai_appliance.radius.values import integer_value
from zhuomai_appliance.store import access_rules, products

HALL = (30, b"00-15-70-91-E2-40:Hall")


@pytest.fixture
def school() -> Roamers:
    school = Roamers()
    school.away()
    school.home.script["near"] = [
        says(Code.ACCESS_ACCEPT, (27, integer_value(86_400)), (81, b"7")) for _ in range(3)
    ]
    return school


def rule(school: Roamers, action: RuleAction, **changes: Any) -> None:
    made = AccessRule(RuleId(0), school.project, 1, "guests", action, **changes)
    school.write(lambda tx: access_rules.add_rule(tx, made, "test", NOW))
    school.reload()


def test_hours_bound_a_guest(school: Roamers) -> None:
    """The smaller of the server's time and ours; in forbidden hours nobody elsewhere is asked."""
    rule(school, RuleAction.DENY, hours=(parse_window("23:00-07:00"),))
    assert first(school.login("zhang@edu.cn"), 27) == integer_value(13 * 3600)
    school.clock.advance(13 * 3600)
    assert reason(school.login("zhang@edu.cn")) == "outside_hours"
    assert len(school.home.asked) == 1


def test_a_rule_of_a_group_is_no_guests(school: Roamers) -> None:
    """A guest has no group here: only rules for everybody hold."""
    rule(school, RuleAction.DENY, group_id=school.group("students"))
    assert school.login("zhang@edu.cn").code is Code.ACCESS_ACCEPT


def test_what_a_rule_gives_is_given_to_guests(school: Roamers) -> None:
    """Rate and VLAN of the rule, once each, whatever the server says."""
    rate_id = school.write(
        lambda tx: products.add_rate(tx, school.project, "2M", RateLimit(1_000_000, 2_000_000))
    )
    rule(school, RuleAction.ALLOW, rate_id=rate_id, vlan=30)
    answer = school.login("zhang@edu.cn")
    assert huawei_number(answer, 5) == 2_000_000
    assert [value for number, value in answer.attributes if number == 81] == [b"30"]


def test_guests_take_places(school: Roamers) -> None:
    """A guest counts from his login on, and is refused where it is full before anybody elsewhere is asked."""
    limit = PlaceLimit(school.project, PlaceKind.SSID, "Hall", 1)
    school.write(lambda tx: access_rules.put_place_limit(tx, limit))
    school.reload()
    assert school.login("zhang@edu.cn", "x", PHONE, None, HALL).code is Code.ACCESS_ACCEPT
    assert reason(school.login("wang@edu.cn", "x", LAPTOP, None, HALL)) == "place_full"
    school.report(START, 0, 0, 0, HALL, name="zhang@edu.cn", ip=None)
    school.clock.advance(100)
    assert reason(school.login("wang@edu.cn", "x", LAPTOP, None, HALL)) == "place_full"
    assert len(school.home.asked) == 1


def test_a_guest_by_dot1x_is_not_ended_as_the_portals(school: Roamers) -> None:
    """His reports tell nothing of 802.1X, his Class does: what let him in does not throw him out again and again."""
    rule(school, RuleAction.DENY, kinds=frozenset({AccessKind.PORTAL}))
    said = eap.split(eap.response(1, eap.IDENTITY, b"zhang@edu.cn"))
    asked = a_packet([(1, b"zhang@edu.cn"), (61, integer_value(19)), *station(PHONE, None), *said])
    answer = school.ask(asked, None)
    assert answer.code is Code.ACCESS_ACCEPT
    school.report(START, name="zhang@edu.cn", token=first(answer, 25))
    assert school.rows("SELECT access_kind FROM session") == [(AccessKind.DOT1X.value,)]
    assert school.run(Patrol().look(school.store, school.tables, school.now())) == 0
